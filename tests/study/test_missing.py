"""What an experiment reads and what is not here is found before its first task."""

import shutil
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from PIL import Image
from torchvision.models import WeightsEnum

from saliency_audit.datasets import CATALOG, MissingDataError, open_images
from saliency_audit.datasets.tiny_imagenet_classes import IMAGENET_INDEX
from saliency_audit.models import CLASSIFIERS, catalog
from saliency_audit.models.catalog import look_for_weights
from saliency_audit.models.meso import meso4
from saliency_audit.study import ParameterError, compute, get_experiment
from saliency_audit.study.estimators import dre_setting, mgnet_setting
from saliency_audit.study.inputs import Inputs
from saliency_audit.study.missing import refuse_missing
from saliency_audit.study.registry import available


class Computed(Exception):
    """A task was begun."""


def begin(task):
    raise Computed(task.name)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty data root; nothing can be downloaded."""
    folder = tmp_path / "root"
    folder.mkdir()
    monkeypatch.setenv("SALIENCY_DATA", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    tried = []

    def refuse(self, *arguments, **settings):
        tried.append(self)
        raise URLError("no network in tests")

    monkeypatch.setattr(WeightsEnum, "get_state_dict", refuse)
    catalog._loaded.cache_clear()
    yield folder
    catalog._loaded.cache_clear()


def words(value):
    """All text in the parameters of a task."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (word for each in value.values() for word in words(each))
    elif isinstance(value, list | tuple):
        yield from (word for each in value for word in words(each))


def is_absent(name):
    looks = ((CATALOG, open_images), (CLASSIFIERS, look_for_weights))
    for names, look in looks:
        if name in names:
            try:
                look(name)
            except MissingDataError:
                return True
    return False


@pytest.mark.parametrize("name", available())
def test_no_experiment_begins_without_what_its_tasks_name(root, project, name):
    experiment = get_experiment(name)
    named = {}
    for profile in experiment.profiles:
        tasks = experiment.tasks(experiment.configure(profile))
        given = [dict(task.parameters) for task in tasks]
        for each in given:
            if "degradation" in each:
                each.pop("model")  # an architecture
        named[profile] = {word for each in given for word in words(each)}
    absent = {word for each in named.values() for word in each if is_absent(word)}
    for profile in experiment.profiles:
        lacks = bool(named[profile] & absent)
        with pytest.raises(MissingDataError if lacks else Computed):
            compute(replace(experiment, compute=begin), profile)
    assert not list((project / "runs").rglob("*.parquet"))


@pytest.mark.parametrize("record", [False, True])
def test_recorded_rows_are_not_begun_either(root, project, record):
    experiment = replace(get_experiment("idgi_scores"), compute=begin)
    with pytest.raises(MissingDataError, match="imagenet_sample"):
        compute(experiment, "reference", record=record)


# Kinds of what is missing


@pytest.mark.parametrize(("chosen", "why"), [(True, "as SALIENCY_DATA says"), (False, "not set")])
def test_a_data_root(root, monkeypatch, chosen, why):
    place = root / "nowhere" if chosen else root / ".cache" / "saliency-audit"
    if chosen:
        monkeypatch.setenv("SALIENCY_DATA", str(place))
    else:
        monkeypatch.delenv("SALIENCY_DATA")
        monkeypatch.setattr(Path, "home", lambda: root)
    with pytest.raises(MissingDataError, match=f"there is no data root {place} .*{why}") as refusal:
        refuse_missing([Inputs(images=("digits", "imagenet_sample"))])
    first, *others = str(refusal.value).splitlines()
    assert "set SALIENCY_DATA to the folder of image sets and weights" in first
    assert len(others) == 1
    assert "saliency-audit data check imagenet_sample" in others[0]
    refuse_missing([Inputs(images=("digits", "shapes"), models=("shapes_cnn",))])


def test_image_sets_all_at_once(root):
    sets = ("imagenet_sample", "tiny200_val", "mnist_test")
    with pytest.raises(MissingDataError) as refusal:
        refuse_missing([Inputs(images=(name, "digits")) for name in (*sets, *sets)])
    lines = str(refusal.value).splitlines()
    assert len(lines) == len(sets)
    for name, line in zip(sets, lines, strict=True):
        assert f"image set {name!r}" in line
        assert "Unpack it into the data root" in line


def test_boxes_of_an_image_set(root):
    for number in range(1000):
        (place := root / "imagenet" / "val" / f"n{number:08d}").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(place / "one.JPEG")
    refuse_missing([Inputs(images=("imagenet_val",))])
    with pytest.raises(MissingDataError, match="'imagenet_val': its boxes are not in"):
        refuse_missing([Inputs(images=("imagenet_val",), objects=True)])
    task = {"images": "imagenet_val", "model": "shapes_cnn", "explained": (), "methods": ()}
    for name in ("ggig_sparse", "ggig_background", "dre_scores", "dre_misclassified"):
        with pytest.raises(MissingDataError, match="its boxes are not in"):
            refuse_missing([get_experiment(name).reads(task)])


