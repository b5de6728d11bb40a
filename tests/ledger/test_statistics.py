import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from saliency_audit.ledger.statistics import (
    bootstrap_mean,
    correlation_interval,
    holm,
    jackknife,
    signed_rank_p,
)


def test_interval_of_a_large_normal_sample_is_the_textbook_one():
    values = np.random.default_rng(0).normal(3, 2, 2000)
    estimate = bootstrap_mean(values)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert estimate.value == pytest.approx(values.mean(), abs=1e-12)
    assert estimate.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert estimate.high == pytest.approx(values.mean() + half, abs=0.1 * half)
    assert estimate.n == 2000


def test_interval_of_zeros_and_ones_is_binomial():
    # The mean of 10 draws from five zeros and five ones is Binomial(10, ½)/10: its 2.5 % and
    # 97.5 % quantiles are 2 and 8 tenths.
    estimate = bootstrap_mean(np.repeat([0.0, 1.0], 5))
    assert (estimate.low, estimate.high) == (pytest.approx(0.2), pytest.approx(0.8))


def test_the_interval_is_percentile_and_follows_the_skew():
    # Nine zeros and a one: the resampled mean is below zero never, above 0.3 in 7 % of resamples.
    estimate = bootstrap_mean(np.array([0.0] * 9 + [1.0]))
    assert estimate.low == 0
    assert estimate.high == pytest.approx(0.3)


def test_the_interval_scales_with_its_values():
    values = np.random.default_rng(1).exponential(size=40)
    one, two = bootstrap_mean(values), bootstrap_mean(5 - 3 * values)
    assert two.value == pytest.approx(5 - 3 * one.value)
    assert two.low == pytest.approx(5 - 3 * one.high)
    assert two.high == pytest.approx(5 - 3 * one.low)


def test_the_interval_is_fixed_by_its_seed():
    values = np.random.default_rng(2).normal(size=30)
    assert bootstrap_mean(values) == bootstrap_mean(values.copy())
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values)


@pytest.mark.parametrize("values", [[0.25], [0.25] * 7])
def test_values_without_spread_have_an_interval_without_width(values):
    estimate = bootstrap_mean(np.array(values))
    assert (estimate.value, estimate.low, estimate.high) == (0.25, 0.25, 0.25)
    assert estimate.n == len(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least one value, got none"),
        ([1.0, np.nan], "needs finite values, got 1 of 2"),
        ([np.inf], "needs finite values, got 1 of 1"),
    ],
)
def test_a_mean_needs_finite_values(values, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_mean(np.array(values))


@pytest.mark.parametrize("n", [1, 5, 10])
def test_signed_ranks_of_n_positive_differences_have_probability_one_in_two_to_the_n(n):
    differences = np.arange(1.0, n + 1)
    assert signed_rank_p(differences, "greater") == pytest.approx(0.5**n)
    assert signed_rank_p(-differences, "less") == pytest.approx(0.5**n)
    assert signed_rank_p(-differences, "greater") == pytest.approx(1)


def test_signed_ranks_count_ranks_and_not_signs():
    # Of the 16 sets of ranks 1…4, five have a sum of 3 + 4 or more.
    assert signed_rank_p(np.array([-1.0, -2.0, 3.0, 4.0]), "greater") == pytest.approx(5 / 16)


def test_no_difference_is_no_evidence():
    assert signed_rank_p(np.zeros(20), "greater") == 1
    assert signed_rank_p(np.zeros(20), "less") == 1


def test_zero_differences_are_dropped():
    some = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    padded = np.concatenate([some, np.zeros(3)])
    assert signed_rank_p(padded, "greater") < 0.05


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_signed_ranks_need_finite_differences(bad):
    with pytest.raises(ValueError, match="finite differences"):
        signed_rank_p(np.array([1.0, bad]), "greater")


def test_the_jackknife_of_a_mean_is_students_interval():
    values = np.array([0.3, 0.5, 0.4, 0.8, 0.45])
    without = np.array([np.delete(values, k).mean() for k in range(5)])
    found = jackknife(values.mean(), without)
    interval = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(interval, rel=1e-12)
    assert found.n == 5


def test_a_jackknife_without_a_part_has_no_ends():
    for without in (np.array([0.3, np.nan, 0.5]), np.array([0.3])):
        found = jackknife(0.4, without)
        assert found.value == 0.4
        assert np.isnan([found.low, found.high]).all()


def test_correlation_interval_is_scipys():
    rng = np.random.default_rng(0)
    x = rng.normal(size=16)
    result = stats.pearsonr(x, x + rng.normal(size=16))
    expected = result.confidence_interval(0.95)
    assert correlation_interval(result.statistic, 16) == pytest.approx(tuple(expected))


def test_a_perfect_correlation_has_no_width_and_three_pairs_have_no_interval():
    assert correlation_interval(-1, 6) == (-1, -1)
    with pytest.raises(ValueError, match="at least 4 pairs, got 3"):
        correlation_interval(0.5, 3)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.5]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def rejected_step_by_step(p_values, alpha):
    """Holm's procedure as he states it: from the smallest p, stop at the first that is too large."""
    rejected = set()
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[index] >= alpha / (len(p_values) - rank):
            break
        rejected.add(index)
    return rejected


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.sampled_from([0.01, 0.05, 0.2]),
)
def test_adjusted_values_decide_as_the_procedure_does(p_values, alpha):
    adjusted = holm(p_values)
    # Right at the threshold the two differ by rounding.
    assume(all(abs(p - alpha) > 1e-9 for p in adjusted))
    assert {i for i, p in enumerate(adjusted) if p < alpha} == rejected_step_by_step(
        p_values, alpha
    )
    assert all(0 <= p <= 1 for p in adjusted)
    assert all(new >= old for new, old in zip(adjusted, p_values, strict=True))


@pytest.mark.parametrize("bad", [np.nan, -0.1, 1.1])
def test_holm_refuses_what_is_no_probability(bad):
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        holm([0.01, bad])


def test_values_of_one_image_are_resampled_together():
    rng = np.random.default_rng(0)
    values = rng.normal(size=40)
    images = list(range(40))
    once = bootstrap_mean(values, images)
    twice = bootstrap_mean(np.concatenate([values, values]), images + images)
    assert (twice.value, twice.low, twice.high, twice.n) == pytest.approx(
        (once.value, once.low, once.high, 40)
    ), "the same images under a second model add no information"
    apart = bootstrap_mean(np.concatenate([values, values]))
    assert apart.n == 80
    assert apart.high - apart.low < 0.85 * (twice.high - twice.low)
    with pytest.raises(ValueError, match="3 values of 2 images"):
        bootstrap_mean(np.ones(3), [1, 2])
