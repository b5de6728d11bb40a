"""External tests on distances between cross-trained predictors, on rows whose answer is known."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import load_claims
from saliency_audit.ledger.external import TESTS
from saliency_audit.ledger.external.effect import HIGHER
from saliency_audit.ledger.external.evidence.fold_effects import (
    Asked,
    Contrast,
    headline,
    pooled,
    pooled_over_folds,
)
from saliency_audit.ledger.external.evidence.folds import fold_rows
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.metrics import mege, reco
from saliency_audit.study.explanations import METHODS

better_separation = TESTS["better_separation"]
definitions_agree = TESTS["definitions_agree"]
equivalent_under_degradation = TESTS["equivalent_under_degradation"]
family_difference = TESTS["family_difference"]
inflated_by_product = TESTS["inflated_by_product"]
monotone_degradation = TESTS["monotone_degradation"]
rank_correlation_at_least = TESTS["rank_correlation_at_least"]
selected_above_others = TESTS["selected_above_others"]

FOLDS = 5


def declared(claim):
    return dict(load_claims()[claim].external.parameters)


def series(
    method,
    equal=0.3,
    different=0.6,
    *,
    images="set",
    model="net",
    degradation="none",
    level=0,
    n=60,
    fidelity=0.5,
    accuracy=0.8,
    spread=0.02,
):
    """Rows of one method: distances around `equal` where both are right, else `different`."""
    random = np.random.default_rng(n)  # the same images and answers for every method
    right = random.random((n, FOLDS)) < accuracy
    noise = spread * random.standard_normal((n, FOLDS))
    wobble = 0.02 * random.standard_normal(n)
    rows = []
    for image in range(n):
        fold = image % FOLDS
        both = right[image] & right[image, fold]
        distances = np.clip(np.where(both, equal, different) + noise[image], 0, 1)
        distances[fold] = np.nan
        rows.append(
            {
                "images": images,
                "model": model,
                "degradation": degradation,
                "level": level,
                "method": method,
                "image": image,
                "fold": fold,
                "right": right[image].tolist(),
                "distances": distances.tolist(),
                "mu_fidelity": fidelity + wobble[image],
                "accuracy": accuracy,
            }
        )
    return rows


def quick(claim):
    """Declared parameters at a level that needs fewer resamples, where no decision is asked for."""
    return {**declared(claim), "alpha": 0.2}


def table(*parts):
    return pd.DataFrame([row for part in parts for row in part])


def degraded(falling=METHODS, levels=(0, 5, 10, 30), **settings):
    """Sound and degraded predictors; the distances of the falling methods grow with the level."""
    parts = [series("random", 0.9, 0.9, **settings)]
    for method in METHODS:
        for kind, level in product(("weights", "labels"), levels):
            grow = 0.005 * level if method in falling else 0
            if level or kind == "weights":
                parts.append(
                    series(
                        method,
                        0.3 + grow,
                        0.6 - grow,
                        degradation=kind if level else "none",
                        level=level,
                        spread=0.02 + grow,
                        **settings,
                    )
                )
    return table(*parts)


# MR-SANITY


@pytest.fixture(scope="module")
def falling():
    """All scores fall, at the declared parameters."""
    return monotone_degradation(degraded(), declared("MR-SANITY"))


def test_scores_that_fall_with_the_level_and_beat_random(falling):
    result = falling
    assert result.verdict is Verdict.REPRODUCED
    # 2 degradations × 7 methods × 2 scores, and 7 × 2 differences to Random.
    assert len(result.comparisons) == 42
    trend = next(c for c in result.comparisons if c.label == "set, net, weights, ig, mege")
    # MeGe at each level in closed form: the mean distance of S= grows by .005 a point.
    levels = np.array([0, 5, 10, 30])
    slope = np.polyfit(levels / 10, 1 / (1.3 + 0.005 * levels), 1)[0]
    assert trend.estimate.value == pytest.approx(slope, abs=0.003)
    assert trend.expected == "lower"
    other = next(c for c in result.comparisons if c.keys["method"] == "ig − random")
    assert other.estimate.value == pytest.approx(1 / 1.3 - 1 / 1.9, abs=0.01)


def test_scores_that_stay_do_not_hold():
    rows = degraded(falling=("ig",))
    result = monotone_degradation(rows, declared("MR-SANITY"))
    assert result.verdict is Verdict.INCONCLUSIVE
    held = {c.keys["method"] for c in result.comparisons if c.holds and c.keys["score"] == "mege"}
    assert "ig" in held
    assert "rise" not in held


def test_a_missing_level_leaves_at_best_partly():
    result = monotone_degradation(degraded(levels=(0, 5, 30)), quick("MR-SANITY"))
    assert result.verdict is Verdict.PARTLY
    assert "Not computed: set, net, weights, saliency, 10 %" in result.detail


def test_an_empty_set_is_named_and_undecided():
    rows = degraded(accuracy=1.0)
    result = monotone_degradation(rows, declared("MR-SANITY"))
    reco_comparisons = [c for c in result.comparisons if c.keys["score"] == "reco"]
    assert all(c.undecided for c in reco_comparisons)
    assert "Undefined, because a set is empty: set, net, labels 10" in result.detail
    assert all(c.holds for c in result.comparisons if c.keys["score"] == "mege")


def test_a_trend_from_a_few_distances_is_undecided():
    rows = degraded(n=100)
    sound = monotone_degradation(rows, quick("MR-SANITY"))
    # At one level all predictors but two are wrong about all images but fifteen.
    destroyed = (rows["degradation"] == "weights") & (rows["level"] == 10)
    rows.loc[destroyed, "right"] = rows[destroyed]["image"].map(
        lambda image: [image < 15] * 2 + [False] * 3
    )
    result = monotone_degradation(rows, quick("MR-SANITY"))
    few = [c for c in result.comparisons if c.keys["degradation"] == "weights"]
    assert len(few) == 14
    # Of the fifteen images six belong to the folds of the two that are right.
    assert {c.estimate.n for c in few if c.keys["score"] == "mege"} == {6}
    assert all(c.undecided for c in few)
    assert "14 rest on fewer than 20 images and are undecided." in result.detail
    others = [c for c in result.comparisons if c not in few]
    assert others == [c for c in sound.comparisons if c.keys["degradation"] != "weights"]


def test_n_counts_the_images_that_the_score_rests_on():
    group = next(iter(fold_rows("test", table(series("ig"))).values()))
    equal, different = set(), set()
    for image, (right, fold) in enumerate(zip(group.right, group.folds, strict=True)):
        others = np.delete(right, fold)
        if right[fold] and others.any():
            equal.add(image)
        if (others != right[fold]).any():
            different.add(image)
    assert group.n("mege") == group.n("mean_equal") == len(equal)
    assert group.n("reco_balanced") == group.n("auroc") == min(len(equal), len(different))
    assert group.n("mu_fidelity") == 60


def test_intervals_over_folds_stand_beside_trends_and_differences(falling):
    result = falling
    for item in result.comparisons:
        folds = item.extra["over folds"]
        assert folds.value == pytest.approx(item.estimate.value, abs=1e-12)
        assert folds.n == FOLDS
    trend = next(c for c in result.comparisons if c.label == "set, net, weights, ig, mege")
    assert trend.extra["over folds"].high < 0


def test_levels_with_other_images_cannot_be_paired():
    rows = degraded()
    rows.loc[rows["level"] == 10, "image"] += 1
    with pytest.raises(ValueError, match="explain different images"):
        monotone_degradation(rows, declared("MR-SANITY"))


def test_an_image_that_stands_twice_is_refused():
    rows = table(series("ig"), series("ig"))
    with pytest.raises(ValueError, match="an image appears twice"):
        fold_rows("some_test", rows)


# MR-FIDELITY


def fidelities(at_30, methods=METHODS):
    parts = []
    for method in METHODS:
        parts.append(series(method))
        for kind in ("weights", "labels"):
            value = at_30 if method in methods else 0.5
            parts.append(series(method, degradation=kind, level=30, fidelity=value))
    return table(*parts)


@pytest.mark.parametrize(
    ("at_30", "verdict"),
    [
        (0.5, Verdict.REPRODUCED),
        (0.55, Verdict.REPRODUCED),
        (0.2, Verdict.NOT_REPRODUCED),
        (0.8, Verdict.NOT_REPRODUCED),
    ],
)
def test_fidelity_that_stays_is_equivalent(at_30, verdict):
    result = equivalent_under_degradation(fidelities(at_30), declared("MR-FIDELITY"))
    assert result.verdict is verdict
    assert len(result.comparisons) == 14
    assert result.comparisons[0].estimate.value == pytest.approx(at_30 - 0.5, abs=1e-9)
    assert all(c.contradicts for c in result.comparisons) == (at_30 in (0.2, 0.8))


def test_fidelity_that_is_low_cannot_drop():
    rows = fidelities(0.05)
    rows.loc[rows["degradation"] == "none", "mu_fidelity"] -= 0.42  # from .5 to .08
    result = equivalent_under_degradation(rows, declared("MR-FIDELITY"))
    assert all(c.undecided for c in result.comparisons)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "In 14 μF is at most 0.1 at 0 % and cannot drop by more" in result.detail


def test_the_slope_of_fidelity_goes_over_all_levels():
    values = {0: 0.5, 5: 0.48, 10: 0.5, 30: 0.45}
    parts = [
        series(method, degradation=kind if level else "none", level=level, fidelity=value)
        for method in METHODS
        for kind in ("weights", "labels")
        for level, value in values.items()
        if level or kind == "weights"
    ]
    result = equivalent_under_degradation(table(*parts), declared("MR-FIDELITY"))
    expected = np.polyfit(np.array(list(values)) / 10, list(values.values()), 1)[0]
    for item in result.comparisons:
        slope = item.extra["slope per 10 points"]
        assert slope.value == pytest.approx(expected, abs=1e-12)
        assert slope.n == 60


def test_networks_that_are_not_degraded_are_not_named():
    rows = pd.concat([fidelities(0.5), table(series("ig", model="lipschitz-8"))])
    result = equivalent_under_degradation(rows, declared("MR-FIDELITY"))
    assert {c.keys["model"] for c in result.comparisons} == {"net"}
    assert "lipschitz-8" not in result.detail


def test_images_without_fidelity_are_left_out_and_counted():
    rows = fidelities(0.5)
    rows.loc[(rows["image"] == 3) & (rows["method"] == "ig"), "mu_fidelity"] = np.nan
    result = equivalent_under_degradation(rows, declared("MR-FIDELITY"))
    assert "2 changes of μF were undefined and left out." in result.detail
    assert {c.estimate.n for c in result.comparisons if c.keys["method"] == "ig"} == {59}


# MR-SELECT


def ranked(order, **settings):
    """Methods from the best to the worst by every score."""
    return table(
        *(
            series(method, 0.2 + 0.05 * place, 0.9, fidelity=0.9 - 0.1 * place, **settings)
            for place, method in enumerate(order)
        )
    )


FIRST = ("rise", "gradcam", "gradcam++", "ig", "saliency", "smoothgrad", "gradient_input")


def test_the_three_score_above_the_others():
    rows = ranked(FIRST)
    # ReCo of separated sets is 1 for all: give the others overlapping ones.
    worse = rows["method"].isin(FIRST[3:])
    rows.loc[worse, "distances"] = rows.loc[worse, "distances"].map(
        lambda cell: list(np.where(np.isnan(cell), np.nan, 0.8 + np.array(cell) % 0.01))
    )
    result = selected_above_others(rows, declared("MR-SELECT"))
    assert len(result.comparisons) == 9
    assert result.verdict is Verdict.REPRODUCED
    item = next(c for c in result.comparisons if c.label == "mu_fidelity, gradcam")
    # By place .9, .8, .7, .6, .5, .4, .3: Grad-CAM is second, the others are fourth to seventh.
    assert item.estimate.value == pytest.approx(0.8 - 0.45, abs=1e-9)
    assert item.base == pytest.approx(item.other - 0.35, abs=1e-9)


def test_one_image_set_where_a_method_is_not_among_the_first_does_not_convict_it():
    order = ("rise", "gradcam", "ig", "gradcam++", "saliency", "smoothgrad", "gradient_input")
    rows = pd.concat([ranked(FIRST), ranked(order, images="other", n=80)], ignore_index=True)
    result = selected_above_others(rows, declared("MR-SELECT"))
    item = next(c for c in result.comparisons if c.label == "mu_fidelity, gradcam++")
    assert item.holds
    each = [item.extra[name].value for name in ("set, net", "other, net")]
    assert item.estimate.value == pytest.approx(np.mean(each), abs=1e-12)
    assert item.estimate.n == 140
    assert result.headline.n == 140


def test_the_three_are_the_last():
    result = selected_above_others(ranked(FIRST[::-1]), declared("MR-SELECT"))
    against = {c.label for c in result.comparisons if c.contradicts}
    assert {f"{s}, {m}" for s in ("mege", "mu_fidelity") for m in FIRST[:3]} <= against
    assert result.verdict is Verdict.NOT_REPRODUCED


def test_a_method_without_rows_is_not_ranked():
    result = selected_above_others(ranked(FIRST[:-1]), declared("MR-SELECT"))
    assert result.verdict is Verdict.NOT_TESTED
    assert "no predictor with rows of all seven methods" in result.detail


# MR-LIP-MEGE, MR-LIP-RECO, MR-HIST


def two_families(higher=METHODS, lower=("gradcam++",), accuracy=0.8, other_accuracy=0.8):
    """The 1-Lipschitz network is better for `higher`, worse for `lower`."""
    parts = []
    for method in METHODS:
        parts.append(series(method, 0.4, 0.5, spread=0.08, accuracy=accuracy))
        better = method in higher and method not in lower
        parts.append(
            series(
                method,
                0.25 if better else 0.48,
                0.6 if better else 0.5,
                model="lipschitz-8",
                spread=0.08,
                accuracy=other_accuracy,
            )
        )
    return table(*parts)


def test_signs_as_the_paper_has_them():
    result = family_difference(two_families(), declared("MR-LIP-MEGE"))
    assert result.verdict is Verdict.REPRODUCED
    assert len(result.comparisons) == 7
    first = result.comparisons[0]
    assert first.keys["families"] == "lipschitz-8 − net"
    assert first.estimate.value == pytest.approx(1 / 1.25 - 1 / 1.4, abs=0.02)
    assert first.extra["share of fold pairs"].value == 1
    assert first.extra["share of fold pairs"].n == 10
    assert next(c for c in result.comparisons if c.keys["method"] == "gradcam++").estimate.value < 0


def test_the_other_signs():
    result = family_difference(two_families(higher=(), lower=METHODS), declared("MR-LIP-MEGE"))
    assert result.verdict is Verdict.NOT_REPRODUCED


def test_families_of_other_accuracy_are_not_compared():
    result = family_difference(two_families(other_accuracy=0.6), declared("MR-LIP-MEGE"))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "Too different to compare" in result.detail


def test_reco_needs_a_declared_definition():
    without = {key: value for key, value in declared("MR-LIP-RECO").items() if key != "definition"}
    with pytest.raises(ValueError, match="definition must be 'printed' or 'balanced'"):
        family_difference(two_families(), without)


def test_one_family_is_nothing_to_compare():
    rows = two_families()
    for test, claim in (
        (family_difference, "MR-LIP-MEGE"),
        (family_difference, "MR-LIP-RECO"),
        (better_separation, "MR-HIST"),
    ):
        result = test(rows[rows["model"] == "net"], declared(claim))
        assert result.verdict is Verdict.NOT_TESTED
        assert result.detail == "no rows of both families on the same images"


def test_one_method_before_all_others():
    rows = two_families()
    order = ("smoothgrad", "saliency", "gradcam", "ig", "gradient_input", "rise", "gradcam++")
    parts = [rows[rows["model"] == "net"]]
    for place, method in enumerate(order):
        parts.append(
            pd.DataFrame(series(method, 0.4, 0.75 - 0.06 * place, model="lipschitz-8", spread=0.15))
        )
    result = family_difference(pd.concat(parts), declared("MR-LIP-RECO"))
    places = {
        c.keys["method"]: c for c in result.comparisons if c.keys["families"] == "lipschitz-8"
    }
    others = ["best of the others", "saliency", "gradcam"]
    assert list(places) == [f"smoothgrad − {other}" for other in others]
    best = places["smoothgrad − best of the others"]
    assert best.base == places["smoothgrad − saliency"].base
    assert best.estimate.value == pytest.approx(best.other - best.base, abs=1e-12)
    assert best.estimate.value <= places["smoothgrad − gradcam"].estimate.value
    # Saliency is second and Grad-CAM third: which of the two comes first is not asked.
    rest = {**declared("MR-LIP-RECO"), "first": "gradcam", "ahead_of": ["saliency"]}
    other = {c.keys["method"]: c for c in family_difference(pd.concat(parts), rest).comparisons}
    assert other["gradcam − best of the others"].estimate.value < 0
    assert other["gradcam − saliency"].estimate.value < 0
    signs = [c for c in result.comparisons if "−" in c.keys["families"]]
    assert len(signs) == 7
    assert {"other definition", "AUROC", "|S=|, first", "|S≠|, second"} <= set(signs[0].extra)


def test_separation_of_the_histograms():
    result = better_separation(two_families(), declared("MR-HIST"))
    assert result.verdict is Verdict.REPRODUCED  # Grad-CAM++ does not decide
    assert len(result.comparisons) == 14
    against = [c for c in result.comparisons if not c.holds]
    assert {c.keys["method"] for c in against} == {"gradcam++"}
    with pytest.raises(ValueError, match="histograms have 50 bins, got 10"):
        better_separation(two_families(), {**declared("MR-HIST"), "bins": 10})


# MR-PROD


@pytest.mark.parametrize(
    ("with_product", "verdict"), [(0.2, Verdict.REPRODUCED), (0.6, Verdict.NOT_REPRODUCED)]
)
def test_the_product_raises_mege_or_does_not(with_product, verdict):
    rows = table(
        series("gradient_input", with_product),
        series("saliency", 0.4),
        series("ig", with_product),
        series("ig_without_product", 0.4),
        series("random", 0.95),
        series("random_input", 0.1),
    )
    result = inflated_by_product(rows, declared("MR-PROD"))
    assert result.verdict is verdict
    extra = result.comparisons[0].extra["random maps"]
    assert extra.value == pytest.approx(1 / 1.1 - 1 / 1.95, abs=0.01)


def test_what_one_network_of_five_shows_is_undecided():
    rows = table(
        series("gradient_input", 0.4),
        series("saliency", 0.4),
        series("ig", 0.2),
        series("ig_without_product", 0.4),
    )
    one = (rows["method"] == "gradient_input") & (rows["fold"] == 0)
    # The images of fold 0, and what is compared with its network.
    for place in rows.index[rows["method"] == "gradient_input"]:
        cell = np.array(rows.at[place, "distances"])
        cell[slice(None) if one[place] else 0] -= 0.25
        rows.at[place, "distances"] = list(np.clip(cell, 0, 1))
    found = {c.keys["method"]: c for c in inflated_by_product(rows, quick("MR-PROD")).comparisons}
    assert found["gradient_input"].estimate.low > 0
    assert found["gradient_input"].extra["over folds"].low < 0
    assert found["gradient_input"].undecided
    assert found["ig"].holds


def test_a_pair_without_its_partner_leaves_at_best_partly():
    rows = table(series("gradient_input", 0.2), series("saliency", 0.4), series("ig", 0.2))
    result = inflated_by_product(rows, declared("MR-PROD"))
    assert result.verdict is Verdict.PARTLY
    assert "Not computed: set, net, ig" in result.detail


# MR-DEF, MR-AUC


def test_the_two_definitions_of_recorded_sets():
    rows = ranked(FIRST, spread=0.2)
    result = definitions_agree(rows, declared("MR-DEF"))
    first = result.comparisons[0]
    apart = []
    for group in fold_rows("test", rows).values():
        sets = group.sets
        apart.append(
            abs(
                reco(sets.equal, sets.different, "printed")
                - reco(sets.equal, sets.different, "balanced")
            )
        )
    assert first.estimate.value == pytest.approx(np.mean(apart), rel=1e-12)
    assert first.estimate.n == 7
    assert result.comparisons[1].keys["question"] == "order of the methods"
    assert [item.holds for item in result.comparisons] == [False, True]
    assert result.verdict is Verdict.INCONCLUSIVE  # seven pairs leave the first undecided
    assert result.headline.unit == "pairs S=, S≠"
    stricter = definitions_agree(rows, {**declared("MR-DEF"), "kendall": 1.1})
    assert stricter.verdict is Verdict.NOT_REPRODUCED


def test_sets_far_apart_score_one_in_both_definitions():
    rows = table(
        *(series(method, 0.1, 0.9, n=400, spread=0.001 * k) for k, method in enumerate(METHODS))
    )
    result = definitions_agree(rows, declared("MR-DEF"))
    assert result.comparisons[0].estimate.value < 0.02
    assert result.comparisons[0].holds


def test_the_average_orders_as_the_maximum_does():
    parts = [
        series(method, 0.3, 0.3 + 0.04 * place, level=level, spread=0.15, degradation=kind)
        for place, method in enumerate(METHODS)
        for kind, level in (("none", 0), ("weights", 5), ("weights", 10))
    ]
    result = rank_correlation_at_least(table(*parts), declared("MR-AUC"))
    assert [c.keys["definition"] for c in result.comparisons] == ["balanced", "printed"]
    assert result.comparisons[0].estimate.value > 0.9
    assert result.comparisons[0].estimate.n == 21
    assert result.verdict is Verdict.REPRODUCED


def test_mege_of_the_rows_is_mege_of_their_distances():
    group = next(iter(fold_rows("test", table(series("ig"))).values()))
    expected = [
        distance
        for right, fold, distances in zip(group.right, group.folds, group.distances, strict=True)
        for other, distance in enumerate(distances)
        if other != fold and right[other] and right[fold]
    ]
    assert mege(group.sets.equal) == pytest.approx(mege(expected), rel=1e-12)
    pairs = [group.of_folds(a, b).equal.size for a in range(5) for b in range(a + 1, 5)]
    assert sum(pairs) == len(expected)


# What is missing or undefined


def test_without_random_maps_or_one_degradation_it_is_at_best_partly():
    rows = degraded()
    result = monotone_degradation(rows[rows["method"] != "random"], quick("MR-SANITY"))
    assert result.verdict is Verdict.PARTLY
    assert "Not computed: set, net, random." in result.detail
    result = monotone_degradation(rows[rows["degradation"] != "labels"], quick("MR-SANITY"))
    assert result.verdict is Verdict.PARTLY
    assert "set, net, labels, saliency, 5 %" in result.detail


def test_another_number_of_folds_leaves_at_best_partly():
    parameters = {**quick("MR-SANITY"), "folds": 4}
    result = monotone_degradation(degraded(), parameters)
    assert result.verdict is Verdict.PARTLY
    assert "set, net: 5 folds instead of 4" in result.detail
    parameters = {**declared("MR-LIP-MEGE"), "folds": 4}
    assert family_difference(two_families(), parameters).verdict is Verdict.PARTLY


def test_fidelity_of_a_missing_method_leaves_at_best_partly():
    rows = fidelities(0.5)
    result = equivalent_under_degradation(
        rows[rows["method"] != "gradcam"], declared("MR-FIDELITY")
    )
    assert result.verdict is Verdict.PARTLY
    assert "Not computed: set, net, weights, gradcam; set, net, labels, gradcam." in result.detail
    rows.loc[rows["method"] == "gradcam", "mu_fidelity"] = np.nan
    result = equivalent_under_degradation(rows, declared("MR-FIDELITY"))
    assert result.verdict is Verdict.PARTLY
    assert [c.keys["method"] for c in result.comparisons if c.undecided] == ["gradcam"] * 2


def test_wide_intervals_of_fidelity_are_inconclusive():
    rows = fidelities(0.5)
    random = np.random.default_rng(0)
    rows["mu_fidelity"] += 0.8 * random.standard_normal(len(rows))
    result = equivalent_under_degradation(rows, declared("MR-FIDELITY"))
    assert result.verdict is Verdict.INCONCLUSIVE


def test_methods_that_cannot_be_told_apart_are_undecided():
    rows = table(*(series(method, 0.3, 0.6, fidelity=0.5, spread=0.1) for method in METHODS))
    random = np.random.default_rng(1)
    rows["mu_fidelity"] = random.random(len(rows))
    rows["distances"] = rows["distances"].map(
        lambda cell: list(np.where(np.isnan(cell), np.nan, random.random(FOLDS)))
    )
    result = selected_above_others(rows, declared("MR-SELECT"))
    assert result.verdict is Verdict.INCONCLUSIVE


def test_a_place_that_no_resample_defines_is_undecided():
    rows = two_families(accuracy=1.0, other_accuracy=1.0)  # S≠ is empty
    result = family_difference(rows, declared("MR-LIP-RECO"))
    assert all(item.undecided for item in result.comparisons)
    assert result.verdict is Verdict.INCONCLUSIVE


def test_a_difference_of_two_folds_alone_does_not_hold():
    rows = two_families()
    mine = (rows["model"] == "lipschitz-8") & (rows["method"] == "ig")
    base = rows[(rows["model"] == "net") & (rows["method"] == "ig")].set_index("image")
    for place in rows.index[mine]:
        row = rows.loc[place]
        # Much better on the images of fold 0, a little worse on all others.
        shift = -0.35 if row["fold"] == 0 else 0.02
        cell = np.array(base.loc[row["image"], "distances"]) + shift
        rows.at[place, "distances"] = list(np.clip(cell, 0, 1))
    result = family_difference(rows, declared("MR-LIP-MEGE"))
    item = next(c for c in result.comparisons if c.keys["method"] == "ig")
    assert item.estimate.low > 0
    assert item.extra["share of fold pairs"].value == 0.4
    assert item.undecided


def test_constant_maps_and_folds_without_a_correct_image_are_told():
    rows = two_families()
    lost = (rows["method"] == "gradcam") & (rows["image"] < 10)
    rows.loc[lost, "distances"] = pd.Series([[np.nan] * FOLDS] * lost.sum(), rows.index[lost])
    wrong = (rows["fold"] == 2) & (rows["model"] == "net")
    rows.loc[wrong, "right"] = rows.loc[wrong, "right"].map(
        lambda cell: [right and fold != 2 for fold, right in enumerate(cell)]
    )
    result = family_difference(rows, declared("MR-LIP-MEGE"))
    assert "Pairs without a distance, because a map is constant: gradcam" in result.detail
    assert (
        "Folds of which no image is classified correctly: set, net, none 0: fold 2" in result.detail
    )
    counts = {c.keys["method"]: c.estimate.n for c in result.comparisons}
    assert counts["gradcam"] < counts["ig"]


def test_lost_pairs_of_other_predictors_are_not_counted():
    lone = table(*(series(method, images="elsewhere") for method in METHODS))
    lone["distances"] = lone["distances"].map(lambda cell: [float("nan")] * len(cell))
    for rows, test, claim in (
        (two_families(), family_difference, "MR-LIP-MEGE"),
        (two_families(), better_separation, "MR-HIST"),
        (degraded(), monotone_degradation, "MR-SANITY"),
    ):
        result = test(pd.concat([rows, lone], ignore_index=True), quick(claim))
        assert result.detail == test(rows, quick(claim)).detail
        assert "a map is constant" not in result.detail


def test_an_average_of_another_order_is_not_similar():
    rows = degraded()
    random = np.random.default_rng(0)
    rows["distances"] = rows["distances"].map(
        lambda cell: list(np.where(np.isnan(cell), np.nan, random.random(FOLDS)))
    )
    result = rank_correlation_at_least(rows, {**declared("MR-AUC"), "correlation": 0.99})
    assert result.verdict is Verdict.NOT_REPRODUCED
    between = result.comparisons[0].estimate
    assert between.n == 7 * 7  # seven methods under seven series; random maps do not count
    parameters = {**declared("MR-AUC"), "correlation": between.value}
    assert rank_correlation_at_least(rows, parameters).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("claim", ["MR-SELECT", "MR-PROD", "MR-DEF", "MR-AUC", "MR-LIP-RECO"])
def test_every_verdict_names_empty_sets_and_lost_pairs(claim):
    extra = [*METHODS, "ig_without_product"]
    parts = [series(method, accuracy=1.0, model=model) for method in extra for model in NETWORKS]
    some = [series(method, model="third") for method in METHODS]
    rows = table(*parts, *some)
    constant = (rows["method"] == "ig") & (rows["image"] < 3)
    rows.loc[constant, "distances"] = rows[constant]["distances"].map(
        lambda cell: [float("nan")] * len(cell)
    )
    spec = load_claims()[claim].external
    detail = TESTS[spec.test](rows, dict(spec.parameters)).detail
    assert "a map is constant: ig " in detail
    assert "Undefined, because a set is empty: set, " in detail


NETWORKS = ("net", "lipschitz-8")


# Headlines


def asked_of(images, n, seed):
    random = np.random.default_rng(seed)
    base, other = (
        next(iter(fold_rows("test", pd.DataFrame(series("ig", images=images, n=n))).values()))
        for _ in range(2)
    )
    other = replace(other, fidelity=other.fidelity + 0.1 + 0.1 * random.standard_normal(n))
    return Asked({"images": images}, Contrast.difference(base, other), "mu_fidelity", HIGHER)


def test_image_sets_are_averaged_as_independent():
    first, second = (asked_of(images, 100, seed) for seed, images in enumerate(("a", "b")))
    found = pooled([first, second], 4000)
    alone = [each.contrast.drawn("mu_fidelity", 4000) for each in (first, second)]
    assert found.point == pytest.approx(np.mean([each.point for each in alone]), abs=1e-12)
    assert found.n == 200
    spread = np.sqrt(sum(each.draws.var() for each in alone)) / 2
    assert found.draws.std() == pytest.approx(spread, rel=0.05)


def test_folds_of_image_sets_are_other_networks():
    first, second = (asked_of(images, 100, seed) for seed, images in enumerate(("a", "b")))
    found = pooled_over_folds([first, second])
    alone = [each.contrast.over_folds("mu_fidelity") for each in (first, second)]
    assert found.value == pytest.approx(np.mean([each.value for each in alone]), abs=1e-12)
    reach = [(each.high - each.low) / 2 for each in alone]
    assert (found.high - found.low) / 2 == pytest.approx(np.hypot(*reach) / 2)
    assert found.n == 2 * FOLDS
    # The same network twice is one network.
    assert pooled_over_folds([first, first]) == alone[0]
    # What is undefined is left out, as in the mean over images.
    base, other = first.contrast.rows
    empty = replace(other, fidelity=np.full_like(other.fidelity, np.nan))
    undefined = replace(first, contrast=Contrast.difference(base, empty))
    assert pooled_over_folds([undefined, second]) == alone[1]
    assert np.isnan(pooled_over_folds([undefined]).value)


def test_contrasts_of_one_image_set_stay_together():
    first = asked_of("a", 100, 0)
    found = pooled([first, first], 1000)
    alone = first.contrast.drawn("mu_fidelity", 1000)
    assert np.array_equal(found.draws, alone.draws)
    assert found.n == 100


def test_a_headline_leaves_out_what_too_few_images_decide():
    few, many = asked_of("a", 10, 0), asked_of("b", 100, 1)
    parameters = {"images_per_comparison": 20}
    assert headline([few, many], "differences", 1000, parameters).n == 100
    assert headline([few], "differences", 1000, parameters).n == 10
    assert headline([], "differences", 1000, parameters) is None


@pytest.mark.parametrize("claim", ["MR-FIDELITY", "MR-LIP-MEGE", "MR-LIP-RECO", "MR-HIST"])
def test_every_claim_has_a_headline(claim):
    rows = fidelities(0.5) if claim == "MR-FIDELITY" else two_families()
    result = TESTS[load_claims()[claim].external.test](rows, declared(claim))
    assert result.headline.low <= result.headline.value <= result.headline.high
    assert result.headline.quantity in result.detail
    assert result.headline.unit == "images"
