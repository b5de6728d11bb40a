"""Paired comparisons as the ledger declares them, on rows whose answer is known."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from saliency_audit.ledger import Verdict, load_claims
from saliency_audit.ledger.external.tests.paired_difference import paired_difference
from saliency_audit.ledger.statistics import bootstrap_mean, signed_rank_p
from saliency_audit.sanity import DIFFERENCE

SCORES = ("probability", "ratio")
PATHS = ("ig", "gig")


def asking(value=SCORES, paths=PATHS, where=None, **more):
    """IDGI against its base, as a claim would declare it."""
    own = {name: more.pop(name) for name in ("except", "beside", "each") if name in more}
    question = {
        "value": list(value),
        "where": {"steps": 128} if where is None else where,
        "pairs": [[f"{path}+idgi", path] for path in paths],
        "expected": "higher",
        **own,
    }
    return {"questions": [question], "alpha": 0.05, **more}


DECLARED = asking()


def rows(gains, n=30, spread=0.05, steps=128):
    """Rows, one per map, with a mean gain of the variant per (model, path)."""
    generator = np.random.default_rng(0)
    found = []
    for (model, path), gain in gains.items():
        for image in range(n):
            base = generator.uniform(0.2, 0.8, size=2)
            other = base + gain + spread * generator.normal(size=2)
            for method, values in ((path, base), (f"{path}+idgi", other)):
                found.append((model, method, steps, image, *values))
    columns = ["model", "method", "steps", "image", *SCORES]
    return pd.DataFrame(found, columns=columns).sample(frac=1, random_state=1)


ALL_UP = {("m", "ig"): 0.1, ("m", "gig"): 0.1}


def test_every_pair_higher_is_reproduced():
    result = paired_difference(rows(ALL_UP), DECLARED)
    assert result.verdict is Verdict.REPRODUCED
    assert result.detail.startswith("4 of 4 comparisons hold")
    assert {comparison.label for comparison in result.comparisons} == {
        f"m, {score}, {path}+idgi, {path}" for path in PATHS for score in SCORES
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
    result = paired_difference(rows(gains, n=60), DECLARED)
    assert result.verdict is verdict
    for comparison in result.comparisons:
        gain = gains[comparison.keys["model"], comparison.keys["against"]]
        assert comparison.holds == (gain > 0)
        assert comparison.contradicts == (gain < 0)
        assert comparison.undecided == (gain == 0)
        assert (comparison.label in result.detail) != comparison.holds


def test_an_exception_must_be_lower():
    gains = {**ALL_UP, ("n", "ig"): 0.1, ("n", "gig"): -0.1}
    declared = asking(**{"except": [{"model": "n", "against": "gig"}]})
    result = paired_difference(rows(gains), declared)
    assert result.verdict is Verdict.REPRODUCED
    sides = {comparison.label: comparison.expected for comparison in result.comparisons}
    assert {label for label, side in sides.items() if side == "lower"} == {
        "n, probability, gig+idgi, gig",
        "n, ratio, gig+idgi, gig",
    }
    others = [
        comparison.estimate.value
        for comparison in result.comparisons
        if comparison.keys["score"] == "probability" and comparison.expected == "higher"
    ]
    assert result.headline.value == pytest.approx(sum(others) / len(others))
    assert "declared exceptions left out" in result.headline.quantity
    gains[("n", "gig")] = 0.1
    higher = paired_difference(rows(gains), declared)
    assert higher.verdict is Verdict.PARTLY
    assert sum(comparison.holds for comparison in higher.comparisons) == 6


def test_a_declared_pair_without_rows_leaves_at_best_partly():
    result = paired_difference(rows({("m", "ig"): 0.1}), DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed: m, probability, gig+idgi, gig;" in result.detail
    one = paired_difference(rows({**ALL_UP, ("n", "ig"): 0.1}), DECLARED)
    assert one.verdict is Verdict.PARTLY
    assert "Not computed: n, probability, gig+idgi, gig;" in one.detail
    lower = paired_difference(rows({("m", "ig"): -0.1}), DECLARED)
    assert lower.verdict is Verdict.NOT_REPRODUCED, "a missing pair does not soften a failure"


def test_what_is_not_declared_is_not_compared():
    table = rows({**ALL_UP, ("m", "blurig"): -0.1}).assign(other=0.0)
    result = paired_difference(table, DECLARED)
    assert len(result.comparisons) == 4
    assert result.verdict is Verdict.REPRODUCED


def test_without_rows_nothing_is_tested():
    for table in (rows({("m", "blurig"): 0.1}), rows(ALL_UP).iloc[:0]):
        result = paired_difference(table, DECLARED)
        assert result.verdict is Verdict.NOT_TESTED
        assert result.headline is None


def test_the_numbers_of_a_comparison_are_paired_per_image():
    table = rows(ALL_UP)
    result = paired_difference(table, DECLARED)
    wide = table.pivot(index="image", columns="method", values="ratio")
    differences = (wide["gig+idgi"] - wide["gig"]).to_numpy()
    (comparison,) = (c for c in result.comparisons if c.label == "m, ratio, gig+idgi, gig")
    assert comparison.estimate == bootstrap_mean(differences)
    assert comparison.base == pytest.approx(wide["gig"].mean())
    assert comparison.other == pytest.approx(wide["gig+idgi"].mean())
    assert comparison.p_value == signed_rank_p(differences, "greater")
    assert comparison.estimate.n == 30


def test_the_headline_pools_the_first_declared_value():
    table = rows(ALL_UP)
    for score in SCORES:
        other = "ratio" if score == "probability" else "probability"
        result = paired_difference(table, asking([score, other]))
        wide = table.pivot(index="image", columns="method", values=score)
        means = [(wide[f"{path}+idgi"] - wide[path]).mean() for path in PATHS]
        assert result.headline.value == pytest.approx(np.mean(means))
        assert result.headline.n == 30, "both paths saw the same 30 images"
        assert f"({score})" in result.headline.quantity


def exactly(differences, models=("m",)):
    """Rows whose paired differences are exactly these."""
    return pd.DataFrame(
        [
            (model, method, 128, image, value)
            for model in models
            for image, difference in enumerate(differences)
            for method, value in (("ig", 0.0), ("ig+idgi", difference))
        ],
        columns=["model", "method", "steps", "image", "probability"],
    )


ONE = asking(["probability"], ["ig"])
GAINS = [0.1, 0.2, 0.3, 0.4, 0.5]


def test_the_family_is_corrected():
    # Five gains of five: p = 1/32 alone, 2/32 in a family of two.
    alone = paired_difference(exactly(GAINS), ONE)
    assert alone.comparisons[0].p_adjusted == pytest.approx(1 / 32)
    assert alone.verdict is Verdict.REPRODUCED
    family = paired_difference(exactly(GAINS, models=("m", "n")), ONE)
    assert [c.p_value for c in family.comparisons] == pytest.approx([1 / 32] * 2)
    assert [c.p_adjusted for c in family.comparisons] == pytest.approx([2 / 32] * 2)
    assert family.verdict is Verdict.INCONCLUSIVE
    apart = paired_difference(exactly(GAINS, models=("m", "n")), {**ONE, "holm": ["model"]})
    assert apart.verdict is Verdict.REPRODUCED


def test_losses_are_corrected_as_gains_are():
    losses = [-gain for gain in GAINS]
    assert paired_difference(exactly(losses), ONE).verdict is Verdict.NOT_REPRODUCED
    family = paired_difference(exactly(losses, models=("m", "n")), ONE)
    assert family.verdict is Verdict.INCONCLUSIVE
    assert [c.p_opposite for c in family.comparisons] == pytest.approx([2 / 32] * 2)


@pytest.mark.parametrize(("sign", "exceptions"), [(1, []), (-1, [{"model": "m"}])])
def test_the_interval_must_be_clear_too(sign, exceptions):
    # Many small gains and one large loss: the ranks say higher, the mean does not.
    differences = sign * np.array([0.01 + 0.0001 * i for i in range(40)] + [-1.0])
    declared = asking(["probability"], ["ig"], **{"except": exceptions})
    (comparison,) = paired_difference(exactly(differences), declared).comparisons
    assert comparison.expected == ("higher" if sign > 0 else "lower")
    assert comparison.p_adjusted < 0.05
    assert comparison.estimate.low < 0 < comparison.estimate.high
    assert comparison.undecided


def test_an_image_without_its_pair_is_refused_unless_declared():
    table = rows(ALL_UP)
    with pytest.raises(ValueError, match="1 images lack the rows of one of the two methods"):
        paired_difference(table.iloc[1:], DECLARED)
    allowed = paired_difference(table.iloc[1:], {**DECLARED, "unpaired": "left out"})
    assert sorted(c.estimate.n for c in allowed.comparisons) == [29, 29, 30, 30]
    with pytest.raises(ValueError, match="unpaired can only be"):
        paired_difference(table, {**DECLARED, "unpaired": "yes"})


def test_an_image_without_a_value_is_left_out_and_counted():
    table = rows(ALL_UP)
    table.loc[3, "ratio"] = np.nan
    whole, result = (paired_difference(part, DECLARED) for part in (rows(ALL_UP), table))
    assert "1 paired value was not finite and left out." in result.detail
    lost = [
        (before.keys["score"], before.estimate.n - after.estimate.n)
        for before, after in zip(whole.comparisons, result.comparisons, strict=True)
        if before.estimate.n != after.estimate.n
    ]
    assert lost == [("ratio", 1)]
    table["ratio"] = np.inf
    assert paired_difference(table, asking(["ratio"])).verdict is Verdict.NOT_TESTED


def test_a_row_that_stands_twice_is_refused():
    table = rows(ALL_UP)
    with pytest.raises(ValueError, match="duplicate"):
        paired_difference(pd.concat([table, table.iloc[:1]]), DECLARED)


def test_too_few_images_leave_a_comparison_open():
    result = paired_difference(rows(ALL_UP), {**DECLARED, "images_per_comparison": 31})
    assert result.verdict is Verdict.INCONCLUSIVE
    enough = paired_difference(rows(ALL_UP), {**DECLARED, "images_per_comparison": 30})
    assert enough.verdict is Verdict.REPRODUCED


def test_rows_of_other_step_counts_do_not_count():
    table = pd.concat([rows(ALL_UP), rows(dict.fromkeys(ALL_UP, -0.1), steps=32)])
    result = paired_difference(table, DECLARED)
    assert result.verdict is Verdict.REPRODUCED
    assert "At 128 steps." in result.detail
    fewer = paired_difference(table, asking(where={"steps": 64}))
    assert fewer.comparisons == result.comparisons
    assert "At 128 steps, the most that were computed (64 are declared)." in fewer.detail
    other = paired_difference(table, asking(where={"steps": 32}))
    assert other.verdict is Verdict.NOT_REPRODUCED


def test_what_stands_beside_is_on_its_own_images_and_decides_nothing():
    against = rows(dict.fromkeys(ALL_UP, -0.1), n=50, steps=32)
    table = pd.concat([rows(ALL_UP), against])
    beside = {"at 32 steps": {"where": {"steps": 32}}}
    result = paired_difference(table, asking(beside=beside))
    assert result.verdict is Verdict.REPRODUCED
    alone = paired_difference(against, asking(where={"steps": 32}))
    for comparison, there in zip(result.comparisons, alone.comparisons, strict=True):
        assert comparison.extra == {"at 32 steps": there.estimate}
        assert there.estimate.n == 50
    beside = {"at 8 steps": {"where": {"steps": 8}}}
    absent = paired_difference(table, asking(beside=beside))
    assert not any(comparison.extra for comparison in absent.comparisons)


def test_a_network_without_rows_that_count_is_named_as_missing():
    table = pd.concat([rows(ALL_UP), rows({("n", "ig"): 0.1, ("n", "gig"): 0.1}, steps=32)])
    result = paired_difference(table, DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed: n, any row." in result.detail


def test_images_of_two_sets_are_not_the_same_image():
    table = rows({(model, path): 0.1 for model in "mn" for path in PATHS})
    shared = paired_difference(table.assign(images="one"), DECLARED)
    assert shared.headline.n == 30
    sets = table["model"].map({"m": "one", "n": "other"})
    apart = paired_difference(table.assign(images=sets), DECLARED)
    assert apart.headline.n == 60
    assert apart.headline.value == pytest.approx(shared.headline.value)


def long(table, scores=SCORES):
    """The same rows, a row per map and score."""
    kept = ["model", "method", "steps", "image"]
    return table.melt(kept, list(scores), var_name="score", value_name="value")


LONG = asking(["value"], where={"score": list(SCORES), "steps": 128}, each=["score"])


@pytest.mark.parametrize("gains", [ALL_UP, {("m", "ig"): 0.1, ("m", "gig"): -0.1}])
def test_long_rows_are_judged_as_wide_ones(gains):
    wide = paired_difference(rows(gains), DECLARED)
    found = paired_difference(long(rows(gains)), LONG)
    assert found.verdict is wide.verdict
    assert found.headline.value == wide.headline.value
    assert {c.label: c.estimate for c in found.comparisons} == {
        c.label: c.estimate for c in wide.comparisons
    }


def test_a_score_of_one_network_only_is_no_gap():
    table = pd.concat(
        [long(rows(ALL_UP), ("ratio",)), long(rows({("n", path): 0.1 for path in PATHS}))]
    )
    assert paired_difference(table, LONG).verdict is Verdict.REPRODUCED
    without = paired_difference(long(rows(ALL_UP), ("ratio",)), LONG)
    assert without.verdict is Verdict.PARTLY
    assert "Not computed: score probability." in without.detail


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sides": "higher"}, r"unknown keys \['sides'\]"),
        ({"expected": "more"}, "expected must be higher or lower"),
        ({"statistic": "mode"}, "statistic must be mean or median"),
        (
            {"beside": {"more": {"value": ["ratio"] * 5}}},
            "beside 'more' must have as many value as the question, 2, got 5",
        ),
    ],
)
def test_a_malformed_question_is_refused(change, message):
    question = {**DECLARED["questions"][0], **change}
    with pytest.raises(ValueError, match=message):
        paired_difference(rows(ALL_UP), {**DECLARED, "questions": [question]})
    with pytest.raises(ValueError, match=r"lacks \['pairs'\]"):
        paired_difference(rows(ALL_UP), {"questions": [{"value": ["a"], "expected": "lower"}]})
    with pytest.raises(ValueError, match="unknown derive 'more'"):
        paired_difference(rows(ALL_UP), {**DECLARED, "derive": "more"})


def test_every_column_that_a_question_names_must_be_there():
    with pytest.raises(ValueError, match="lack the columns ratio"):
        paired_difference(rows(ALL_UP).drop(columns="ratio"), DECLARED)
    with pytest.raises(ValueError, match="lack the columns steps"):
        paired_difference(rows(ALL_UP).drop(columns="steps"), DECLARED)


def declared(claim):
    return load_claims()[claim].external.parameters


def by_pair(result, *more):
    names = ("method", "against", *more)
    return {tuple(c.keys.get(name) for name in names): c for c in result.comparisons}


# JPEG: the claim's own declaration


STABLE = {"ig": 3.0, "ig+idgi": 9.0, "gig": 1.0, "gig+idgi": 8.0, "blurig": 3.0, "blurig+idgi": 9.0}


def compressed(n=30, models=("m",), **levels):
    generator = np.random.default_rng(0)
    found = [
        (model, method, 32, image, scale, level + noise)
        for model in models
        for scale in ("raw", "unit_norm")
        for method, level in {**STABLE, **(levels if scale == "raw" else {})}.items()
        for image, noise in enumerate(0.5 * generator.normal(size=n))
    ]
    columns = ["model", "method", "steps", "image", "scale", "value"]
    return pd.DataFrame(found, columns=columns).sample(frac=1, random_state=1)


@pytest.mark.parametrize(
    ("levels", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"gig": 3.0}, Verdict.PARTLY),
        ({"ig+idgi": 1.0}, Verdict.PARTLY),
        ({"gig": 10.0}, Verdict.NOT_REPRODUCED),
        (dict.fromkeys(STABLE, 3.0), Verdict.INCONCLUSIVE),
    ],
)
def test_stability_under_compression(levels, verdict):
    result = paired_difference(compressed(**levels), declared("IDGI-JPEG"))
    assert result.verdict is verdict
    assert len(result.comparisons) == 7
    sides = {pair: c.expected for pair, c in by_pair(result).items()}
    assert sides["ig+idgi", "ig"] == "higher"
    assert sides["gig", "blurig+idgi"] == "lower"
    gain = by_pair(result)["ig+idgi", "ig"].extra["maps divided by their norm"]
    assert gain.value == pytest.approx(6, abs=0.3), "reported, whatever the maps as they are say"


def test_holm_runs_over_both_questions_on_compression():
    for comparison in paired_difference(compressed(6), declared("IDGI-JPEG")).comparisons:
        assert comparison.p_value == pytest.approx(1 / 64)
        assert comparison.p_adjusted == pytest.approx(7 / 64)


# MNIST: medians, signed maps and a short climb beside


MEASURES = ("spearman", "weighted_jaccard", "ssim", "reverse_mse")


def similar(gain=0.1, n=40, **gains):
    """GGIG is above both rivals by `gain`, or by a gain of its own in the measures named."""
    random = np.random.default_rng(0)
    found = []
    for image in range(n):
        for sign in ("absolute", "signed"):
            for method in ("saliency", "ig_without_product", "ggig"):
                row = {"model": "m", "images": "set", "image": image}
                row |= {"method": method, "sign": sign}
                for measure in MEASURES:
                    up = gains.get(measure, gain) if sign == "absolute" else 0.0
                    row[measure] = 0.5 + up * (method == "ggig") + random.normal(0, 0.02)
                found.append(row)
    return pd.DataFrame(found)


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
def test_similarity_to_the_picture(gains, verdict):
    result = paired_difference(similar(**gains), declared("GG-MNIST"))
    assert result.verdict is verdict
    assert len(result.comparisons) == 8


def test_a_median_is_that_of_the_paired_differences():
    table = similar(0.03)
    found = by_pair(paired_difference(table, declared("GG-MNIST")), "score")[
        "ggig", "ig_without_product", "ssim"
    ]
    mine = table[table["sign"] == "absolute"].pivot(index="image", columns="method", values="ssim")
    differences = (mine["ggig"] - mine["ig_without_product"]).to_numpy()
    assert found.estimate.value == pytest.approx(np.median(differences))
    assert found.p_value == pytest.approx(wilcoxon(differences, alternative="greater").pvalue)
    draws = np.random.default_rng(5).integers(0, 40, (4000, 40))
    low, high = np.quantile(np.median(differences[draws], axis=1), [0.025, 0.975])
    assert found.estimate.low == pytest.approx(low, abs=0.004)
    assert found.estimate.high == pytest.approx(high, abs=0.004)
    assert found.other == pytest.approx(mine["ggig"].median())
    assert found.base == pytest.approx(mine["ig_without_product"].median())
    assert abs(found.extra["signed maps"].value) < 0.02


def test_only_images_that_were_climbed_whole_decide():
    table = similar()
    short = table[table["method"] == "ggig"].assign(method="ggig_short")
    climbed = (table["method"] != "ggig") | (table["image"] < 25)
    result = paired_difference(pd.concat([table[climbed], short]), declared("GG-MNIST"))
    assert {c.estimate.n for c in result.comparisons} == {25}
    assert {c.extra["short climb"].n for c in result.comparisons} == {40}
    assert result.comparisons[0].extra["short climb"].value == pytest.approx(0.1, abs=0.02)
    only_short = pd.concat([table[table["method"] != "ggig"], short])
    assert paired_difference(only_short, declared("GG-MNIST")).verdict is Verdict.NOT_TESTED


def test_a_measure_without_values_leaves_at_best_partly():
    result = paired_difference(similar().assign(ssim=np.nan), declared("GG-MNIST"))
    assert result.verdict is Verdict.PARTLY
    assert (
        "Not computed: m, ssim, ggig, saliency; m, ssim, ggig, ig_without_product." in result.detail
    )


# The background: half of the area as a further method


SHARES = {"saliency": 0.3, "ig_without_product": 0.3, "ggig": 0.2, "edge": 0.9}


def shares(n=40, kept=0.5, models=("m",), **means):
    """Rows before the checkerboard, with four fifths of background; before grey all is at 0.5."""
    random = np.random.default_rng(0)
    found = []
    for model in models:
        for image in range(n):
            for background, squares in (("checkerboard", 14), ("grey", 0)):
                for method, mean in (SHARES | means).items():
                    row = {"model": model, "images": "set", "image": image, "method": method}
                    row |= {"background": background, "squares": squares, "area_outside": 0.8}
                    row |= {"asked": "seen", "kept": image < kept * n}
                    row["outside"] = (mean if squares else 0.5) + random.normal(0, 0.02)
                    row |= {"beyond": row["outside"] / 2, "area_beyond": 0.5}
                    found.append(row)
    return pd.DataFrame(found).sample(frac=1, random_state=1)


@pytest.mark.parametrize(
    ("means", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"ggig": 0.35}, Verdict.PARTLY),
        # Not below half of the area, nor below the rival.
        ({"saliency": 0.95, "ig_without_product": 0.95, "ggig": 0.95}, Verdict.NOT_REPRODUCED),
        ({"saliency": 0.4, "ig_without_product": 0.4, "ggig": 0.4}, Verdict.INCONCLUSIVE),
    ],
)
def test_shares_on_the_background(means, verdict):
    result = paired_difference(shares(**means), declared("GG-BACKGROUND"))
    assert result.verdict is verdict
    assert len(result.comparisons) == 8


def test_half_of_the_area_and_kept_images():
    table = shares(ggig=0.28)
    result = paired_difference(table, declared("GG-BACKGROUND"))
    chosen = table[table["background"] == "checkerboard"]
    values = chosen.pivot(index="image", columns="method", values="outside")
    found = by_pair(result)
    differences = values["ggig"] - values["ig_without_product"]
    pair = found["ggig", "ig_without_product"]
    assert pair.estimate.value == pytest.approx(differences.mean())
    assert pair.p_value == pytest.approx(wilcoxon(differences, alternative="less").pvalue)
    kept = pair.extra["where the class is kept"]
    assert kept.value == pytest.approx(differences[differences.index < 20].mean())
    assert kept.n == 20
    ignoring = found["saliency", "half the area"]
    assert ignoring.estimate.value == pytest.approx(values["saliency"].mean() - 0.4)
    assert ignoring.base == pytest.approx(0.4)
    assert result.headline.value == pytest.approx((values["ggig"] - values["edge"]).mean())


def test_holm_is_over_the_comparisons_of_a_network():
    table = shares(ggig=0.29, models=("a", "b"))
    result = paired_difference(table, declared("GG-BACKGROUND"))
    assert result.headline.n == 40
    for model in "ab":
        mine = [c for c in result.comparisons if c.keys["model"] == model]
        ordered = sorted(c.p_value for c in mine)
        expected = np.maximum.accumulate([(8 - rank) * p for rank, p in enumerate(ordered)])
        assert sorted(c.p_adjusted for c in mine) == pytest.approx(expected.clip(max=1))


# Top pixels: a share of the pixels stands apart, and each measure has a side of its own


SIDES = {"edge_overlap": "lower", "connected_components": "lower", "object_precision": "higher"}


def pixels(gain=1.0, n=40, **gains):
    """GGIG is better by `gain` in every measure, or by a gain of its own in those named."""
    random = np.random.default_rng(0)
    found = []
    for image in range(n):
        for share in (0.05, 0.1):
            for method in ("saliency", "ig_without_product", "ggig"):
                row = {"model": "m", "images": "set", "image": image, "share": share}
                row["method"] = method
                for measure, side in SIDES.items():
                    sign = -1 if side == "lower" else 1
                    better = sign * gains.get(measure, gain) if method == "ggig" else 0.0
                    row[measure] = 5 + better + random.normal(0, 0.3)
                found.append(row)
    return pd.DataFrame(found).sample(frac=1, random_state=1)


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"edge_overlap": -1.0}, Verdict.PARTLY),
        ({"edge_overlap": -1.0, "object_precision": -1.0}, Verdict.NOT_REPRODUCED),
        ({"edge_overlap": 0.0, "object_precision": 0.0}, Verdict.INCONCLUSIVE),
    ],
)
def test_top_pixels(gains, verdict):
    result = paired_difference(pixels(**gains), declared("GG-SPARSE"))
    assert result.verdict is verdict
    assert len(result.comparisons) == 12
    found = by_pair(result, "score", "share")
    for measure, side in SIDES.items():
        assert found["ggig", "ig_without_product", measure, "10%"].expected == side


def test_the_declared_headline_is_shown():
    table = pixels(0.2)
    result = paired_difference(table, declared("GG-SPARSE"))
    first = table[table["share"] == 0.05].pivot(index="image", columns="method")["edge_overlap"]
    assert result.headline.value == pytest.approx((first["ggig"] - first["saliency"]).mean())
    one_share = paired_difference(table[table["share"] == 0.1], declared("GG-SPARSE"))
    assert one_share.verdict is Verdict.PARTLY
    assert "Not computed: share 5%." in one_share.detail
    assert one_share.headline is not None


# Baselines: a limit in place of a second method


BASELINES = ("black", "white", "blur")
NAMES = {
    name: declared("GG-PRODUCT")["questions"][0]["pairs"][0][place]
    for place, name in enumerate(("without", "with"))
}


def dependent(agreement=0.96, input_share=0.3, n=40, **agreements):
    """Correlations around what is asked for; the product's map is at 0.7 with the input."""
    generator = np.random.default_rng(0)
    found = []
    for image in range(n):
        for method in (NAMES["with"], NAMES["without"], "ggig"):
            for sign in ("absolute", "signed"):
                places = [*combinations(BASELINES, 2), *((name, DIFFERENCE) for name in BASELINES)]
                for first, second in places:
                    product = method == NAMES["with"]
                    level = 0.4 if product else agreements.get(method, agreement)
                    if second == DIFFERENCE:
                        level = 0.7 if product else input_share
                    if sign == "signed":
                        level = 0.5
                    row = {"model": "m", "images": "set", "image": image, "method": method}
                    row |= {"sign": sign, "first": first, "second": second}
                    row["spearman"] = level + 0.02 * generator.normal()
                    found.append(row)
    return pd.DataFrame(found)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"ggig": 0.5}, Verdict.PARTLY),
        ({"agreement": 0.5}, Verdict.NOT_REPRODUCED),
        ({"agreement": 0.9}, Verdict.INCONCLUSIVE),
        ({"input_share": 0.9}, Verdict.NOT_REPRODUCED),
    ],
)
def test_baselines(given, verdict):
    result = paired_difference(dependent(**given), declared("GG-PRODUCT"))
    assert result.verdict is verdict
    assert len(result.comparisons) == 12


