"""Estimators of the DRE study: kept where they were trained, shipped in half precision."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pandas as pd
import pytest
import torch
import torchvision
from PIL import Image

from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.relevance import train_relevance_estimator
from saliency_audit.attributions.relevance.generator import MaskGenerator
from saliency_audit.attributions.relevance.pyramid import feature_maps
from saliency_audit.datasets import CATALOG
from saliency_audit.datasets.decoding import UnreadablePictureError
from saliency_audit.datasets.folders import open_class_folders
from saliency_audit.files import held
from saliency_audit.models import CLASSIFIERS, load_classifier, state_digest
from saliency_audit.models.normalized import Normalized, Restricted
from saliency_audit.study import Outcome, Task, estimators
from saliency_audit.study.estimators import (
    Read,
    dre_setting,
    estimator,
    layers_of,
    noting_estimators,
    ship,
    training_pictures,
)

QUICK = dre_setting("shapes_cnn", 64, 1, 1, 0)


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(estimators, "project_root", lambda: tmp_path)
    estimators._kept_or_trained.cache_clear()
    yield tmp_path
    estimators._kept_or_trained.cache_clear()


def test_rows_note_the_estimators_that_they_come_from(project):
    @noting_estimators
    def compute(task):
        if task.parameters["asked"]:
            estimator(QUICK)
        return Outcome(pd.DataFrame(), {"used": 3})

    none = compute(Task("none", {"asked": False}))
    first, again = (compute(Task("one", {"asked": True})) for _ in range(2))
    assert none.notes == {"used": 3, "estimators": {}}
    assert first.notes == again.notes
    assert first.notes["estimators"] == {
        QUICK.shipped.name: state_digest(estimator(QUICK).generator)
    }
    ship(QUICK)
    rounded = compute(Task("one", {"asked": True}))
    assert rounded.notes["estimators"].keys() == first.notes["estimators"].keys()
    assert rounded.notes != first.notes


def test_a_shipped_estimator_is_found_first_and_is_the_trained_one_rounded(project):
    trained = estimator(QUICK)
    assert QUICK.file.is_file()
    path = ship(QUICK)
    assert path == QUICK.shipped
    assert path.stat().st_size < 0.6 * QUICK.file.stat().st_size
    QUICK.file.unlink()
    shipped = estimator(QUICK)
    assert not QUICK.file.exists()
    pairs = zip(
        trained.generator.state_dict().values(),
        shipped.generator.state_dict().values(),
        strict=True,
    )
    for ours, theirs in pairs:
        assert torch.equal(ours.half().to(theirs.dtype), theirs)
    images = training_pictures("shapes_cnn", 4)
    model = load_classifier("shapes_cnn")
    targets = torch.tensor([0, 1, 2, 3])
    torch.testing.assert_close(
        shipped.masks(model, images, targets),
        trained.masks(model, images, targets),
        atol=0.02,
        rtol=0.0,
    )


class Killed(Exception):
    pass


def test_a_killed_training_goes_on_from_its_checkpoint_and_lets_others_go_on(project, monkeypatch):
    told = []

    def kill(message, name, stage, *more):
        told.append(stage)
        raise Killed

    monkeypatch.setattr(estimators.logger, "info", kill)
    with pytest.raises(Killed):
        estimator(QUICK)
    checkpoint = QUICK.file.with_suffix(".checkpoint")
    lock = QUICK.file.with_name(f".{QUICK.file.name}.lock")
    assert {path.name for path in QUICK.file.parent.iterdir()} == {checkpoint.name, lock.name}
    with held(lock, wait=False) as free:
        assert free
    monkeypatch.setattr(estimators.logger, "info", lambda *about: told.append(about[2]))
    resumed = estimator(QUICK)
    assert told == ["filter", "masks"]  # nothing twice
    assert not checkpoint.exists()
    QUICK.file.unlink()
    estimators._kept_or_trained.cache_clear()
    assert estimator(QUICK).digest == resumed.digest
    assert told == ["filter", "masks"] * 2


def test_two_runs_never_train_the_same_one_at_once(project, monkeypatch):
    told = []
    monkeypatch.setattr(estimators.logger, "info", lambda *about: told.append(about[2]))
    with ThreadPoolExecutor(2) as runs:
        first, second = runs.map(estimators._kept_or_trained.__wrapped__, [QUICK, QUICK])
    assert told == ["filter", "masks"]
    assert first.digest == second.digest


@pytest.mark.parametrize(
    ("name", "sides", "channels", "cells"),
    [
        ("resnet50", (56, 28, 14, 7), (256, 512, 1024, 2048), (256, 128, 64)),
        ("vgg19", (56, 28, 14, 7), (128, 256, 512, 512), (256, 128, 64)),
        ("googlenet", (56, 28, 14, 7), (192, 480, 832, 1024), (416, 240, 96)),
    ],
)
@pytest.mark.parametrize("variant", ["", "_birds200"])
def test_generators_of_the_papers_networks_have_its_sizes(name, variant, sides, channels, cells):
    options = {"init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        network = Normalized(
            torchvision.models.get_model(name, weights=None, **options), (0.0,) * 3, (1.0,) * 3
        ).eval()
    name += variant
    with torch.device("meta"):
        images = torch.rand(1, 3, 224, 224)
        layers = layers_of(name, network, images)
        with frozen(network):
            _, maps = feature_maps(network, images, layers)
        design = dre_setting(name, 64, 1, 1, 0).design
        generator = MaskGenerator(1000, channels, design)
    assert tuple(part.shape[2] for part in maps) == sides
    assert tuple(part.shape[1] for part in maps) == channels
    assert tuple(cell.shortcut.out_channels for cell in generator.cells) == cells


def test_the_papers_layers_are_found_behind_further_wrappers():
    with torch.device("meta"):
        network = torchvision.models.get_model("vgg19", weights=None)
        whole = Restricted(Normalized(network, (0.0,) * 3, (1.0,) * 3), range(9)).eval()
        images = torch.rand(1, 3, 224, 224)
        found = layers_of("vgg19", whole, images)
    assert found == tuple(f"model.model.features.{number}" for number in (9, 18, 27, 36))


def test_every_set_to_train_masks_on_can_be_opened():
    for model, images in estimators.TRAINING_SETS.items():
        assert model in CLASSIFIERS
        assert images in CATALOG


def test_settings_have_files_of_their_own():
    others = [replace(QUICK, n_train=65), dre_setting("shapes_cnn", 64, 1, 1, 1)]
    assert len({each.shipped for each in (QUICK, *others)}) == 3
    assert len({each.file for each in (QUICK, *others)}) == 3


def test_weights_that_leave_half_precision_are_not_shipped(project):
    with torch.no_grad():
        next(iter(estimator(QUICK).generator.parameters())).fill_(1e6)
    with pytest.raises(ValueError, match="do not fit into half precision"):
        ship(QUICK)


def test_a_classifier_without_training_pictures_is_refused():
    with pytest.raises(ValueError, match="to train masks on 'vgg16'; known: mobilenet_v2_tiny200"):
        training_pictures("vgg16", 3)


@pytest.mark.data("tiny200_train")
def test_pictures_of_tiny_imagenet_are_read_when_asked_for(data_root):
    pictures = training_pictures("efficientnet_lite0_tiny200", 300)
    assert len(pictures) == 300
    assert pictures[0].shape == (3, 128, 128)
    # The order is the study's, which mixes the classes.
    assert len({pictures.images.labels[number] for number in pictures.chosen}) > 100
    with pytest.raises(ValueError, match="tiny200_train has 20000 pictures, 20001 were asked for"):
        training_pictures("efficientnet_lite0_tiny200", 20001)


def test_a_broken_training_picture_is_named(tmp_path):
    for number in range(4):
        path = tmp_path / "one" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (80, 64), (60 * number, 0, 0)).save(path)
    path.write_bytes(path.read_bytes()[:-30])
    images = Read(open_class_folders("few", tmp_path, 64, "", 1), (0, 1, 3, 2))
    model = load_classifier("shapes_cnn")
    layers = layers_of("shapes_cnn", model, images[0][None])
    with pytest.raises(UnreadablePictureError, match=r"one/3\.png cannot be read as a picture"):
        train_relevance_estimator(model, layers, images)
