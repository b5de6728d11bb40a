"""Means of images and draws, and verdicts that rest on few draws or on a short climb."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict, evaluate, load_claims
from saliency_audit.ledger.external.checked_maps import mean_with_draws, unless_few_draws
from saliency_audit.ledger.external.climb import unless_short_climb
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean

SOMETHING = Comparison({"model": "m"}, Estimate(1, 1, 1, 30), 0, 1, 0.01, 0.01, "higher", True)
REPRODUCED = ExternalResult(Verdict.REPRODUCED, "All hold.", None, (SOMETHING,))


def table(values):
    return pd.DataFrame(values)


def test_of_one_draw_the_interval_is_that_over_images():
    values = np.random.default_rng(0).normal(size=(40, 1))
    found, alone = mean_with_draws(table(values)), bootstrap_mean(values[:, 0])
    assert (found.value, found.n) == (pytest.approx(alone.value), 40)
    assert found.low == pytest.approx(alone.low, abs=0.03)
    assert found.high == pytest.approx(alone.high, abs=0.03)


def test_the_images_of_both_tables_are_drawn_together():
    values = np.random.default_rng(0).normal(size=(40, 1))
    # What the images differ by is in both tables and cancels.
    paired = mean_with_draws(table(values), table(values - 2))
    assert (paired.low, paired.value, paired.high) == pytest.approx((2, 2, 2))
    alone = mean_with_draws(table(values))
    assert alone.high - alone.low > 0.3


def test_an_image_counts_once_however_many_of_its_draws_are_defined():
    random = np.random.default_rng(0)
    values = random.normal(0.3, 0.05, size=(30, 10))
    values[:15] += 0.4
    values[:15, 1:] = np.nan
    values[:15, 0] = 0.7
    found = mean_with_draws(table(values))
    assert found.value == pytest.approx(np.nanmean(values, axis=1).mean())
    assert found.low < found.value < found.high
    values[3] = np.nan
    assert mean_with_draws(table(values)).n == 29
    assert mean_with_draws(table(values * np.nan)) is None


@pytest.mark.parametrize(("draws", "low", "high"), [(2, 0.5, 0.75), (4, 0.75, 0.92), (10, 0.83, 1)])
def test_few_draws_cover_the_truth_less_often_than_stated(draws, low, high):
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        shared = random.normal(size=draws)
        found = mean_with_draws(table(shared + 0.1 * random.normal(size=(30, draws))))
        covered += found.low <= 0 <= found.high
    assert low <= covered / 200 <= high


def test_too_few_draws_decide_nothing():
    rows = pd.DataFrame({"model": ["m"] * 4 + ["k"] * 2, "draw": [0, 1, 2, 3, 0, 1]})
    few = unless_few_draws(REPRODUCED, rows, {"minimum_draws": 3})
    assert few.verdict is Verdict.INCONCLUSIVE
    assert few.detail == "All hold. Too few draws to decide: 2, 3 needed."
    for same in (
        unless_few_draws(REPRODUCED, rows, {"minimum_draws": 2}),
        unless_few_draws(REPRODUCED, rows, {}),
    ):
        assert same == REPRODUCED
    nothing = not_tested("no rows")
    assert unless_few_draws(nothing, rows[:0], {"minimum_draws": 3}) == nothing


def test_a_short_climb_is_said_and_leaves_at_best_partly():
    rows = pd.DataFrame(
        {
            "model": ["m", "m", "k"],
            "climb_points": [51, 51, 26],
            "climb_ascents": [200, 200, 2],
        }
    )
    found = unless_short_climb(REPRODUCED, rows, (51, 100))
    assert found.verdict is Verdict.PARTLY
    assert found.detail.endswith(
        "GGIG climbs 26 points × 2 on k, which stands in for 51 points × 100 steps."
    )
    assert unless_short_climb(REPRODUCED, rows[:2], (51, 200)) == REPRODUCED
    against = ExternalResult(Verdict.NOT_REPRODUCED, "None holds.", None, (SOMETHING,))
    assert unless_short_climb(against, rows, (51, 100)).verdict is Verdict.NOT_REPRODUCED
    with pytest.raises(ValueError, match="climb_points"):
        unless_short_climb(REPRODUCED, rows.drop(columns="climb_points"), (51, 100))


def test_a_claim_that_declares_a_climb_asks_for_it():
    claim = load_claims()["GG-MNIST"]
    assert claim.external.climb == (51, 200)
    rows = pd.DataFrame(
        [
            {"model": "mnist_cnn", "images": "mnist_test", "method": method, "sign": sign}
            | {"image": image, "climb_points": 51, "climb_ascents": ascents}
            | dict.fromkeys(
                claim.external.parameters["measures"], 0.1 * image / 30 + (method == "ggig")
            )
            for ascents in (5,)
            for method in ("ggig", "saliency", "ig")
            for sign in ("absolute", "signed")
            for image in range(30)
        ]
    )
    assert evaluate(claim, rows).verdict is Verdict.PARTLY
    assert evaluate(claim, rows.assign(climb_ascents=200)).verdict is Verdict.REPRODUCED
