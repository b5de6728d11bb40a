"""Means and medians of the values that are defined."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.statistics import bootstrap_mean
from saliency_audit.ledger.summaries.means import mean_of, mean_with_interval, median_of


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


def test_the_interval_is_that_of_the_finite_values():
    values = np.array([1.0, 2.0, 6.0])
    padded = pd.Series([np.nan, *values, np.inf])
    assert mean_with_interval(padded) == bootstrap_mean(values)
    assert mean_with_interval(pd.Series([np.nan])) is None
