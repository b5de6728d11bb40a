"""Areas under median information curves: rows whose answer is known, and the bootstrap by hand."""

import numpy as np
import pandas as pd
import pytest
import torch

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.external.evidence import curves as external_curves
from saliency_audit.ledger.external.evidence.curves import STRIDE, curves_of, resampled_areas
from saliency_audit.ledger.external.tests.idgi_information import paired_area_improvement
from saliency_audit.ledger.resampling import resample_counts
from saliency_audit.metrics.information_curve import (
    THRESHOLDS,
    curve_area,
    image_areas,
    information_curves,
)

DECLARED = {
    "paths": ["ig", "gig"],
    "curves": ["aic", "sic"],
    "complexity": "file_size",
    "steps": 128,
    "resamples": 400,
    "alpha": 0.05,
}
UP = {("m", "ig"): 0.2, ("m", "gig"): 0.2}


def by_label(result):
    return {comparison.label: comparison for comparison in result.comparisons}


def test_larger_areas_everywhere_are_reproduced(scores):
    result = paired_area_improvement(scores(UP), DECLARED)
    assert result.verdict is Verdict.REPRODUCED
    assert set(by_label(result)) == {f"m, {p}, {c}" for p in ("ig", "gig") for c in ("aic", "sic")}
    assert all(comparison.holds for comparison in result.comparisons)
    assert result.headline.low > 0


@pytest.mark.parametrize("complexity", ["file_size", "ms_ssim"])
def test_the_areas_are_those_of_the_metric(scores, complexity):
    table = scores(UP)
    found = by_label(paired_area_improvement(table, {**DECLARED, "complexity": complexity}))
    areas = []
    for method in ("gig", "gig+idgi"):
        chosen = table[table["method"] == method].sort_values("image")
        x = torch.tensor(np.stack(chosen[f"ic_{complexity}"]))
        areas.append(
            curve_area(information_curves(x, torch.tensor(np.stack(chosen["ic_probability"]))))
        )
    comparison = found["m, gig, sic"]
    assert [comparison.base, comparison.other] == pytest.approx(areas)
    assert comparison.estimate.value == pytest.approx(areas[1] - areas[0])
    assert comparison.estimate.low < comparison.estimate.value < comparison.estimate.high
    assert comparison.estimate.n == 40


def test_other_steps_are_reported_and_decide_nothing(scores):
    there = scores(UP)
    there["steps"] = 32
    table = pd.concat([scores(dict.fromkeys(UP, -0.2)), there])
    result = paired_area_improvement(table, {**DECLARED, "also_at": 32})
    assert result.verdict is Verdict.NOT_REPRODUCED
    alone = by_label(paired_area_improvement(there, {**DECLARED, "steps": 32}))
    for label, comparison in by_label(result).items():
        assert comparison.extra["at 32 steps"].value == pytest.approx(alone[label].estimate.value)
        assert comparison.extra["at 32 steps"].low > 0


def test_the_resamples_are_those_of_a_loop(scores):
    table = scores(UP, n=15)
    chosen = table[table["method"] == "ig+idgi"].sort_values("image")
    curves = curves_of(chosen, "sic", "file_size")
    used = np.arange(15) != 4
    counts = resample_counts(14, 30)
    expected = []
    for row in counts:
        drawn = np.repeat(curves.curves.numpy()[used], row, axis=0)[:, ::STRIDE]
        expected.append(np.trapezoid(np.median(drawn, axis=0), dx=STRIDE / 1000))
    assert resampled_areas(curves, used, counts) == pytest.approx(expected, abs=1e-12)


def random_curves(kind, seed, n=100):
    """Curves of random points: information grows with the share revealed, prediction by chance."""
    generator = np.random.default_rng(seed)
    information = np.array([0, *THRESHOLDS, 1]) ** generator.uniform(0.3, 0.9, size=(n, 1))
    prediction = generator.random(information.shape).cumsum(axis=1)
    if kind == "aic":
        needed = generator.uniform(0.1, 0.9, size=(n, 1)) * prediction[:, -1:]
        prediction = (prediction > needed).astype(float)
    return information_curves(torch.from_numpy(information), torch.from_numpy(prediction))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("kind", "tolerance"), [("sic", 0.0002), ("aic", 0.001)])
