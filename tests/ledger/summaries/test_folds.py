"""Scores of cross-trained predictors with their intervals: what they say is what the metrics say."""

import numpy as np
import pytest

from saliency_audit.ledger.external.evidence.folds import fold_rows
from saliency_audit.ledger.statistics import jackknife
from saliency_audit.ledger.summaries.folds import best_against_others, over_folds, score_of
from saliency_audit.metrics import mege, reco
from saliency_audit.study.explanations import METHODS


@pytest.fixture(scope="module")
def rows(stability_rows):
    return stability_rows()


def test_a_score_is_the_metrics_own(rows):
    for group in list(fold_rows("test", rows).values())[:5]:
        assert score_of(group, "mege").value == pytest.approx(mege(group.sets.equal))
        expected = reco(group.sets.equal, group.sets.different, "printed")
        assert score_of(group, "reco_printed").value == pytest.approx(expected)
        assert score_of(group, "mu_fidelity").value == pytest.approx(group.fidelity.mean())


def test_the_interval_over_folds_leaves_out_a_predictor_and_its_images(rows):
    group = next(iter(fold_rows("test", rows).values()))
    without = [
        mege(group.of_folds(first, second).equal) for first, second in ((1, 2), (0, 2), (0, 1))
    ]
    expected = jackknife(mege(group.sets.equal), np.array(without))
    assert over_folds(group, "mege") == expected
    assert expected.low < expected.value < expected.high


def test_the_best_method_is_held_against_each_other_one(stability_rows):
    rows = stability_rows(degraded=False, n=60)
    best = rows["method"] == "rise"
    rows.loc[best, "distances"] = rows.loc[best, "distances"].map(
        lambda cell: list(0.01 * np.array(cell))
    )
    found = best_against_others(rows, ["mege", "mu_fidelity"], 20)
    of_mege = [item for item in found if item.keys["score"] == "mege"]
    assert {item.keys["best"] for item in of_mege} == {"rise"}
    assert {item.keys["method"] for item in of_mege} == set(METHODS) - {"rise"}
    assert all(item.holds for item in of_mege)
    by_chance = [item for item in found if item.keys["score"] == "mu_fidelity"]
    assert len(by_chance) == 6
    assert not any(item.holds for item in by_chance)
