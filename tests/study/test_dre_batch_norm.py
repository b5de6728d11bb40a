"""Batch normalisation in either mode: what is trained, and what training leaves of a classifier."""

import pytest
import torch
from torch import nn

from saliency_audit.digests import state_digest
from saliency_audit.models import load_classifier
from saliency_audit.study import get_experiment
from saliency_audit.study.estimators import dre_setting, layers_of, training_pictures
from saliency_audit.study.experiments.dre_batch_norm import with_moved_statistics
from saliency_audit.study.objects import with_objects
from saliency_audit.study.selection import select_task

EXPERIMENT = get_experiment("dre_batch_norm")
QUICK = {"n_images": 6, "n_train": 64, "epochs": 1, "filter_epochs": 1, "train_seeds": "0,1"}


@pytest.fixture(scope="module")
def task():
    (found,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", QUICK))
    return found


@pytest.fixture(scope="module")
def outcome(task):
    with torch.random.fork_rng():
        return EXPERIMENT.compute(task)


def test_every_training_explains_the_same_images(outcome, task):
    chosen, _ = with_objects(select_task(task.parameters, keep="both"))
    groups = outcome.rows.groupby(["train_seed", "batch_norm"])
    assert len(groups) == 4
    for _, group in groups:
        assert tuple(group["image"]) == chosen.indices
        assert group["correct"].tolist() == chosen.correct.long().tolist()
        assert group["seconds"].nunique() == 1


def test_evaluation_mode_leaves_the_classifier_as_it_was(outcome):
    rows = outcome.rows[outcome.rows["batch_norm"] == "evaluation"]
    assert rows["correct_after"].tolist() == rows["correct"].tolist()
    assert state_digest(load_classifier("normed_shapes_cnn")) == outcome.notes["model_sha256"]


def test_masks_differ_by_the_mode_they_were_trained_in(outcome):
    both = outcome.rows.pivot(
        index=["train_seed", "image"], columns="batch_norm", values="explainability"
    )
    assert (both["batch"] != both["evaluation"]).any()


def test_only_running_statistics_move():
    from saliency_audit.attributions.relevance import EstimatorPlan, train_relevance_estimator

    model, pictures = load_classifier("normed_shapes_cnn"), training_pictures("shapes_cnn", 64)
    layers = layers_of("normed_shapes_cnn", model, pictures[:1])
    plan = EstimatorPlan(epochs=1)
    estimator = train_relevance_estimator(model, layers, pictures, plan=plan)
    setting = dre_setting("normed_shapes_cnn", 64, 1, 1, 0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    moved = with_moved_statistics(model, estimator, pictures, setting)
    assert not any(part.training for part in moved.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    changed = {
        name for name, value in moved.state_dict().items() if not torch.equal(value, before[name])
    }
    norms = [name for name, part in moved.named_modules() if isinstance(part, nn.BatchNorm2d)]
    parts = ("running_mean", "running_var", "num_batches_tracked")
    assert changed == {f"{name}.{part}" for name in norms for part in parts}
