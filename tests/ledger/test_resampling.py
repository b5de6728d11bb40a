"""The bootstrap on counts against the bootstrap written out."""

import gc
import weakref

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saliency_audit.ledger.resampling import (
    bootstrap_p,
    enough_resamples,
    estimate_from,
    mean_of_statistics,
    resample_counts,
    resampled_means,
    resampled_medians,
    resampled_table_means,
)
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean


def written_out(values, counts):
    return [np.repeat(values, row, axis=0) for row in counts]


def test_every_resample_draws_as_many_images_as_there_are():
    counts = resample_counts(40, 500)
    assert counts.shape == (500, 40)
    assert (counts.sum(axis=1) == 40).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(40), abs=0.2)
    assert np.array_equal(counts, resample_counts(40, 500))
    assert not np.array_equal(counts, resample_counts(40, 500, seed=1))
    with pytest.raises(ValueError, match="read-only"):
        counts[0, 0] = 7


def test_few_draws_are_kept_at_once():
    assert resample_counts(30, 5) is resample_counts(30, 5)
    sizes = range(40, 60)
    kept = [weakref.ref(resample_counts(n, 5)) for n in sizes]
    gc.collect()
    alive = [n for n, found in zip(sizes, kept, strict=True) if found() is not None]
    assert alive == [56, 57, 58, 59]


@pytest.mark.parametrize(("n", "resamples"), [(0, 10), (10, 0)])
def test_nothing_cannot_be_resampled(n, resamples):
    with pytest.raises(ValueError, match="nothing to resample"):
        resample_counts(n, resamples)


@given(st.integers(1, 90), st.integers(1, 70), st.integers(0, 3), st.booleans())
def test_medians_are_those_of_the_resamples_written_out(n, columns, seed, tied):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, columns))
    values = np.round(values) if tied else values
    counts = resample_counts(n, 20, seed)
    expected = [np.median(drawn, axis=0) for drawn in written_out(values, counts)]
    assert np.array_equal(resampled_medians(values, counts), expected)


@pytest.mark.parametrize("n", [64, 65])
def test_a_resample_far_from_the_usual_is_right_too(n):
    # All draws from the lowest image, or the highest: no such resample occurs by chance.
    values = np.arange(float(n))[:, None] * [1.0, -1.0]
    counts = np.zeros((3, n), dtype=np.int16)
    counts[0, 0] = counts[1, -1] = n
    counts[2] = 1
    medians = resampled_medians(values, counts)
    assert medians[:, 0].tolist() == [0, n - 1, (n - 1) / 2]
    assert medians[:, 1].tolist() == [0, 1 - n, (1 - n) / 2]


def test_counts_beyond_sixteen_bits():
    n = 40001
    values = np.random.default_rng(0).permutation(n).astype(float)[:, None]
    assert resampled_medians(values, np.ones((1, n), dtype=int)) == (n - 1) / 2
    assert resample_counts(n, 1).sum() == n


def test_medians_refuse_what_they_cannot_rank():
    with pytest.raises(ValueError, match="finite"):
        resampled_medians(np.array([[np.nan], [1.0]]), resample_counts(2, 5))
    with pytest.raises(ValueError, match="sum to the 2 images"):
        resampled_medians(np.ones((2, 1)), np.array([[1, 2]]))
    with pytest.raises(ValueError, match="sum to the 2 images"):
        resampled_medians(np.ones((2, 1)), np.array([[1, 1, 0]]))


def test_means_are_those_of_the_resamples_written_out():
    values = np.random.default_rng(0).normal(size=(30, 3))
    counts = resample_counts(30, 50)
    expected = [drawn.mean(axis=0) for drawn in written_out(values, counts)]
    assert resampled_means(values, counts) == pytest.approx(np.array(expected))
    assert np.isnan(resampled_means(values[:1], np.array([[0], [1]]))[0]).all()


def test_the_interval_cuts_a_fortieth_off_each_end():
    draws = np.linspace(0, 1, 1001)
    assert estimate_from(0.4, draws, 7) == Estimate(0.4, pytest.approx(0.025), 0.975, 7)


def test_p_counts_the_draws_on_the_wrong_side():
    draws = np.array([-1.0, 0.0, 1.0, 2.0])
    assert bootstrap_p(draws, "greater") == 3 / 5
    assert bootstrap_p(draws, "less") == 4 / 5
    assert bootstrap_p(np.ones(1999), "greater") == 1 / 2000
    with pytest.raises(ValueError, match="alternative"):
        bootstrap_p(draws, "two-sided")


def test_there_are_enough_resamples_for_holms_first_step():
    assert enough_resamples(2000, 5, 0.05) == 2000
    for comparisons in (6, 36, 180):
        found = enough_resamples(2000, comparisons, 0.05)
        # So many lie beyond the threshold that their number is off by a quarter at the most.
        beyond = found * 0.05 / comparisons
        assert beyond >= 20
        assert 1 / np.sqrt(beyond) < 0.25


def table(values, images):
    return pd.DataFrame({"value": values}, index=pd.Index(images, name="image"))


def first(means):
    return means[..., 0]


def test_a_mean_of_means_of_the_same_images_is_a_mean():
    values = np.random.default_rng(0).normal(size=(2, 40))
    found = mean_of_statistics([table(v, range(40)) for v in values], first, 4000)
    pooled = bootstrap_mean(values.ravel(), [*range(40), *range(40)])
    assert found.n == pooled.n == 40
    assert found.value == pytest.approx(pooled.value)
    assert found.low == pytest.approx(pooled.low, abs=0.02)
    assert found.high == pytest.approx(pooled.high, abs=0.02)


def test_an_image_that_two_comparisons_saw_is_drawn_for_both():
    values = np.random.default_rng(0).normal(size=40)
    once = mean_of_statistics([table(values, range(40))], first, 2000)
    twice = mean_of_statistics([table(values, range(40))] * 2, first, 2000)
    assert once == twice
    apart = mean_of_statistics(
        [table(values, range(40)), table(values, range(40, 80))], first, 2000
    )
    assert apart.n == 80
    assert apart.high - apart.low < 0.85 * (twice.high - twice.low)


def test_a_comparison_of_one_image_leaves_resamples_out():
    tables = [table([1.0], [0]), table([0.0] * 30, range(30))]
    found = mean_of_statistics(tables, first, 500)
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_tables_are_resampled_in_both_directions():
    random = np.random.default_rng(0)
    values = random.normal(size=(6, 4))
    values[2, 1] = np.nan
    rows, columns = resample_counts(6, 50), resample_counts(4, 50, seed=1)
    found = resampled_table_means(values, rows, columns)
    for number, (row, column) in enumerate(zip(rows, columns, strict=True)):
        table = np.repeat(np.repeat(values, row, axis=0), column, axis=1)
        assert found[number] == pytest.approx(np.nanmean(table, axis=1).mean())
    nothing = resampled_table_means(np.full((6, 4), np.nan), rows, columns)
    assert np.isnan(nothing).all()
