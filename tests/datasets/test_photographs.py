"""Photographs of installed packages: each opens, has a licence, and is missed by name."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

from saliency_audit.datasets import MissingDataError, open_images, read_batch
from saliency_audit.datasets.images import UNLABELLED
from saliency_audit.datasets.photographs import PHOTOGRAPHS


def test_each_opens_as_a_square_without_a_class():
    images = open_images("photographs")
    assert images.names == tuple(PHOTOGRAPHS)
    assert set(images.labels) == {UNLABELLED}
    batch = read_batch(images, range(len(images)))
    assert not batch.unreadable
    assert batch.images.shape == (len(PHOTOGRAPHS), 3, 128, 128)
    assert (batch.images.flatten(1).std(dim=1) > 0.1).all()


def test_another_side_is_read_from_the_file():
    images = open_images("photographs", 224)
    found = images.read(images.names.index("astronaut"))
    # 512 × 512: scaled to 256, of which the middle is kept.
    with Image.open(PHOTOGRAPHS["astronaut"].path) as opened:
        small = opened.resize((256, 256), Image.Resampling.BILINEAR)
    expected = torch.tensor(small.getpixel((16 + 100, 16 + 50))) / 255
    assert torch.equal(found[:, 50, 100], expected)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_each_has_licence_credit_and_where_they_are_stated(name):
    photograph = PHOTOGRAPHS[name]
    assert photograph.licence in ("CC0", "CC BY 2.0", "public domain", "no known restrictions")
    assert photograph.shows
    assert photograph.credit
    assert photograph.stated


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("astronaut", ("NASA", "public domain")),
        ("camera", ("CC0", "Lav Varshney")),
        ("chelsea", ("CC0", "Stefan van der Walt")),
        ("coffee", ("CC0", "Rachel Michetti", "Pikolo Espresso Bar")),
        ("coins", ("No known copyright restrictions", "Brooklyn Museum")),
        ("rocket", ("SpaceX", "public domain")),
    ],
)
def test_scikit_image_states_them(name, words):
    from skimage import data

    stated = getattr(data, name).__doc__
    assert PHOTOGRAPHS[name].stated == f"docstring of skimage.data.{name}"
    for word in words:
        assert word in stated


def test_scikit_learn_states_them():
    stated = PHOTOGRAPHS["china"].path.with_name("README.txt").read_text()
    for name in ("china", "flower"):
        assert PHOTOGRAPHS[name].path.name in stated
        assert PHOTOGRAPHS[name].credit in stated
    assert "creativecommons.org/licenses/by/2.0" in stated


def test_a_picture_that_another_version_lacks_is_named(monkeypatch):
    gone = replace(PHOTOGRAPHS["coffee"], file="skimage/data/gone.png")
    monkeypatch.setitem(PHOTOGRAPHS, "coffee", gone)
    message = (
        r"'photographs': the picture 'coffee' is not here, scikit-image \d\S+ has no "
        r"skimage/data/gone\.png\. Install the version of scikit-image that requirements\.lock "
        r"names\."
    )
    with pytest.raises(MissingDataError, match=message):
        open_images("photographs")
