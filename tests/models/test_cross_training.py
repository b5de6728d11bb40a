"""Cross-training: what each predictor has seen, what is kept, and what a killed run loses."""

import threading
from dataclasses import replace

import pytest
import torch

from saliency_audit.models import TrainingPlan, cross_training, state_digest
from saliency_audit.models.cross_training import (
    CrossTraining,
    folded_images,
    predictor,
    weights_folder,
)

SETTING = CrossTraining(
    images="digits_train",
    architecture="small",
    plan=TrainingPlan(epochs=8, learning_rate=0.005),
    n_images=200,
    folds=4,
)


@pytest.fixture
def seen(project, monkeypatch):
    """What each training was given."""
    given = []
    real = cross_training.train

    def watch(build, images, labels, plan, **options):
        given.append((images, labels, plan))
        return real(build, images, labels, plan, **options)

    monkeypatch.setattr(cross_training, "train", watch)
    return given


def test_a_predictor_sees_all_folds_but_its_own(seen):
    data = folded_images("digits_train", 200, 4, 0)
    for fold in range(4):
        found = predictor(SETTING, fold)
        images, labels, plan = seen[-1]
        others = data.folds != fold
        assert torch.equal(images, data.pictures[others])
        assert torch.equal(labels, data.labels[others])
        assert plan.seed == fold
        with torch.no_grad():
            answers = found.model(data.pictures[~others]).argmax(dim=1)
        assert found.correct == int((answers == data.labels[~others]).sum())
        assert found.held_out == int((~others).sum()) == 50
        assert found.accuracy > 0.3  # of ten classes


def test_the_same_images_have_the_same_folds_whatever_the_network(project):
    data = folded_images("digits_train", 200, 4, 0)
    assert len(data.pictures) == len(set(data.indices)) == 200
    assert torch.bincount(data.folds).tolist() == [50] * 4
    other = folded_images("digits_train", 200, 4, 1)
    assert set(other.indices) != set(data.indices)


def test_what_is_kept_is_not_trained_again(seen):
    first = predictor(SETTING, 0)
    again = predictor(SETTING, 0)
    assert len(seen) == 1
    assert state_digest(again.model) == state_digest(first.model)
    assert (again.correct, again.held_out) == (first.correct, first.held_out)
    predictor(SETTING, 1)
    assert len(seen) == 2


@pytest.mark.parametrize("damage", [b"", b"half a file"])
def test_a_damaged_file_is_made_again(seen, damage):
    first = predictor(SETTING, 0)
    (weights_folder(SETTING) / "fold-0.pt").write_bytes(damage)
    assert state_digest(predictor(SETTING, 0).model) == state_digest(first.model)
    assert len(seen) == 2


def test_weights_of_other_images_or_layers_are_made_again(seen, monkeypatch):
    predictor(SETTING, 0)
    path = weights_folder(SETTING) / "fold-0.pt"
    kept = torch.load(path, weights_only=True)
    torch.save({**kept, "data": "other images"}, path)
    predictor(SETTING, 0)
    assert len(seen) == 2
    torch.save({**kept, "state": {"other": torch.zeros(1)}}, path)
    predictor(SETTING, 0)
    assert len(seen) == 3
    predictor(SETTING, 0)
    assert len(seen) == 3


def test_two_runs_do_not_train_the_same_predictor(seen):
    threads = [threading.Thread(target=predictor, args=(SETTING, 2)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 1


def test_another_setting_has_another_folder(project):
    settings = [
        SETTING,
        replace(SETTING, switched=0.1),
        replace(SETTING, n_images=100),
        replace(SETTING, plan=TrainingPlan(epochs=3)),
    ]
    assert len({weights_folder(setting) for setting in settings}) == 4


def test_switched_labels_are_trained_on_and_not_measured_with(seen):
    data = folded_images("digits_train", 200, 4, 0)
    found = predictor(replace(SETTING, switched=0.3), 1)
    _, labels, _ = seen[-1]
    kept = data.folds != 1
    share = (labels != data.labels[kept]).double().mean().item()
    assert share == pytest.approx(0.3, abs=0.08)
    with torch.no_grad():
        answers = found.model(data.pictures[~kept]).argmax(dim=1)
    assert found.correct == int((answers == data.labels[~kept]).sum())


def test_the_lipschitz_network_is_kept_in_plain_layers(project):
    setting = replace(
        SETTING,
        architecture="lipschitz-4",
        plan=TrainingPlan(epochs=1, learning_rate=0.01, temperature=50),
    )
    found = predictor(setting, 0)
    assert not any("parametriz" in name for name in found.model.state_dict())
    assert found.held_out == 50


def test_progress_is_logged(project, caplog):
    with caplog.at_level("INFO", logger="saliency_audit"):
        predictor(SETTING, 3)
    told = [record.getMessage().split(", loss")[0] for record in caplog.records]
    name = weights_folder(SETTING).name
    assert told == [f"{name}, fold 3: epoch {done} of 8" for done in range(1, 9)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_images": 5000}, "digits_train has 1198 images, 5000 were asked for"),
        ({"folds": 30}, "30 folds need 30 images of every class"),
        ({"architecture": "resnet"}, "unknown architecture 'resnet'; known: small, resnet18"),
        ({"images": "shapes"}, "'small' takes 10 classes of 1×8×8 pictures, got 8 of 3×64×64"),
    ],
)
def test_what_cannot_be_is_refused(project, change, message):
    with pytest.raises(ValueError, match=message):
        predictor(replace(SETTING, **change), 0)


def test_there_is_no_such_fold(project):
    with pytest.raises(ValueError, match=r"there are folds 0\.\.3, got 4"):
        predictor(SETTING, 4)
