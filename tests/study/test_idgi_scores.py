"""The experiment behind four claims: small networks, a folder of pictures, ImageNet's layout."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torchvision.models import mobilenet_v2

from saliency_audit.attributions import create, saliency
from saliency_audit.datasets import MissingDataError, image_seed, open_images, read_batch
from saliency_audit.metrics import information_points, insertion_score
from saliency_audit.models import catalog, load_classifier
from saliency_audit.study import ParameterError, compute, get_experiment, local_folder

EXPERIMENT = get_experiment("idgi_scores")
# The untrained network is right about the fourth and the seventh candidate.
SMALL = {
    "models": "untrained",
    "images": "shapes",
    "n_images": 8,
    "steps": 4,
    "sweep": [2, 4],
    "n_sweep": 4,
    "reveal": 8,
    "slice_size": 4,
}
KEYS = ["model", "path", "method", "steps", "image"]
CURVES = ["ic_entropy", "ic_ms_ssim", "ic_probability", "ic_correct"]
METHODS = {"ig", "ig+idgi", "gig", "gig+idgi", "blurig", "blurig+idgi"}


def configured(**overrides):
    return EXPERIMENT.configure("embedded", overrides)


@pytest.fixture(scope="module")
def rows(tmp_path_factory, untrained):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("project")
        (folder / "data" / "claims").mkdir(parents=True)
        patch.setenv("SALIENCY_PROJECT", str(folder))
        return compute(EXPERIMENT, overrides=SMALL)


def test_rows_are_tidy(rows):
    assert not rows.duplicated(KEYS).any()
    assert set(rows["method"]) == METHODS
    assert (rows["method"].str.removesuffix("+idgi") == rows["path"]).all()
    assert set(rows["images"]) == {"shapes"}
    assert rows["probability"].dtype == rows["ratio"].dtype == np.float64
    assert rows["probability"].between(0, 1).all()
    np.testing.assert_allclose(rows["probability"] / rows["ratio"], rows["confidence"], rtol=1e-5)
    for name in CURVES:
        lists = np.stack(rows[name])
        assert lists.shape == (len(rows), 15)
        assert np.isfinite(lists).all()
    # The ends are the same for all maps of an image; a map changes what lies between.
    for _, group in rows.groupby("image"):
        entropy = np.stack(group["ic_entropy"])
        assert (entropy[:, [0, -1]] == entropy[0, [0, -1]]).all()
        assert len(np.unique(entropy[:, 1:-1], axis=0)) > 1


def test_every_candidate_is_explained_at_steps_and_the_first_ones_at_the_sweep(rows):
    steps = rows.groupby("image")["steps"].agg(lambda values: tuple(sorted(set(values))))
    assert sorted(steps) == [(2, 4), (4,)]


@pytest.mark.parametrize(("n_sweep", "swept"), [(0, 0), (4, 1), (8, 2), (100, 3)])
def test_sweep_tasks_are_those_of_the_first_candidates(n_sweep, swept):
    setting = configured(n_images=10, slice_size=4, steps=16, sweep=[8, 16], n_sweep=n_sweep)
    tasks = [task for task in EXPERIMENT.tasks(setting) if task.name.startswith("digits_cnn-ig-")]
    assert [task.parameters["first"] for task in tasks] == [0, 4, 8]
    steps = [task.parameters["steps"] for task in tasks]
    assert steps == [(8, 16)] * swept + [(16,)] * (3 - swept)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_rows_are_what_the_library_gives_one_image_at_a_time(rows, method, untrained):
    model, images = load_classifier(untrained), open_images("shapes")
    options = {"max_sigma": 50 * 64 / 224} if "blurig" in method else {}
    for index in sorted(set(rows["image"])):
        batch, seeds = read_batch(images, [index]), [image_seed(0, index)]
        salient = saliency(create(method, steps=4, **options)(model, batch.images, batch.labels))
        scores = insertion_score(
            model, batch.images, salient, batch.labels, seeds=seeds, pixels_per_step=8 * 64
        )
        points = information_points(
            model, batch.images, salient, batch.labels, seeds=seeds, mode="fast"
        )
        chosen = rows[(rows["image"] == index) & (rows["method"] == method) & (rows["steps"] == 4)]
        (row,) = chosen.to_dict("records")
        assert row["probability"] == pytest.approx(scores.probability.item(), abs=1e-5)
        assert row["ratio"] == pytest.approx(scores.ratio.item(), abs=1e-5)
        for name in CURVES:
            measured = getattr(points, name.removeprefix("ic_"))[0]
            np.testing.assert_allclose(row[name], measured, rtol=1e-3, err_msg=name)
        assert row["target"] == batch.labels.item()
        assert row["image_name"] == images.names[index]


def test_only_correctly_classified_images_enter(rows, untrained):
    batch = read_batch(open_images("shapes"), sorted(set(rows["image"])))
    with torch.no_grad():
        assert (load_classifier(untrained)(batch.images).argmax(dim=1) == batch.labels).all()


@pytest.mark.parametrize("slice_size", [2, 8])
def test_slices_change_nothing(project, rows, slice_size):
    overrides = {**SMALL, "slice_size": slice_size, "n_sweep": 8 if slice_size == 8 else 4}
    again = compute(EXPERIMENT, overrides=overrides)
    one, two = (frame.set_index(KEYS).sort_index() for frame in (rows, again))
    two = two.loc[one.index]
    for name in ("confidence", "probability", "ratio"):
        pd.testing.assert_series_equal(one[name], two[name], rtol=0, atol=1e-5)
    for name in CURVES:
        np.testing.assert_allclose(np.stack(one[name]), np.stack(two[name]), rtol=1e-3)


def test_pictures_too_small_for_a_curve_have_none(project):
    overrides = {"models": "digits_cnn", "n_images": 2, "slice_size": 2, "n_sweep": 0, "steps": 2}
    rows = compute(EXPERIMENT, overrides={**overrides, "paths": "ig"})
    assert len(rows) > 0
    assert rows[CURVES].isna().all(axis=None)
    assert rows["probability"].notna().all()


def test_more_images_than_the_set_has():
    overrides = {"models": "digits_cnn", "paths": "ig", "steps": 2, "n_sweep": 0}
    rest = EXPERIMENT.tasks(configured(**overrides, n_images=610, slice_size=598))[1]
    assert EXPERIMENT.compute(rest).notes["candidates"] == 1
    beyond = EXPERIMENT.tasks(configured(**overrides, n_images=800, slice_size=600))[1]
    nothing = EXPERIMENT.compute(beyond)
    assert nothing.notes["candidates"] == nothing.notes["used"] == 0
    assert nothing.rows.empty
    assert list(nothing.rows.columns)[:5] == ["model", "images", "path", "method", "steps"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"paths": "straight"}, r"unknown paths \['straight'\]; known: ig, gig, blurig"),
        ({"models": "resnet"}, r"unknown classifiers \['resnet'\]; known: dig"),
        ({"models": "vgg16"}, "vgg16 has no image set of its own; name one with `images`"),
        ({"images": "mnits"}, "unknown image set 'mnits'; known: digits"),
        ({"reduction": "mean"}, "unknown reduction 'mean'; known: sum_abs"),
        ({"information": "quick"}, "information must be exact or fast, got 'quick'"),
        ({"steps": 1}, "steps must be at least 2"),
        ({"sweep": [8, 1]}, "steps must be at least 2"),
        ({"n_images": 0}, "n_images must be at least 1, got 0"),
        ({"slice_size": 0}, "slice_size must be at least 1, got 0"),
        ({"reveal": 0}, "reveal must be at least 1, got 0"),
        ({"n_sweep": -1}, "n_sweep must be at least 0, got -1"),
        ({"n_sweep": 13, "slice_size": 5}, "n_sweep must be a multiple of slice_size"),
    ],
)
def test_bad_parameters_are_refused_before_any_work(overrides, message):
    with pytest.raises(ParameterError, match=message):
        configured(**overrides)


@pytest.mark.parametrize("slice_size", [6, 1])
def test_corrupt_files_are_skipped_named_and_counted_in_the_manifest(project, pictures, slice_size):
    overrides = {
        "images": "pictures",
        "models": "brightest",
        "paths": "ig",
        "n_images": 6,
        "n_sweep": 0,
        "slice_size": slice_size,
        "steps": 3,
    }
    rows = compute(EXPERIMENT, overrides=overrides)
    folder = local_folder("idgi_scores", "embedded", overrides)
    notes = [json.loads(path.read_text())["notes"] for path in sorted(Path(folder).glob("*.json"))]
    assert len(notes) == 6 // slice_size
    unreadable = [name for note in notes for name in note["unreadable"]]
    assert sorted(unreadable) == ["0red/1.jpg", "1green/2.jpg"]
    assert sum(note["candidates"] for note in notes) == 6
    assert sum(note["misclassified"] for note in notes) == 1
    assert sum(note["used"] for note in notes) == 3
    assert sorted(set(rows["image_name"])) == ["0red/0.jpg", "1green/0.jpg", "1green/1.jpg"]
    assert rows["probability"].dtype == np.float64
    assert len(rows) == 3 * 2


def test_a_missing_data_root_stops_the_run_with_the_remedy(project, tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path / "empty"))
    with pytest.raises(MissingDataError, match="`saliency-audit data check imagenet_sample`"):
        compute(EXPERIMENT, overrides={"images": "imagenet_sample"})


@pytest.fixture
def imagenet(tmp_path, monkeypatch):
    """ImageNet's validation folder with three pictures, and weights that always say class 2."""
    root = tmp_path / "data_root"
    for number in range(1000):
        (root / "imagenet" / "val" / f"n{number:08d}").mkdir(parents=True)
    generator = np.random.default_rng(0)
    for label, name in ((2, "good.JPEG"), (2, "cut.JPEG"), (7, "other.JPEG")):
        path = root / "imagenet" / "val" / f"n{label:08d}" / name
        pixels = generator.integers(0, 255, (8, 10, 3)).astype(np.uint8)
        Image.fromarray(pixels).resize((300, 260)).save(path, "JPEG")
    cut = root / "imagenet" / "val" / "n00000002" / "cut.JPEG"
    cut.write_bytes(cut.read_bytes()[:300])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = mobilenet_v2(weights=None)
    network.classifier[1].bias.data[2] += 3
    (root / "weights").mkdir()
    torch.save(network.state_dict(), root / "weights" / "mobilenet_v2_imagenet.pth")
    monkeypatch.setenv("SALIENCY_DATA", str(root))
    catalog._loaded.cache_clear()
    yield root
    catalog._loaded.cache_clear()


def test_the_paper_profile_runs_on_a_folder_of_imagenets_layout(project, imagenet):
    overrides = {
        "models": "mobilenet_v2",
        "paths": "ig",
        "n_images": 3,
        "steps": 2,
        "sweep": [2],
        "reveal": 112,
    }
    setting = EXPERIMENT.configure("paper", overrides)
    assert (setting.images, setting.information) == ("imagenet_val", "exact")
    rows = compute(EXPERIMENT, "paper", overrides)
    assert rows["method"].tolist() == ["ig", "ig+idgi"]
    assert set(rows["image_name"]) == {"n00000002/good.JPEG"}
    assert set(rows["target"]) == {2}
    assert np.isfinite(np.stack(rows["ic_ms_ssim"])).all()
    (path,) = local_folder("idgi_scores", "paper", overrides).glob("*.json")
    manifest = json.loads(path.read_text())
    assert manifest["parameters"]["information"] == "exact"
    assert {name: manifest["notes"][name] for name in ("candidates", "used", "misclassified")} == {
        "candidates": 3,
        "used": 1,
        "misclassified": 1,
    }
    assert manifest["notes"]["unreadable"] == ["n00000002/cut.JPEG"]
