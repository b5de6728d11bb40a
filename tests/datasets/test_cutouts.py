"""Cut-out photographs: where the object stands, its mask, and those in the repository."""

import re

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import grass

from saliency_audit.datasets import MissingDataError, open_images, read_batch, read_regions
from saliency_audit.datasets.catalog import NAMED, SHOWN
from saliency_audit.datasets.cutouts import before_grass, open_all_cutouts, open_cutouts
from saliency_audit.datasets.images import UNLABELLED
from saliency_audit.datasets.tiny_imagenet_classes import IMAGENET_INDEX, TINY_CLASSES
from saliency_audit.locations import project_root


def red(folder, size, opaque):
    """A red picture of a size, opaque in a box (left, top, right, bottom)."""
    picture = Image.new("RGBA", size, (255, 0, 0, 0))
    picture.paste((255, 0, 0, 255), opaque)
    picture.save(folder / "red.png")
    return folder / "red.png"


def test_the_object_stands_in_the_middle_before_grass(tmp_path):
    picture, region = before_grass(red(tmp_path, (112, 56), (0, 0, 112, 28)), 128)
    expected = torch.zeros(128, 128, dtype=torch.bool)
    expected[36:64, 8:120] = True  # the upper half of 112 × 56 pixels around the centre
    assert torch.equal(region, expected)
    assert (picture[0][region] == 1).all()
    assert (picture[1:, region] == 0).all()
    small = np.asarray(Image.fromarray(grass()).resize((128, 128), Image.Resampling.BILINEAR))
    outside = (picture[0] * 255).round().numpy()[~region]
    assert np.array_equal(outside, small[~region.numpy()])


def test_objects_are_scaled_to_seven_eighths(tmp_path):
    for size in ((224, 112), (14, 28)):
        box = (0, 0, size[0], size[1] - 2)
        _, region = before_grass(red(tmp_path, size, box), 64)
        assert max(region.any(dim=0).sum(), region.any(dim=1).sum()) in range(50, 57)


@pytest.mark.parametrize("opaque", [(0, 0, 0, 0), (0, 0, 20, 20)])
def test_a_picture_without_an_outline_is_refused(tmp_path, opaque):
    with pytest.raises(OSError, match=r"red\.png: the object has no outline"):
        before_grass(red(tmp_path, (20, 20), opaque), 64)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingDataError, match=r"1 of 1 pictures are not in .*b\.png\. Ask for it"):
        open_cutouts("few", tmp_path, {"b.png": 0}, "Ask for it.")


@pytest.mark.parametrize(("name", "files"), [("cutouts_shown", SHOWN), ("cutouts_named", NAMED)])
def test_those_of_the_repository(name, files):
    images = open_images(name)
    assert images.names == tuple(files)
    assert [TINY_CLASSES[label] for label in images.labels] == [
        IMAGENET_INDEX[wnid] for wnid in files.values()
    ]
    batch = read_batch(images, range(len(files)))
    assert batch.images.shape == (len(files), 3, 128, 128)
    shares = read_regions(images, range(len(files))).float().mean(dim=(1, 2))
    assert ((shares > 0.03) & (shares < 0.6)).all()


def test_the_notice_names_every_picture_and_its_changes():
    folder = project_root() / "data" / "cutouts"
    notice = (folder / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `(\S+\.png)` \| .+ \|( reduced)? \|$", notice, re.MULTILINE)
    assert [name for name, _ in lines] == sorted(path.name for path in folder.glob("*.png"))
    for name, reduced in lines:
        with Image.open(folder / name) as picture:
            assert max(picture.size) <= 320
            assert (max(picture.size) == 320) == bool(reduced), name
    assert {name for name, _ in lines} == set(NAMED)
    licence = (folder / "COPYING").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE\n                       Version 2" in licence


def test_all_of_a_folder_have_a_region_and_no_class(tmp_path):
    (tmp_path / "notes.csv").touch()
    red(tmp_path, (20, 20), (0, 0, 20, 10)).rename(tmp_path / "b.png")
    red(tmp_path, (20, 20), (0, 0, 10, 20)).rename(tmp_path / "a.png")
    images = open_all_cutouts("all", tmp_path, "Ask for them.")
    assert images.names == ("a.png", "b.png")
    assert images.labels == (UNLABELLED, UNLABELLED)
    assert read_regions(images, [0, 1]).any(dim=(1, 2)).all()


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(MissingDataError, match=r"there is no PNG file in .*Ask for them\."):
        open_all_cutouts("all", tmp_path, "Ask for them.")


@pytest.mark.data("cutouts")
def test_the_real_set_has_187(data_root):
    images = open_images("cutouts")
    assert len(images) == 187
    shares = read_regions(images, range(0, 187, 30)).float().mean(dim=(1, 2))
    assert ((shares > 0.02) & (shares < 0.8)).all()
