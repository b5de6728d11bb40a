"""Curves with a band: their ends are the intervals and quantiles that they say."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.resampling import resample_counts
from saliency_audit.ledger.statistics import bootstrap_mean
from saliency_audit.ledger.summaries.bands import (
    RESAMPLES,
    mean_band,
    mean_curve,
    median_band,
    separate_means,
    spread_band,
)


def test_bands_are_those_of_the_mean():
    values = np.random.default_rng(0).normal(size=(50, 2))
    table = pd.DataFrame(values, columns=[0.0, 1.0])
    table.loc[50] = [np.nan, 3.0]
    band = mean_band(table)
    assert band.places.tolist() == [0, 1]
    assert band.values == pytest.approx(values.mean(axis=0))
    error = values.std(axis=0) / np.sqrt(50)
    assert band.low == pytest.approx(band.values - 1.96 * error, abs=0.06)
    assert band.high == pytest.approx(band.values + 1.96 * error, abs=0.06)
    assert np.isnan(mean_band(table[50:]).values).all()


def test_the_band_is_the_bootstrap_of_the_median():
    values = np.random.default_rng(2).normal(size=(15, 3))
    band = median_band(np.arange(3.0), values)
    counts = resample_counts(15, RESAMPLES)
    drawn = np.stack([np.median(np.repeat(values, count, axis=0), axis=0) for count in counts])
    expected = np.quantile(drawn, [0.025, 0.975], axis=0)
    assert np.stack([band.low, band.high]) == pytest.approx(expected)
    assert (band.low < band.values).all()
    assert (band.values < band.high).all()
    assert band.values == pytest.approx(np.median(values, axis=0))
    assert band.places.tolist() == [0, 1, 2]


def test_draws_of_an_image_are_averaged_first():
    rows = pd.DataFrame(
        [
            *({"image": 0, "level": 0.0, "draw": draw, "score": 1.0} for draw in range(3)),
            {"image": 1, "level": 0.0, "draw": 0, "score": 0.0},
        ]
    )
    band = mean_curve(rows, "level", "score")
    assert (band.places.tolist(), band.values.tolist()) == ([0.0], [0.5])
    assert (band.low.tolist(), band.high.tolist()) == ([0.0], [1.0])


def test_places_of_separate_means_keep_their_own_images():
    values = np.random.default_rng(3).normal(size=12)
    rows = pd.DataFrame({"steps": [1] * 5 + [10] * 7, "likeness": values})
    rows.loc[0, "likeness"] = np.nan
    band = separate_means(rows, "steps", "likeness")
    assert band.places.tolist() == [1, 10]
    for i, expected in enumerate((bootstrap_mean(values[1:5]), bootstrap_mean(values[5:]))):
        found = (band.values[i], band.low[i], band.high[i])
        assert found == (expected.value, expected.low, expected.high)


def test_a_spread_lies_between_quantiles():
    table = pd.DataFrame({1: np.arange(11.0), 2: np.full(11, 4.0)})
    band = spread_band(table, (0.1, 0.9))
    assert band.places.tolist() == [1, 2]
    assert band.values.tolist() == [5, 4]
    assert (band.low.tolist(), band.high.tolist()) == ([1, 4], [9, 4])
