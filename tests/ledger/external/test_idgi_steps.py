"""Sensitivity to the number of steps on rows whose changes are known."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.external.tests.idgi_steps import step_sensitivity

STEPS = [8, 16, 32, 64, 128]
SCORES = ["probability", "ratio", "sic_entropy", "sic_ms_ssim"]
DECLARED = {
    "paths": ["ig", "gig"],
    "scores": SCORES,
    "steps": STEPS,
    "change": "signed",
    "resamples": 300,
    "alpha": 0.05,
}
FLAT = {("m", "ig"): 0.0, ("m", "gig"): 0.0}


def growing(scores, growth=0.05, gains=FLAT, steps=(8, 16, 32, 64, 128), **options):
    return scores(gains, steps=steps, growth=growth, **options)


def by_label(result):
    return {comparison.label: comparison for comparison in result.comparisons}


def test_a_variant_that_grows_with_the_steps_is_more_sensitive(scores):
    result = step_sensitivity(growing(scores), DECLARED)
    assert result.verdict is Verdict.REPRODUCED
    assert set(by_label(result)) == {f"m, {p}, {s}" for p in ("ig", "gig") for s in SCORES}
    assert "From 8 to 128 steps." in result.detail
    assert result.headline.low > 0
    for comparison in result.comparisons:
        assert comparison.base < 0.05 < comparison.other
        assert comparison.estimate.value == pytest.approx(comparison.other - comparison.base)


def test_a_fall_is_a_change_by_its_size_and_none_by_its_sign(scores):
    falling = growing(scores, growth=-0.05)
    signed = step_sensitivity(falling, DECLARED)
    absolute = step_sensitivity(falling, {**DECLARED, "change": "absolute"})
    assert signed.verdict is Verdict.NOT_REPRODUCED
    assert absolute.verdict is Verdict.REPRODUCED
    for one, other in zip(signed.comparisons, absolute.comparisons, strict=True):
        assert one.extra["absolute change"] == other.estimate
        assert other.extra["signed change"] == one.estimate


def swapped(table):
    """The rows with the two methods in each other's place."""
    other = {"ig": "ig+idgi", "ig+idgi": "ig", "gig": "gig+idgi", "gig+idgi": "gig"}
    return table.assign(method=table["method"].map(other))


def test_a_base_that_changes_more_contradicts(scores):
    result = step_sensitivity(swapped(growing(scores)), DECLARED)
    assert result.verdict is Verdict.NOT_REPRODUCED
    assert all(comparison.contradicts for comparison in result.comparisons)


def test_no_growth_is_undecided(scores):
    result = step_sensitivity(growing(scores, growth=0.0), DECLARED)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert all(comparison.undecided for comparison in result.comparisons)


def test_change_range_and_slope_are_those_of_a_straight_growth(scores):
    result = step_sensitivity(growing(scores, growth=0.03, spread=0.0), DECLARED)
    found = by_label(result)["m, gig, probability"]
    assert found.base == pytest.approx(0, abs=1e-12)
    assert found.other == pytest.approx(0.12)
    assert found.estimate.low == pytest.approx(0.12)
    extra = {name: estimate.value for name, estimate in found.extra.items()}
    assert extra == pytest.approx(
        {
            "absolute change": 0.12,
            "range, base": 0,
            "range, IDGI": 0.12,
            "slope per doubling, base": 0,
            "slope per doubling, IDGI": 0.03,
        },
        abs=1e-12,
    )


def test_the_range_sees_what_the_ends_hide(scores):
    table = growing(scores, growth=0.0, spread=0.0)
    middle = (table["steps"] == 32) & table["method"].str.endswith("+idgi")
    table.loc[middle, "probability"] += 0.25
    found = by_label(step_sensitivity(table, DECLARED))["m, ig, probability"]
    assert found.other == pytest.approx(0, abs=1e-12)
    assert found.extra["range, IDGI"].value == pytest.approx(0.25)
    assert found.extra["slope per doubling, IDGI"].value == pytest.approx(0, abs=1e-12)


