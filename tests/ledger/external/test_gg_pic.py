"""First and last by areas under information curves, on rows made for it."""

import numpy as np
import pandas as pd
import pytest
import torch

from saliency_audit.ledger.external.evidence.curves import STRIDE, curves_of, resampled_areas
from saliency_audit.ledger.external.tests.gg_pic import area_order
from saliency_audit.ledger.resampling import resample_counts
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.metrics.information_curve import curve_area, image_areas

METHODS = ("saliency", "ig", "ggig", "edge", "random")
SHARES = np.array([0.01, 0.05, 0.1, 0.3, 0.6])
# Share of the probability that returns with the first pixels.
LEVELS = {"saliency": 0.4, "ig": 0.4, "ggig": 0.6, "edge": 0.4, "random": 0.2}
DECLARED = {
    "first": "ggig",
    "last": "random",
    "methods": list(METHODS),
    "curves": ["sic", "aic"],
    "aggregate": {"sic": "median", "aic": "mean"},
    "complexity": "shannon_entropy",
    "also": "file_size",
    "reported": [["edge", "saliency"], ["edge", "ig"]],
    "resamples": 300,
    "alpha": 0.05,
    "images_per_comparison": 20,
}


def maps(n=40, model="m", spread=0.08, methods=METHODS, **levels):
    """Rows of information points; a method's prediction is higher the higher its level."""
    generator = np.random.default_rng(0)
    rows = []
    for image in range(n):
        for method in methods:
            level = {**LEVELS, **levels}[method] + spread * generator.normal()
            inner = np.clip(level + 0.2 * SHARES, 0.06, 0.94)
            right = 0.02 + 0.96 * inner > generator.uniform(0, 1)
            shares = np.concatenate([[0], SHARES, [1]])
            rows.append(
                {
                    "model": model,
                    "images": "set",
                    "method": method,
                    "image": image,
                    "ic_shannon_entropy": (4 + 3 * shares**0.5).astype(np.float32),
                    "ic_file_size": (1000 + 9000 * shares).astype(np.float32),
                    "ic_probability": np.concatenate([[0.02], inner, [0.98]]).astype(np.float32),
                    "ic_correct": np.concatenate([[0], right, [1]]).astype(np.float32),
                }
            )
    return pd.DataFrame(rows).sample(frac=1, random_state=1)


def by_label(result):
    return {comparison.label: comparison for comparison in result.comparisons}


SIC = {**DECLARED, "curves": ["sic"]}


@pytest.mark.parametrize(
    ("levels", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"edge": 0.75}, Verdict.PARTLY),
        ({"saliency": 0.2, "ig": 0.2, "edge": 0.2, "ggig": 0.2}, Verdict.INCONCLUSIVE),
        ({"random": 0.8}, Verdict.NOT_REPRODUCED),
    ],
)
def test_the_verdict_is_that_of_the_family(levels, verdict):
    result = area_order(maps(**levels), SIC)
    assert result.verdict is verdict
    assert set(by_label(result)) == {
        f"m, {pair}, sic"
        for pair in (
            *("ggig − saliency", "ggig − ig", "ggig − edge", "ggig − random"),
            *("saliency − random", "ig − random", "edge − random"),
        )
    }


def test_the_headline_has_no_random_maps():
    usual, worse = (area_order(maps(random=level), SIC).headline for level in (0.1, 0.3))
    assert usual == worse
    assert usual.value != area_order(maps(edge=0.1), SIC).headline.value


def test_areas_and_intervals_are_those_of_the_metric():
    table = maps()
    found = by_label(area_order(table, DECLARED))
    counts = resample_counts(40, 5600)
    for curve, together in (("sic", "median"), ("aic", "mean")):
        curves = {
            method: curves_of(
                table[table["method"] == method].sort_values("image"), curve, "shannon_entropy"
            )
            for method in ("edge", "ggig")
        }
        item = found[f"m, ggig − edge, {curve}"]
        assert item.base == pytest.approx(curve_area(curves["edge"], together))
        assert item.other == pytest.approx(curve_area(curves["ggig"], together))
        used = curves["edge"].used.numpy()
        draws = resampled_areas(curves["ggig"], used, counts, together)
        draws = draws - resampled_areas(curves["edge"], used, counts, together)
        low, high = np.quantile(draws, [0.025, 0.975])
        assert item.estimate.low == pytest.approx(low, abs=0.02)
        assert item.estimate.high == pytest.approx(high, abs=0.02)
    # Holm over fourteen pairs needs more resamples than declared.
    assert found["m, ggig − edge, sic"].p_value == pytest.approx(1 / (14 * 20 / 0.05 + 1))


