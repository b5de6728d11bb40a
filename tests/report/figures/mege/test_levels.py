"""Scores against the level of degradation: every method at every level."""

import pytest

from saliency_audit.ledger.external.evidence.folds import Key, fold_rows
from saliency_audit.ledger.summaries.folds import over_folds, score_of
from saliency_audit.metrics import mege
from saliency_audit.report.figures.mege.levels import level_table, show_levels
from saliency_audit.report.names import METHOD_NAMES, predictor
from saliency_audit.study.explanations import METHODS


@pytest.fixture(scope="module")
def rows(stability_rows):
    return stability_rows()


@pytest.mark.parametrize("score", ["mege", "reco_balanced", "reco_printed", "mu_fidelity"])
def test_levels_show_every_method_at_every_level(rows, score):
    figure = show_levels(rows, score)
    axes = figure.axes
    assert [axis.get_title() for axis in axes] == ["noise on weights", "labels switched"]
    lines = {line.get_label(): line for line in axes[0].lines}
    assert set(lines) == {METHOD_NAMES[method] for method in (*METHODS, "random")}
    group = fold_rows("test", rows)
    key = next(k for k in group if k.method == "ig" and k.degradation == "weights")
    shown = lines["IG"].get_ydata()
    assert shown[1] == pytest.approx(score_of(group[key], score).value)


def test_levels_need_degraded_predictors(rows):
    with pytest.raises(ValueError, match="no rows of degraded predictors; name some"):
        show_levels(rows[rows["degradation"] == "none"], "mege")
    with pytest.raises(ValueError, match="no rows to show"):
        show_levels(rows[:0], "mege")


def test_levels_stand_beside_each_other_with_their_interval_over_folds(rows):
    table = level_table({"this machine": rows}, "mege")
    assert list(table.columns) == ["0 %", "5 %"]
    assert len(table) == 2 * (len(METHODS) + 1)
    groups = fold_rows("t", rows)
    network = predictor("cifar10_train", "resnet18-8")
    for place, (kind, level) in {"0 %": ("none", 0), "5 %": ("labels", 5)}.items():
        group = groups[Key("cifar10_train", "resnet18-8", kind, level, "rise")]
        shown = table.loc[(f"{network}: labels switched", "RISE", "this\nmachine"), place]
        assert float(shown.split("<br>")[0]) == pytest.approx(mege(group.sets.equal), abs=0.01)
        folds = over_folds(group, "mege")
        assert shown.endswith(f"folds [{folds.low:.2f}, {folds.high:.2f}]")