def test_a_limit_is_subtracted_from_every_image():
    table = dependent(0.93, input_share=-0.8)
    result = paired_difference(table, declared("GG-PRODUCT"))
    values = table[table["sign"] == "absolute"].set_index(["method", "first", "second", "image"])
    values = values["spearman"].sort_index()
    found = by_pair(result, "first", "second")

    item = found["ggig", "0.9", "black", "blur"]
    excess = values["ggig", "black", "blur"].to_numpy() - 0.9
    assert item.estimate.value == pytest.approx(excess.mean())
    assert item.base == pytest.approx(0.9)
    assert item.p_value == pytest.approx(wilcoxon(excess, alternative="greater").pvalue)
    product = values[NAMES["with"], "black", "blur"].mean() - 0.9
    assert item.extra["with the product"].value == pytest.approx(product)
    assert item.extra["signed maps"].value == pytest.approx(-0.4, abs=0.02)

    item = found["ggig", NAMES["with"], "white", None]
    with_it, without = (values[name, "white", DIFFERENCE] for name in (NAMES["with"], "ggig"))
    assert item.estimate.value == pytest.approx((without - with_it).mean())
    assert item.expected == "lower"
    sizes = without.abs() - with_it.abs()
    assert item.extra["magnitude of ρ"].value == pytest.approx(sizes.mean())
