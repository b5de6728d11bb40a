"""Limits of a mean, a percentile and the largest value: what flips the verdict, and what does not."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict, load_claims
from saliency_audit.ledger.external.tests.within_limits import within_limits


def rows(values, **columns):
    count = len(values)
    given = {"model": "m", "images": "i", "image": range(count), "value": values, **columns}
    return pd.DataFrame(given)


MEAN = {"value": "value", "statistic": "mean", "at_least": 20, "at_most": 180}


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (np.linspace(30, 60, 20), Verdict.REPRODUCED),
        (np.linspace(1, 3, 20), Verdict.NOT_REPRODUCED),
        (np.linspace(200, 900, 20), Verdict.NOT_REPRODUCED),
        (np.linspace(2, 40, 20), Verdict.INCONCLUSIVE),
    ],
)
def test_a_mean_between_two_limits(values, verdict):
    found = within_limits(rows(values), MEAN)
    assert found.verdict is verdict
    assert found.headline.value == pytest.approx(values.mean())
    assert found.headline.low < values.mean() < found.headline.high


def test_too_few_units_decide_nothing():
    values = np.linspace(30, 60, 9)
    found = within_limits(rows(values), {**MEAN, "images_per_comparison": 10})
    assert found.verdict is Verdict.INCONCLUSIVE


def test_rows_are_chosen_and_the_choice_is_named():
    table = rows([*[50.0] * 5, *[1.0] * 5], way=["slow"] * 5 + ["fast"] * 5, side=256)
    asked = {**MEAN, "where": {"way": "slow", "side": 256}}
    assert within_limits(table, asked).verdict is Verdict.REPRODUCED
    none = within_limits(table.assign(side=64), asked)
    assert none.verdict is Verdict.NOT_TESTED
    assert none.detail == "no row with way slow, side 256"


PERCENTILE = {"statistic": "percentile 95", "at_most": {"value": 1.0, "other": 0.1}}


def test_a_percentile_of_several_columns():
    values = np.arange(100) / 100
    found = within_limits(rows(values, other=values), PERCENTILE)
    first, second = found.comparisons
    assert first.estimate.value == np.sort(values)[94]
    assert first.estimate.value == np.quantile(values, 0.95, method="inverted_cdf")
    assert (first.keys["value"], first.holds) == ("value", True)
    assert (second.keys["value"], second.contradicts) == ("other", True)
    assert found.verdict is Verdict.NOT_REPRODUCED  # half of the comparisons contradict
    assert "other" in found.headline.quantity


def test_values_of_one_unit_are_drawn_together():
    table = rows(np.repeat(np.arange(20) / 20, 50), other=0.0).assign(
        image=np.repeat(range(20), 50)
    )
    alone = within_limits(rows(np.arange(1000) / 1000, other=0.0), PERCENTILE).comparisons[0]
    together = within_limits(table, PERCENTILE).comparisons[0]
    assert (together.estimate.n, alone.estimate.n) == (20, 1000)
    width = [each.estimate.high - each.estimate.low for each in (together, alone)]
    assert width[0] > 2 * width[1]


def test_the_interval_covers_the_percentile_about_as_often_as_it_says():
    generator = np.random.default_rng(0)
    asked = {"value": "value", "statistic": "percentile 50", "at_most": 1.0, "resamples": 400}
    inside = 0
    for _ in range(100):
        found = within_limits(rows(generator.normal(size=60)), asked).comparisons[0].estimate
        inside += found.low <= 0 <= found.high
    assert 85 <= inside <= 100


LARGEST = {
    "value": "value",
    "statistic": "largest",
    "at_most": 1e-8,
    "each": ["property"],
    "where": {"property": ["symmetry", "shift"]},
    "unit": "pair",
    "images_per_comparison": 5,
}


def properties(symmetry, shift):
    count = len(symmetry)
    return pd.concat(
        rows(values, property=name, pair=range(count))
        for name, values in (("symmetry", symmetry), ("shift", shift), ("other", [1.0] * count))
    )


def test_the_largest_value_is_computed_and_has_no_interval():
    good = within_limits(properties([0.0] * 5, [1e-9] * 5), LARGEST)
    assert good.verdict is Verdict.REPRODUCED
    assert [item.keys["property"] for item in good.comparisons] == ["shift", "symmetry"]
    bad = within_limits(properties([0.0] * 5, [0.0] * 4 + [1e-7]), LARGEST)
    assert bad.verdict is Verdict.NOT_REPRODUCED
    assert bad.headline.value == bad.headline.low == 1e-7
    few = within_limits(properties([0.0] * 4, [0.0] * 4), LARGEST)
    assert few.verdict is Verdict.INCONCLUSIVE


def test_what_is_declared_and_has_no_rows_is_missing():
    table = properties([0.0] * 5, [0.0] * 5)
    found = within_limits(table[table["property"] != "shift"], LARGEST)
    assert found.verdict is Verdict.PARTLY
    assert "Not computed: property shift." in found.detail


def test_undefined_values_are_left_out_and_counted():
    found = within_limits(rows([*[50.0] * 5, np.nan]), MEAN)
    assert found.comparisons[0].estimate.n == 5
    assert "1 of 6 rows have no value and are left out." in found.detail


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"statistic": "median"}, "statistic must be"),
        ({"at_most": {"value": 1}}, "name the column"),
    ],
)
def test_parameters_that_contradict(change, message):
    with pytest.raises(ValueError, match=message):
        within_limits(rows([1.0, 2.0]), {**MEAN, **change})
    without = {"value": "value", "statistic": "mean"}
    with pytest.raises(ValueError, match="at_least, at_most or both"):
        within_limits(rows([1.0, 2.0]), without)


def test_the_claims_declare_what_their_thresholds_say():
    claims = load_claims()
    equivalence = claims["XM-EQUIV"].external.parameters
    assert equivalence["at_most"] == {
        "same_weights_parameter": 0.005,
        "same_weights_likelihood": 0.001,
    }
    assert equivalence["where"]["bin"] == [0.1, 0.01, 0.001]
    assert claims["XM-MW"].external.parameters["at_most"] == 1e-8
    time = claims["XM-TIME"].external.parameters
    assert (time["at_least"], time["at_most"]) == (20, 180)
