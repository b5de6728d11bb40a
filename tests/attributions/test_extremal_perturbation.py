"""Extremal Perturbation against TorchRay's golden numbers, closed forms and its definition."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.attributions import ExtremalPerturbation, create, extremal_perturbation
from saliency_audit.attributions.extremal_perturbation import area_loss, blurred_by
from saliency_audit.attributions.mask_search import descend
from saliency_audit.attributions.smooth_maximum import (
    NUMBERS_PER_BLOCK,
    SmoothMasks,
    _SmoothMaximum,
)

RUNS = {"step4_sigma8": (4, 8, (0.1, 0.3)), "step7_sigma21": (7, 21, (0.1,))}


@pytest.fixture(scope="module")
def peer(request):
    with np.load(request.path.parents[1] / "golden" / "extremal.npz") as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored}


# TorchRay


@pytest.mark.parametrize("name", RUNS)
def test_golden_masks_of_a_lattice(peer, name):
    step, sigma, _ = RUNS[name]
    start, expected = peer[f"start_{name}"], peer[f"extended_{name}"]
    masks = SmoothMasks(32, 32, step, sigma, start)
    found = masks.extended(start)
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-6)
    cropped = masks.cropped(found)
    assert torch.equal(cropped[:, 0], found[:, sigma : sigma + 32, sigma : sigma + 32])


@pytest.mark.parametrize("name", RUNS)
def test_golden_search_from_a_start_without_ties(peer, name, golden, golden_network, monkeypatch):
    step, sigma, areas = RUNS[name]
    start = peer[f"start_{name}"]

    def from_there(model, ones, *settings):
        return descend(model, start.repeat(len(ones) // len(start), 1, 1, 1), *settings)

    monkeypatch.setattr(extremal_perturbation, "descend", from_there)
    explain = ExtremalPerturbation(areas, iterations=40, step=step, sigma=sigma, border=0)
    maps = explain(golden_network, golden["inputs"][:2], golden["targets"][:2])
    # The peer works in float32 and cuts its blurs off elsewhere.
    expected = peer[f"masks_{name}"].sum(dim=1, keepdim=True)
    torch.testing.assert_close(maps, expected, rtol=0, atol=3e-3)
    assert (maps - expected).abs().mean() < 1e-4


def test_golden_search_from_ones(peer, golden, golden_network):
    # All values are tied at first, and rounding decides which count as higher.
    explain = ExtremalPerturbation(iterations=40, border=0)
    maps = explain(golden_network, golden["inputs"][:2], golden["targets"][:2])
    torch.testing.assert_close(maps, peer["masks_from_ones"], rtol=0, atol=3e-3)


def test_golden_smoothing(peer, golden, golden_network):
    explain = ExtremalPerturbation(iterations=5, smooth=0.09, border=0)
    maps = explain(golden_network, golden["inputs"][:1], golden["targets"][:1])
    torch.testing.assert_close(maps[:, 0], peer["smooth"], rtol=0, atol=3e-3)


# The mask


def test_a_mask_is_the_smooth_maximum_of_the_kernel_over_the_lattice():
    points = torch.rand(1, 1, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    step, sigma = 3, 4.0
    masks = SmoothMasks(8, 10, step, sigma, points)
    found = masks.cropped(masks.extended(points))
    assert found.shape == (1, 1, 8, 10)
    rows, columns = np.mgrid[-9:13, -9:13]  # lattice points beyond the picture are 0
    values = np.zeros(rows.shape)
    values[9 : 9 + 3, 9 : 9 + 4] = points[0, 0]
    for y, x in ((0, 0), (4, 4), (7, 9), (2, 8)):
        # The window of neighbours around the cell of a pixel, whose corner is one margin away.
        reach = 1 + int(np.ceil(sigma / step))
        first = [(place + 4) // step - 1 - int(np.ceil(2 * sigma / step)) for place in (y, x)]
        window = (
            (rows >= first[0])
            & (rows <= first[0] + 2 * reach)
            & (columns >= first[1])
            & (columns <= first[1] + 2 * reach)
        )
        apart = np.hypot(y - step * rows, x - step * columns)[window]
        inner = np.exp(-2 * np.maximum(apart / sigma - 0.5, 0) ** 2) * values[window]
        shares = np.exp(20 * inner)
        assert float(found[0, 0, y, x]) == pytest.approx((inner * shares).sum() / shares.sum())


@pytest.mark.parametrize("together", [1, 100, 10**6])
def test_the_gradient_of_the_smooth_maximum(monkeypatch, together):
    monkeypatch.setitem(NUMBERS_PER_BLOCK, "cpu", together)
    random = torch.Generator().manual_seed(1)
    points = torch.rand(8, 9, dtype=torch.float64, generator=random).requires_grad_()
    table = torch.rand(9, 6, dtype=torch.float64, generator=random)
    values = points[:, :, None] * table
    expected = (values * (20 * values).softmax(dim=1)).sum(dim=1)
    torch.testing.assert_close(_SmoothMaximum.apply(points, table), expected)
    assert torch.autograd.gradcheck(lambda given: _SmoothMaximum.apply(given, table), (points,))


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 40])
@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5, 6.0, 21.0])
@pytest.mark.parametrize("size", [(1, 1), (6, 5), (32, 28)])
def test_masks_cover_the_picture_whatever_the_lattice(step, sigma, size):
    masks = SmoothMasks(*size, step, sigma, torch.zeros(1))
    points = torch.ones(2, 1, *masks.lattice)
    found = masks.cropped(masks.extended(points))
    assert found.shape == (2, 1, *size)
    assert found.isfinite().all()
    assert ((found >= 0) & (found <= 1)).all()


def test_a_mask_is_a_picture_of_its_points():
    points = torch.zeros(1, 1, 8, 8)
    points[0, 0, 2, 6] = 1
    masks = SmoothMasks(32, 32, 4, 8.0, points)
    mask = masks.cropped(masks.extended(points))[0, 0]
    # A plateau half of σ about the point.
    for place in ((8, 24), (4, 24), (10, 26)):
        assert float(mask[place]) == pytest.approx(float(mask.max()), abs=1e-6)
    assert mask[3, 24] < mask[8, 24]
    assert mask[24, 8] < 0.05


# The area


def by_sorting(masks, areas):
    """The loss as it is defined, row by row."""
    rows = masks.flatten(2)
    losses = []
    for number, area in enumerate(areas):
        values = rows[:, number].sort(dim=1, stable=True).values
        ideal = torch.zeros_like(values)
        ideal[:, int(values.shape[1] * (1 - area)) :] = 1
        losses.append((values - ideal).square().mean(dim=1))
    return torch.stack(losses, dim=1)


@pytest.mark.parametrize("levels", [1, 2, 5, 1000])
def test_the_area_loss_is_that_of_sorted_values(levels):
    random = torch.Generator().manual_seed(levels)
    values = torch.randint(levels, (3, 4, 9, 7), generator=random).double() / levels
    areas = (0.001, 0.1, 0.5, 0.999)
    ours, theirs = values.clone().requires_grad_(), values.clone().requires_grad_()
    found, expected = area_loss(ours, areas), by_sorting(theirs, areas)
    torch.testing.assert_close(found, expected)
    found.sum().backward()
    expected.sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_a_mask_of_the_area_has_no_area_loss():
    mask = torch.zeros(1, 1, 10, 10)
    mask[..., :3, :] = 1
    assert area_loss(mask, (0.3,)) == 0
    assert area_loss(mask, (0.5,)) == pytest.approx(0.2)


# The blur


def test_pixels_are_as_sharp_as_the_mask_says():
    blurs = torch.rand(2, 3, 1, 4, 4, generator=torch.Generator().manual_seed(2))
    for value, expected in ((0.0, blurs[:, 0]), (0.5, blurs[:, 1]), (1.0, blurs[:, 2])):
        mask = torch.full((2, 1, 4, 4), value)
        torch.testing.assert_close(blurred_by(blurs, mask), expected)
    between = blurred_by(blurs, torch.full((2, 1, 4, 4), 0.625))
    torch.testing.assert_close(between, 0.75 * blurs[:, 1] + 0.25 * blurs[:, 2])
    several = blurred_by(
        blurs,
        torch.tensor([0.0, 1.0]).repeat(2)[:, None, None, None] + 0 * between.repeat(2, 1, 1, 1),
    )
    torch.testing.assert_close(
        several, torch.stack([blurs[0, 0], blurs[0, 2], blurs[1, 0], blurs[1, 2]])
    )


# The search


def looking_at(rows, columns):
    """A model whose first logit is the mean square contrast within a window, the other 0."""

    class Window(nn.Module):
        def forward(self, images):
            seen = images[:, :, rows, columns]
            score = 20 * (seen - seen.mean((2, 3), keepdim=True)).square().mean((1, 2, 3))
            return torch.stack([score, 0 * score], dim=1)

    return Window().eval()


PICTURES = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(3))
FIRST = torch.zeros(2, dtype=torch.int64)


@pytest.mark.parametrize("perturbation", ["native", "shared"])
def test_the_mask_keeps_what_the_model_looks_at(perturbation):
    model = looking_at(slice(4, 14), slice(16, 26))
    explain = create(
        "xpert", iterations=60, step=2, sigma=4.0, flip=False, perturbation=perturbation
    )
    maps = explain(model, PICTURES, FIRST)[:, 0]
    inside = maps[:, 4:14, 16:26].mean((1, 2))
    assert (inside > 0.6).all()
    assert (inside > 5 * maps[:, 18:].mean((1, 2))).all()


def test_the_area_is_the_one_asked_for():
    model = looking_at(slice(8, 24), slice(8, 24))
    explain = partial(ExtremalPerturbation, iterations=150, step=2, sigma=3.0, flip=False)
    for area in (0.1, 0.3):
        masks = SmoothMasks(32, 32, 2, 3.0, PICTURES)
        pixels = masks.extended(torch.ones(1, 1, *masks.lattice)).numel()
        maps = explain((area,))(model, PICTURES, FIRST)
        assert maps.sum((1, 2, 3)) / pixels == pytest.approx([area, area], abs=0.05)


def test_maps_of_several_areas_are_summed(golden, golden_network):
    given = (golden_network, golden["inputs"], golden["targets"])
    explain = partial(ExtremalPerturbation, iterations=6, step=4, sigma=8.0)
    for batch_size in (1, 2, 3, 8):
        both = explain((0.1, 0.4), batch_size=batch_size)(*given)
        each = sum(explain((area,))(*given) for area in (0.1, 0.4))
        torch.testing.assert_close(both, each, rtol=0, atol=1e-9)


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_passes(counting, golden, golden_network, batch_size):
    model = counting(golden_network)
    explain = ExtremalPerturbation((0.1, 0.2, 0.3), iterations=4, batch_size=batch_size)
    explain(model, golden["inputs"], golden["targets"])
    assert sum(model.sizes) == 4 * 3 * 4
    assert max(model.sizes) <= batch_size


BAD = {
    "no area": ({"areas": ()}, r"areas must be numbers in \(0, 1\), such as .* got \(\)"),
    "an area alone": ({"areas": 0.1}, r"areas must be numbers in \(0, 1\), .* got 0\.1"),
    "all": ({"areas": (0.1, 1.0)}, r"areas must be numbers in \(0, 1\)"),
    "a percentage": ({"areas": (10,)}, r"areas must be numbers in \(0, 1\)"),
    "no step": ({"step": 0}, "step must be a whole number ≥ 1, got 0"),
    "half a step": ({"step": 3.5}, r"step must be a whole number ≥ 1, got 3\.5"),
    "no width": ({"sigma": 0}, "sigma must be a finite number > 0, got 0"),
    "no iteration": ({"iterations": 0}, "iterations must be a whole number ≥ 1, got 0"),
    "momentum for ever": ({"momentum": 1.0}, r"momentum must be below 1 .* got 1\.0"),
    "one level": ({"levels": 1}, "levels at least 2"),
    "no such perturbation": (
        {"perturbation": "fade"},
        "unknown perturbation 'fade'; known: native",
    ),
    "no colour": ({"border": float("nan")}, "border must be a finite number"),
}


@pytest.mark.parametrize("case", BAD)
def test_settings_are_refused(case):
    settings, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        create("xpert", **settings)


def test_areas_may_be_a_list():
    assert create("xpert", areas=[0.1, 0.2]) == ExtremalPerturbation((0.1, 0.2))
