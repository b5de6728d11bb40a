"""The reader of Birds-200-2011: on a folder of the official layout."""

import numpy as np
import pytest
import torch
from PIL import Image

from saliency_audit.datasets import MissingDataError, open_images, read_batch, read_regions
from saliency_audit.datasets.cub200 import open_cub200

# Number, class, whether it is for training, and the box: left, top, width, height.
BIRDS = [
    (1, 1, 0, (20, 10, 20, 20)),
    (2, 1, 1, (30, 20, 10, 30)),
    (3, 2, 1, (0, 0, 80, 64)),
    (5, 2, 0, (76, 0, 4, 64)),
]
CLASSES = {1: "001.Black_footed_Albatross", 2: "002.Laysan_Albatross"}


def file(number, label):
    return f"{CLASSES[label]}/Bird_{number:04d}.jpg"


@pytest.fixture
def folder(tmp_path):
    """Pictures of 80 × 64 that are white in their box and black elsewhere."""
    for number, label, _, (left, top, width, height) in BIRDS:
        pixels = np.zeros((64, 80), dtype=np.uint8)
        pixels[top : top + height, left : left + width] = 255
        path = tmp_path / "images" / file(number, label)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, "PNG")
    write(tmp_path, "images.txt", [(n, file(n, label)) for n, label, _, _ in BIRDS])
    write(tmp_path, "image_class_labels.txt", [(n, label) for n, label, _, _ in BIRDS])
    write(tmp_path, "train_test_split.txt", [(n, part) for n, _, part, _ in BIRDS])
    boxes = [(n, *(f"{edge:.1f}" for edge in box)) for n, _, _, box in BIRDS]
    write(tmp_path, "bounding_boxes.txt", boxes)
    return tmp_path


def write(folder, name, lines):
    (folder / name).write_text("".join(" ".join(map(str, line)) + "\n" for line in lines))


def opened(folder, *, training=False, class_count=2):
    return open_cub200(
        "birds", folder, "Ask for it.", training=training, side=56, class_count=class_count
    )


def test_the_parts_share_no_picture(folder):
    test, training = opened(folder), opened(folder, training=True)
    assert test.names == (file(1, 1), file(5, 2))
    assert training.names == (file(2, 1), file(3, 2))
    assert test.labels == training.labels == (0, 1)


@pytest.mark.parametrize("training", [False, True])
def test_regions_are_the_white_pixels(folder, training):
    images = opened(folder, training=training)
    batch = read_batch(images, [0, 1])
    assert batch.images.shape == (2, 3, 56, 56)
    regions = read_regions(images, batch.indices)
    assert torch.equal(regions, batch.images[:, 0] == 1)
    # Of the second pictures: the whole crop in one part, nothing of it in the other.
    assert regions[1].all() == training
    assert regions[1].any() == training


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("images.txt", [(1, "a", "b")], r"images.txt is damaged: 2 columns expected in '1 a b'"),
        ("images.txt", [("one", "a")], "'one' is no whole number"),
        ("images.txt", [(1, "a"), (1, "b")], "a second line of picture 1"),
        ("image_class_labels.txt", [(1, 1), (2, 1), (3, 1), (5, 1)], "has 1 classes, those from 1"),
        ("image_class_labels.txt", [(1, 1)], "differ in the numbers of 3 pictures"),
        ("train_test_split.txt", [(n, 2) for n in (1, 2, 3, 5)], "'2' is neither 0 nor 1"),
        ("train_test_split.txt", [(n, 1) for n in (1, 2, 3, 5)], "0 of 0 pictures are not there"),
        ("bounding_boxes.txt", [(1, 0, 0, 4)], "5 columns expected"),
        ("bounding_boxes.txt", [(1, 0, 0, 4, "wide")], "could not convert"),
        ("bounding_boxes.txt", [(1, 0, 0, 4, "nan")], "no box of finite numbers"),
    ],
)
def test_damaged_lists_are_named(folder, name, lines, message):
    write(folder, name, lines)
    with pytest.raises(MissingDataError, match=message) as caught:
        opened(folder)
    assert str(caught.value).startswith("image set 'birds': ")
    assert str(caught.value).endswith("Ask for it.")


@pytest.mark.parametrize(
    ("box", "message"),
    [((20, 10, 0, 20), "has no area"), ((80, 10, 5, 5), "lies outside the picture of 80×64")],
)
def test_a_box_that_covers_nothing_is_refused_when_it_is_read(folder, box, message):
    write(folder, "bounding_boxes.txt", [(n, *box) for n in (1, 2, 3, 5)])
    with pytest.raises(MissingDataError, match=rf"damaged: .*{message} \(picture 5\)\. Ask for it"):
        read_regions(opened(folder), [1])


@pytest.mark.parametrize(
    "name",
    ["images.txt", "image_class_labels.txt", "train_test_split.txt", "bounding_boxes.txt"],
)
def test_a_missing_list_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(MissingDataError, match=rf"there is no .*{name}\. Ask for it"):
        opened(folder)


def test_a_missing_picture_is_named(folder):
    (folder / "images" / file(5, 2)).unlink()
    with pytest.raises(MissingDataError, match=r"1 of 2 pictures are not there, .*Bird_0005\.jpg"):
        opened(folder)
    assert len(opened(folder, training=True)) == 2


def test_the_catalogue_wants_all_classes(folder, monkeypatch):
    (folder / "root").mkdir()
    folder.rename(folder.parent / "CUB_200_2011")
    monkeypatch.setenv("SALIENCY_DATA", str(folder.parent))
    for name in ("birds200", "birds200_train"):
        with pytest.raises(MissingDataError, match="2 classes, those from 1 to 200 are needed"):
            open_images(name)
