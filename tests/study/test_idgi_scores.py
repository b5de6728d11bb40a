"""The experiment behind four claims: small networks, a folder of pictures, ImageNet's layout.

On the last, the paper profiles of the other experiments run too.
"""

import json
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import mobilenet_v2

from saliency_audit.attributions import create, saliency
from saliency_audit.datasets import MissingDataError, image_seed, open_images, read_batch
from saliency_audit.metrics import information_points, insertion_score
from saliency_audit.models import catalog, load_classifier
from saliency_audit.study import ParameterError, compute, get_experiment, local_folder
from saliency_audit.study.experiments import idgi_cost, idgi_jpeg
from saliency_audit.study.paths import PATHS

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
CURVES = ["ic_file_size", "ic_ms_ssim", "ic_probability", "ic_correct"]
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
        sizes = np.stack(group["ic_file_size"])
        assert (sizes[:, [0, -1]] == sizes[0, [0, -1]]).all()
        assert len(np.unique(sizes[:, 1:-1], axis=0)) > 1


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


@pytest.fixture(scope="module")
def imagenet_root(tmp_path_factory):
    """ImageNet's validation folder with three pictures, and weights that always say class 2."""
    root = tmp_path_factory.mktemp("data_root")
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
        # Without statistics of some pictures nothing of the input would reach the last layer.
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        network(torch.rand(8, 3, 64, 64))
    network.classifier[1].bias.data[2] += 3
    (root / "weights").mkdir()
    torch.save(network.state_dict(), root / "weights" / "mobilenet_v2_imagenet.pth")
    return root


@pytest.fixture
def imagenet(imagenet_root, monkeypatch):
    """That folder as the data root."""
    monkeypatch.setenv("SALIENCY_DATA", str(imagenet_root))
    catalog._loaded.cache_clear()
    yield imagenet_root
    catalog._loaded.cache_clear()


NOTES = {
    "candidates": 3,
    "used": 1,
    "misclassified": 1,
    "unreadable": ["n00000002/cut.JPEG"],
}


def paper_rows(name, **overrides):
    """Rows of the paper profile with MobileNetV2 on the three pictures; the manifest is checked."""
    overrides = {"models": "mobilenet_v2", **overrides}
    rows = compute(get_experiment(name), "paper", overrides)
    (path,) = local_folder(name, "paper", overrides).glob("*.json")
    manifest = json.loads(path.read_text())
    assert manifest["parameters"]["images"] == "imagenet_val"
    assert {key: manifest["notes"][key] for key in NOTES} == NOTES
    return rows, manifest


def paper_image():
    """The one picture that is readable and of class 2, `(3, 224, 224)`, and its probability."""
    images = open_images("imagenet_val")
    position = images.names.index("n00000002/good.JPEG")
    picture = read_batch(images, [position]).images[0]
    with torch.no_grad():
        probabilities = load_classifier("mobilenet_v2")(picture[None]).softmax(dim=1)
    return picture, probabilities[0, 2].item()


def test_the_paper_profile_runs_on_a_folder_of_imagenets_layout(project, imagenet):
    rows, manifest = paper_rows(
        "idgi_scores", paths="ig", n_images=3, steps=2, sweep=[2], reveal=112
    )
    assert manifest["parameters"]["information"] == "exact"
    assert rows["method"].tolist() == ["ig", "ig+idgi"]
    assert set(rows["image_name"]) == {"n00000002/good.JPEG"}
    assert set(rows["target"]) == {2}
    assert np.isfinite(np.stack(rows["ic_ms_ssim"])).all()
    picture, probability = paper_image()
    assert rows["confidence"].tolist() == pytest.approx([probability] * 2, rel=1e-4)
    whole = picture.mul(255).round().byte().permute(1, 2, 0).numpy()
    file = BytesIO()
    Image.fromarray(whole).save(file, "WEBP", lossless=True, quality=100)
    assert [points[-1] for points in rows["ic_file_size"]] == [file.tell()] * 2


@pytest.mark.parametrize("path", PATHS)
def test_the_paper_profile_of_the_theorem(project, imagenet, path):
    rows, _ = paper_rows("idgi_theorem", paths=path, n_images=3, steps=[3])
    assert rows["method"].tolist() == [path, f"{path}+idgi"]
    _, probability = paper_image()
    assert rows["end_score"].tolist() == pytest.approx([probability] * 2, rel=1e-4)
    plain, idgi = rows.to_dict("records")
    change = idgi["end_score"] - idgi["start_score"]
    assert idgi["total"] == pytest.approx(change, abs=1e-3 * abs(change) + 1e-7)
    assert abs(plain["completeness_error"]) > abs(idgi["completeness_error"])
    assert idgi["taylor_error"] > 0


def test_the_paper_profile_of_jpeg(project, imagenet):
    rows, manifest = paper_rows("idgi_jpeg", paths="gig", n_images=3, steps=2)
    assert manifest["parameters"]["quality"] == 75
    found = rows.set_index(["method", "scale"])["value"]
    assert sorted(found.index) == sorted(product(["gig", "gig+idgi"], idgi_jpeg.SCALES))
    assert set(rows["image_name"]) == {"n00000002/good.JPEG"}
    assert np.isfinite(found).all()
    # Two maps of length one are at most 2 apart, over 3·224² values.
    assert (found.xs("unit_norm", level="scale") >= np.log(3 * 224**2 / 4)).all()


def test_the_paper_profile_beyond_the_study(project, imagenet):
    rows, _ = paper_rows("idgi_beyond", paths="blurig", n_images=3, steps=2, reveal=112)
    found = rows.set_index(["method", "score"])["value"]
    methods = ["blurig", "blurig+idgi"]
    # ImageNet's boxes are not read.
    assert sorted(found.index) == sorted(product(methods, ["probability", "ratio"]))
    _, probability = paper_image()
    for method in methods:
        expected = found[method, "probability"] / probability
        assert found[method, "ratio"] == pytest.approx(expected, rel=1e-4)


def test_the_paper_profile_of_cost(project, imagenet, monkeypatch):
    # Plain passes in batches of up to 16 pictures would be most of the test.
    monkeypatch.setattr(idgi_cost, "BATCH_SIZES", {"cpu": (1,), "cuda": (1,)})
    rows, manifest = paper_rows("idgi_cost", n_images=2, steps=2, repeats=1)
    assert set(rows["method"]) == METHODS
    assert len(rows) == len(METHODS)
    assert set(rows["images"]) == {1}
    assert set(rows["points"]) == {2}
    assert (rows[["seconds", "raw_seconds"]] > 0).all(axis=None)
    assert manifest["notes"]["batch_size_of_plain_passes"] == 1