def test_every_tenth_point_of_the_curves_is_enough(monkeypatch, kind, tolerance, seed):
    """Median curves of 0 and 1 jump, and what a jump between two points adds is a guess."""
    curves = random_curves(kind, seed)
    used = curves.used.numpy()
    all_once = np.ones((1, used.sum()), dtype=np.int16)
    counts = resample_counts(int(used.sum()), 400)
    (point,) = resampled_areas(curves, used, all_once)
    ends = np.quantile(resampled_areas(curves, used, counts), [0.025, 0.975])
    assert point == pytest.approx(curve_area(curves), abs=tolerance)
    monkeypatch.setattr(external_curves, "STRIDE", 1)
    assert resampled_areas(curves, used, all_once) == pytest.approx(curve_area(curves), abs=1e-12)
    finest = np.quantile(resampled_areas(curves, used, counts), [0.025, 0.975])
    assert ends == pytest.approx(finest, abs=tolerance)
    # The resamples differ by far more than what the stride leaves out.
    assert finest[1] - finest[0] > 0.01


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ({("m", "ig"): 0.0, ("m", "gig"): 0.0}, Verdict.INCONCLUSIVE),
        ({("m", "ig"): -0.2, ("m", "gig"): -0.2}, Verdict.NOT_REPRODUCED),
        ({("m", "ig"): 0.2, ("m", "gig"): -0.2}, Verdict.NOT_REPRODUCED),
        ({**UP, ("n", "ig"): 0.2, ("n", "gig"): -0.2}, Verdict.PARTLY),
    ],
)
def test_verdicts_of_known_rows(scores, gains, verdict):
    result = paired_area_improvement(scores(gains), DECLARED)
    assert result.verdict is verdict
    for comparison in result.comparisons:
        gain = gains[comparison.keys["model"], comparison.keys["path"]]
        assert (comparison.holds, comparison.contradicts) == (gain > 0, gain < 0)


def test_an_exception_must_be_smaller(scores):
    declared = {**DECLARED, "exceptions": [{"model": "m", "path": "gig"}]}
    result = paired_area_improvement(scores({("m", "ig"): 0.2, ("m", "gig"): -0.2}), declared)
    assert result.verdict is Verdict.REPRODUCED
    assert by_label(result)["m, gig, aic"].expected == "lower"
    assert by_label(result)["m, ig, aic"].expected == "higher"
    assert result.headline.low > 0
    assert "paths, declared exceptions left out)" in result.detail
    assert paired_area_improvement(scores(UP), declared).verdict is Verdict.NOT_REPRODUCED


TIED = {**DECLARED, "margin": 0.03, "ties": [{"model": "m", "path": "gig", "curve": "sic"}]}


@pytest.mark.parametrize(
    ("gain", "spread", "holds", "contradicts"),
    [
        (0.0, 0.01, True, False),
        (0.2, 0.05, False, True),
        (-0.2, 0.05, False, True),
        (0.0, 0.2, False, False),
    ],
)
def test_a_tie_lies_within_its_margin(scores, gain, spread, holds, contradicts):
    result = paired_area_improvement(
        scores({("m", "ig"): 0.2, ("m", "gig"): gain}, spread=spread), TIED
    )
    tie = by_label(result)["m, gig, sic"]
    assert tie.expected == "within ±0.03"
    assert (tie.holds, tie.contradicts) == (holds, contradicts)
    assert np.isnan(tie.p_value)
    assert [c.expected for c in result.comparisons].count("higher") == 3


def test_holm_leaves_the_tie_out(scores):
    result = paired_area_improvement(scores(UP), TIED)
    directed = [c for c in result.comparisons if c.expected == "higher"]
    assert [c.p_value for c in directed] == [1 / 1601] * 3
    assert [c.p_adjusted for c in directed] == pytest.approx([3 / 1601] * 3)


def test_a_large_family_gets_the_resamples_that_holm_needs(scores):
    result = paired_area_improvement(scores(UP), {**DECLARED, "resamples": 10})
    assert result.verdict is Verdict.REPRODUCED
    assert result.comparisons[0].p_value == 1 / 1601


