"""The test of a stated accuracy, on rows made for it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from saliency_audit.ledger import load_claims
from saliency_audit.ledger.external import TESTS
from saliency_audit.ledger.verdict import Verdict

PARAMETERS = load_claims()["GG-TRAIN"].external.parameters
training_accuracy = TESTS["training_accuracy"]


def trainings(images="mnist_train", seeds=10, spread=0.001, steps=(100, 400), **means):
    """Rows whose accuracy after the last of `steps` is the mean ± spread, before half of it."""
    found = []
    for scaling, mean in means.items():
        for seed in range(seeds):
            last = mean + spread * (-1) ** seed
            for step in steps:
                share = last if step >= 400 else last / 2
                found.append((images, scaling, seed, step, 60000, round(share * 10000), 10000))
    names = ["images", "scaling", "seed", "iterations", "training_images", "correct", "tested"]
    return pd.DataFrame(found, columns=names)


@pytest.mark.parametrize(
    ("means", "verdict"),
    [
        ({"unit": 0.992, "standardised": 0.97, "bytes": 0.1}, Verdict.REPRODUCED),
        ({"unit": 0.97, "standardised": 0.992, "bytes": 0.1}, Verdict.REPRODUCED),
        ({"unit": 0.9, "standardised": 0.97, "bytes": 0.993}, Verdict.PARTLY),
        ({"unit": 0.9, "standardised": 0.97, "bytes": 0.98}, Verdict.NOT_REPRODUCED),
        ({"unit": 0.992, "standardised": 0.97}, Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict_is_that_of_the_declared_rule(means, verdict):
    assert training_accuracy(trainings(**means), PARAMETERS).verdict is verdict


def test_the_interval_is_students():
    rows = trainings(unit=0.9905, standardised=0.95, bytes=0.9, spread=0.002)
    result = training_accuracy(rows, PARAMETERS)
    at = rows[(rows["scaling"] == "unit") & (rows["iterations"] == 400)]
    values = (at["correct"] / at["tested"]).to_numpy()
    interval = ttest_1samp(values, 0).confidence_interval(0.95)
    unit = result.comparisons[0]
    assert unit.keys == {"scaling": "unit"}
    assert (unit.estimate.low, unit.estimate.high) == pytest.approx((interval.low, interval.high))
    assert unit.estimate.mean == pytest.approx(np.mean(values))
    assert unit.holds == (interval.high >= 0.9915)
    assert unit.estimate.n == 10
    assert "0.43 passes over 60000 images" in result.detail


def test_fewer_seeds_are_inconclusive_and_named():
    rows = trainings(unit=0.992, standardised=0.97, bytes=0.1, seeds=4)
    result = training_accuracy(rows, PARAMETERS)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "unit: 4 of 10 seeds" in result.detail


def test_the_longest_trainings_tell_when_it_is_reached():
    short = trainings(unit=0.9, standardised=0.95, bytes=0.1)
    long = trainings(unit=0.996, seeds=2, steps=(400, 800, 1600))
    long["seed"] += 100
    long.loc[long["iterations"] == 800, "correct"] = 9900
    long.loc[long["iterations"] == 400, "correct"] = 9000
    detail = training_accuracy(pd.concat([short, long]), PARAMETERS).detail
    assert "unit: 99.15% from 1600 steps (1.7 passes) on, mean of 2 seeds." in detail
    assert "standardised: after 400 steps 95.00%, mean of 10 seeds." in detail


def test_other_images_are_stand_ins():
    result = training_accuracy(trainings("digits_train", unit=0.93), PARAMETERS)
    assert result.verdict is Verdict.NOT_TESTED
    assert "these rows are of digits_train" in result.detail
    assert "unit 93.0%" in result.detail


def test_empty_rows_and_missing_columns():
    rows = trainings(unit=0.9)
    assert training_accuracy(rows[:0], PARAMETERS).verdict is Verdict.NOT_TESTED
    assert training_accuracy(rows[rows["iterations"] < 400], PARAMETERS).verdict is (
        Verdict.NOT_TESTED
    )
    with pytest.raises(ValueError, match="tested"):
        training_accuracy(rows.drop(columns="tested"), PARAMETERS)
    with pytest.raises(ValueError, match="seeds"):
        training_accuracy(rows, {k: v for k, v in PARAMETERS.items() if k != "seeds"})
