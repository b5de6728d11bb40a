"""MeGe, ReCo and ReCo_AUC against golden numbers, brute force and closed forms."""

import math
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp, mannwhitneyu

from saliency_audit.metrics.stability import mege, reco, reco_auc, threshold_rates

GOLDEN = Path(__file__).parents[1] / "golden" / "reco.npz"
DEFINITIONS = ("printed", "balanced")


@pytest.fixture
def golden():
    with np.load(GOLDEN) as arrays:
        return dict(arrays)


def brute_force(equal, different, definition):
    """Scores of Eq. 6 threshold by threshold, one per element of S, as §3.5 reads."""
    scores = []
    for gamma in [*equal, *different]:
        same_below = sum(d < gamma for d in equal)
        other_above = sum(d > gamma for d in different)
        below = sum(d < gamma for d in [*equal, *different])
        above = sum(d > gamma for d in [*equal, *different])
        if definition == "balanced":
            scores.append(same_below / len(equal) + other_above / len(different) - 1)
        elif below and above:
            scores.append(same_below / below + other_above / above - 1)
    return scores


# Few distinct values, so that most samples hold ties.
tied_distances = st.lists(st.integers(0, 6).map(lambda k: k / 4), min_size=1, max_size=12)


def test_mege_matches_golden(golden):
    assert mege(golden["equal"]) == pytest.approx(float(golden["mege"]), rel=1e-12)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_reco_matches_golden(golden, definition):
    score = reco(golden["equal"], golden["different"], definition)
    assert score == pytest.approx(float(golden[definition]), rel=1e-12)


def test_mege_of_equal_maps_is_one_and_of_unrelated_ones_one_half():
    assert mege([0.0, 0.0]) == 1.0
    assert mege([1.0, 1.0, 1.0]) == 0.5
    assert mege([0.25, 0.75]) == pytest.approx(1 / 1.5)


@pytest.mark.parametrize(
    ("distances", "message"),
    [
        ([0.1, math.nan], "equal holds NaN .* sorted_by_agreement drops such pairs"),
        ([math.inf], "equal holds a negative or infinite distance .*; all must be finite"),
        ([-0.1], "equal holds a negative or infinite distance"),
    ],
)
def test_mege_refuses_what_is_no_distance(distances, message):
    with pytest.raises(ValueError, match=message):
        mege(distances)


def test_mege_of_nothing_is_nan():
    assert math.isnan(mege([]))


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(equal=tied_distances, different=tied_distances)
def test_reco_and_its_mean_equal_brute_force(definition, equal, different):
    scores = brute_force(equal, different, definition)
    best, mean = reco(equal, different, definition), reco_auc(equal, different, definition)
    if not scores:
        assert math.isnan(best)
        assert math.isnan(mean)
    else:
        assert best == pytest.approx(max(scores), abs=1e-12)
        assert mean == pytest.approx(sum(scores) / len(scores), abs=1e-12)


@given(equal=tied_distances, different=tied_distances)
def test_only_the_order_of_the_distances_counts(equal, different):
    cubed = [d**3 for d in equal], [d**3 for d in different]
    for definition in DEFINITIONS:
        np.testing.assert_equal(
            reco(*cubed, definition=definition), reco(equal, different, definition)
        )


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_separated_sets_score_one(definition):
    assert reco([0.1, 0.2, 0.3], [0.4, 0.5, 0.6], definition) == pytest.approx(
        1 if definition == "printed" else 2 / 3
    )


def test_strict_inequalities_cost_the_balanced_score_one_distance():
    """γ itself is a distance and counts on neither side: 1 − 1/max(n, m) for separated sets."""
    assert reco(np.arange(50), np.arange(50, 60), "balanced") == pytest.approx(1 - 1 / 50)


def test_balanced_reco_is_the_kolmogorov_statistic_up_to_one_distance():
    rng = np.random.default_rng(1)
    equal, different = rng.random(300), rng.random(200) + 0.2
    statistic = ks_2samp(equal, different, alternative="greater").statistic
    score = reco(equal, different, "balanced")
    assert statistic - 1 / 200 - 1e-12 <= score <= statistic


@pytest.mark.parametrize(("count_equal", "count_different"), [(2, 2), (5, 3), (40, 10), (10, 40)])
def test_reversed_sets_score_below_zero(count_equal, count_different):
    ranks = np.arange(count_equal + count_different)
    score = reco(ranks[count_different:], ranks[:count_different], "printed")
    lowest = -min(count_equal, count_different) / (count_equal + count_different - 2)
    assert score == pytest.approx(lowest)
    assert reco(ranks[count_different:], ranks[:count_different], "balanced") == pytest.approx(
        -1 / max(count_equal, count_different)
    )


def test_printed_rates_are_missing_at_both_ends_only():
    rates = threshold_rates([0.1, 0.5, 0.7], [0.3, 0.9], "printed")
    np.testing.assert_array_equal(np.isnan(rates.true_positive), [True] + 4 * [False])
    np.testing.assert_array_equal(np.isnan(rates.true_negative), 4 * [False] + [True])
    np.testing.assert_allclose(rates.true_positive[1:], [1, 1 / 2, 2 / 3, 3 / 4])
    np.testing.assert_allclose(rates.true_negative[:4], [1 / 2, 1 / 3, 1 / 2, 1])


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize(("equal", "different"), [([0.1, 0.2], []), ([], [0.1, 0.2]), ([], [])])
def test_an_empty_set_gives_nan(definition, equal, different):
    assert math.isnan(reco(equal, different, definition))
    assert math.isnan(reco_auc(equal, different, definition))


def test_printed_reco_without_a_threshold_that_has_both_rates_is_nan():
    assert math.isnan(reco([0.1], [0.2], "printed"))
    assert math.isnan(reco([0.1, 0.1], [0.1], "printed"))


def test_balanced_auc_is_the_auroc_shifted_by_one_half():
    rng = np.random.default_rng(2)
    equal, different = rng.random(150), rng.random(50) + 0.3
    auroc = mannwhitneyu(different, equal).statistic / (150 * 50)
    assert reco_auc(equal, different, "balanced") == pytest.approx(auroc - 0.5 - 1 / 200)


@pytest.mark.parametrize("function", [reco, reco_auc])
def test_bad_input_is_refused(function):
    with pytest.raises(ValueError, match=r"different holds NaN .* sorted_by_agreement drops such"):
        function([0.1], [float("nan")], "printed")
    with pytest.raises(ValueError, match="equal holds a negative or infinite distance"):
        function([-0.1], [0.1], "balanced")
    with pytest.raises(ValueError, match="different holds a negative or infinite distance"):
        function([0.1], [math.inf], "printed")
    with pytest.raises(ValueError, match="equal must be one-dimensional"):
        function([[0.1]], [0.1], "balanced")
    with pytest.raises(ValueError, match="definition must be 'printed' or 'balanced'"):
        function([0.1], [0.1], "youden")
    with pytest.raises(ValueError, match="definition must be 'printed' or 'balanced'"):
        function([0.1], [], "youden")
    with pytest.raises(TypeError, match="definition"):
        function([0.1], [0.2])


def test_a_million_distances_take_seconds_not_hours():
    rng = np.random.default_rng(3)
    start = time.perf_counter()
    reco(rng.random(800_000), rng.random(200_000), "printed")
    assert time.perf_counter() - start < 5
