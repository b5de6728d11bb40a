"""Maps with and without the product from several baselines, on rows made for it."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from saliency_audit.ledger.external import baseline_dependence
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.sanity import DIFFERENCE

BASELINES = ("black", "white", "blur")
DECLARED = {
    "with_product": "ig_product",
    "without": ["ig", "ggig"],
    "baselines": list(BASELINES),
    "measure": "spearman",
    "sign": "absolute",
    "agreement": 0.9,
    "alpha": 0.05,
    "minimum_images": 20,
}


def maps(agreement=0.96, input_share=0.3, n=40, model="m", signed=0.5, **agreements):
    """Correlations around what is asked for; the product's map is at 0.7 with the input."""
    generator = np.random.default_rng(0)
    rows = []
    for image in range(n):
        for method in ("ig_product", "ig", "ggig"):
            for sign in ("absolute", "signed"):
                places = [*combinations(BASELINES, 2), *((name, DIFFERENCE) for name in BASELINES)]
                for first, second in places:
                    level = agreements.get(method, agreement)
                    if second == DIFFERENCE:
                        level = 0.7 if method == "ig_product" else input_share
                    elif method == "ig_product":
                        level = 0.4
                    if sign == "signed":
                        level = signed
                    value = level + 0.02 * generator.normal()
                    row = {"model": model, "images": "set", "image": image, "method": method}
                    row |= {"sign": sign, "first": first, "second": second, "spearman": value}
                    rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, Verdict.REPRODUCED),
        ({"ig": 0.5}, Verdict.PARTLY),
        ({"agreement": 0.5}, Verdict.NOT_REPRODUCED),
        ({"agreement": 0.9}, Verdict.INCONCLUSIVE),
        ({"input_share": 0.9}, Verdict.NOT_REPRODUCED),
        ({"agreement": 0.9, "input_share": 0.9}, Verdict.NOT_REPRODUCED),
    ],
)
def test_the_verdict_is_that_of_the_family(given, verdict):
    result = baseline_dependence(maps(**given), DECLARED)
    assert result.verdict is verdict
    assert len(result.comparisons) == 12


def test_a_map_against_the_input_is_less_like_it_and_says_how_strongly():
    result = baseline_dependence(maps(0.93, input_share=-0.8), DECLARED)
    item = next(c for c in result.comparisons if c.keys["question"] == "input dominance")
    assert item.holds
    assert item.estimate.value == pytest.approx(-1.5, abs=0.02)
    assert item.extra["magnitude of ρ"].value == pytest.approx(0.1, abs=0.02)


def test_comparisons_are_paired_means_with_signed_ranks():
    rows = maps(0.93)
    result = baseline_dependence(rows, DECLARED)
    found = {comparison.label: comparison for comparison in result.comparisons}
    mine = rows[rows["sign"] == "absolute"].set_index(["method", "first", "second", "image"])
    values = mine["spearman"].sort_index()

    item = found["m, input dominance, ggig, white"]
    with_it, without = (values[name, "white", DIFFERENCE] for name in ("ig_product", "ggig"))
    differences = (without - with_it).to_numpy()
    assert item.estimate.value == pytest.approx(differences.mean())
    assert (item.base_mean, item.other_mean) == pytest.approx((with_it.mean(), without.mean()))
    assert item.p_value == pytest.approx(wilcoxon(differences, alternative="less").pvalue)
    assert item.expected == "lower"
    assert abs(item.extra["signed maps"].value) < 0.02
    sizes = without.abs() - with_it.abs()
    assert item.extra["magnitude of ρ"].value == pytest.approx(sizes.mean())

    item = found["m, agreement, ig, black − blur"]
    excess = values["ig", "black", "blur"].to_numpy() - 0.9
    assert item.estimate.value == pytest.approx(excess.mean())
    assert item.base_mean == pytest.approx(0.9)
    assert item.p_value == pytest.approx(wilcoxon(excess, alternative="greater").pvalue)
    draws = np.random.default_rng(5).integers(0, 40, (4000, 40))
    low, high = np.quantile(excess[draws].mean(axis=1), [0.025, 0.975])
    assert item.estimate.low == pytest.approx(low, abs=0.002)
    assert item.estimate.high == pytest.approx(high, abs=0.002)
    product = values["ig_product", "black", "blur"].mean() - 0.9
    assert item.extra["with the product"].value == pytest.approx(product)
    assert item.extra["signed maps"].value == pytest.approx(-0.4, abs=0.02)
    assert item.p_adjusted >= item.p_value


def test_constant_maps_are_counted():
    rows = maps()
    constant = (rows["image"] < 3) & (rows["method"] == "ig") & (rows["first"] == "white")
    rows.loc[constant & (rows["second"] == "blur"), "spearman"] = np.nan
    result = baseline_dependence(rows, DECLARED)
    assert "3 times an image had no value and was left out." in result.detail
    sizes = {item.label: item.estimate.n for item in result.comparisons}
    assert sizes["m, agreement, ig, white − blur"] == 37
    assert sizes["m, agreement, ig, black − white"] == 40


def test_missing_rows_leave_at_best_partly():
    rows = maps()
    result = baseline_dependence(rows[rows["method"] != "ig"], DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "Not computed yet: m, input dominance, ig, black;" in result.detail
    without = rows[(rows["first"] != "blur") & (rows["second"] != "blur")]
    result = baseline_dependence(without, DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "m, agreement, ig, black − blur" in result.detail
    networks = baseline_dependence(rows, {**DECLARED, "networks": ["inception_v3"]})
    assert networks.verdict is Verdict.PARTLY


def test_an_image_of_two_sets_is_two_images():
    other = maps().assign(images="other")
    result = baseline_dependence(pd.concat([maps(), other]), DECLARED)
    assert {item.estimate.n for item in result.comparisons} == {80}


def test_few_images_are_inconclusive_and_no_rows_no_test():
    rows = maps()
    assert baseline_dependence(maps(n=8), DECLARED).verdict is Verdict.INCONCLUSIVE
    assert baseline_dependence(rows[:0], DECLARED).verdict is Verdict.NOT_TESTED
    constant = rows.assign(spearman=np.nan)
    assert baseline_dependence(constant, DECLARED).verdict is Verdict.NOT_TESTED
    with pytest.raises(ValueError, match="lack the columns spearman"):
        baseline_dependence(rows.drop(columns="spearman"), DECLARED)
    with pytest.raises(ValueError, match="agreement"):
        baseline_dependence(rows, {k: v for k, v in DECLARED.items() if k != "agreement"})
