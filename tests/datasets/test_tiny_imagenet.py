"""The readers of Tiny ImageNet: on folders of the same layout and on the real ones."""

import numpy as np
import pytest
import torch
from PIL import Image

from saliency_audit.datasets import MissingDataError, open_images, read_batch, read_regions
from saliency_audit.datasets.tiny_imagenet import (
    filled_box,
    open_tiny_imagenet,
    open_tiny_imagenet_train,
)
from saliency_audit.datasets.tiny_imagenet_classes import IMAGENET_INDEX, TINY_CLASSES

ROWS = (
    ("val_0.JPEG", "n03444034", 0, 32, 44, 62),
    ("val_1.JPEG", "n01443537", 10, 20, 10, 25),
    ("val_2.JPEG", "n12267677", 0, 0, 63, 63),
)


def write_rows(folder, rows):
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    (folder / "val_annotations.txt").write_text(text)


@pytest.fixture
def folder(tmp_path):
    """Three pictures, black but for their box."""
    (tmp_path / "images").mkdir()
    for file, _, left, top, right, bottom in ROWS:
        pixels = np.zeros((64, 64), dtype=np.uint8)
        pixels[top : bottom + 1, left : right + 1] = 255
        Image.fromarray(pixels).save(tmp_path / "images" / file, quality=100)  # grey, as some are
    write_rows(tmp_path, ROWS)
    return tmp_path


def opened(folder, **options):
    return open_tiny_imagenet("tiny", folder, "Ask for it.", **options)


def test_labels_are_those_of_imagenet(folder):
    images = opened(folder)
    assert images.names == ("images/val_0.JPEG", "images/val_1.JPEG", "images/val_2.JPEG")
    assert images.labels == (573, 1, 988)  # go-kart, goldfish, acorn
    assert len(IMAGENET_INDEX) == len(set(IMAGENET_INDEX.values())) == 200
    assert set(IMAGENET_INDEX.values()) < set(range(1000))
    assert list(IMAGENET_INDEX.values()) == [IMAGENET_INDEX[key] for key in sorted(IMAGENET_INDEX)]


@pytest.mark.parametrize("side", [64, 128, 224])
def test_regions_lie_where_the_pixels_do(folder, side):
    images = opened(folder, side=side)
    batch = read_batch(images, [0, 1, 2])
    regions = read_regions(images, batch.indices)
    assert batch.images.shape == (3, 3, side, side)
    assert regions.shape == (3, side, side)
    assert regions.dtype == torch.bool
    # The box is white and all else black; interpolation blurs the edge by less than a stored pixel.
    bright = batch.images.mean(dim=1) > 0.5
    assert (bright != regions).float().mean() < 0.01
    for region, (_, _, left, top, right, bottom) in zip(regions, ROWS, strict=True):
        area = (right - left + 1) * (bottom - top + 1) / 64**2
        assert region.float().mean().item() == pytest.approx(area, rel=0.15)


def test_the_default_side_is_128(folder):
    assert opened(folder).read(0).shape == (3, 128, 128)


def test_boxes_at_stored_size_count_their_corners():
    region = filled_box((2, 5, 3, 5), 64)
    assert region.nonzero().tolist() == [[5, 2], [5, 3]]
    assert filled_box((0, 0, 63, 63), 224).all()
    assert filled_box((2, 5, 3, 5), 128).nonzero().amin(dim=0).tolist() == [10, 4]
    assert filled_box((2, 5, 3, 5), 128).nonzero().amax(dim=0).tolist() == [11, 7]


@pytest.mark.parametrize("side", [10, 16, 32, 63, 64, 128])
def test_a_box_of_one_pixel_is_a_region_at_every_side(side):
    for x, y in ((0, 0), (1, 62), (31, 32), (63, 63)):
        region = filled_box((x, y, x, y), side)
        assert region.any()
        middle = int((y + 0.5) * side / 64), int((x + 0.5) * side / 64)
        assert region[middle]
        assert side >= 128 or region.sum() == 1


def test_a_corrupt_picture_is_skipped_and_named(folder):
    (folder / "images" / "val_1.JPEG").write_bytes(b"not a picture")
    assert read_batch(opened(folder), [0, 1]).unreadable == ("images/val_1.JPEG",)


def test_a_missing_folder_says_where_and_how(tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    with pytest.raises(MissingDataError) as caught:
        open_images("tiny_imagenet_val")
    message = str(caught.value)
    assert str(tmp_path / "tiny-imagenet-200" / "val" / "val_annotations.txt") in message
    assert "cs231n.stanford.edu" in message
    assert "saliency-audit data check tiny_imagenet_val" in message


def test_missing_pictures_are_counted(folder):
    (folder / "images" / "val_1.JPEG").unlink()
    with pytest.raises(MissingDataError, match=r"1 of 3 pictures are not in .*images\. Ask for it"):
        opened(folder)


def test_no_annotation_at_all(folder):
    write_rows(folder, [])
    with pytest.raises(MissingDataError, match="0 of 0 pictures"):
        opened(folder)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("val_0.JPEG", "n00000000", 0, 0, 9, 9), "no class of the 200 in .*n00000000"),
        (("val_0.JPEG", "n01443537", 0, 0, 9), "6 columns expected"),
        (("val_0.JPEG", "n01443537", 0, 0, 9, "x"), "no box of whole numbers"),
        (("val_0.JPEG", "n01443537", -1, 0, 9, 9), "no box of whole numbers"),
        (("",), "6 columns expected"),
        (("val_0.JPEG", "n01443537", 9, 0, 8, 9), "the box ends before it starts"),
        (("val_0.JPEG", "n01443537", 0, 9, 9, 8), "the box ends before it starts"),
        (("val_0.JPEG", "n01443537", 0, 0, 64, 9), "outside the picture"),
        (("val_0.JPEG", "n01443537", 0, 0, 9, 64), "outside the picture"),
    ],
)
def test_damaged_annotations_are_refused(folder, row, message):
    write_rows(folder, [ROWS[1], row])
    with pytest.raises(MissingDataError, match=message):
        opened(folder)


