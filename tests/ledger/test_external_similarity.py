"""The test of similarities to the picture, on rows made for it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from saliency_audit.ledger.external import paired_similarity
from saliency_audit.ledger.verdict import Verdict

MEASURES = ("spearman", "weighted_jaccard", "ssim", "reverse_mse")
DECLARED = {
    "rivals": ["saliency", "ig"],
    "measures": list(MEASURES),
    "sign": "absolute",
    "alpha": 0.05,
    "resamples": 500,
    "minimum_images": 20,
}


def maps(gain=0.1, n=40, spread=0.02, signed_gain=0.0, model="m", **gains):
    """GGIG is above both rivals by `gain`, or by a gain of its own in the measures named."""
    random = np.random.default_rng(0)
    rows = []
    for image in range(n):
        for sign in ("absolute", "signed"):
            for method in ("saliency", "ig", "ggig"):
                row = {"model": model, "images": "set", "image": image}
                row |= {"method": method, "sign": sign}
                for measure in MEASURES:
                    up = gains.get(measure, gain) if sign == "absolute" else signed_gain
                    above = up if method == "ggig" else 0.0
                    row[measure] = 0.5 + above + random.normal(0, spread)
                rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"spearman": -0.1}, Verdict.PARTLY),
        ({"spearman": 0.0}, Verdict.PARTLY),
        ({"spearman": -0.1, "ssim": -0.1}, Verdict.NOT_REPRODUCED),
        ({"spearman": 0.0, "ssim": 0.0}, Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict_is_that_of_the_family(gains, verdict):
    result = paired_similarity(maps(**gains), DECLARED)
    assert result.verdict is verdict
    assert len(result.comparisons) == 8


def test_a_comparison_is_the_median_of_the_paired_differences():
    rows = maps(0.03)
    result = paired_similarity(rows, DECLARED)
    found = next(
        c for c in result.comparisons if (c.keys["score"], c.keys["rival"]) == ("ssim", "ig")
    )
    mine = rows[rows["sign"] == "absolute"].pivot(index="image", columns="method", values="ssim")
    differences = (mine["ggig"] - mine["ig"]).to_numpy()
    assert found.estimate.value == pytest.approx(np.median(differences))
    assert found.p_value == pytest.approx(wilcoxon(differences, alternative="greater").pvalue)
    draws = np.random.default_rng(5).integers(0, 40, (4000, 40))
    low, high = np.quantile(np.median(differences[draws], axis=1), [0.025, 0.975])
    assert found.estimate.low == pytest.approx(low, abs=0.004)
    assert found.estimate.high == pytest.approx(high, abs=0.004)
    assert found.other_mean == pytest.approx(mine["ggig"].median())
    assert found.base_mean == pytest.approx(mine["ig"].median())
    assert abs(found.extra["signed maps"].value) < 0.02


def test_a_measure_without_values_leaves_at_best_partly():
    rows = maps()
    rows["ssim"] = np.nan
    result = paired_similarity(rows, DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "Without values: m, ssim, saliency; m, ssim, ig." in result.detail


def test_images_without_a_value_are_counted():
    rows = maps()
    rows.loc[(rows["image"] < 3) & (rows["method"] == "ig"), "spearman"] = np.nan
    result = paired_similarity(rows, DECLARED)
    assert "3 times an image had no value and was left out" in result.detail
    by_pair = {(c.keys["score"], c.keys["rival"]): c.estimate.n for c in result.comparisons}
    assert by_pair["spearman", "ig"] == 37
    assert by_pair["spearman", "saliency"] == 40


def test_only_images_that_were_climbed_whole_decide():
    rows = maps()
    short = rows[rows["method"] == "ggig"].assign(method="ggig_short")
    climbed = (rows["method"] != "ggig") | (rows["image"] < 25)
    result = paired_similarity(pd.concat([rows[climbed], short]), DECLARED)
    assert {c.estimate.n for c in result.comparisons} == {25}
    assert {c.extra["short climb"].n for c in result.comparisons} == {40}
    assert "left out" not in result.detail
    assert result.comparisons[0].extra["short climb"].value == pytest.approx(0.1, abs=0.02)
    only_short = pd.concat([rows[rows["method"] != "ggig"], short])
    assert paired_similarity(only_short, DECLARED).verdict is Verdict.NOT_TESTED


def test_few_images_are_inconclusive_and_no_rows_no_test():
    assert paired_similarity(maps(n=8), DECLARED).verdict is Verdict.INCONCLUSIVE
    rows = maps()
    assert paired_similarity(rows[:0], DECLARED).verdict is Verdict.NOT_TESTED
    without = rows[rows["method"] != "ggig"]
    assert paired_similarity(without, DECLARED).verdict is Verdict.NOT_TESTED
    with pytest.raises(ValueError, match="reverse_mse"):
        paired_similarity(rows.drop(columns="reverse_mse"), DECLARED)
    with pytest.raises(ValueError, match="sign"):
        paired_similarity(rows, {k: v for k, v in DECLARED.items() if k != "sign"})
