"""The test of maps under randomised layers, on rows made for it."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.external.tests.gg_random import randomization_equivalence
from saliency_audit.ledger.verdict import Verdict

DECLARED = {
    "rivals": ["saliency", "ig"],
    "measures": ["spearman", "ssim"],
    "sign": "absolute",
    "margin": 0.1,
    "images_per_comparison": 20,
}


def rows(above=0.0, n=30, stages=3, spread=0.05, alone=0.0, model="m", **measures):
    """GGIG is more similar than both rivals by `above`, or by what a measure is given."""
    random = np.random.default_rng(0)
    found = []
    for image in range(n):
        for how in ("cascade", "independent"):
            for stage in range(1, stages + 1):
                for draw in range(2):
                    for method in ("saliency", "ig", "ggig"):
                        for sign in ("absolute", "signed"):
                            row = {"model": model, "images": "set", "image": image}
                            row |= {"how": how, "stage": stage, "draw": draw}
                            row |= {"method": method, "sign": sign}
                            for measure in DECLARED["measures"]:
                                up = measures.get(measure, above) if how == "cascade" else alone
                                mine = up if method == "ggig" and sign == "absolute" else 0.0
                                row[measure] = 0.5 - stage / 10 + mine + random.normal(0, spread)
                            found.append(row)
    return pd.DataFrame(found)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"above": 0.05}, Verdict.REPRODUCED),
        ({"above": -0.4}, Verdict.NOT_REPRODUCED),  # more sensitive is not as sensitive
        ({"above": 0.3}, Verdict.NOT_REPRODUCED),
        ({"ssim": 0.3}, Verdict.NOT_REPRODUCED),
        ({"above": 0.1}, Verdict.INCONCLUSIVE),
        ({"n": 8}, Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict_is_that_of_the_family(given, verdict):
    result = randomization_equivalence(rows(**given), DECLARED)
    assert result.verdict is verdict
    assert len(result.comparisons) == 4


def test_too_few_draws_decide_nothing():
    assert randomization_equivalence(rows(), {**DECLARED, "draws_per_comparison": 2}).verdict is (
        Verdict.REPRODUCED
    )
    few = randomization_equivalence(rows(), {**DECLARED, "draws_per_comparison": 3})
    assert few.verdict is Verdict.INCONCLUSIVE
    assert all(np.isnan(item.estimate.low) for item in few.comparisons)


def test_a_comparison_is_the_mean_over_stages_and_draws_resampled_by_image():
    table = rows(0.05, spread=0.1, alone=0.2)
    per_image = np.random.default_rng(1).normal(0, 0.1, 30)
    best = table["method"] == "ggig"
    table.loc[best, "ssim"] += per_image[table.loc[best, "image"]]
    result = randomization_equivalence(table, DECLARED)
    found = next(
        c for c in result.comparisons if (c.keys["score"], c.keys["rival"]) == ("ssim", "ig")
    )
    mine = table[(table["sign"] == "absolute") & (table["how"] == "cascade")]
    wide = mine.pivot(index=["image", "stage", "draw"], columns="method", values="ssim")
    differences = (wide["ggig"] - wide["ig"]).groupby("image").mean().to_numpy()
    assert found.estimate.value == pytest.approx(differences.mean())
    assert found.estimate.n == 30
    draws = np.random.default_rng(5).integers(0, 30, (4000, 30))
    low, high = np.quantile(differences[draws].mean(axis=1), [0.025, 0.975])
    alone = found.extra["images alone resampled"]
    assert alone.low == pytest.approx(low, abs=0.005)
    assert alone.high == pytest.approx(high, abs=0.005)
    assert found.other - found.base == pytest.approx(found.estimate.value)
    assert found.extra["each layer alone"].value == pytest.approx(0.2 + per_image.mean(), abs=0.03)
    assert found.extra["signed maps"].value == pytest.approx(per_image.mean(), abs=0.03)
    last = (wide["ggig"] - wide["ig"]).xs(3, level="stage").mean()
    assert found.extra["all layers re-initialised"].value == pytest.approx(last)


def test_resampled_draws_widen_the_interval():
    table = rows(n=40)
    shared = np.array([-0.1, 0.1])  # a draw moves GGIG on all images alike
    best = table["method"] == "ggig"
    table.loc[best, "ssim"] += shared[table.loc[best, "draw"]]
    result = randomization_equivalence(table, DECLARED)
    found = next(c for c in result.comparisons if c.keys["score"] == "ssim")
    alone = found.extra["images alone resampled"]
    assert found.estimate.high - found.estimate.low > 5 * (alone.high - alone.low)
    assert not found.holds


def test_stages_that_were_left_out_are_said():
    table = rows()
    assert (
        "30 images of set, 3 stages, draws: 2." in randomization_equivalence(table, DECLARED).detail
    )
    few = randomization_equivalence(table[table["stage"] != 2], DECLARED)
    assert "30 images of set, 2 of 3 stages, draws: 2." in few.detail


def test_what_is_undefined_is_counted_and_what_is_missing_named():
    table = rows()
    constant = (table["image"] < 3) & (table["method"] == "ig") & (table["stage"] == 1)
    table.loc[constant, "spearman"] = np.nan
    result = randomization_equivalence(table, DECLARED)
    assert "6 of 1080 similarities are undefined, a map being constant" in result.detail
    assert result.verdict is Verdict.REPRODUCED
    small = rows(model="small").assign(ssim=np.nan)
    assert randomization_equivalence(small, DECLARED).verdict is Verdict.PARTLY
    both = randomization_equivalence(pd.concat([table, small]), DECLARED)
    assert both.verdict is Verdict.REPRODUCED
    assert "left out: small, ssim." in both.detail
    without = randomization_equivalence(table[table["method"] != "ig"], DECLARED)
    assert without.verdict is Verdict.PARTLY
    assert "Not computed: m, spearman, ig; m, ssim, ig." in without.detail


def test_rows_without_ggig_or_cascade_test_nothing():
    table = rows(n=20)
    for nothing in (table[table["method"] != "ggig"], table[table["how"] == "independent"]):
        assert randomization_equivalence(nothing, DECLARED).verdict is Verdict.NOT_TESTED