@pytest.mark.data("tiny_imagenet_val")
def test_the_real_set(data_root):
    images = open_images("tiny_imagenet_val")
    assert len(images) == 10_000
    assert np.bincount(images.labels, minlength=1000)[list(IMAGENET_INDEX.values())].tolist() == (
        [50] * 200
    )
    batch = read_batch(images, range(20))
    assert batch.unreadable == ()
    assert batch.images.shape == (20, 3, 128, 128)
    regions = read_regions(images, range(len(images)))
    assert regions.flatten(1).any(dim=1).all()
    # Boxes that end in the row or column where they start: one stored pixel, two as read.
    sides = [regions.any(dim=dim).sum(dim=1) for dim in (1, 2)]
    assert int(((sides[0] == 2) | (sides[1] == 2)).sum()) == 41
    # The first line of the annotations: columns 0 to 44 and rows 32 to 62 of 64.
    assert regions[0].nonzero().amin(dim=0).tolist() == [64, 0]
    assert regions[0].nonzero().amax(dim=0).tolist() == [125, 89]


@pytest.fixture
def training(tmp_path):
    """One grey picture of each class; the lists of boxes name a second that is not there."""
    for wnid in IMAGENET_INDEX:
        pictures = tmp_path / wnid / "images"
        pictures.mkdir(parents=True)
        Image.new("L", (64, 64), 128).save(pictures / f"{wnid}_0.JPEG")
        lines = f"{wnid}_0.JPEG\t0\t32\t44\t62\n{wnid}_1.JPEG\t0\t0\t0\t0\n"
        (tmp_path / wnid / f"{wnid}_boxes.txt").write_text(lines)
    return tmp_path


def test_pictures_of_training_that_are_not_there_are_left_out(training):
    images = open_tiny_imagenet_train("train", training, "Ask for it.")
    assert len(images) == 200
    assert images.labels == TINY_CLASSES
    assert images.names[0] == "n01443537/images/n01443537_0.JPEG"
    assert images.read(0).shape == (3, 128, 128)
    assert torch.equal(images.region(0), filled_box((0, 32, 44, 62), 128))


def test_a_class_without_pictures_or_boxes_is_refused(training):
    (training / "n01443537" / "images" / "n01443537_0.JPEG").unlink()
    with pytest.raises(MissingDataError, match=r"no picture of .*n01443537_boxes.txt.*Ask for it"):
        open_tiny_imagenet_train("train", training, "Ask for it.")
    (training / "n01443537" / "n01443537_boxes.txt").unlink()
    with pytest.raises(MissingDataError, match=r"there is no .*n01443537_boxes.txt\. Ask for it"):
        open_tiny_imagenet_train("train", training, "Ask for it.")


@pytest.mark.parametrize("line", ["n01443537_0.JPEG\t0\t0\t9", "a\t0\t0\t9\t64", "a\t0\tx\t9\t9"])
def test_damaged_boxes_of_training_are_refused(training, line):
    (training / "n01443537" / "n01443537_boxes.txt").write_text(line + "\n")
    with pytest.raises(MissingDataError, match=r"n01443537_boxes.txt is damaged"):
        open_tiny_imagenet_train("train", training, "Ask for it.")


@pytest.mark.data("tiny200_val")
def test_200_classes_are_numbered_in_the_order_of_imagenet(data_root):
    few, whole = open_images("tiny200_val"), open_images("tiny_imagenet_val")
    assert few.names == whole.names
    assert [TINY_CLASSES[label] for label in few.labels] == list(whole.labels)


@pytest.mark.data("tiny200_train")
def test_the_real_training_set(data_root):
    images = open_images("tiny200_train")
    assert np.bincount(images.labels).tolist() == [100] * 200
    regions = read_regions(images, range(len(images)))
    assert regions.flatten(1).any(dim=1).all()


@pytest.mark.data("tiny_imagenet_val", "imagenet_sample")
def test_the_labels_agree_with_the_folders_of_imagenet(data_root):
    wnids = sorted(entry.name for entry in (data_root / "imagenet_sample").iterdir())
    assert {wnid: wnids.index(wnid) for wnid in IMAGENET_INDEX} == IMAGENET_INDEX


@pytest.mark.data("tiny200_val")
def test_another_side_is_read_from_the_files(data_root):
    images = open_images("tiny200_val", 64)
    with Image.open(data_root / "tiny-imagenet-200/val" / images.names[5]) as stored:
        pixels = np.array(stored.convert("RGB"))
    assert (images.read(5).permute(1, 2, 0) * 255).round().byte().equal(torch.from_numpy(pixels))
    assert open_images("tiny200_val").names == images.names
