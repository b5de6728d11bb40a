"""Where the pixels of a square come from in the picture of a file."""

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from saliency_audit.datasets.boxes import filled_boxes
from saliency_audit.datasets.cropping import centre_crop, picture_size
from saliency_audit.datasets.images import read_picture

SIZES = [(500, 375), (375, 500), (256, 256), (64, 48), (1024, 300), (257, 263)]


def test_a_crop_keeps_the_middle_of_the_scaled_picture():
    crop = centre_crop((512, 1024), 224)
    assert (crop.size, crop.left, crop.top) == ((256, 512), 16, 144)
    columns, rows = crop.centres((512, 1024))
    assert columns[:2].tolist() == [33.0, 35.0]
    assert rows[-1].item() == 2 * (144 + 223) + 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [56, 224])
def test_edges_lie_where_pillow_draws_them(tmp_path, size, side):
    """White bands on black, scaled and cropped as pictures: bright where the regions are."""
    width, height = size
    left, top, right, bottom = box = (width // 3, height // 4, 4 * width // 7, 3 * height // 4)
    bands = [(left, 0, right, height), (0, top, width, bottom)]
    for band in bands:
        pixels = np.zeros((height, width), dtype=np.uint8)
        pixels[band[1] : band[3], band[0] : band[2]] = 255
        path = tmp_path / "picture.png"
        Image.fromarray(pixels).save(path)
        drawn = read_picture(path, side)[0]
        # A pixel whose centre lies on the edge is half bright, and may go either way.
        clear = (drawn - 0.5).abs() > 0.01
        region = filled_boxes(path, [band], side)
        assert torch.equal(region[clear], drawn[clear] > 0.5)
        assert 0 < region.float().mean() < 1
        assert clear.float().mean() > 0.9
    across, down = (filled_boxes(path, [band], side) for band in bands)
    assert torch.equal(filled_boxes(path, [box], side), across & down)


def test_pixels_of_an_unscaled_picture_are_exact(tmp_path):
    path = tmp_path / "picture.png"
    Image.new("L", (20, 16)).save(path)
    # 16 pixels need no scaling for a crop of 14, which begins at column 3 and row 1.
    region = filled_boxes(path, [(4, 2, 6, 3), (10, 0, 30, 2)], 14)
    assert region.nonzero().tolist() == [[0, 7], *([0, x] for x in range(8, 14)), [1, 1], [1, 2]]
    assert not filled_boxes(path, [(0, 0, 3, 16)], 14).any()
    assert filled_boxes(path, [(-5, -5, 99, 99)], 14).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [7, 56])
def test_a_small_box_covers_the_pixel_it_lies_in(tmp_path, size, side):
    """Boxes of every size down to a thousandth of a pixel, in all parts of the picture."""
    path = tmp_path / "picture.png"
    Image.new("L", size).save(path)
    crop = centre_crop(size, side)
    steps = np.array(size) / crop.size
    random, seen = np.random.default_rng(0), 0
    for width in 10.0 ** random.uniform(-3, 0.5, size=200):
        start = random.uniform(0, np.array(size) - 1e-3)
        end = np.minimum(start + width * steps * random.uniform(0.1, 1, size=2), size)
        box = (*start, *end)
        region = filled_boxes(path, [box], side)
        # The pixels of the whole scaled picture whose centre lies in it, or the one of its middle.
        wanted = []
        for axis, before in enumerate((crop.left, crop.top)):
            centres = (np.arange(crop.size[axis]) + 0.5) * steps[axis]
            (held,) = np.nonzero((centres >= start[axis]) & (centres < end[axis]))
            middle = int((start[axis] + end[axis]) / 2 / steps[axis])
            wanted.append({int(place) - before for place in held} or {middle - before})
        expected = {(y, x) for x in wanted[0] for y in wanted[1] if min(x, y) >= 0}
        expected = {place for place in expected if max(place) < side}
        assert {tuple(place) for place in region.nonzero().tolist()} == expected
        seen += len(expected) == 1
    assert seen > 20


def test_a_small_box_at_the_edge_of_the_picture_counts_with_its_part_inside(tmp_path):
    path = tmp_path / "picture.png"
    Image.new("L", (16, 16)).save(path)
    # The crop begins at column and row 1.
    assert filled_boxes(path, [(-9, 2, 2, 2.2)], 14).nonzero().tolist() == [[1, 0]]
    assert not filled_boxes(path, [(-9, 2, 0.1, 2.2)], 14).any()
    assert filled_boxes(path, [(14.9, 14.9, 15, 15)], 14).nonzero().tolist() == [[13, 13]]


def test_a_turned_picture_has_the_size_of_the_upright_one(tmp_path):
    for orientation, size in ((1, (30, 20)), (3, (30, 20)), (6, (20, 30)), (8, (20, 30))):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        path = tmp_path / f"{orientation}.jpg"
        Image.new("RGB", (30, 20)).save(path, exif=exif)
        assert picture_size(path) == size


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((5, 5, 5, 9), r"from \(5, 5\) to \(5, 9\) has no area"),
        ((5, 9, 8, 5), "has no area"),
        ((5, float("nan"), 8, 9), "has no area"),
        ((20, 0, 25, 4), r"from \(20, 0\) to \(25, 4\) lies outside the picture of 20×16"),
        ((-4, 0, 0, 4), "lies outside"),
        ((0, 16, 4, 20), "lies outside"),
    ],
)
def test_a_box_that_covers_nothing_is_refused(tmp_path, box, message):
    path = tmp_path / "picture.png"
    Image.new("L", (20, 16)).save(path)
    with pytest.raises(ValueError, match=message):
        filled_boxes(path, [box], 14)
