"""Shapes: the same pictures for ever, masks that are exact, nothing but the outline tells the class."""

import hashlib

import numpy as np
import pytest
import torch

from saliency_audit.datasets import Images, open_images, read_batch, read_regions
from saliency_audit.datasets.shapes import (
    CLASSES,
    MORE,
    OUTLINES,
    RADIUS,
    SIDE,
    TEST_COUNT,
    draw_shapes,
    shapes_training_set,
)


@pytest.fixture(scope="module")
def many():
    return draw_shapes(range(1600))


def test_a_picture_depends_on_seed_and_number_alone():
    numbers = [5, 1003, 2, 70_000]
    together = draw_shapes(numbers)
    for position, number in enumerate(numbers):
        alone = draw_shapes([number])
        assert torch.equal(alone.images[0], together.images[position])
        assert torch.equal(alone.masks[0], together.masks[position])
        assert alone.labels[0] == together.labels[position]
    assert not torch.equal(draw_shapes([5], seed=1).images, together.images[:1])
    assert draw_shapes([]).images.shape == (0, 3, SIDE, SIDE)


def test_the_pictures_are_those_of_the_recorded_rows():
    # A change of these masks changes every recorded row on shapes.
    masks = draw_shapes(range(64)).masks.numpy()
    assert hashlib.sha256(np.packbits(masks).tobytes()).hexdigest()[:16] == "1665c4e61db70bf9"
    means = draw_shapes(range(8)).images.double().mean(dim=(1, 2, 3)).tolist()
    assert means == pytest.approx(
        [0.589825, 0.321208, 0.438179, 0.579489, 0.64234, 0.560718, 0.315719, 0.516747], abs=1e-5
    )


def test_global_generators_play_no_part():
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    draw_shapes(range(3))
    assert torch.equal(torch_state, torch.get_rng_state())
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002


def test_pictures_have_256_levels(many):
    assert many.images.dtype == torch.float32
    assert many.images.min() >= 0
    assert many.images.max() <= 1
    torch.testing.assert_close(many.images * 255, (many.images * 255).round(), rtol=0, atol=1e-4)


def test_the_masks_are_exact(many):
    # The object is saturated and the background nearly grey: the picture itself shows the mask.
    saturation = many.images.amax(dim=1) - many.images.amin(dim=1)
    assert torch.equal(saturation > 0.3, many.masks)
    assert saturation[many.masks].min() > 0.7 * 0.7 - 0.1  # least saturation and value, noise


def test_the_object_has_one_colour(many):
    for image, mask in zip(many.images[:200], many.masks, strict=False):
        colours = image[:, mask]
        assert (colours.amax(dim=1) - colours.amin(dim=1)).max() <= 0.1 + 2 / 255


# Areas inside a circle of radius 1.
def _lens(radius, distance):
    """Area that the unit disc shares with a disc at this distance."""
    a = np.arccos((distance**2 + 1 - radius**2) / (2 * distance))
    b = np.arccos((distance**2 + radius**2 - 1) / (2 * distance * radius))
    return a - np.sin(2 * a) / 2 + radius**2 * (b - np.sin(2 * b) / 2)


AREAS = {
    "disc": np.pi,
    "ring": np.pi * (1 - 0.55**2),
    "crescent": np.pi - _lens(0.8, 0.5),
    "triangle": 3 * np.sqrt(3) / 4,
    "square": 2.0,
    "star": 5 * 0.42 * np.sin(np.pi / 5),
    "cross": 2 * 1.92 * 0.52 - 0.52**2,
    "bar": 1.92 * 0.52,
}


@pytest.mark.parametrize("name", CLASSES)
def test_outlines_are_the_shapes_they_are_called(name):
    step = 0.005
    u, v = np.meshgrid(*[np.arange(-1.2, 1.2, step) + step / 2] * 2)
    inside = OUTLINES[name](u, v)
    assert inside.sum() * step**2 == pytest.approx(AREAS[name], rel=0.005)
    assert np.hypot(u, v)[inside].max() <= 1 + step
    assert np.hypot(u, v)[inside].max() >= 0.95


