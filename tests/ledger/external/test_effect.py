"""The one rule: where an interval lies, Holm on either side, and what stays undecided."""

from math import nan

import numpy as np
import pytest
from scipy.stats import wilcoxon

from saliency_audit.ledger.external.effect import (
    HIGHER,
    LOWER,
    Effect,
    Expected,
    PValues,
    at_least,
    at_most,
    bootstrap_ps,
    judge,
    judged,
    one_sided,
    within,
)
from saliency_audit.ledger.statistics import Estimate, signed_rank_p


def estimate(low, high, n=30):
    return Estimate((low + high) / 2, low, high, n)


def effect(low, high, expected=HIGHER, n=30, **more):
    return Effect({"name": "e"}, estimate(low, high, n), expected, **more)


def outcome(comparison):
    return comparison.holds, comparison.contradicts


YES, NO, OPEN = (True, False), (False, True), (False, False)


@pytest.mark.parametrize(
    ("low", "high", "expected", "found"),
    [
        (0.1, 0.2, HIGHER, YES),
        (-0.1, 0.2, HIGHER, OPEN),
        (0.0, 0.2, HIGHER, OPEN),
        (-0.2, 0.0, HIGHER, OPEN),
        (-0.2, -0.1, HIGHER, NO),
        (-0.2, -0.1, LOWER, YES),
        (-0.2, 0.0, LOWER, OPEN),
        (0.0, 0.2, LOWER, OPEN),
        (0.1, 0.2, LOWER, NO),
        (-0.01, 0.01, within(0.01), YES),
        (0.002, 0.02, within(0.01), OPEN),
        (0.02, 0.03, within(0.01), NO),
        (-0.03, -0.02, within(0.01), NO),
        (0.9, 1.0, at_least(0.9), YES),
        (0.8, 0.95, at_least(0.9), OPEN),
        (0.8, 0.85, at_least(0.9), NO),
        (8.0, 9.0, at_most(9), YES),
        (9.1, 9.5, at_most(9), NO),
        (nan, nan, HIGHER, OPEN),
        (nan, nan, within(1.0), OPEN),
    ],
)
def test_three_outcomes_by_where_the_interval_lies(low, high, expected, found):
    assert outcome(judge([effect(low, high, expected)])[0]) == found


@pytest.mark.parametrize(
    ("expected", "inside", "outside"), [(HIGHER, 0.1, -0.1), (LOWER, -0.1, 0.1)]
)
def test_what_contradicts_needs_holm_as_what_holds_does(expected, inside, outside):
    # Alone p = 0.03 passes, in a family of two neither side does.
    for centre, p in ((inside, PValues(0.03, 0.97)), (outside, PValues(0.97, 0.03))):
        clear = effect(centre - 0.05, centre + 0.05, expected, p=p)
        (alone,) = judge([clear])
        assert not alone.undecided
        assert all(item.undecided for item in judge([clear, clear]))


def test_holm_runs_over_the_effects_that_have_a_p_value():
    bare = effect(0.1, 0.2)
    first, second, third = judge(
        [effect(0.1, 0.2, p=PValues(0.02, 1)), bare, effect(0.1, 0.2, p=PValues(0.04, 1))]
    )
    assert (first.p_value, first.p_adjusted) == (0.02, 0.04)
    assert third.p_adjusted == 0.04
    assert np.isnan(second.p_value)
    assert second.holds


def test_a_clear_p_without_a_clear_interval_is_undecided():
    assert judge([effect(-0.1, 0.3, p=PValues(0.001, 0.999))])[0].undecided


def test_fewer_images_than_asked_for_decide_nothing():
    for clear in (effect(0.1, 0.2, n=19), effect(-0.2, -0.1, n=19)):
        assert judge([clear], fewest=20)[0].undecided
        assert not judge([clear], fewest=19)[0].undecided
    assert judge([effect(0.1, 0.1, n=1)])[0].undecided, "a single image proves nothing"
    assert judge([effect(0.1, 0.1, n=1, sampled=False)])[0].holds, "a count is no sample"


def test_declared_alpha_and_images_are_used():
    found = [effect(0.1, 0.2, p=PValues(0.03, 1))]
    assert judged(found, {})[0].holds
    assert judged(found, {"alpha": 0.02})[0].undecided
    assert judged(found, {"images_per_comparison": 31})[0].undecided


def test_further_conditions():
    good, bad, dull = effect(0.1, 0.2), effect(-0.2, -0.1), effect(-0.1, 0.1)
    assert judge([effect(0.1, 0.2, also=(good,))])[0].holds
    assert judge([effect(0.1, 0.2, also=(dull,))])[0].undecided
    assert judge([effect(0.1, 0.2, also=(bad,))])[0].contradicts
    assert judge([effect(0.1, 0.2, may_hold=False)])[0].undecided
    assert judge([effect(-0.2, -0.1, may_hold=False)])[0].contradicts


@pytest.mark.parametrize(
    ("over_images", "over_folds", "found"),
    [
        ((0.1, 0.3), (0.05, 0.4), YES),
        ((0.1, 0.3), (-0.1, 0.5), OPEN),
        ((0.1, 0.3), (nan, nan), OPEN),
        ((-0.3, -0.1), (-0.4, -0.05), NO),
        ((-0.3, -0.1), (-0.5, 0.1), OPEN),
    ],
)
def test_every_level_of_units_must_say_so(over_images, over_folds, found):
    item = effect(*over_images, levels=(estimate(*over_folds, n=5),))
    assert [outcome(each) for each in judge([item])] == [found]


def test_p_values_of_a_region_are_those_against_its_ends():
    values = np.random.default_rng(0).normal(0.3, 1, size=40)
    found = one_sided(values, HIGHER, signed_rank_p)
    assert found.expected == wilcoxon(values, alternative="greater").pvalue
    assert found.opposite == wilcoxon(values, alternative="less").pvalue
    found = one_sided(values, within(1.0), signed_rank_p)
    below = wilcoxon(values - 1, alternative="less").pvalue
    above = wilcoxon(values + 1, alternative="greater").pvalue
    assert found.expected == max(below, above)
    limit = one_sided(values, Expected("above 0.2", above=0.2), signed_rank_p)
    assert limit.expected == wilcoxon(values - 0.2, alternative="greater").pvalue


def test_bootstrap_p_values_count_the_resamples_on_either_side():
    draws = np.array([0.1] * 95 + [-0.1] * 4)
    assert bootstrap_ps(draws, HIGHER) == PValues(5 / 100, 96 / 100)
    assert bootstrap_ps(draws, LOWER) == PValues(96 / 100, 5 / 100)
    assert bootstrap_ps(np.array([np.nan]), HIGHER) == PValues(1, 1)
    assert bootstrap_ps(np.append(draws, np.nan), HIGHER).expected == 5 / 100
