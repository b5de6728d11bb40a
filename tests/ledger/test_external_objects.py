"""The tests of where maps lie, on rows made for them."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from saliency_audit.ledger.external import background_share, top_pixels
from saliency_audit.ledger.verdict import Verdict

BACKGROUND = {
    "methods": ["saliency", "ig", "ggig"],
    "control": "edge",
    "best": "ggig",
    "background": "checkerboard",
    "squares": 14,
    "alpha": 0.05,
    "minimum_images": 20,
}
PIXELS = {
    "best": "ggig",
    "rivals": ["saliency", "ig"],
    "shares": [0.05, 0.1],
    "measures": {
        "edge_overlap": "lower",
        "connected_components": "lower",
        "object_precision": "higher",
    },
    "alpha": 0.05,
    "minimum_images": 20,
}
# Outside the object, which leaves four fifths of the picture to the background.
SHARES = {"saliency": 0.3, "ig": 0.3, "ggig": 0.2, "edge": 0.9}


def shares(n=40, spread=0.02, kept=0.5, models=("m",), **means):
    """Rows before the checkerboard; before grey every share is 0.5."""
    random = np.random.default_rng(0)
    rows = []
    for model in models:
        for image in range(n):
            for background, squares in (("checkerboard", 14), ("grey", 0)):
                for method, mean in (SHARES | means).items():
                    row = {"model": model, "images": "set", "image": image, "method": method}
                    row |= {"background": background, "squares": squares, "area_outside": 0.8}
                    row["still_right"] = image < kept * n
                    level = mean if squares else 0.5
                    row["outside"] = level + random.normal(0, spread)
                    rows.append(row)
    return pd.DataFrame(rows).sample(frac=1, random_state=1)


def by_pair(result):
    return {(c.keys["method"], c.keys["against"]): c for c in result.comparisons}


@pytest.mark.parametrize(
    ("means", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"ggig": 0.35}, Verdict.PARTLY),
        # Not below half of the area, nor below the rival.
        ({"saliency": 0.95, "ig": 0.95, "ggig": 0.95}, Verdict.NOT_REPRODUCED),
        ({"saliency": 0.4, "ig": 0.4, "ggig": 0.4}, Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict_on_the_background_is_that_of_the_family(means, verdict):
    result = background_share(shares(**means), BACKGROUND)
    assert result.verdict is verdict
    assert len(result.comparisons) == 8


def test_comparisons_are_means_of_paired_differences():
    rows = shares(ggig=0.28)
    result = background_share(rows, BACKGROUND)
    chosen = rows[rows["background"] == "checkerboard"]
    values = chosen.pivot(index="image", columns="method", values="outside")
    found = by_pair(result)
    differences = values["ggig"] - values["ig"]
    pair = found["ggig", "ig"]
    assert pair.estimate.value == pytest.approx(differences.mean())
    assert pair.p_value == pytest.approx(wilcoxon(differences, alternative="less").pvalue)
    assert pair.other_mean == pytest.approx(values["ggig"].mean())
    draws = np.random.default_rng(5).integers(0, 40, (4000, 40))
    low, high = np.quantile(differences.to_numpy()[draws].mean(axis=1), [0.025, 0.975])
    assert pair.estimate.low == pytest.approx(low, abs=0.001)
    assert pair.estimate.high == pytest.approx(high, abs=0.001)
    kept = differences[differences.index < 20]
    assert pair.extra["where the class is kept"].value == pytest.approx(kept.mean())
    assert pair.extra["where the class is kept"].n == 20
    ignoring = found["saliency", "half the area"]
    assert ignoring.estimate.value == pytest.approx(values["saliency"].mean() - 0.4)
    assert ignoring.base_mean == pytest.approx(0.4)
    assert np.isnan(ignoring.p_value)
    assert result.headline.value == pytest.approx((values["ggig"] - values["edge"]).mean())
    assert "Class kept: m 20 of 40." in result.detail


def test_holm_is_over_the_five_pairs_of_a_network():
    found = by_pair(background_share(shares(ggig=0.29, spread=0.03), BACKGROUND))
    tested = [pair for key, pair in found.items() if key[1] != "half the area"]
    ordered = sorted(pair.p_value for pair in tested)
    expected = np.maximum.accumulate([(5 - rank) * p for rank, p in enumerate(ordered)])
    assert sorted(pair.p_adjusted for pair in tested) == pytest.approx(expected.clip(max=1))


def test_other_backgrounds_and_kept_images_are_asked_for_by_parameters():
    rows = shares()
    grey = background_share(rows, BACKGROUND | {"background": "grey", "squares": 0})
    assert by_pair(grey)["ggig", "half the area"].estimate.value == pytest.approx(0.1, abs=0.01)
    kept = background_share(rows, BACKGROUND | {"kept_only": True, "minimum_images": 21})
    assert {c.estimate.n for c in kept.comparisons} == {20}
    assert kept.verdict is Verdict.INCONCLUSIVE
    assert "Too few images to decide: 20, 21 needed." in kept.detail
    nothing = background_share(rows, BACKGROUND | {"squares": 7})
    assert nothing.verdict is Verdict.NOT_TESTED
    assert "checkerboard" in nothing.detail


def test_what_is_beyond_a_margin_is_asked_for_by_a_parameter():
    rows = shares()
    rows["beyond"], rows["area_beyond"] = rows["outside"] / 2, 0.5
    rows.loc[(rows["image"] < 4), "beyond"] = np.nan
    found = by_pair(background_share(rows, BACKGROUND | {"measure": "beyond"}))
    half = found["ggig", "half the area"]
    assert half.estimate.value == pytest.approx(0.1 - 0.25, abs=0.01)
    assert half.estimate.n == 36


def test_networks_have_their_own_comparisons_and_share_their_images():
    result = background_share(shares(models=("a", "b")), BACKGROUND)
    assert len(result.comparisons) == 16
    assert result.headline.n == 40
    rows = pd.concat([shares(models=("a",)), shares(models=("b",), ggig=0.95)])
    assert background_share(rows, BACKGROUND).verdict is Verdict.PARTLY


def test_maps_without_a_share_are_counted_and_methods_without_any_named():
    rows = shares()
    rows.loc[(rows["image"] < 3) & (rows["method"] == "ig"), "outside"] = np.nan
    result = background_share(rows, BACKGROUND)
    assert by_pair(result)["ggig", "ig"].estimate.n == 37
    assert by_pair(result)["ig", "half the area"].estimate.n == 37
    assert "6 times an image had no value and was left out." in result.detail
    without = background_share(rows[rows["method"] != "ig"], BACKGROUND)
    assert without.verdict is Verdict.PARTLY
    for pair in ("ig, half the area", "ig, edge", "ggig, ig"):
        assert f"m, {pair}" in without.detail


def test_rows_or_parameters_that_do_not_fit_are_refused():
    rows = shares()
    assert background_share(rows[:0], BACKGROUND).verdict is Verdict.NOT_TESTED
    assert background_share(shares(n=8), BACKGROUND).verdict is Verdict.INCONCLUSIVE
    with pytest.raises(ValueError, match="lack the columns outside"):
        background_share(rows.drop(columns="outside"), BACKGROUND)
    with pytest.raises(ValueError, match=r"missing parameters.*control"):
        background_share(rows, {k: v for k, v in BACKGROUND.items() if k != "control"})
    with pytest.raises(ValueError, match="duplicate rows of outside"):
        background_share(pd.concat([rows, rows]), BACKGROUND)


def pixels(gain=1.0, n=40, spread=0.3, **gains):
    """GGIG is better by `gain` in every measure, or by a gain of its own in those named."""
    random = np.random.default_rng(0)
    rows = []
    for image in range(n):
        for share in PIXELS["shares"]:
            for method in ("saliency", "ig", "ggig"):
                row = {"model": "m", "images": "set", "image": image, "share": share}
                row["method"] = method
                for measure, side in PIXELS["measures"].items():
                    sign = -1 if side == "lower" else 1
                    better = sign * gains.get(measure, gain) if method == "ggig" else 0.0
                    row[measure] = 5 + better + random.normal(0, spread)
                rows.append(row)
    return pd.DataFrame(rows).sample(frac=1, random_state=1)


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"edge_overlap": -1.0}, Verdict.PARTLY),
        ({"edge_overlap": -1.0, "object_precision": -1.0}, Verdict.NOT_REPRODUCED),
        ({"edge_overlap": 0.0, "object_precision": 0.0}, Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict_on_top_pixels_is_that_of_the_family(gains, verdict):
    result = top_pixels(pixels(**gains), PIXELS)
    assert result.verdict is verdict
    assert len(result.comparisons) == 12


def test_a_pair_of_top_pixels_is_a_mean_difference_in_the_stated_direction():
    rows = pixels(0.2)
    result = top_pixels(rows, PIXELS)
    at_share = rows[rows["share"] == 0.1]
    for measure, side in PIXELS["measures"].items():
        values = at_share.pivot(index="image", columns="method", values=measure)
        differences = values["ggig"] - values["saliency"]
        keys = {"model": "m", "share": "top 10%", "score": measure, "rival": "saliency"}
        found = next(c for c in result.comparisons if c.keys == keys)
        assert found.estimate.value == pytest.approx(differences.mean())
        assert found.expected == side
        alternative = "less" if side == "lower" else "greater"
        assert found.p_value == pytest.approx(wilcoxon(differences, alternative=alternative).pvalue)
    first = rows[rows["share"] == 0.05].pivot(index="image", columns="method")["edge_overlap"]
    assert result.headline.value == pytest.approx((first["ggig"] - first["saliency"]).mean())


def test_holm_is_over_the_twelve_pairs():
    result = top_pixels(pixels(0.15), PIXELS)
    ordered = sorted(pair.p_value for pair in result.comparisons)
    expected = np.maximum.accumulate([(12 - rank) * p for rank, p in enumerate(ordered)])
    found = sorted(pair.p_adjusted for pair in result.comparisons)
    assert found == pytest.approx(expected.clip(max=1))


def test_missing_top_pixels_are_named_and_few_images_decide_nothing():
    rows = pixels()
    rows.loc[(rows["image"] < 3) & (rows["method"] == "ggig"), "connected_components"] = np.nan
    result = top_pixels(rows, PIXELS)
    assert "12 times an image had no value and was left out." in result.detail
    assert result.verdict is Verdict.REPRODUCED
    without = top_pixels(rows[rows["method"] != "ig"], PIXELS)
    assert without.verdict is Verdict.PARTLY
    assert "m, top 5%, edge_overlap, ig" in without.detail
    one_share = top_pixels(rows[rows["share"] == 0.1], PIXELS)
    assert one_share.verdict is Verdict.PARTLY
    assert one_share.headline is None
    assert top_pixels(pixels(n=8), PIXELS).verdict is Verdict.INCONCLUSIVE
    assert top_pixels(rows[:0], PIXELS).verdict is Verdict.NOT_TESTED
    assert top_pixels(rows[rows["method"] == "ig"], PIXELS).verdict is Verdict.NOT_TESTED
    with pytest.raises(ValueError, match=r"unknown parameters.*sign"):
        top_pixels(rows, PIXELS | {"sign": "absolute"})
