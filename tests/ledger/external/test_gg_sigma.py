"""The test of the σ-perturbation check, on rows made for it."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.external.tests.gg_sigma import sigma_perturbation
from saliency_audit.ledger.verdict import Verdict

MEASURES = ("spearman", "weighted_jaccard", "ssim")
LEVELS = (0.0, 0.5, 1.0)
DECLARED = {
    "methods": ["saliency", "ig", "ggig"],
    "measures": list(MEASURES),
    "sign": "absolute",
    "level": 1.0,
    "score_margin": 0.05,
    "similarity_margin": 0.05,
    "images_per_comparison": 20,
}


def rows(end=0.0, score=0.1, n=40, draws=3, floor=0.3, middle=0.6, spread=0.02, model="m", **ends):
    """Similarities fall from 1 over `middle` to `end` above the floor, or what a method is given."""
    random = np.random.default_rng(0)
    found = []
    for image in range(n):
        for draw in range(draws):
            scores = dict(zip(LEVELS, (0.95, 0.5, score + random.normal(0, spread)), strict=True))
            for method in (*DECLARED["methods"], "edge"):
                top = ends.get(method, end)
                means = dict(zip(LEVELS, (1.0, middle, floor + top), strict=True))
                for against, level in [*(("noise", t) for t in LEVELS), ("unrelated", np.nan)]:
                    mean = means.get(level, floor)
                    for sign in ("absolute", "signed"):
                        row = {"model": model, "images": "set", "image": image, "draw": draw}
                        row |= {"method": method, "sign": sign, "against": against}
                        row |= {"level": level, "classes": 10}
                        row["probability"] = scores.get(level, 0.1)
                        noise = 0.0 if level == 0 else random.normal(0, spread, 3)
                        less = floor if sign == "signed" and level != 0 else 0.0
                        values = np.broadcast_to(mean - less + noise, 3)
                        found.append(row | dict(zip(MEASURES, values, strict=True)))
    return pd.DataFrame(found)


@pytest.mark.parametrize(
    ("ends", "verdict", "holding"),
    [
        ({}, Verdict.REPRODUCED, 10),
        ({"end": -0.2}, Verdict.REPRODUCED, 10),  # less alike than unrelated maps: nothing is left
        ({"score": 0.4}, Verdict.PARTLY, 9),
        ({"score": 0.02}, Verdict.PARTLY, 9),
        ({"end": 0.1}, Verdict.NOT_REPRODUCED, 1),
        ({"ggig": 0.1}, Verdict.PARTLY, 7),
        ({"end": 0.05}, Verdict.INCONCLUSIVE, 1),
        ({"middle": 1.2}, Verdict.INCONCLUSIVE, 1),  # rises first
        ({"middle": 1.07}, Verdict.INCONCLUSIVE, 1),
        ({"middle": 1.055, "spread": 0.06}, Verdict.REPRODUCED, 10),  # may rise by chance
        ({"middle": 0.2}, Verdict.REPRODUCED, 10),  # below its limit it had arrived
        ({"floor": 1.0, "middle": 1.0}, Verdict.NOT_REPRODUCED, 1),  # never falls
    ],
)
def test_score_and_maps_fall_to_their_limits(ends, verdict, holding):
    result = sigma_perturbation(rows(**ends), DECLARED)
    assert sum(c.holds for c in result.comparisons) == holding
    assert result.verdict is verdict
    assert len(result.comparisons) == 10


@pytest.mark.parametrize(("later", "holding"), [(0.33, 10), (0.5, 1)])
def test_a_rise_from_below_the_limit_counts_from_the_limit_on(later, holding):
    # Below the floor of 0.3, then `later`, then at the floor.
    table = rows(middle=0.2)
    between = table[table["level"] == 0.5].assign(level=0.75)
    for measure in MEASURES:
        between[measure] += later - 0.2
    result = sigma_perturbation(pd.concat([table, between]), DECLARED)
    assert sum(c.holds for c in result.comparisons) == holding


def test_a_comparison_is_the_mean_at_the_last_level_minus_the_methods_own_floor():
    table = rows(end=0.03, spread=0.1)
    result = sigma_perturbation(table, DECLARED)
    found = next(
        c for c in result.comparisons if (c.keys.get("method"), c.keys["score"]) == ("ig", "ssim")
    )
    mine = table[(table["method"] == "ig") & (table["sign"] == "absolute")]
    end = mine[mine["level"] == 1].groupby("image")["ssim"].mean()
    limit = mine[mine["against"] == "unrelated"].groupby("image")["ssim"].mean()
    assert found.estimate.value == pytest.approx((end - limit).mean())
    assert found.other == pytest.approx(end.mean())
    assert found.base == pytest.approx(limit.mean())
    draws = np.random.default_rng(5).integers(0, 40, (4000, 40))
    low, high = np.quantile((end - limit).to_numpy()[draws].mean(axis=1), [0.025, 0.975])
    alone = found.extra["images alone resampled"]
    assert alone.value == pytest.approx(found.estimate.value)
    assert alone.low == pytest.approx(low, abs=0.004)
    assert alone.high == pytest.approx(high, abs=0.004)
    assert found.extra["fall from level 0"].value == pytest.approx(1 - end.mean())
    score = next(c for c in result.comparisons if c.keys["score"] == "probability")
    assert score.base == pytest.approx(0.1)
    assert score.estimate.n == 40
    centred = next(c for c in result.comparisons if c.keys["score"] == "spearman")
    assert abs(centred.extra["signed maps, from 0"].value) < 0.05
    assert "signed maps, from 0" not in found.extra


def test_resampled_draws_widen_the_interval():
    table = rows(draws=4)
    shared = np.array([-0.1, -0.03, 0.03, 0.1])  # a draw moves all images alike
    table.loc[table["level"] == 1, "ssim"] += shared[table.loc[table["level"] == 1, "draw"]]
    found = sigma_perturbation(table, DECLARED).comparisons[3]
    assert found.keys["score"] == "ssim"
    alone = found.extra["images alone resampled"]
    assert found.estimate.high - found.estimate.low > 5 * (alone.high - alone.low)
    fall = found.extra["fall from level 0"]
    assert fall.high - fall.low > 5 * (alone.high - alone.low)


def test_a_network_that_is_sure_of_one_class_has_no_score_near_chance():
    table = rows()
    last = (table["level"] == 1) & (table["against"] == "noise")
    # A tenth of the images get all the probability: the mean is 1/C.
    table.loc[last, "probability"] = (table.loc[last, "image"] % 10 == 0).astype(float)
    result = sigma_perturbation(table, DECLARED)
    score = next(c for c in result.comparisons if c.keys["score"] == "probability")
    assert score.other == pytest.approx(0.1)
    assert score.extra["share of scores near 1/C"].value == 0
    assert "Single scores near 1/C at the last level: m 0%." in result.detail

    calm = sigma_perturbation(rows(spread=0.001), DECLARED)
    score = next(c for c in calm.comparisons if c.keys["score"] == "probability")
    assert score.extra["share of scores near 1/C"].value == 1


def test_constant_maps_are_counted_and_what_is_missing_named():
    table = rows()
    constant = (table["image"] < 3) & (table["method"] == "ig") & (table["level"] == 1)
    table.loc[constant, list(MEASURES)] = np.nan
    result = sigma_perturbation(table, DECLARED)
    # 3 images × 3 draws × 3 measures of 40 × 3 draws × 3 methods × (3 levels + 1) × 3 measures
    assert "27 of 4320 similarities are undefined, a map being constant" in result.detail
    sizes = {c.keys["method"]: c.estimate.n for c in result.comparisons if "method" in c.keys}
    assert sizes == {"saliency": 40, "ig": 37, "ggig": 40}

    without = table[table["method"] != "ggig"]
    result = sigma_perturbation(without, DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed: m, ggig, spearman; m, ggig, weighted_jaccard" in result.detail


def test_a_measure_that_only_small_maps_lack_is_named_and_not_missing():
    small = rows(model="small").assign(ssim=np.nan)
    assert sigma_perturbation(small, DECLARED).verdict is Verdict.PARTLY
    both = sigma_perturbation(pd.concat([small, rows()]), DECLARED)
    assert both.verdict is Verdict.REPRODUCED
    assert "Undefined for all maps and left out: small, ssim." in both.detail
    assert len(both.comparisons) == 17


def test_few_images_are_inconclusive_and_no_last_level_no_test():
    assert sigma_perturbation(rows(n=8), DECLARED).verdict is Verdict.INCONCLUSIVE
    table = rows(n=20)
    assert sigma_perturbation(table[table["level"] != 1], DECLARED).verdict is Verdict.NOT_TESTED


def test_too_few_draws_decide_nothing():
    table = rows(draws=3)
    enough = sigma_perturbation(table, {**DECLARED, "draws_per_comparison": 3})
    assert enough.verdict is Verdict.REPRODUCED
    few = sigma_perturbation(table, {**DECLARED, "draws_per_comparison": 4})
    assert few.verdict is Verdict.INCONCLUSIVE
    assert all(item.undecided for item in few.comparisons)