def test_a_missing_path_leaves_at_best_partly(scores):
    result = paired_area_improvement(scores({("m", "ig"): 0.2}), DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed: gig." in result.detail
    down = paired_area_improvement(scores({("m", "ig"): -0.2}), DECLARED)
    assert down.verdict is Verdict.NOT_REPRODUCED


def test_too_few_images_leave_it_open(scores):
    result = paired_area_improvement(scores(UP), {**DECLARED, "images_per_comparison": 41})
    assert result.verdict is Verdict.INCONCLUSIVE
    assert all(item.undecided for item in result.comparisons)


def test_without_rows_nothing_is_tested(scores):
    for table in (scores(UP).iloc[:0], scores({("m", "blurig"): 0.2})):
        assert paired_area_improvement(table, DECLARED).verdict is Verdict.NOT_TESTED


def with_start_right(table, images):
    """The rows with the start pictures of some images classified correctly."""
    table = table.copy()
    right = table["image"].isin(images)
    table.loc[right, "ic_correct"] = table.loc[right, "ic_correct"].map(
        lambda points: np.concatenate([[1.0], points[1:]])
    )
    return table


def test_dropped_images_are_counted_and_the_common_ones_compared(scores):
    table = with_start_right(scores(UP), range(5))
    found = paired_area_improvement(table, DECLARED)
    assert "m: of 40 images AIC leaves out 5, SIC leaves out 0; 35 are common." in found.detail
    comparisons = by_label(found)
    assert comparisons["m, ig, aic"].estimate.n == 35
    assert comparisons["m, ig, sic"].estimate.n == 40
    assert comparisons["m, ig, aic"].extra == {
        "on the common images": comparisons["m, ig, aic"].estimate
    }
    (common,) = comparisons["m, ig, sic"].extra.values()
    without = paired_area_improvement(table[table["image"] >= 5], DECLARED)
    assert common == by_label(without)["m, ig, sic"].estimate


def test_where_no_image_is_left_nothing_is_decided(scores):
    table = with_start_right(scores(UP), range(40))
    found = paired_area_improvement(table, DECLARED)
    assert found.verdict is Verdict.PARTLY
    assert "Not computed: m, gig, aic; m, ig, aic." in found.detail
    assert {c.keys["curve"] for c in found.comparisons} == {"sic"}
    none = paired_area_improvement(table, {**DECLARED, "curves": ["aic"]})
    assert none.verdict is Verdict.NOT_TESTED
    assert none.detail == "every image is dropped"


def test_pictures_too_small_for_ms_ssim_are_left_out(scores):
    declared = {**DECLARED, "complexity": "ms_ssim"}
    table = scores({**UP, ("small", "ig"): 0.2, ("small", "gig"): 0.2})
    table["ic_ms_ssim"] = [
        None if model == "small" else np.full(7, np.nan) if image < 3 else points
        for model, image, points in zip(
            table["model"], table["image"], table["ic_ms_ssim"], strict=True
        )
    ]
    found = paired_area_improvement(table, declared)
    assert found.verdict is Verdict.REPRODUCED
    assert "m: of 37 images (3 more have no MS-SSIM) AIC leaves out 0" in found.detail
    assert "Left out, without MS-SSIM of any image: small." in found.detail
    small = paired_area_improvement(table[table["model"] == "small"], declared)
    assert small.verdict is Verdict.NOT_TESTED
    assert "MS-SSIM could be measured" in small.detail


def test_the_headline_is_the_mean_of_the_images_own_areas(scores):
    table = scores(UP)
    found = paired_area_improvement(table, {**DECLARED, "curves": ["sic"]})
    means = {}
    for method, group in table.groupby("method"):
        curves = curves_of(group.sort_values("image"), "sic", "file_size")
        means[method] = float(image_areas(curves).mean())
    expected = (means["ig+idgi"] - means["ig"] + means["gig+idgi"] - means["gig"]) / 2
    assert found.headline.value == pytest.approx(expected)
    assert found.headline.n == 40
    assert "own SIC curve" in found.detail


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"curves": ["auc"]}, "unknown \\['auc'\\]; known: aic, sic"),
        ({"complexity": "size"}, "unknown \\['size'\\]; known: file_size, ms_ssim"),
        ({"ties": [{"model": "m"}]}, "ties need a margin"),
        ({"tie": []}, "unknown parameters \\['tie'\\]"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(scores, change, message):
    with pytest.raises(ValueError, match=message):
        paired_area_improvement(scores(UP), {**DECLARED, **change})


def test_rows_that_cannot_be_paired_are_refused(scores):
    table = scores(UP)
    with pytest.raises(ValueError, match="1 images lack the rows of one"):
        paired_area_improvement(table.iloc[1:], DECLARED)
    with pytest.raises(ValueError, match="lack the columns ic_correct"):
        paired_area_improvement(table.drop(columns="ic_correct"), DECLARED)
    table["ic_file_size"] = [
        points[:5] if i == 0 else points for i, points in enumerate(table["ic_file_size"])
    ]
    with pytest.raises(ValueError, match="information points in one family"):
        paired_area_improvement(table, DECLARED)
