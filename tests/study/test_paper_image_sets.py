"""The paper profile of DRE's experiments on tiny folders of the official structures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from saliency_audit.datasets import CATALOG, MissingDataError, open_images
from saliency_audit.datasets.cub200 import open_cub200
from saliency_audit.datasets.folders import open_class_folders
from saliency_audit.datasets.imagenet import open_imagenet_val
from saliency_audit.datasets.places365 import open_places365
from saliency_audit.models import CLASSIFIERS, Classifier, catalog
from saliency_audit.study import compute, get_experiment
from saliency_audit.study.dre_methods import METHODS, POOL, VARIANTS
from saliency_audit.study.estimators import TRAINING_SETS
from saliency_audit.study.experiments import dre_cost

SIDE = 56
WIDTH, HEIGHT = 96, 64  # read as they are: the crop begins at column 20 and row 4
CLASSES = ("n01440764", "n01443537", "n01484850")
BOX = (30, 20, 69, 49)  # corners count as inside
BESIDE = (0, 0, 9, 63)  # left of the crop
OF_OBJECTS = ["area", "explainability", "box_iou", "hit", "background_mass"]
EVERYTHING = (*METHODS, *VARIANTS)
QUICK = {
    "models": "colours",
    "n_images": 9,
    "n_train": 6,
    "epochs": 1,
    "filter_epochs": 1,
    "iterations": 2,
    "inversions": 2,
    "samples": 2,
    "steps": 3,
}


class Colours(nn.Module):
    """Class = the colour of the picture; some layers, so that masks can be generated."""

    def __init__(self):
        super().__init__()
        sizes = [(3, 8), (8, 8), (8, 16), (16, 16)]
        self.layers = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(less, more, 3, stride=2, padding=1), nn.ReLU())
                for less, more in sizes
            )
        )
        self.last = nn.Linear(16, 3)

    def forward(self, images):
        found = self.layers(images).mean(dim=(2, 3))
        return 20 * images.mean(dim=(2, 3)) + self.last(found)


def colours():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Colours().eval()


def save(path, label, number):
    """A noisy picture whose colour says its class, brightest in `BOX`."""
    random = np.random.default_rng([label, number])
    pixels = random.integers(0, 60, (HEIGHT, WIDTH, 3))
    left, top, right, bottom = BOX
    pixels[:, :, label] += 60
    pixels[top : bottom + 1, left : right + 1, label] += 120
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path, "JPEG", quality=95)


def imagenet(root):
    for label, wnid in enumerate(CLASSES):
        for number in range(3):
            save(root / "imagenet" / "train" / wnid / f"{wnid}_{number}.JPEG", label, 10 + number)
            name = f"ILSVRC2012_val_{3 * label + number:08d}"
            save(root / "imagenet" / "val" / wnid / f"{name}.JPEG", label, number)
            corners = BOX if number else BESIDE
            box = "".join(
                f"<{edge}>{value}</{edge}>"
                for edge, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
            )
            path = root / "imagenet" / "Annotations" / "CLS-LOC" / "val" / f"{name}.xml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"<annotation><size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
                f"<object><name>{wnid}</name><bndbox>{box}</bndbox></object></annotation>"
            )


def birds(root):
    folder = root / "CUB_200_2011"
    lists = {"images": [], "image_class_labels": [], "train_test_split": [], "bounding_boxes": []}
    for number in range(18):
        label, training = number % 3, number // 9
        file = f"{label + 1:03d}.Bird/Bird_{number:04d}.jpg"
        save(folder / "images" / file, label, number)
        left, top, right, bottom = BOX if number > 2 else BESIDE
        box = f"{left}.0 {top}.0 {right - left + 1}.0 {bottom - top + 1}.0"
        for name, value in zip(lists, (file, label + 1, training, box), strict=True):
            lists[name].append(f"{number + 1} {value}\n")
    for name, lines in lists.items():
        (folder / f"{name}.txt").write_text("".join(lines))


def scenes(root):
    for label, name in enumerate(("airfield", "alley", "bakery-shop")):
        for number in range(3):
            for part in ("train", "val"):
                path = root / "places365" / part / name / f"{part}_{number:08d}.jpg"
                save(path, label, number + 10 * (part == "train"))


# The catalogue's openers, but for three classes and small pictures.
OPENERS = {
    "imagenet_val": lambda root: open_imagenet_val(
        "imagenet_val",
        root / "imagenet/val",
        root / "imagenet/Annotations/CLS-LOC/val",
        "",
        SIDE,
        3,
    ),
    "imagenet_train": lambda root: open_class_folders(
        "imagenet_train", root / "imagenet/train", SIDE, "", 3
    ),
    "birds200": lambda root: open_cub200(
        "birds200", root / "CUB_200_2011", "", training=False, side=SIDE, class_count=3
    ),
    "birds200_train": lambda root: open_cub200(
        "birds200_train", root / "CUB_200_2011", "", training=True, side=SIDE, class_count=3
    ),
    "places365": lambda root: open_places365(
        "places365", root / "places365/val", "", None, SIDE, 3
    ),
    "places365_train": lambda root: open_places365(
        "places365_train", root / "places365/train", "", None, SIDE, 3
    ),
}


@pytest.fixture
def root(project, tmp_path, monkeypatch):
    """A data root with all three, and the network `colours`, which is right about all pictures."""
    for write in (imagenet, birds, scenes):
        write(tmp_path / "data")
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path / "data"))
    for name, opener in OPENERS.items():
        monkeypatch.setitem(CATALOG, name, replace(CATALOG[name], opener=opener))
    monkeypatch.setitem(CLASSIFIERS, "colours", Classifier("colours", "colours", colours))
    catalog._loaded.cache_clear()
    yield tmp_path / "data"
    catalog._loaded.cache_clear()


def rows_of(setting, training, monkeypatch, **more):
    monkeypatch.setitem(TRAINING_SETS, "colours", training)
    found = {"explained": EVERYTHING, **QUICK, "setting": setting, **more}
    return compute(get_experiment("dre_scores"), "paper", found)


def rows_of_photographs(name, monkeypatch, given=QUICK, **more):
    """The only setting of another experiment, with its own methods."""
    monkeypatch.setitem(TRAINING_SETS, "colours", "imagenet_train")
    return compute(get_experiment(name), "paper", {**given, **more})


@pytest.mark.parametrize(
    ("setting", "images", "training"),
    [
        ("photographs", "imagenet_val", "imagenet_train"),
        ("birds", "birds200", "birds200_train"),
    ],
)
def test_ten_methods_on_pictures_with_boxes(root, monkeypatch, setting, images, training):
    rows = rows_of(setting, training, monkeypatch)
    assert set(rows["images"]) == {images}
    assert set(rows["method"]) == set(EVERYTHING)
    # Three of the nine have their box outside the crop.
    assert rows["image"].nunique() == 6
    assert np.isfinite(rows["faithfulness"][~rows["normalised"]]).all()
    # Grad-CAM's maps of this network are partly constant.
    lively = rows[rows["method"].isin(("dre", "saliency", "smoothgrad", "ig"))]
    assert np.isfinite(lively[[*OF_OBJECTS, "start", "total_variation"]]).all(axis=None)
    assert set(rows["area"]) == {40 * 30 / SIDE**2}
    source = open_images(images)
    for index in rows["image"].unique():
        assert source.region(index).nonzero().amin(dim=0).tolist() == [16, 10]
        assert source.region(index).nonzero().amax(dim=0).tolist() == [45, 49]


def test_scenes_have_no_value_of_what_needs_an_object(root, monkeypatch):
    rows = rows_of("scenes", "places365_train", monkeypatch, explained="dre,saliency,ig")
    assert set(rows["images"]) == {"places365"}
    assert rows["image"].nunique() == 9
    assert rows[OF_OBJECTS].isna().all(axis=None)
    assert np.isfinite(rows["faithfulness"][~rows["normalised"]]).all()
    assert np.isfinite(rows[["start", "map_area", "total_variation"]]).all(axis=None)


def test_photographs_whose_boxes_are_not_here_are_no_scenes(root, monkeypatch):
    (root / "imagenet" / "Annotations").rename(root / "elsewhere")
    with pytest.raises(MissingDataError, match="'imagenet_val': its boxes are not in"):
        rows_of("photographs", "imagenet_train", monkeypatch, explained="gradcam,ig")


def test_wrongly_classified_pictures_with_boxes(root, monkeypatch):
    # Pictures of the second and the third class look like the first; one has its box in the crop.
    for label, number in ((1, 1), (2, 0)):
        file = f"{CLASSES[label]}/ILSVRC2012_val_{3 * label + number:08d}.JPEG"
        save(root / "imagenet" / "val" / file, 0, number)
    rows = rows_of_photographs("dre_misclassified", monkeypatch)
    assert set(rows["images"]) == {"imagenet_val"}
    assert set(rows["method"]) == set(POOL)
    wrong = rows[rows["classified"] == "wrongly"]
    assert set(wrong["true_class"]) == {1}
    assert set(wrong["target"]) == {0}
    assert wrong["image"].nunique() == 1
    assert set(rows["classified"]) == {"correctly", "wrongly"}
    assert set(rows["area"]) == {40 * 30 / SIDE**2}
    assert np.isfinite(rows[rows["method"] == "dre"][OF_OBJECTS]).all(axis=None)


def test_settings_of_estimators_on_pictures_with_boxes(root, monkeypatch):
    few = {name: QUICK[name] for name in ("models", "n_images", "n_train", "epochs")}
    settings = ("dre", "mgnet", "square", "released")
    few |= {"filter_epochs": 1, "train_seeds": "0", "settings": settings}
    rows = rows_of_photographs("dre_settings", monkeypatch, few)
    assert set(rows["method"]) == set(settings)
    assert (rows.groupby("method")["image"].nunique() == 6).all()
    assert np.isfinite(rows["faithfulness"]).all()


def test_costs_on_pictures_of_imagenet(root, monkeypatch):
    monkeypatch.setattr(dre_cost, "WITHIN", 0.0)
    rows = rows_of_photographs("dre_cost", monkeypatch, n_images=1, repeats=1)
    assert set(rows["images"]) == {"imagenet_val"}
    assert list(rows["method"]) == list(EVERYTHING)
    assert (rows[["seconds", "forward_passes"]] > 0).all(axis=None)


def test_no_more_pictures_are_trained_on_than_there_are(root, monkeypatch):
    with pytest.raises(ValueError, match="birds200_train has 9 pictures, 10 were asked for"):
        rows_of("birds", "birds200_train", monkeypatch, n_train=10)


def test_the_settings_fit_the_networks_and_the_sets():
    settings = get_experiment("dre_scores").settings("paper")
    assert {name: parameters.images for name, parameters in settings.items()} == {
        "photographs": "imagenet_val",
        "birds": "birds200",
        "scenes": "places365",
    }
    sizes = {"imagenet_train": 1281167, "birds200_train": 5994, "places365_train": 1803460}
    for parameters in settings.values():
        for model in parameters.models:
            assert sizes[TRAINING_SETS[model]] == parameters.n_train
