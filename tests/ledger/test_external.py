"""The rule of a paired improvement on rows whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.external import TESTS, paired_improvement
from saliency_audit.ledger.statistics import bootstrap_mean, signed_rank_p

DECLARED = {"paths": ["ig", "gig"], "scores": ["probability", "ratio"], "alpha": 0.05}


def rows(gains, n=30, spread=0.05, scores=("probability", "ratio")):
    """Rows with a mean gain of the variant per (model, path)."""
    generator = np.random.default_rng(0)
    found = []
    for (model, path), gain in gains.items():
        for score in scores:
            for image in range(n):
                base = generator.uniform(0.2, 0.8)
                other = base + gain + spread * generator.normal()
                for method, value in ((path, base), (f"{path}+idgi", other)):
                    found.append((model, path, method, score, image, value))
    columns = ["model", "path", "method", "score", "image", "value"]
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
    ("gains", "verdict", "holding"),
    [
        ({("m", "ig"): 0.1, ("m", "gig"): 0.0}, Verdict.NOT_REPRODUCED, 2),
        ({("m", "ig"): 0.1, ("m", "gig"): -0.1}, Verdict.NOT_REPRODUCED, 2),
        ({("m", "ig"): -0.1, ("m", "gig"): -0.1}, Verdict.NOT_REPRODUCED, 0),
        ({**ALL_UP, ("n", "ig"): 0.1, ("n", "gig"): -0.1}, Verdict.PARTLY, 6),
    ],
)
def test_half_of_the_pairs_is_too_few(gains, verdict, holding):
    result = paired_improvement(rows(gains), DECLARED)
    assert result.verdict is verdict
    assert sum(comparison.holds for comparison in result.comparisons) == holding
    for comparison in result.comparisons:
        key = (comparison.keys["model"], comparison.keys["path"])
        assert comparison.holds == (gains[key] > 0)
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
    gains[("n", "gig")] = 0.1
    higher = paired_improvement(rows(gains), declared)
    assert higher.verdict is Verdict.PARTLY
    assert sum(comparison.holds for comparison in higher.comparisons) == 6


def test_a_declared_path_without_rows_leaves_at_best_partly():
    result = paired_improvement(rows({("m", "ig"): 0.1}), DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "not computed yet: gig" in result.detail


def test_a_declared_score_without_rows_leaves_at_best_partly():
    result = paired_improvement(rows(ALL_UP, scores=("probability",)), DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "not computed yet: ig, gig" in result.detail


def test_a_missing_path_does_not_soften_a_failure():
    result = paired_improvement(rows({("m", "ig"): -0.1}), DECLARED)
    assert result.verdict is Verdict.NOT_REPRODUCED


def test_what_is_not_declared_is_not_compared():
    table = rows({**ALL_UP, ("m", "blurig"): -0.1}, scores=("probability", "ratio", "other"))
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
    chosen = table[(table["path"] == "gig") & (table["score"] == "ratio")]
    wide = chosen.pivot(index="image", columns="method", values="value")
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
        chosen = table[table["score"] == score]
        wide = chosen.pivot(index=["path", "image"], columns="method", values="value")
        means = [(wide[f"{path}+idgi"] - wide[path]).mean() for path in ("ig", "gig")]
        assert result.headline.mean == pytest.approx(np.mean(means))
        assert result.headline.n == 30, "both paths saw the same 30 images"
        assert f"of the {score} score" in result.detail


def exactly(differences, models=("m",)):
    """Rows whose paired differences are exactly these."""
    return pd.DataFrame(
        [
            (model, "ig", method, "probability", image, value)
            for model in models
            for image, difference in enumerate(differences)
            for method, value in (("ig", 0.0), ("ig+idgi", difference))
        ],
        columns=["model", "path", "method", "score", "image", "value"],
    )


ONE = {"paths": ["ig"], "scores": ["probability"], "alpha": 0.05}


def test_the_family_is_corrected():
    # Five gains of five: p = 1/32 alone, 2/32 in a family of two.
    gains = [0.1, 0.2, 0.3, 0.4, 0.5]
    alone = paired_improvement(exactly(gains), ONE)
    assert alone.comparisons[0].p_adjusted == pytest.approx(1 / 32)
    assert alone.verdict is Verdict.REPRODUCED
    family = paired_improvement(exactly(gains, models=("m", "n")), ONE)
    assert [c.p_value for c in family.comparisons] == pytest.approx([1 / 32] * 2)
    assert [c.p_adjusted for c in family.comparisons] == pytest.approx([2 / 32] * 2)
    assert family.verdict is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize(("sign", "exceptions"), [(1, []), (-1, [{"model": "m", "path": "ig"}])])
def test_the_interval_must_be_clear_too(sign, exceptions):
    # Many small gains and one large loss: the ranks say higher, the mean does not.
    differences = sign * np.array([0.01 + 0.0001 * i for i in range(40)] + [-1.0])
    result = paired_improvement(exactly(differences), {**ONE, "exceptions": exceptions})
    (comparison,) = result.comparisons
    assert comparison.expected == ("higher" if sign > 0 else "lower")
    assert comparison.p_adjusted < 0.05
    assert comparison.estimate.low < 0 < comparison.estimate.high
    assert not comparison.holds


def test_alpha_is_the_declared_one():
    table = exactly([0.1, 0.2, 0.3, 0.4, 0.5])
    assert paired_improvement(table, {**ONE, "alpha": 0.03}).verdict is Verdict.NOT_REPRODUCED


def test_an_image_without_its_pair_is_refused():
    table = rows(ALL_UP)
    with pytest.raises(ValueError, match="finite"):
        paired_improvement(table.iloc[1:], DECLARED)


def test_a_row_that_stands_twice_is_refused():
    table = rows(ALL_UP)
    with pytest.raises(ValueError, match="duplicate"):
        paired_improvement(pd.concat([table, table.iloc[:1]]), DECLARED)


@pytest.mark.parametrize("name", ["paths", "scores", "alpha"])
def test_parameters_must_be_declared(name):
    declared = {key: value for key, value in DECLARED.items() if key != name}
    with pytest.raises(ValueError, match=rf"missing parameters \['{name}'\]"):
        paired_improvement(rows(ALL_UP), declared)


def test_a_misspelt_parameter_is_refused():
    with pytest.raises(ValueError, match=r"unknown parameters \['exeptions'\]"):
        paired_improvement(rows(ALL_UP), {**DECLARED, "exeptions": []})


def test_the_ledger_finds_the_test_by_its_name():
    assert TESTS["paired_improvement"] is paired_improvement


def test_too_few_images_leave_it_open():
    needed = {**DECLARED, "minimum_images": 31}
    result = paired_improvement(rows(ALL_UP), needed)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "Too few images to decide: 30, 31 needed" in result.detail
    enough = paired_improvement(rows(ALL_UP), {**DECLARED, "minimum_images": 30})
    assert enough.verdict is Verdict.REPRODUCED
