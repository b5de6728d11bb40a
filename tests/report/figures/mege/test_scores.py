"""Scores under what the paper prints, their sizes, and the best method."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.external.evidence.folds import fold_rows
from saliency_audit.metrics import mege
from saliency_audit.report.figures.mege.scores import best_table, score_table, set_sizes_table
from saliency_audit.report.names import predictor


def test_scores_stand_under_the_papers(stability_rows):
    rows = pd.concat(
        [stability_rows(degraded=False), stability_rows("lipschitz-16", degraded=False)]
    )
    table = score_table(
        {"this machine": rows}, ["mege", "reco_balanced", "reco_printed"], ["table_02", "table_03"]
    )
    assert list(table.columns) == [
        "MeGe\u00a0↑",
        "ReCo,\nbalanced\u00a0↑",
        "ReCo,\nas printed\u00a0↑",
    ]
    network = predictor("cifar10_train", "resnet18-8")
    paper = table.loc[(network, "IG", "paper")]
    # The paper's ReCo is the one of its formulas.
    assert paper.tolist() == ["0.58", "", "0.11"]
    other = predictor("cifar10_train", "lipschitz-16")
    assert table.loc[(other, "RISE", "paper"), "MeGe\u00a0↑"] == "0.85"
    group = next(g for k, g in fold_rows("t", rows).items() if k.method == "rise")
    shown = table.loc[(network, "RISE", "this\nmachine"), "MeGe\u00a0↑"]
    assert float(shown.split("<br>")[0]) == pytest.approx(mege(group.sets.equal), abs=0.01)
    sources = table.loc[(network, "Random")].index
    assert list(sources) == ["this\nmachine"]


def test_predictors_without_a_printed_line_have_none(stability_rows):
    rows = stability_rows("small", "digits_train", degraded=False)
    table = score_table({"this machine": rows}, ["mege"], ["table_02"])
    assert set(table.index.get_level_values("source")) == {"this\nmachine"}
    assert predictor("digits_train", "small") == "small CNN, on digits_train"


def test_sizes_count_the_pairs_without_a_distance(stability_rows):
    rows = stability_rows(degraded=False)
    groups = {key.method: group for key, group in fold_rows("test", rows).items()}
    sets = groups["ig"].sets
    pairs = sets.equal.size + sets.different.size
    sizes = {"|S=|": str(sets.equal.size), "|S≠|": str(sets.different.size)}
    place = (predictor("cifar10_train", "resnet18-8"), "this\nmachine")
    table = set_sizes_table({"this machine": rows})
    assert table.loc[place].to_dict() == {**sizes, "without a distance": "none"}
    chosen = rows["method"] == "gradcam"
    rows.loc[chosen, "distances"] = pd.Series([[np.nan] * 3] * chosen.sum(), rows.index[chosen])
    table = set_sizes_table({"this machine": rows})
    assert table.loc[place].to_dict() == {**sizes, "without a distance": f"Grad-CAM {pairs}"}


def test_the_best_method_is_named_beside_each_other_one(stability_rows):
    rows = stability_rows(degraded=False, n=60)
    best = rows["method"] == "rise"
    rows.loc[best, "distances"] = rows.loc[best, "distances"].map(
        lambda cell: list(0.01 * np.array(cell))
    )
    table = best_table({"this machine": rows}, ["mege", "mu_fidelity"], 20)
    assert table.index.names == ["predictor", "score", "best", "method", "source"]
    assert len(table) == 12
    assert "IG" in table.xs("best: RISE", level="best").index.get_level_values("method")
