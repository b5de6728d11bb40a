"""The distribution controller: Eq. 6 and 7, its limits, and what it refuses."""

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.attributions import DistributionController, control, standardise
from saliency_audit.attributions.controller import RELEASED_EPS

SETTINGS = [(0.5, 2.5), (1.5, 2.5), (1.5, 1.5), (2.5, 2.5), (1.5, 0.5)]


def scores(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return 3 + 2 * torch.randn(*shape, generator=generator, dtype=dtype)


@pytest.mark.parametrize(("eta", "h"), SETTINGS)
def test_scores_by_the_formula(eta, h):
    maps = scores(4, 1, 7, 5)
    found = DistributionController(eta, h)(maps)
    for map_, image in zip(maps.numpy(), found.numpy(), strict=True):
        y = (map_ - map_.mean()) / map_.std()
        np.testing.assert_allclose(image, (1 / (1 + np.exp(-eta * y))) ** h, rtol=1e-12)


@pytest.mark.parametrize("eps", [0.0, RELEASED_EPS])
def test_normalisation_is_that_of_torch_without_affine(eps):
    maps = scores(3, 2, 8, 9)
    # torch's layer must add something
    theirs = nn.InstanceNorm2d(2, eps=eps or 1e-300, affine=False)(maps)
    torch.testing.assert_close(standardise(maps, eps), theirs, rtol=1e-12, atol=1e-12)


def test_the_released_layers_as_a_setting():
    maps = 0.01 * scores(3, 1, 8, 8)
    released = torch.sigmoid(1.5 * nn.InstanceNorm2d(1)(maps)) ** 2.5
    torch.testing.assert_close(control(maps, eps=RELEASED_EPS), released)
    assert not torch.allclose(control(maps), released, atol=1e-3)


@pytest.mark.parametrize("shape", [(6, 5), (2, 6, 5), (2, 1, 6, 5), (2, 3, 6, 5)])
def test_every_map_is_its_own(shape):
    maps = scores(*shape)
    alone = [control(map_) for map_ in maps.reshape(-1, 6, 5)]
    torch.testing.assert_close(control(maps).reshape(-1, 6, 5), torch.stack(alone))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("eta", "h"), SETTINGS)
def test_order_and_range(eta, h, dtype):
    maps = scores(1, 56, 56, dtype=dtype)
    found = control(maps, eta, h)
    assert found.dtype == dtype
    assert 0 < found.min() < found.max() < 1
    assert (found.flatten()[maps.flatten().argsort()].diff() > 0).all()


def test_scale_and_level_of_a_map_do_not_matter():
    maps = scores(2, 9, 9)
    torch.testing.assert_close(control(1e6 * maps - 5), control(maps))
    torch.testing.assert_close(control(1e-9 * maps), control(maps))


@pytest.mark.parametrize("unit", [1e-30, 1e-19, 1e19, 1e37])
def test_units_whose_squares_are_no_floats(unit):
    maps = scores(2, 9, 9, dtype=torch.float32)
    torch.testing.assert_close(control(unit * maps), control(maps))
    if unit > 1:  # small ones are lost in eps, which is what eps does
        torch.testing.assert_close(control(unit * maps, eps=RELEASED_EPS), control(maps))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    maps = scores(2, 56, 56, dtype=torch.float32).to(dtype)
    found = control(maps)
    assert found.dtype == dtype
    torch.testing.assert_close(found, control(maps.float()).to(dtype))


@pytest.mark.parametrize(("eta", "h"), [(1.5, 2.5), (1.5, 0.5)])
@pytest.mark.parametrize("eps", [0.0, RELEASED_EPS])
def test_gradient(eta, h, eps):
    maps = scores(2, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: control(x, eta, h, eps), (maps,))


def test_gradient_of_an_outlier_is_finite():
    maps = torch.zeros(1, 56, 56)
    maps[0, 0, 0] = 1.0
    maps.requires_grad_()
    control(maps).sum().backward()
    assert torch.isfinite(maps.grad).all()


def test_mode_and_state():
    controller, maps = DistributionController(), scores(2, 1, 8, 8)
    assert not list(controller.parameters())
    assert not controller.state_dict()
    assert torch.equal(controller.train()(maps), controller.eval()(maps))
    assert repr(controller) == "DistributionController(eta=1.5, h=2.5, eps=0)"


# What it refuses.


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("value", [0.0, 1 / 3, -1e4])
def test_constant_maps_are_refused(value, dtype):
    maps = scores(3, 1, 5, 5).to(dtype)
    maps[1] = value
    with pytest.raises(ValueError, match=r"constant map is 0.*\(maps \[1\]\).*eps=1e-05"):
        control(maps)


def test_maps_that_are_constant_up_to_rounding_are_refused():
    maps = torch.full((1, 5, 5), 0.1)
    maps[0, 0, 0] = torch.nextafter(maps[0, 0, 0], torch.tensor(1.0))
    with pytest.raises(ValueError, match=r"constant map is 0.* \(maps \[0\]\)"):
        control(maps)


def test_a_single_pixel_is_constant():
    with pytest.raises(ValueError, match="constant"):
        control(torch.ones(2, 1, 1))


def test_constant_maps_with_eps_are_half_to_the_power():
    maps = torch.full((2, 1, 5, 5), 3.0, requires_grad=True)
    found = control(maps, eps=RELEASED_EPS)
    torch.testing.assert_close(found, torch.full_like(found, 0.5**2.5))
    found.sum().backward()
    assert torch.isfinite(maps.grad).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("eps", [0.0, RELEASED_EPS])
def test_values_that_are_not_finite_are_refused(bad, eps):
    maps = scores(3, 1, 5, 5)
    maps[2, 0, 3, 3] = bad
    with pytest.raises(ValueError, match=r"NaN or infinite values \(maps \[2\]\)"):
        control(maps, eps=eps)


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (np.ones((2, 5, 5)), "maps must be a torch tensor, got a numpy array"),
        ([[1.0]], "maps must be a torch tensor, got list"),
        (torch.ones(5), r"shape \(…, H, W\)"),
        (torch.ones(2, 5, 5, dtype=torch.long), r"floats of shape .* got torch.int64"),
        (torch.ones(2, 0, 5), "with pixels"),
    ],
)
def test_other_maps_are_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        control(maps)


@pytest.mark.filterwarnings("error")
def test_an_empty_batch_stays_empty():
    assert control(torch.ones(0, 1, 5, 5)).shape == (0, 1, 5, 5)


@pytest.mark.parametrize("name", ["eta", "h"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "2", None, True, [1.0]])
def test_other_settings_are_refused(name, value):
    for build in (DistributionController, lambda **given: control(scores(1, 5, 5), **given)):
        with pytest.raises(ValueError, match=f"{name} must be a finite number > 0"):
            build(**{name: value})


@pytest.mark.parametrize("value", [-1e-9, float("nan"), "1", None])
def test_other_eps_are_refused(value):
    for build in (DistributionController, lambda **given: standardise(scores(1, 5, 5), **given)):
        with pytest.raises(ValueError, match="eps must be a finite number ≥ 0"):
            build(eps=value)


def test_numbers_of_numpy_are_numbers():
    maps = scores(1, 5, 5)
    assert torch.equal(control(maps, np.float32(2), np.int64(3)), control(maps, 2.0, 3.0))
