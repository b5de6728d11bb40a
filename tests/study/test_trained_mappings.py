"""Estimators trained with the controller and with x²: their rows, and what they follow from."""

import numpy as np
import pytest
import torch
from scipy import stats

from saliency_audit import study
from saliency_audit.attributions.relevance import RelevanceMask
from saliency_audit.metrics import faithfulness
from saliency_audit.study.dre_settings import SETTINGS
from saliency_audit.study.estimators import dre_setting, estimator
from saliency_audit.study.selection import select_task
from saliency_audit.study.trained_mappings import scores_of, trained_setting

EXPERIMENT = study.get_experiment("dre_monotony")
QUICK = {"n_images": 6, "n_train": 64, "epochs": 1, "filter_epochs": 1, "train_seeds": (0, 1)}


@pytest.fixture(scope="module")
def task():
    return EXPERIMENT.tasks(EXPERIMENT.configure("embedded", QUICK))[1]


@pytest.fixture(scope="module")
def rows(task):
    with torch.random.fork_rng():
        return EXPERIMENT.compute(task).rows


@pytest.mark.parametrize("profile", ["embedded", "reference", "paper"])
def test_estimators_are_those_of_the_settings_at_the_same_profile(profile):
    others = study.get_experiment("dre_settings")
    first = others.tasks(others.configure(profile))[0].parameters
    mine = EXPERIMENT.tasks(EXPERIMENT.configure(profile))[1].parameters
    names = ("model", "images", "first", "last", "seed", "train_seeds")
    assert {name: mine[name] for name in names} == {name: first[name] for name in names}
    for seed in mine["train_seeds"]:
        setting = dre_setting(
            first["model"], first["n_train"], first["epochs"], first["filter_epochs"], seed
        )
        assert trained_setting(mine, "controller", seed) == SETTINGS["dre"](setting)
        assert trained_setting(mine, "square", seed) == SETTINGS["square"](setting)


def test_drawn_scores_are_a_task_that_knows_nothing_of_estimators():
    for trained in ((), ("shapes_cnn",)):
        first = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", {"trained": trained}))[0]
        assert set(first.parameters) == {"eta", "h", "maps", "side", "scale", "seed"}
    assert len(EXPERIMENT.tasks(EXPERIMENT.configure("embedded", {"trained": ()}))) == 1


def test_a_row_per_training_mapping_and_image(rows):
    assert (
        rows.groupby(["distribution", "method"])["map"].nunique() == rows["map"].nunique()
    ).all()
    assert len(rows) == 2 * 2 * rows["map"].nunique()
    assert set(rows["method"]) == {"controller", "square"}
    assert set(rows["distribution"]) == {"trained, seed 0", "trained, seed 1"}


def test_the_controller_keeps_the_order_of_a_generators_scores(rows):
    by_method = dict(iter(rows.groupby("method")))
    assert by_method["controller"]["spearman"].min() > 1 - 1e-6
    assert by_method["square"]["spearman"].max() < 0.999
    assert by_method["controller"]["spearman_upsampled"].max() < 1


@pytest.mark.parametrize("head", ["controller", "square"])
def test_values_are_those_of_the_estimators_maps(rows, task, head):
    chosen = select_task(task.parameters)
    found = estimator(trained_setting(task.parameters, head, 1))
    mine = rows[(rows["method"] == head) & (rows["distribution"] == "trained, seed 1")]
    assert mine["map"].tolist() == list(chosen.indices)
    model, pictures, targets = chosen.inputs
    maps = RelevanceMask(found)(model, pictures, targets)
    expected = faithfulness(model, pictures, maps[:, 0], targets, seeds=chosen.seeds).value
    np.testing.assert_allclose(mine["faithfulness"], expected.numpy())
    masks = found.masks(model, pictures, targets)
    ranks = [
        stats.spearmanr(before.ravel(), after.ravel()).statistic
        for before, after in zip(scores_of(found, chosen), masks.cpu(), strict=True)
    ]
    np.testing.assert_allclose(mine["spearman"], ranks, atol=1e-6)


def test_without_an_image_there_is_no_row(monkeypatch):
    (_, task) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", {**QUICK, "n_images": 1}))
    monkeypatch.setattr(
        "saliency_audit.study.selection._classify",
        lambda model, pictures, labels: (labels < 0, pictures.new_zeros(len(labels))),
    )
    outcome = EXPERIMENT.compute(task)
    assert outcome.rows.empty
    assert list(outcome.rows) == [column.name for column in EXPERIMENT.recorded]
    assert outcome.notes["misclassified"] == 1
