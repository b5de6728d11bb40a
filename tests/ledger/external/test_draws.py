"""Means of images and draws."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.external.evidence.draws import enough_draws, mean_with_draws
from saliency_audit.ledger.statistics import bootstrap_mean


def table(values):
    return pd.DataFrame(values)


def test_of_one_draw_the_interval_is_that_over_images():
    values = np.random.default_rng(0).normal(size=(40, 1))
    found, alone = mean_with_draws(table(values)), bootstrap_mean(values[:, 0])
    assert (found.value, found.n) == (pytest.approx(alone.value), 40)
    assert found.low == pytest.approx(alone.low, abs=0.03)
    assert found.high == pytest.approx(alone.high, abs=0.03)


def test_the_images_of_both_tables_are_drawn_together():
    values = np.random.default_rng(0).normal(size=(40, 1))
    # What the images differ by is in both tables and cancels.
    paired = mean_with_draws(table(values), table(values - 2))
    assert (paired.low, paired.value, paired.high) == pytest.approx((2, 2, 2))
    alone = mean_with_draws(table(values))
    assert alone.high - alone.low > 0.3


def test_an_image_counts_once_however_many_of_its_draws_are_defined():
    random = np.random.default_rng(0)
    values = random.normal(0.3, 0.05, size=(30, 10))
    values[:15] += 0.4
    values[:15, 1:] = np.nan
    values[:15, 0] = 0.7
    found = mean_with_draws(table(values))
    assert found.value == pytest.approx(np.nanmean(values, axis=1).mean())
    assert found.low < found.value < found.high
    values[3] = np.nan
    assert mean_with_draws(table(values)).n == 29
    assert mean_with_draws(table(values * np.nan)) is None


@pytest.mark.parametrize(("draws", "low", "high"), [(2, 0.5, 0.75), (4, 0.75, 0.92), (10, 0.83, 1)])
def test_few_draws_cover_the_truth_less_often_than_stated(draws, low, high):
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        shared = random.normal(size=draws)
        found = mean_with_draws(table(shared + 0.1 * random.normal(size=(30, draws))))
        covered += found.low <= 0 <= found.high
    assert low <= covered / 200 <= high


def test_enough_draws_are_those_declared():
    rows = pd.DataFrame({"draw": [0, 0, 1, 1, 2, 2]})
    assert enough_draws(rows, {"draws_per_comparison": 3})
    assert not enough_draws(rows, {"draws_per_comparison": 4})
    assert enough_draws(rows, {})
