"""Training times: a row per stage, of trainings that do what the rows say."""

import pytest

from saliency_audit.study import get_experiment
from saliency_audit.study.experiments import dre_training

EXPERIMENT = get_experiment("dre_training")


def test_a_row_per_method_repeat_and_stage():
    given = {"models": "shapes_cnn", "n_train": 16, "repeats": 2}
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", given))
    rows = EXPERIMENT.compute(task).rows
    keys = [(m, r, s) for r in (0, 1) for m in ("dre", "mgnet") for s in ("filter", "masks")]
    assert list(zip(rows["method"], rows["repeat"], rows["stage"], strict=True)) == keys
    assert (rows["pictures"] == 16).all()
    assert (rows["side"] == 64).all()
    assert (rows["seconds"] > 0).all()


def test_seconds_are_of_the_stage_alone(monkeypatch):
    ticks = iter([0.0, 1.0, 3.0, 10.0])
    monkeypatch.setattr(dre_training.time, "process_time", lambda: next(ticks))

    def train(*, progress, **settings):
        progress("filter", 1, 2, 0.0, 0.0)
        progress("filter", 2, 2, 0.0, 0.0)
        progress("masks", 1, 1, 0.0, 0.0)

    setting = dre_training.dre_setting("shapes_cnn", 16, 1, 1, 0)
    assert dre_training._timed(train, setting) == pytest.approx({"filter": 3.0, "masks": 7.0})