def test_objects_have_the_stated_sizes_and_are_never_cut(many):
    discs = many.masks[many.labels == CLASSES.index("disc")]
    height, width = discs.any(dim=2).sum(dim=1), discs.any(dim=1).sum(dim=1)
    assert ((height - width).abs() <= 1).all()
    assert height.min() >= 2 * RADIUS[0] - 1
    assert height.max() <= 2 * RADIUS[1] + 1
    assert height.max() - height.min() > RADIUS[1] - RADIUS[0]
    areas = discs.sum(dim=(1, 2)) / (torch.pi / 4 * height * width)
    assert areas.min() > 0.9
    assert areas.max() < 1.1


def test_nothing_but_the_outline_depends_on_the_class(many):
    weights = many.masks.double() / many.masks.sum(dim=(1, 2), keepdim=True)
    pixel = torch.arange(SIDE, dtype=torch.float64) + 0.5
    x = (weights * pixel).sum(dim=(1, 2))
    y = (weights * pixel[:, None]).sum(dim=(1, 2))
    colour = (many.images * weights[:, None]).sum(dim=(2, 3))
    outside = (~many.masks[:, None]).double()
    background = (many.images * outside).sum(dim=(1, 2, 3)) / (3 * outside.sum(dim=(1, 2, 3)))
    for feature in (x, y, background, *colour.T):
        error = feature.std() / np.sqrt(200)
        for label in range(len(CLASSES)):
            mean = feature[many.labels == label].mean()
            assert (mean - feature.mean()).abs() < 3.5 * error
        assert feature.std() > 0


def test_the_test_set_is_balanced_and_has_regions():
    images = open_images("shapes")
    assert len(images) == TEST_COUNT == 1000
    assert np.bincount(images.labels).tolist() == [125] * 8
    assert len(set(images.names)) == 1000
    indices = (999, 3, 8)
    batch, regions = read_batch(images, indices), read_regions(images, indices)
    drawn = draw_shapes(indices)
    assert torch.equal(batch.images, drawn.images)
    assert torch.equal(batch.labels, drawn.labels)
    assert torch.equal(regions, drawn.masks)
    assert [images.names[i].split("-")[0] for i in indices] == [CLASSES[k] for k in drawn.labels]


def test_more_pictures_are_further_ones_of_the_same_kind():
    images = open_images("more_shapes")
    assert len(images) == len(MORE) == 20_000
    indices = (19_999, 0)
    batch, regions = read_batch(images, indices), read_regions(images, indices)
    drawn = draw_shapes([119_999, 100_000])
    assert torch.equal(batch.images, drawn.images)
    assert torch.equal(batch.labels, drawn.labels)
    assert torch.equal(regions, drawn.masks)
    assert [images.names[i] for i in indices] == ["bar-119999", "disc-100000"]


def test_no_training_set_reaches_the_further_pictures():
    with pytest.raises(ValueError, match="count must be at most 99000, got 99001"):
        shapes_training_set(99_001)


def test_training_pictures_are_no_test_pictures():
    pictures, labels = shapes_training_set(300)
    drawn = draw_shapes(range(TEST_COUNT, TEST_COUNT + 300))
    assert torch.equal(pictures, drawn.images)
    assert torch.equal(labels, drawn.labels)
    fewer, _ = shapes_training_set(10)
    assert torch.equal(fewer, pictures[:10])
    test = {image.numpy().tobytes() for image in draw_shapes(range(TEST_COUNT)).images}
    assert len(test) == TEST_COUNT
    assert not test & {image.numpy().tobytes() for image in pictures}


@pytest.mark.parametrize("count", [0, -1])
def test_an_empty_training_set_is_refused(count):
    with pytest.raises(ValueError, match="count must be at least 1"):
        shapes_training_set(count)


def test_negative_numbers_are_refused():
    with pytest.raises(ValueError, match="numbers must not be negative"):
        draw_shapes([3, -1])


def test_sets_without_regions_say_so():
    with pytest.raises(ValueError, match="'digits' has neither object masks nor boxes"):
        read_regions(open_images("digits"), [0])
    with pytest.raises(ValueError, match="no index given"):
        read_regions(open_images("shapes"), [])


def test_regions_come_in_the_order_asked_for():
    regions = [torch.zeros(2, 2, dtype=torch.bool), torch.ones(2, 2, dtype=torch.bool)]
    images = Images("two", ("a", "b"), (0, 1), regions.__getitem__, regions.__getitem__)
    assert read_regions(images, (1, 0, 1))[:, 0, 0].tolist() == [True, False, True]