def test_the_bootstrap_of_means_agrees_with_a_loop(scores):
    table = growing(scores, growth=0.02)
    found = by_label(step_sensitivity(table, {**DECLARED, "resamples": 4000}))["m, ig, probability"]
    ends = {
        method: table[table["method"] == method].pivot(
            index="image", columns="steps", values="probability"
        )[[8, 128]]
        for method in ("ig", "ig+idgi")
    }
    generator = np.random.default_rng(3)
    draws = []
    for _ in range(4000):
        drawn = generator.integers(0, 40, size=40)
        change = {m: np.diff(v.to_numpy()[drawn].mean(axis=0))[0] for m, v in ends.items()}
        draws.append(change["ig+idgi"] - change["ig"])
    low, high = np.quantile(draws, [0.025, 0.975])
    assert found.estimate.low == pytest.approx(low, abs=0.003)
    assert found.estimate.high == pytest.approx(high, abs=0.003)


def test_only_images_that_every_number_of_steps_has_are_compared(scores):
    table = growing(scores)
    more = scores(FLAT, n=70, steps=(32,), seed=9)
    table = pd.concat([table, more[more["image"] >= 40]])
    result = step_sensitivity(table, DECLARED)
    assert {comparison.estimate.n for comparison in result.comparisons} == {40}
    assert result == step_sensitivity(growing(scores), DECLARED)


def test_missing_steps_are_named_and_two_are_needed(scores):
    fewer = step_sensitivity(growing(scores, steps=(8, 32)), DECLARED)
    assert "From 8 to 32 steps (16, 64, 128 are declared and not computed)." in fewer.detail
    assert fewer.verdict is Verdict.PARTLY
    assert "Not computed: 128 steps." in fewer.detail
    both_ends = step_sensitivity(growing(scores, steps=(8, 128)), DECLARED)
    assert both_ends.verdict is Verdict.REPRODUCED
    one = step_sensitivity(growing(scores, steps=(8,)), DECLARED)
    assert one.verdict is Verdict.NOT_TESTED
    assert step_sensitivity(growing(scores).iloc[:0], DECLARED).verdict is Verdict.NOT_TESTED


def test_a_path_or_score_without_rows_leaves_at_best_partly(scores):
    table = growing(scores)
    path = step_sensitivity(table[table["path"] == "ig"], DECLARED)
    assert path.verdict is Verdict.PARTLY
    assert "Not computed: gig." in path.detail
    table["ic_ms_ssim"] = None
    score = step_sensitivity(table, DECLARED)
    assert score.verdict is Verdict.PARTLY
    assert "Not computed: sic_ms_ssim." in score.detail


def test_a_path_without_some_number_of_steps_is_missing(scores):
    table = growing(scores)
    gap = (table["path"] == "gig") & (table["steps"] == 128)
    result = step_sensitivity(table[~gap], DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed: gig." in result.detail


def test_a_network_of_small_pictures_is_left_out_of_a_score(scores):
    gains = {**FLAT, ("small", "ig"): 0.0, ("small", "gig"): 0.0}
    table = growing(scores, gains=gains)
    for name in ("ic_file_size", "ic_ms_ssim"):
        small = table["model"] == "small"
        table[name] = [None if s else v for s, v in zip(small, table[name], strict=True)]
    result = step_sensitivity(table, DECLARED)
    assert result.verdict is Verdict.REPRODUCED
    assert "small has no sic_entropy, sic_ms_ssim." in result.detail
    assert len(result.comparisons) == 2 * 4 + 2 * 2


def test_too_few_images_leave_it_open(scores):
    result = step_sensitivity(growing(scores), {**DECLARED, "images_per_comparison": 41})
    assert result.verdict is Verdict.INCONCLUSIVE


def test_areas_alone_have_no_headline(scores):
    result = step_sensitivity(growing(scores), {**DECLARED, "scores": ["sic_entropy"]})
    assert result.headline is None
    assert result.verdict is Verdict.REPRODUCED


def test_what_means_nothing_is_refused(scores):
    with pytest.raises(ValueError, match="unknown change 'relative'; known: signed, absolute"):
        step_sensitivity(growing(scores), {**DECLARED, "change": "relative"})
    with pytest.raises(ValueError, match="unknown \\['auc'\\]; known: probability, ratio, aic_ent"):
        step_sensitivity(growing(scores), {**DECLARED, "scores": ["auc"]})
    table = growing(scores)
    table.loc[table.index[0], "ratio"] = np.nan
    with pytest.raises(ValueError, match="ratio is not finite"):
        step_sensitivity(table, DECLARED)
    with pytest.raises(ValueError, match="lack the columns ic_file_size"):
        step_sensitivity(table.drop(columns="ic_file_size"), DECLARED)
    plain = step_sensitivity(
        growing(scores).drop(columns="ic_file_size"), {**DECLARED, "scores": ["probability"]}
    )
    assert plain.verdict is Verdict.REPRODUCED
