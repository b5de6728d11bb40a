"""The reader of Places365: on folders of both official layouts."""

import pytest
import torch
from PIL import Image

from saliency_audit.datasets import MissingDataError, open_images, read_batch, read_regions
from saliency_audit.datasets.places365 import open_places365

SCENES = {"airfield": 40, "airplane_cabin": 90, "apartment_building-outdoor": 200}


def opened(folder, listed=None, class_count=3):
    return open_places365("scenes", folder, "Ask for it.", listed, 14, class_count)


@pytest.fixture
def folders(tmp_path):
    """One grey picture per class, in class folders."""
    for name, grey in SCENES.items():
        (tmp_path / "val" / name).mkdir(parents=True)
        path = tmp_path / "val" / name / f"Places365_val_{grey:08d}.jpg"
        Image.new("RGB", (30, 20), (grey,) * 3).save(path, quality=95)
    return tmp_path


@pytest.fixture
def flat(tmp_path):
    """The same pictures in one folder, with the list of their classes."""
    root = tmp_path / "flat"
    (root / "val").mkdir(parents=True)
    lines = []
    for label, grey in reversed(list(enumerate(SCENES.values()))):
        file = f"Places365_val_{grey:08d}.jpg"
        Image.new("RGB", (30, 20), (grey,) * 3).save(root / "val" / file, quality=95)
        lines.append(f"{file} {label}\n")
    (root / "places365_val.txt").write_text("".join(lines))
    return root


def test_both_layouts_have_the_same_pictures_and_classes(folders, flat):
    for images in (opened(folders / "val"), opened(flat / "val", flat / "places365_val.txt")):
        batch = read_batch(images, range(3))
        greys = torch.tensor(list(SCENES.values()))[batch.labels]
        torch.testing.assert_close(
            batch.images.mean(dim=(1, 2, 3)) * 255, greys.float(), atol=2, rtol=0
        )


def test_a_list_that_is_not_there_leaves_the_folders(folders):
    images = opened(folders / "val", folders / "places365_val.txt")
    assert images.names[0] == "airfield/Places365_val_00000040.jpg"


def test_scenes_have_no_objects(folders):
    with pytest.raises(ValueError, match="'scenes' has neither object masks nor boxes"):
        read_regions(opened(folders / "val"), [0])


def test_a_class_that_is_missing_is_refused(folders):
    with pytest.raises(MissingDataError, match=r"3 class folders in .*, 365 are needed\. Ask"):
        opened(folders / "val", class_count=365)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.jpg\n", "is damaged: picture and class expected in 'a.jpg'"),
        ("a.jpg one\n", "is damaged"),
        ("a.jpg 0\nb.jpg 1\n", "has 2 classes, those from 0 to 2 are needed"),
        ("a.jpg 0\nb.jpg 1\nc.jpg 3\n", "those from 0 to 2 are needed"),
        ("a.jpg 0\nb.jpg 1\nc.jpg 2\n", "3 of 3 pictures of .* are not in .*, the first is a.jpg"),
        ("", "has 0 classes"),
    ],
)
def test_a_bad_list_is_named(flat, text, message):
    (flat / "places365_val.txt").write_text(text)
    with pytest.raises(MissingDataError, match=message) as caught:
        opened(flat / "val", flat / "places365_val.txt")
    assert str(flat / "places365_val.txt") in str(caught.value)
    assert str(caught.value).endswith("Ask for it.")


@pytest.mark.parametrize("name", ["places365", "places365_train"])
def test_the_catalogue_wants_all_classes(folders, monkeypatch, name):
    (folders / "places365").mkdir()
    (folders / "val").rename(folders / "places365" / ("val" if name == "places365" else "train"))
    monkeypatch.setenv("SALIENCY_DATA", str(folders))
    with pytest.raises(MissingDataError, match=r"3 class folders in .*, 365 are needed"):
        open_images(name)
