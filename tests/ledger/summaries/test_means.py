"""Means and medians of the values that are defined."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.summaries.means import mean_of, median_of


def test_undefined_values_are_left_out_and_counted():
    values = pd.Series([1.0, np.nan, 2.0, 6.0])
    mean, median = mean_of(values), median_of(values)
    assert (mean.value, mean.n, mean.undefined) == (3.0, 4, 1)
    assert (median.value, median.n, median.undefined) == (2.0, 4, 1)
    assert mean.deviation == median.deviation == pytest.approx(np.std([1, 2, 6], ddof=1))


def test_nothing_defined_has_no_value():
    found = mean_of(pd.Series([np.nan, np.nan]))
    assert np.isnan(found.value)
    assert found.undefined == found.n == 2
