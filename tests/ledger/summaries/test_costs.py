"""Costs of maps and distances, and what the fast mode deviates by."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.statistics import bootstrap_mean
from saliency_audit.ledger.summaries.costs import fast_deviations, in_gradients


def test_a_cost_is_the_median_of_shares_not_a_share_of_medians():
    rows = pd.DataFrame({"seconds": [1.0, 8.0, 9.0], "gradient_seconds": [1.0, 2.0, 3.0]})
    assert in_gradients(rows) == 3.0


def test_deviations_are_resampled_by_picture_and_spread_over_maps():
    random = np.random.default_rng(0)
    exact = random.random(30)
    rows = pd.DataFrame(
        {
            "complexity": ["entropy"] * 30,
            "image": np.repeat(range(10), 3),
            "exact": exact,
            "fast": exact + np.arange(30) / 100,
        }
    )
    (found,) = fast_deviations(rows)
    assert found.complexity == "entropy"
    assert found.maps == 30
    assert found.mean.n == 10
    assert (found.low, found.high) == pytest.approx((0.00725, 0.28275))
    differences = (rows["fast"] - rows["exact"]).to_numpy()
    assert found.mean == bootstrap_mean(differences, rows["image"].tolist())
