"""The controls: edges by hand, noise that belongs to the image, and no model anywhere."""

import numpy as np
import pytest
import torch
from scipy import stats
from skimage.filters import sobel

from saliency_audit.attributions import saliency
from saliency_audit.attributions.controls import Edge, RandomMap

CONTROLS = [Edge(), Edge(gray=True), RandomMap(), RandomMap("normal", seed=3)]


def forbidden(points):
    raise AssertionError("a control must not ask the model")


@pytest.fixture
def pictures():
    return torch.rand(4, 3, 9, 7, generator=torch.Generator().manual_seed(5))


@pytest.fixture
def classes():
    return torch.tensor([0, 3, 1, 2])


def test_the_edge_of_a_ramp_is_its_slope():
    ramp = (torch.arange(8) * 0.1).expand(1, 1, 6, 8).contiguous()
    for image in (ramp, ramp.transpose(2, 3).contiguous()):
        maps = Edge()(forbidden, image, torch.tensor([0]))
        inner = maps[0, 0, 1:-1, 1:-1]
        # Two pixels apart the ramp differs by 0.2; the other direction is flat.
        torch.testing.assert_close(inner, torch.full_like(inner, 0.2 / 2**0.5))


def test_edges_are_those_of_scikit_image_per_channel(pictures, classes):
    maps = Edge()(forbidden, pictures, classes)
    for image in range(4):
        for channel in range(3):
            expected = sobel(pictures[image, channel].double().numpy())
            np.testing.assert_allclose(maps[image, channel], expected, rtol=1e-6)


def test_gray_edges_add_up_over_the_channels(pictures, classes):
    maps = Edge(gray=True)(forbidden, pictures, classes)
    expected = sobel(pictures[2].double().mean(dim=0).numpy())
    np.testing.assert_allclose(saliency(maps)[2], expected, rtol=1e-5)
    assert torch.equal(maps[:, 0], maps[:, 2])
    single = pictures[:, :1]
    torch.testing.assert_close(
        Edge(gray=True)(forbidden, single, classes), Edge()(forbidden, single, classes)
    )


def test_an_image_without_edges_and_the_range():
    flat = torch.full((1, 3, 5, 5), 0.3)
    steep = torch.zeros(1, 1, 8, 8)
    steep[..., 4:, :] = 1
    steep[..., 4:] = 1
    target = torch.tensor([0])
    assert torch.equal(Edge()(forbidden, flat, target), torch.zeros_like(flat))
    maps = Edge()(forbidden, steep, target)
    assert maps.min() == 0
    assert 0.5 < maps.max() <= 1


@pytest.mark.parametrize(
    ("distribution", "reference"), [("uniform", "uniform"), ("normal", "norm")]
)
def test_random_maps_have_their_distribution(distribution, reference):
    image = torch.rand(1, 3, 60, 60, generator=torch.Generator().manual_seed(0))
    maps = RandomMap(distribution)(forbidden, image, torch.tensor([0]))
    assert stats.kstest(maps.flatten().numpy(), reference).pvalue > 0.01
    assert abs(np.corrcoef(maps.flatten(), image.flatten())[0, 1]) < 0.03


def test_random_maps_follow_image_and_seed(pictures, classes):
    maps = RandomMap()(forbidden, pictures, classes)
    assert not torch.equal(maps[0], maps[1])
    assert not torch.equal(maps, RandomMap(seed=1)(forbidden, pictures, classes))
    assert torch.equal(maps, RandomMap()(forbidden, pictures, classes.flip(0)))
    torch.manual_seed(0)
    state = torch.get_rng_state()
    assert torch.equal(maps, RandomMap()(forbidden, pictures, classes))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("control", CONTROLS, ids=repr)
def test_order_and_company_change_nothing(control, pictures, classes):
    maps = control(forbidden, pictures, classes)
    order = torch.tensor([2, 0, 3, 1])
    assert torch.equal(control(forbidden, pictures[order], classes[order]), maps[order])
    for i in range(4):
        assert torch.equal(control(forbidden, pictures[[i]], classes[[i]])[0], maps[i])


@pytest.mark.parametrize("control", CONTROLS, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_type_follow_the_images(control, dtype, pictures, classes):
    images = pictures.to(dtype).requires_grad_()
    maps = control(forbidden, images, classes)
    assert (maps.shape, maps.dtype) == (images.shape, dtype)
    assert not maps.requires_grad
    maps += 1  # its own memory, no expanded view
    none = control(forbidden, images[:0], classes[:0])
    assert (none.shape, none.dtype) == (images[:0].shape, dtype)


def test_bad_settings():
    with pytest.raises(ValueError, match="unknown distribution 'gauss'; known: uniform, normal"):
        RandomMap("gauss")


def test_a_control_is_its_configuration():
    assert RandomMap(seed=2) == RandomMap("uniform", 2)
    assert len({hash(control) for control in CONTROLS}) == len(CONTROLS)
