"""The experiment behind IDGI-INS on the embedded digits and on a folder of pictures."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from saliency_audit.attributions import create, saliency
from saliency_audit.datasets import CATALOG, ImageSet, image_seed, open_images, read_batch
from saliency_audit.datasets.folders import open_class_folders
from saliency_audit.metrics import insertion_score
from saliency_audit.models import CLASSIFIERS, Classifier, catalog, load_classifier
from saliency_audit.study import ParameterError, compute, get_experiment, local_folder

EXPERIMENT = get_experiment("idgi_insertion")
SMALL = {"n_images": 12, "steps": 4, "slice_size": 5}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("project")
        (folder / "data" / "claims").mkdir(parents=True)
        patch.setenv("SALIENCY_PROJECT", str(folder))
        return compute(EXPERIMENT, overrides=SMALL)


def test_rows_are_tidy(rows):
    assert not rows.duplicated(["model", "path", "method", "score", "image"]).any()
    assert set(rows["method"]) == {"ig", "ig+idgi"}
    assert set(rows["score"]) == {"probability", "ratio"}
    assert rows["image"].nunique() * 4 == len(rows)
    assert 0 < rows["image"].nunique() <= 12
    assert set(rows["steps"]) == {4}
    assert rows["value"].dtype == np.float64
    wide = rows.pivot(index=["image", "method"], columns="score", values="value")
    confidence = rows.groupby(["image", "method"])["confidence"].first()
    np.testing.assert_allclose(wide["probability"] / wide["ratio"], confidence, rtol=1e-5)
    assert wide["probability"].between(0, 1).all()


def test_rows_are_what_the_library_gives_one_image_at_a_time(rows):
    images = open_images("digits")
    model = load_classifier("digits_cnn")
    for index in sorted(set(rows["image"]))[:3]:
        batch = read_batch(images, [index])
        for method in ("ig", "ig+idgi"):
            maps = create(method, steps=4)(model, batch.images, batch.labels)
            scores = insertion_score(
                model, batch.images, saliency(maps), batch.labels, seeds=[image_seed(0, index)]
            )
            chosen = rows[(rows["image"] == index) & (rows["method"] == method)]
            values = chosen.set_index("score")["value"]
            assert values["probability"] == pytest.approx(scores.probability.item(), abs=1e-5)
            assert values["ratio"] == pytest.approx(scores.ratio.item(), abs=1e-5)
            assert set(chosen["target"]) == {batch.labels.item()}
            assert set(chosen["image_name"]) == {images.names[index]}


def test_only_correctly_classified_images_enter(rows):
    images = open_images("digits")
    model = load_classifier("digits_cnn")
    batch = read_batch(images, sorted(set(rows["image"])))
    with torch.no_grad():
        assert (model(batch.images).argmax(dim=1) == batch.labels).all()


@pytest.mark.parametrize("slice_size", [1, 12])
def test_slices_change_nothing(project, rows, slice_size):
    again = compute(EXPERIMENT, overrides={**SMALL, "slice_size": slice_size})
    keys = ["image", "method", "score"]
    one, two = (frame.set_index(keys)["value"].sort_index() for frame in (rows, again))
    pd.testing.assert_series_equal(one, two, rtol=0, atol=1e-5)


def test_more_images_than_the_set_has(project):
    overrides = {"n_images": 610, "slice_size": 598, "steps": 2}
    experiment = EXPERIMENT
    tasks = experiment.tasks(experiment.configure("embedded", overrides))
    rest = experiment.compute(tasks[1])
    assert rest.notes["candidates"] == 1
    beyond = experiment.tasks(
        experiment.configure("embedded", {**overrides, "n_images": 800, "slice_size": 600})
    )[1]
    nothing = experiment.compute(beyond)
    assert nothing.notes["candidates"] == nothing.notes["used"] == 0
    assert nothing.rows.empty


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"paths": "straight"}, r"unknown paths \['straight'\]; known: ig"),
        ({"models": "resnet"}, r"unknown classifiers \['resnet'\]; known: digits_cnn"),
        ({"images": "mnits"}, "unknown image set 'mnits'; known: digits"),
        ({"reduction": "mean"}, "unknown reduction 'mean'; known: sum_abs"),
        ({"steps": 1}, "steps must be at least 2"),
        ({"n_images": 0}, "at least 1"),
        ({"slice_size": 0}, "at least 1"),
    ],
)
def test_bad_parameters_are_refused_before_any_work(overrides, message):
    with pytest.raises(ParameterError, match=message):
        EXPERIMENT.configure("embedded", overrides)


class Brightest(nn.Module):
    """Class = brightest colour channel."""

    def forward(self, images):
        return 20 * images.mean(dim=(2, 3))


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Classes red and green: three good pictures, one green picture filed as red, two corrupt."""
    folder = tmp_path / "pictures"
    colours = {"0red": (200, 30, 30), "1green": (30, 200, 30)}
    generator = np.random.default_rng(0)
    for name, colour in colours.items():
        (folder / name).mkdir(parents=True)
        for number in range(3):
            pixels = generator.integers(-25, 25, (16, 16, 3)) + np.array(colour)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.jpg")
    good = (folder / "1green" / "0.jpg").read_bytes()
    (folder / "0red" / "2.jpg").write_bytes(good)
    (folder / "0red" / "1.jpg").write_bytes(good[:200])
    (folder / "1green" / "2.jpg").write_bytes(b"")
    entry = ImageSet(
        "pictures",
        "red and green",
        "made here",
        "",
        opener=lambda root: open_class_folders("pictures", folder, 14, "", 2),
    )
    monkeypatch.setitem(CATALOG, "pictures", entry)
    monkeypatch.setitem(CLASSIFIERS, "brightest", Classifier("brightest", "brightest", Brightest))
    catalog._loaded.cache_clear()
    yield folder
    catalog._loaded.cache_clear()


@pytest.mark.parametrize("slice_size", [6, 1])
def test_corrupt_files_are_skipped_named_and_counted_in_the_manifest(project, pictures, slice_size):
    overrides = {
        "images": "pictures",
        "models": "brightest",
        "n_images": 6,
        "slice_size": slice_size,
        "steps": 3,
    }
    rows = compute(EXPERIMENT, overrides=overrides)
    folder = local_folder("idgi_insertion", "embedded", overrides)
    notes = [json.loads(path.read_text())["notes"] for path in sorted(Path(folder).glob("*.json"))]
    assert len(notes) == 6 // slice_size
    unreadable = [name for note in notes for name in note["unreadable"]]
    assert sorted(unreadable) == ["0red/1.jpg", "1green/2.jpg"]
    assert sum(note["candidates"] for note in notes) == 6
    assert sum(note["misclassified"] for note in notes) == 1
    assert sum(note["used"] for note in notes) == 3
    assert sorted(set(rows["image_name"])) == ["0red/0.jpg", "1green/0.jpg", "1green/1.jpg"]
    assert rows["value"].dtype == np.float64
    assert len(rows) == 3 * 2 * 2


def test_a_missing_data_root_stops_the_run_with_the_remedy(project, tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError, match="`saliency-audit data check imagenet_sample`"):
        compute(EXPERIMENT, overrides={"images": "imagenet_sample"})
