"""The rule of a paired improvement on rows whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Comparison, Verdict
from saliency_audit.ledger.external import TESTS, paired_difference, paired_improvement
from saliency_audit.ledger.external.rule import NAMED, family_verdict, judge, tally
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean, signed_rank_p

SCORES = ("probability", "ratio")
DECLARED = {"paths": ["ig", "gig"], "scores": list(SCORES), "steps": 128, "alpha": 0.05}


def rows(gains, n=30, spread=0.05, steps=128):
    """Rows, one per map, with a mean gain of the variant per (model, path)."""
    generator = np.random.default_rng(0)
    found = []
    for (model, path), gain in gains.items():
        for image in range(n):
            base = generator.uniform(0.2, 0.8, size=2)
            other = base + gain + spread * generator.normal(size=2)
            for method, values in ((path, base), (f"{path}+idgi", other)):
                found.append((model, path, method, steps, image, *values))
    columns = ["model", "path", "method", "steps", "image", *SCORES]
    return pd.DataFrame(found, columns=columns).sample(frac=1, random_state=1)


ALL_UP = {("m", "ig"): 0.1, ("m", "gig"): 0.1}


def test_every_pair_higher_is_reproduced():
    result = paired_improvement(rows(ALL_UP), DECLARED)
    assert result.verdict is Verdict.REPRODUCED
    assert len(result.comparisons) == 4
    assert all(comparison.holds for comparison in result.comparisons)
    assert result.detail.startswith("4 of 4 comparisons hold")
    assert {comparison.label for comparison in result.comparisons} == {
        f"m, {path}, {score}" for path in ("ig", "gig") for score in ("probability", "ratio")
    }


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ({("m", "ig"): 0.1, ("m", "gig"): 0.0}, Verdict.INCONCLUSIVE),
        ({("m", "ig"): 0.1, ("m", "gig"): -0.1}, Verdict.NOT_REPRODUCED),
        ({("m", "ig"): 0.0, ("m", "gig"): -0.1}, Verdict.NOT_REPRODUCED),
        ({("m", "ig"): 0.0, ("m", "gig"): 0.0}, Verdict.INCONCLUSIVE),
        ({**ALL_UP, ("n", "ig"): 0.1, ("n", "gig"): -0.1}, Verdict.PARTLY),
        ({**ALL_UP, ("n", "ig"): 0.1, ("n", "gig"): 0.0}, Verdict.PARTLY),
        ({**ALL_UP, ("n", "ig"): 0.0, ("n", "gig"): -0.1}, Verdict.PARTLY),
    ],
)
def test_no_difference_is_no_evidence_against_a_claim(gains, verdict):
    result = paired_improvement(rows(gains, n=60), DECLARED)
    assert result.verdict is verdict
    for comparison in result.comparisons:
        gain = gains[comparison.keys["model"], comparison.keys["path"]]
        assert comparison.holds == (gain > 0)
        assert comparison.contradicts == (gain < 0)
        assert comparison.undecided == (gain == 0)
        assert (comparison.label in result.detail) != comparison.holds


def test_an_exception_must_be_lower():
    gains = {**ALL_UP, ("n", "ig"): 0.1, ("n", "gig"): -0.1}
    declared = {**DECLARED, "exceptions": [{"model": "n", "path": "gig"}]}
    result = paired_improvement(rows(gains), declared)
    assert result.verdict is Verdict.REPRODUCED
    sides = {comparison.label: comparison.expected for comparison in result.comparisons}
    assert {label for label, side in sides.items() if side == "lower"} == {
        "n, gig, probability",
        "n, gig, ratio",
    }
    others = [
        comparison.estimate.value
        for comparison in result.comparisons
        if comparison.keys["score"] == "probability" and comparison.expected == "higher"
    ]
    assert result.headline.value == pytest.approx(sum(others) / len(others))
    assert "declared exceptions left out" in result.detail
    gains[("n", "gig")] = 0.1
    higher = paired_improvement(rows(gains), declared)
    assert higher.verdict is Verdict.PARTLY
    assert sum(comparison.holds for comparison in higher.comparisons) == 6


def test_a_declared_path_without_rows_leaves_at_best_partly():
    result = paired_improvement(rows({("m", "ig"): 0.1}), DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed yet: gig." in result.detail


def test_a_path_that_one_network_lacks_leaves_at_best_partly():
    result = paired_improvement(rows({**ALL_UP, ("n", "ig"): 0.1}), DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed yet: n, gig." in result.detail


def test_rows_of_another_experiment_are_refused():
    with pytest.raises(ValueError, match="lack the columns ratio"):
        paired_improvement(rows(ALL_UP).drop(columns="ratio"), DECLARED)


def test_a_missing_path_does_not_soften_a_failure():
    result = paired_improvement(rows({("m", "ig"): -0.1}), DECLARED)
    assert result.verdict is Verdict.NOT_REPRODUCED


def test_what_is_not_declared_is_not_compared():
    table = rows({**ALL_UP, ("m", "blurig"): -0.1}).assign(other=0.0)
    result = paired_improvement(table, DECLARED)
    assert len(result.comparisons) == 4
    assert result.verdict is Verdict.REPRODUCED


def test_without_rows_nothing_is_tested():
    for table in (rows({("m", "blurig"): 0.1}), rows(ALL_UP).iloc[:0]):
        result = paired_improvement(table, DECLARED)
        assert result.verdict is Verdict.NOT_TESTED
        assert result.headline is None


def test_the_numbers_of_a_comparison_are_paired_per_image():
    table = rows(ALL_UP)
    result = paired_improvement(table, DECLARED)
    chosen = table[table["path"] == "gig"]
    wide = chosen.pivot(index="image", columns="method", values="ratio")
    differences = (wide["gig+idgi"] - wide["gig"]).to_numpy()
    (comparison,) = (c for c in result.comparisons if c.label == "m, gig, ratio")
    assert comparison.estimate == bootstrap_mean(differences)
    assert comparison.base_mean == pytest.approx(wide["gig"].mean())
    assert comparison.other_mean == pytest.approx(wide["gig+idgi"].mean())
    assert comparison.p_value == signed_rank_p(differences, "greater")
    assert comparison.estimate.n == 30


def test_the_headline_pools_the_first_declared_score():
    table = rows(ALL_UP)
    for score in ("probability", "ratio"):
        other = "ratio" if score == "probability" else "probability"
        result = paired_improvement(table, {**DECLARED, "scores": [score, other]})
        wide = table.pivot(index=["path", "image"], columns="method", values=score)
        means = [(wide[f"{path}+idgi"] - wide[path]).mean() for path in ("ig", "gig")]
        assert result.headline.value == pytest.approx(np.mean(means))
        assert result.headline.n == 30, "both paths saw the same 30 images"
        assert f"of the {score} score" in result.detail


def exactly(differences, models=("m",)):
    """Rows whose paired differences are exactly these."""
    return pd.DataFrame(
        [
            (model, "ig", method, 128, image, value)
            for model in models
            for image, difference in enumerate(differences)
            for method, value in (("ig", 0.0), ("ig+idgi", difference))
        ],
        columns=["model", "path", "method", "steps", "image", "probability"],
    )


ONE = {"paths": ["ig"], "scores": ["probability"], "steps": 128, "alpha": 0.05}


def test_the_family_is_corrected():
    # Five gains of five: p = 1/32 alone, 2/32 in a family of two.
    gains = [0.1, 0.2, 0.3, 0.4, 0.5]
    alone = paired_improvement(exactly(gains), ONE)
    assert alone.comparisons[0].p_adjusted == pytest.approx(1 / 32)
    assert alone.verdict is Verdict.REPRODUCED
    family = paired_improvement(exactly(gains, models=("m", "n")), ONE)
    assert [c.p_value for c in family.comparisons] == pytest.approx([1 / 32] * 2)
    assert [c.p_adjusted for c in family.comparisons] == pytest.approx([2 / 32] * 2)
    assert family.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("sign", "exceptions"), [(1, []), (-1, [{"model": "m", "path": "ig"}])])
def test_the_interval_must_be_clear_too(sign, exceptions):
    # Many small gains and one large loss: the ranks say higher, the mean does not.
    differences = sign * np.array([0.01 + 0.0001 * i for i in range(40)] + [-1.0])
    result = paired_improvement(exactly(differences), {**ONE, "exceptions": exceptions})
    (comparison,) = result.comparisons
    assert comparison.expected == ("higher" if sign > 0 else "lower")
    assert comparison.p_adjusted < 0.05
    assert comparison.estimate.low < 0 < comparison.estimate.high
    assert comparison.undecided


def test_alpha_is_the_declared_one():
    table = exactly([0.1, 0.2, 0.3, 0.4, 0.5])
    assert paired_improvement(table, {**ONE, "alpha": 0.03}).verdict is Verdict.INCONCLUSIVE


def test_an_image_without_its_pair_is_refused():
    table = rows(ALL_UP)
    with pytest.raises(ValueError, match="1 images lack the rows of one of the two methods"):
        paired_improvement(table.iloc[1:], DECLARED)


def test_an_image_without_a_value_is_left_out_and_counted():
    table = rows(ALL_UP)
    table.loc[3, "ratio"] = np.nan
    whole, result = (paired_improvement(part, DECLARED) for part in (rows(ALL_UP), table))
    assert "1 times an image had no finite value and was left out." in result.detail
    lost = [
        (before.keys["score"], before.estimate.n - after.estimate.n)
        for before, after in zip(whole.comparisons, result.comparisons, strict=True)
        if before.estimate.n != after.estimate.n
    ]
    assert lost == [("ratio", 1)]
    table["ratio"] = np.nan
    only = paired_improvement(table, {**DECLARED, "scores": ["ratio"]})
    assert only.verdict is Verdict.NOT_TESTED


def test_a_single_image_proves_nothing():
    result = paired_improvement(rows(ALL_UP).query("image == 0"), DECLARED)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert all(comparison.undecided for comparison in result.comparisons)


def test_a_row_that_stands_twice_is_refused():
    table = rows(ALL_UP)
    with pytest.raises(ValueError, match="duplicate"):
        paired_improvement(pd.concat([table, table.iloc[:1]]), DECLARED)


@pytest.mark.parametrize("name", ["paths", "scores", "steps", "alpha"])
def test_parameters_must_be_declared(name):
    declared = {key: value for key, value in DECLARED.items() if key != name}
    with pytest.raises(ValueError, match=rf"missing parameters \['{name}'\]"):
        paired_improvement(rows(ALL_UP), declared)


def test_a_misspelt_parameter_is_refused():
    with pytest.raises(ValueError, match=r"unknown parameters \['exeptions'\]"):
        paired_improvement(rows(ALL_UP), {**DECLARED, "exeptions": []})


def test_the_ledger_finds_the_tests_by_their_names():
    assert TESTS["paired_improvement"] is paired_improvement
    assert all(test.__name__ == name for name, test in TESTS.items())


def test_too_few_images_leave_it_open():
    needed = {**DECLARED, "minimum_images": 31}
    result = paired_improvement(rows(ALL_UP), needed)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "Too few images to decide: 30, 31 needed" in result.detail
    enough = paired_improvement(rows(ALL_UP), {**DECLARED, "minimum_images": 30})
    assert enough.verdict is Verdict.REPRODUCED


def test_rows_of_other_step_counts_do_not_count():
    table = pd.concat([rows(ALL_UP), rows(dict.fromkeys(ALL_UP, -0.1), steps=32)])
    result = paired_improvement(table, DECLARED)
    assert result.verdict is Verdict.REPRODUCED
    assert "At 128 steps." in result.detail
    fewer = paired_improvement(table, {**DECLARED, "steps": 64})
    assert fewer.comparisons == result.comparisons
    assert "At 128 steps, the most that were computed (64 are declared)." in fewer.detail
    assert fewer.verdict is Verdict.INCONCLUSIVE
    other = paired_improvement(table, {**DECLARED, "steps": 32})
    assert other.verdict is Verdict.NOT_REPRODUCED


def test_other_steps_are_reported_on_their_own_images_and_decide_nothing():
    against = rows(dict.fromkeys(ALL_UP, -0.1), n=50, steps=32)
    table = pd.concat([rows(ALL_UP), against])
    result = paired_improvement(table, {**DECLARED, "also_at": 32})
    assert result.verdict is Verdict.REPRODUCED
    alone = paired_improvement(against, {**DECLARED, "steps": 32})
    for comparison, there in zip(result.comparisons, alone.comparisons, strict=True):
        assert comparison.extra == {"at 32 steps": there.estimate}
        assert there.estimate.n == 50
    absent = paired_improvement(table, {**DECLARED, "also_at": 8})
    assert not any(comparison.extra for comparison in absent.comparisons)


def test_a_network_without_rows_at_the_steps_is_named_as_missing():
    table = pd.concat([rows(ALL_UP), rows({("n", "ig"): 0.1, ("n", "gig"): 0.1}, steps=32)])
    result = paired_improvement(table, DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed yet: n, ig; n, gig." in result.detail


def test_the_networks_of_the_claim_are_counted_and_not_demanded():
    result = paired_improvement(rows(ALL_UP), {**DECLARED, "networks": ["m", "a", "b"]})
    assert result.verdict is Verdict.REPRODUCED
    assert "Networks: m; 2 of the claim's 3 are not computed." in result.detail
    one = paired_improvement(rows(ALL_UP), {**DECLARED, "networks": ["a"]})
    assert "Networks: m; the claim's a is not computed." in one.detail
    assert one.verdict is Verdict.PARTLY
    every = paired_improvement(rows(ALL_UP), {**DECLARED, "networks": ["m"]})
    assert "Networks: m." in every.detail


def test_the_order_of_the_rows_changes_nothing():
    table = rows({**ALL_UP, ("n", "ig"): 0.0})
    once = paired_improvement(table, DECLARED)
    assert paired_improvement(table.sample(frac=1, random_state=5), DECLARED) == once


def test_images_of_two_sets_are_not_the_same_image():
    gains = {("m", "ig"): 0.1, ("m", "gig"): 0.1, ("n", "ig"): 0.1, ("n", "gig"): 0.1}
    table = rows(gains)
    shared = paired_improvement(table.assign(images="one"), DECLARED)
    assert shared.headline.n == 30
    apart = paired_improvement(
        table.assign(images=table["model"].map({"m": "one", "n": "other"})), DECLARED
    )
    assert apart.headline.n == 60
    assert apart.headline.value == pytest.approx(shared.headline.value)


def long(table, scores=SCORES):
    """The same rows, a row per map and score."""
    kept = ["model", "path", "method", "steps", "image"]
    return table.melt(kept, list(scores), var_name="score", value_name="value")


LONG = {"paths": ["ig", "gig"], "scores": list(SCORES), "alpha": 0.05}


@pytest.mark.parametrize(
    "gains", [ALL_UP, {("m", "ig"): 0.1, ("m", "gig"): -0.1}, {("m", "ig"): 0.0, ("m", "gig"): 0.1}]
)
def test_long_rows_are_judged_as_wide_ones(gains):
    wide, found = (
        paired_improvement(rows(gains), DECLARED),
        paired_difference(long(rows(gains)), LONG),
    )
    assert found.verdict is wide.verdict
    assert found.headline == wide.headline
    assert {c.label: c.estimate for c in found.comparisons} == {
        c.label: c.estimate for c in wide.comparisons
    }


def test_a_score_of_one_network_only_is_no_gap():
    table = pd.concat(
        [long(rows(ALL_UP), ("ratio",)), long(rows({("n", "ig"): 0.1, ("n", "gig"): 0.1}))]
    )
    assert paired_difference(table, LONG).verdict is Verdict.REPRODUCED
    without = table[~((table["model"] == "n") & (table["path"] == "gig"))]
    result = paired_difference(without, LONG)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed yet: gig, probability; n, gig, ratio." in result.detail


def test_a_declared_score_without_rows_leaves_at_best_partly():
    result = paired_difference(long(rows(ALL_UP), ("ratio",)), LONG)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed yet: probability." in result.detail
    assert "of the ratio score" in result.detail
    assert paired_difference(long(rows(ALL_UP)).iloc[:0], LONG).verdict is Verdict.NOT_TESTED


def test_few_images_leave_long_rows_open():
    result = paired_difference(long(rows(ALL_UP)), {**LONG, "minimum_images": 31})
    assert result.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("low", "high", "expected", "margin", "outcome"),
    [
        (0.1, 0.2, "higher", 0, (True, False)),
        (-0.1, 0.2, "higher", 0, (False, False)),
        (0.0, 0.2, "higher", 0, (False, False)),
        (-0.2, -0.1, "higher", 0, (False, True)),
        (-0.2, -0.1, "lower", 0, (True, False)),
        (-0.2, 0.0, "lower", 0, (False, False)),
        (0.1, 0.2, "lower", 0, (False, True)),
        (-0.01, 0.01, "equal", 0.01, (True, False)),
        (0.002, 0.02, "equal", 0.01, (False, False)),
        (0.02, 0.03, "equal", 0.01, (False, True)),
        (-0.03, -0.02, "equal", 0.01, (False, True)),
    ],
)
def test_three_outcomes_of_a_comparison(low, high, expected, margin, outcome):
    estimate = Estimate((low + high) / 2, low, high, 30)
    assert judge(estimate, expected, margin=margin) == outcome


def test_an_insignificant_difference_is_undecided_and_an_unknown_side_refused():
    assert judge(Estimate(0.1, 0.05, 0.2, 30), "higher", significant=False) == (False, False)
    with pytest.raises(ValueError, match="higher, lower or equal"):
        judge(Estimate(0.1, 0.05, 0.2, 30), "more")


def family(holding, contradicting, undecided):
    kinds = [(True, False)] * holding + [(False, True)] * contradicting
    kinds += [(False, False)] * undecided
    return [
        Comparison({"name": f"c{i}"}, Estimate(0, 0, 0, 30), 0, 0, 1, 1, "higher", *kind)
        for i, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "verdict"),
    [
        ((4, 0, 0), Verdict.REPRODUCED),
        ((3, 1, 0), Verdict.PARTLY),
        ((3, 0, 1), Verdict.PARTLY),
        ((2, 2, 0), Verdict.NOT_REPRODUCED),
        ((2, 0, 2), Verdict.INCONCLUSIVE),
        ((0, 2, 2), Verdict.NOT_REPRODUCED),
        ((0, 1, 3), Verdict.INCONCLUSIVE),
        ((1, 1, 1), Verdict.PARTLY),
        ((0, 0, 4), Verdict.INCONCLUSIVE),
        ((0, 4, 0), Verdict.NOT_REPRODUCED),
    ],
)
def test_the_verdict_of_a_family(kinds, verdict):
    assert family_verdict(family(*kinds)) is verdict
    softened = Verdict.PARTLY if verdict is Verdict.REPRODUCED else verdict
    assert family_verdict(family(*kinds), complete=False) is softened


def test_nothing_to_judge_is_no_verdict():
    with pytest.raises(ValueError, match="no comparison to judge"):
        family_verdict([])


def test_of_many_exceptions_the_first_are_named():
    text = tally(family(1, NAMED + 3, 1))
    assert text.startswith(
        f"1 of {NAMED + 5} comparisons hold, {NAMED + 3} contradict the claim (c1;"
    )
    assert "; and 3 more), 1 undecided (c12)." in text