def test_mean_curves_are_resampled_as_by_a_loop():
    curves = curves_of(maps(n=15, methods=("ggig",)), "aic", "shannon_entropy")
    used = np.arange(15) != 4
    counts = resample_counts(14, 20)
    values = curves.curves.numpy()[used][:, ::STRIDE]
    expected = [
        np.trapezoid(np.repeat(values, row, axis=0).mean(axis=0), dx=STRIDE / 1000)
        for row in counts
    ]
    assert resampled_areas(curves, used, counts, "mean") == pytest.approx(expected, abs=1e-12)
    # The area under a mean curve is the mean of the images' areas.
    everyone = resampled_areas(curves, used, np.ones((1, 14), dtype=np.int16), "mean")
    areas = image_areas(curves)[torch.from_numpy(used)]
    assert everyone[0] == pytest.approx(areas.mean().item(), abs=0.01)


def test_what_is_reported_has_no_vote():
    table = maps(edge=0.3)
    found = by_label(area_order(table, DECLARED))
    beside = found["m, ggig − ig, sic"].extra
    assert set(beside) == {"on the common images", "by file size", "edge − ig"}
    assert beside["edge − ig"].high < 0
    assert area_order(table, SIC).verdict is Verdict.REPRODUCED
    assert set(found["m, ggig − edge, sic"].extra) == {"on the common images", "by file size"}
    alone = by_label(area_order(table, {**DECLARED, "complexity": "file_size"}))
    other = alone["m, ggig − ig, sic"].estimate.value
    assert beside["by file size"].value == pytest.approx(other)


def test_missing_methods_leave_at_best_partly():
    result = area_order(maps(methods=METHODS[1:]), DECLARED)
    assert result.verdict is Verdict.PARTLY
    missing = "Not computed: m, ggig − saliency; m, saliency − random."
    assert missing in result.detail


def test_few_images_are_inconclusive_and_no_rows_no_test():
    result = area_order(maps(n=12), DECLARED)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert all(item.undecided for item in result.comparisons)
    assert area_order(maps()[:0], DECLARED).verdict is Verdict.NOT_TESTED


def test_pictures_without_this_entropy_are_named():
    table = pd.concat([maps(), maps(model="tiny")])
    table["ic_shannon_entropy"] = table["ic_shannon_entropy"].where(table["model"] == "m", None)
    result = area_order(table, DECLARED)
    assert "Left out, without entropy of grey levels of any image: tiny." in result.detail
    assert {item.keys["model"] for item in result.comparisons} == {"m"}
    tiny = area_order(table[table["model"] == "tiny"], DECLARED)
    assert tiny.verdict is Verdict.NOT_TESTED


def test_dropped_images_are_counted():
    table = maps()
    start = table["image"] < 5
    table.loc[start, "ic_correct"] = table.loc[start, "ic_correct"].map(
        lambda points: np.concatenate([[1.0], points[1:]])
    )
    result = area_order(table, DECLARED)
    assert "m: of 40 images SIC leaves out 0, AIC leaves out 5; 35 are common." in result.detail
    table["ic_correct"] = table["ic_correct"].map(lambda points: np.ones_like(points))
    none = area_order(table, DECLARED)
    assert none.verdict is Verdict.PARTLY
    assert "Not computed: m, ggig − saliency, aic;" in none.detail


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"curves": ["auc"]}, "unknown \\['auc'\\]; known: aic, sic"),
        ({"also": "size"}, "unknown \\['size'\\]"),
        ({"first": "lime"}, "\\['lime'\\] are none of the methods"),
        ({"tie": []}, "unknown parameters \\['tie'\\]"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        area_order(maps(n=3), {**DECLARED, **change})


def test_rows_that_cannot_be_paired_are_refused():
    table = maps(n=5)
    with pytest.raises(ValueError, match="lack the columns ic_shannon_entropy"):
        area_order(table.drop(columns="ic_shannon_entropy"), DECLARED)
    with pytest.raises(ValueError, match="m: the methods do not explain the same images"):
        area_order(table.iloc[1:], DECLARED)
