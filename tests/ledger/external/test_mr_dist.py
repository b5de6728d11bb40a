"""Appendix F as a test, and accuracies within what is stated."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import load_claims
from saliency_audit.ledger.external.tests.mr_acc import accuracy_within
from saliency_audit.ledger.external.tests.mr_dist import SLOW, distance_sanity, variation
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.metrics.similarity import DISTANCES

DISTANCE = dict(load_claims()["MR-DIST"].external.parameters)
ACCURACY = dict(load_claims()["MR-ACC"].external.parameters)


def distance_rows(*, dip=(), flat=(), steady=(), slow=20.0, small=3.0, steps=100, draws=50):
    """Rows as the paper describes them, but for the distances named."""
    random = np.random.default_rng(0)
    rows = []

    def add(part, name, level, draw, value):
        shape = "disc"
        rows.append(
            {
                "part": part,
                "shape": shape,
                "distance": name,
                "level": level,
                "draw": draw,
                "value": value,
            }
        )

    for name in DISTANCES:
        for step in range(1, steps + 1):
            level = step / steps
            add("shift", name, level, 0, level - 0.1 * (name in dip and step == steps // 2))
        spread = 0.02 if name in ("ssim", "l2") and name not in steady else 0.005
        for level in (0.1, 0.2, 0.4):
            for draw in range(draws):
                mean = 1.0 if name in flat else 1 + level
                add("noise", name, level, draw, mean * (1 + spread * random.standard_normal()))
        for area in (0.01, 0.1):
            for draw in range(draws):
                wide = small if area == 0.01 else 1.0
                add("area", name, area, draw, 1 + 0.05 * wide * random.standard_normal())
        for draw in range(5):
            add("time", name, 0.0, draw, slow if name == SLOW else 1.0)
    return pd.DataFrame(rows)


def by_question(result):
    return {f"{c.keys['distance']}: {c.keys['question']}": c for c in result.comparisons}


def test_all_as_the_appendix_says():
    result = distance_sanity(distance_rows(), DISTANCE)
    assert result.verdict is Verdict.REPRODUCED
    assert len(result.comparisons) == 15


@pytest.mark.parametrize(
    ("change", "question"),
    [
        ({"dip": ("spearman",)}, "spearman: largest fall under shift"),
        ({"flat": ("dice",)}, "dice: correlation with noise"),
        ({"steady": ("ssim",)}, "SSIM and ℓ2: coefficients of variation under noise"),
        ({"small": 1.2}, "dice: variation at 1% against 10%"),
        ({"slow": 3.0}, "wasserstein1: time against the next slowest"),
    ],
)
def test_each_part_can_fail(change, question):
    result = distance_sanity(distance_rows(**change), DISTANCE)
    failing = [name for name, item in by_question(result).items() if not item.holds]
    assert failing == [question]
    assert result.verdict is Verdict.PARTLY


def test_the_fall_is_a_share_of_the_range():
    result = distance_sanity(distance_rows(dip=("l1",)), DISTANCE)
    fall = by_question(result)["l1: largest fall under shift"].estimate.value
    assert fall == pytest.approx(0.1 - 0.01, abs=1e-9)


def test_fewer_steps_or_draws_leave_at_best_partly():
    result = distance_sanity(distance_rows(steps=50, draws=20), DISTANCE)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed: 50 of 100 shifts; 20 of 50 draws" in result.detail


def test_a_distance_without_rows_leaves_at_best_partly():
    rows = distance_rows()
    for name in ("spearman", "ssim", "wasserstein1"):
        result = distance_sanity(rows[rows["distance"] != name], DISTANCE)
        assert result.verdict is Verdict.PARTLY
        assert f"Not computed: shift, {name}; noise, {name}; time, {name}" in result.detail
    result = distance_sanity(rows[rows["level"] != 0.01], DISTANCE)
    assert by_question(result)["dice: variation at 1% against 10%"].undecided


def test_a_part_without_rows_is_said():
    rows = distance_rows()
    result = distance_sanity(rows[rows["part"] != "time"], DISTANCE)
    assert result.verdict is Verdict.NOT_TESTED
    assert result.detail == "no rows of time"


def test_variation_is_the_mean_over_levels():
    rows = distance_rows()
    noise = rows[rows["part"] == "noise"]
    dice = noise[noise["distance"] == "dice"]
    expected = np.mean(
        [group.std(ddof=1) / group.mean() for _, group in dice.groupby("level")["value"]]
    )
    assert variation(noise)["dice"] == pytest.approx(expected)


# MR-ACC


def accuracy_rows(percent, *, model="resnet18-32", images="cifar10_train", seen=40000, held=10000):
    return pd.DataFrame(
        [
            {
                "images": images,
                "model": model,
                "degradation": "none",
                "level": 0,
                "fold": fold,
                "correct": round(held * value / 100),
                "held_out": held,
                "seen": seen,
            }
            for fold, value in enumerate(percent)
        ]
    )


@pytest.mark.parametrize(
    ("percent", "verdict"),
    [
        ((77, 78, 79, 78, 78), Verdict.REPRODUCED),
        ((70, 82, 86, 78, 74), Verdict.NOT_REPRODUCED),  # ±8 around the stated mean: one of two
        ((60, 60, 61, 60, 60), Verdict.NOT_REPRODUCED),
        ((73.5, 73.2, 73.6, 73.5, 73.5), Verdict.NOT_REPRODUCED),
        ((74.1, 74.0, 74.0, 74.1, 73.9), Verdict.INCONCLUSIVE),  # the mean, on the limit
    ],
)
def test_accuracies_against_what_is_stated(percent, verdict):
    result = accuracy_within(accuracy_rows(percent), ACCURACY)
    assert result.verdict is verdict
    assert len(result.comparisons) == 2


@pytest.mark.parametrize("percent", [(60, 80, 70, 62, 75), (68, 88, 78, 68, 88)])
def test_few_images_leave_accuracies_undecided_or_against(percent):
    result = accuracy_within(accuracy_rows(percent, held=100), ACCURACY)
    assert not any(item.holds for item in result.comparisons[:1])
    assert result.verdict is not Verdict.REPRODUCED


@pytest.mark.parametrize(
    "settings",
    [{"seen": 16000}, {"model": "resnet18-8"}],
    ids=["fewer images", "another network"],
)
@pytest.mark.parametrize(
    ("percent", "verdict"),
    [
        ((59, 60, 61, 60, 60), Verdict.REPRODUCED),  # no accuracy is stated that they could miss
        ((56, 60, 64, 60, 60), Verdict.NOT_REPRODUCED),
        ((57, 60, 63, 60, 60), Verdict.INCONCLUSIVE),
    ],
)
def test_families_without_a_stated_accuracy_are_held_to_the_range_alone(settings, percent, verdict):
    result = accuracy_within(accuracy_rows(percent, **settings), ACCURACY)
    assert result.verdict is verdict
    assert [c.keys["question"] for c in result.comparisons] == ["half the range over folds"]
    assert result.comparisons[0].expected == "at most 3"
    assert result.headline.value == pytest.approx((max(percent) - min(percent)) / 2)


def test_fewer_folds_are_not_computed():
    rows = accuracy_rows((78,) * 4)
    assert accuracy_within(rows, ACCURACY).verdict is Verdict.NOT_TESTED
    both = accuracy_within(pd.concat([rows, accuracy_rows((78,) * 5, model="small")]), ACCURACY)
    assert both.verdict is Verdict.PARTLY
    assert "Not computed: cifar10_train, resnet18-32: 4 of 5 folds." in both.detail


def test_degraded_predictors_do_not_count():
    rows = accuracy_rows((78,) * 5)
    worse = accuracy_rows((40,) * 5).assign(degradation="labels", level=30)
    both = accuracy_within(pd.concat([rows, worse]), ACCURACY)
    assert both == accuracy_within(rows, ACCURACY)


def test_rows_of_something_else():
    with pytest.raises(ValueError, match="the rows lack the columns"):
        accuracy_within(pd.DataFrame({"model": ["net"]}), ACCURACY)
    with pytest.raises(ValueError, match="the rows lack the columns"):
        distance_sanity(pd.DataFrame({"model": ["net"]}), DISTANCE)
    assert accuracy_within(pd.DataFrame(), ACCURACY).verdict is Verdict.NOT_TESTED
    assert distance_sanity(pd.DataFrame(), DISTANCE).verdict is Verdict.NOT_TESTED


def test_coefficients_of_variation_have_intervals_over_draws():
    result = distance_sanity(distance_rows(), DISTANCE)
    found = by_question(result)
    ratio = found["dice: variation at 1% against 10%"]
    assert ratio.estimate.low < ratio.estimate.value < ratio.estimate.high
    assert ratio.estimate.value == pytest.approx(ratio.other / ratio.base)
    varied = found["SSIM and ℓ2: coefficients of variation under noise"]
    assert varied.estimate.low < varied.other - varied.base < varied.estimate.high
    assert varied.estimate.n == result.headline.n == 50
    assert result.headline.unit == "draws"
    weakest = min(
        (c.estimate.value for c in result.comparisons if "correlation" in c.keys["question"]),
    )
    assert result.headline.value == weakest