def test_weights(root):
    names = ("meso4_df", "mobilenet_v2", "resnet50_birds200", "mobilenet_v2_tiny200")
    with pytest.raises(MissingDataError) as refusal:
        refuse_missing([Inputs(models=(*names, "shapes_cnn"))])
    said = str(refusal.value)
    assert said.count("weights of") == 3
    for name in names[:3]:
        assert f"weights of {name!r}" in said
    (root / "weights").mkdir()
    torch.save(meso4().state_dict(), root / "weights" / "meso4_df.pth")
    refuse_missing([Inputs(models=("meso4_df",))])


def test_nothing_is_downloaded_while_an_image_set_is_missing(root, monkeypatch):
    tried = []
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda *given, **more: tried.append(given))
    with pytest.raises(MissingDataError, match="imagenet_sample"):
        refuse_missing([Inputs(images=("imagenet_sample",), models=("mobilenet_v2",))])
    assert not tried


def test_pictures_that_a_network_is_trained_on(root, project):
    with pytest.raises(MissingDataError, match="image set 'standin_swap_train'"):
        refuse_missing([Inputs(models=("faces_cnn_swap",))])
    (project / "data" / "networks").mkdir()
    (project / "data" / "networks" / "faces_cnn_swap.pth").touch()  # shipped: not trained
    refuse_missing([Inputs(models=("faces_cnn_swap",))])


TRAINING = {"n_train": 20, "epochs": 1, "filter_epochs": 1}
EXPLAINED = {"explained": ("dre", "mgnet", "gradcam"), "train_seed": 0}
# What the tasks of the experiments say that train estimators, beside classifier and images.
TRAINED = {
    "dre_scores": EXPLAINED,
    "dre_backgrounds": EXPLAINED,
    "dre_cost": EXPLAINED,
    "dre_cutouts": EXPLAINED,
    "dre_pictures": EXPLAINED,
    "dre_misclassified": EXPLAINED,
    "dre_settings": {"settings": ("dre", "square"), "train_seeds": (0, 1)},
    "dre_monotony": {"train_seeds": (0,), "eta": 1.5, "h": 2.5},
    "dre_training": {},
    "dre_batch_norm": {},
}


def tiny_training_set(root):
    """A picture of each class."""
    for wnid in IMAGENET_INDEX:
        place = root / "tiny-imagenet-200" / "train" / wnid
        (place / "images").mkdir(parents=True)
        (place / f"{wnid}_boxes.txt").write_text(f"{wnid}_0.JPEG\t0\t0\t9\t9")
        (place / "images" / f"{wnid}_0.JPEG").touch()


@pytest.mark.parametrize("name", TRAINED)
def test_pictures_that_estimators_are_trained_on(root, project, name):
    given = {"model": "efficientnet_lite0_tiny200", "images": "digits", **TRAINING, **TRAINED[name]}
    reads = get_experiment(name).reads
    with pytest.raises(MissingDataError, match="image set 'tiny200_train'"):
        refuse_missing([reads(given)])
    tiny_training_set(root)
    refuse_missing([reads(given)])
    with pytest.raises(ParameterError, match="has 200 pictures, 201 were asked for"):
        refuse_missing([reads({**given, "n_train": 201})])
    with pytest.raises(ParameterError, match="unknown classifier with pictures to train masks on"):
        refuse_missing([reads({**given, "model": "digits_cnn"})])
    refuse_missing([reads({**given, "model": "shapes_cnn"})])


def test_every_experiment_that_trains_estimators_is_looked_at():
    train = set()
    for experiment in map(get_experiment, available()):
        for profile in experiment.profiles:
            for task in experiment.tasks(experiment.configure(profile)):
                keys = task.parameters.keys()
                if {"model", "n_train"} <= keys and "degradation" not in keys:
                    train.add(experiment.name)
    assert train == set(TRAINED)


def test_estimators_that_are_here_need_no_pictures(root, project):
    name = "efficientnet_lite0_tiny200"
    given = {"model": name, "images": "digits", **TRAINING, **EXPLAINED}
    setting = dre_setting(name, 20, 1, 1, 0)
    for each in (setting, mgnet_setting(setting)):
        with pytest.raises(MissingDataError, match="tiny200_train"):
            refuse_missing([get_experiment("dre_scores").reads(given)])
        each.shipped.parent.mkdir(parents=True, exist_ok=True)
        each.shipped.touch()
    refuse_missing([get_experiment("dre_scores").reads(given)])
    mgnet_setting(setting).shipped.unlink()
    mgnet_setting(setting).file.parent.mkdir(parents=True)
    mgnet_setting(setting).file.touch()  # kept by this machine
    refuse_missing([get_experiment("dre_scores").reads(given)])


def test_rows_that_are_here_need_nothing(toy, project, root):
    plain = toy.tasks

    def reading(parameters):
        return [
            replace(task, parameters={**task.parameters, "images": "pictures_of_two"})
            for task in plain(parameters)
        ]

    toy.tasks = reading
    folder = root / "two"
    folder.mkdir()

    def opener(where):
        if not folder.is_dir():
            raise MissingDataError("they are gone")
        return open_images("digits")

    entry = replace(CATALOG["digits"], name="pictures_of_two", opener=opener)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CATALOG, "pictures_of_two", entry)
        rows = compute(toy.experiment())
        toy.computed.clear()
        shutil.rmtree(folder)
        assert compute(toy.experiment()).equals(rows)
        with pytest.raises(MissingDataError, match="they are gone"):
            compute(toy.experiment(version=2))
    assert toy.computed == []
