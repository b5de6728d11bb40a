"""KL divergence beside scipy, the Fréchet distance beside closed forms and scipy's matrix root."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.special import rel_entr

from saliency_audit.metrics import frechet_distance, kl_divergence


def drawn(*shape, seed=0):
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_kl_is_scipys_of_the_shares():
    first, second = drawn(4, 9, 7), drawn(4, 9, 7, seed=1) ** 3
    found = kl_divergence(first, second, floor=1e-12)
    for value, one, other in zip(found, first.numpy(), second.numpy(), strict=True):
        assert value == pytest.approx(rel_entr(one / one.sum(), other / other.sum()).sum())


def test_kl_of_two_pixels_is_known():
    first, second = torch.tensor([[[3.0, 1.0]]]), torch.tensor([[[1.0, 1.0]]])
    forth = 0.75 * np.log(1.5) + 0.25 * np.log(0.5)
    back = -0.5 * np.log(1.5) - 0.5 * np.log(0.5)
    assert kl_divergence(first, second, floor=1e-12).item() == pytest.approx(forth)
    symmetric = kl_divergence(first, second, symmetric=True, floor=1e-12)
    assert symmetric.item() == pytest.approx((forth + back) / 2)


def test_kl_ignores_a_factor_even_a_huge_one_and_is_finite_for_disjoint_maps():
    maps = drawn(2, 5, 5)
    assert kl_divergence(maps, 1e300 * maps).abs().max() < 1e-12
    left, right = torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)
    left[0, 0, 0] = right[0, 1, 1] = 1
    # All mass where the other has floor / 4.
    assert kl_divergence(left, right).item() == pytest.approx(np.log(4e6), rel=1e-3)


def test_kl_of_an_empty_map_is_undefined():
    maps = torch.stack([torch.zeros(3, 3), torch.ones(3, 3)])
    assert kl_divergence(maps, torch.ones(2, 3, 3)).isnan().tolist() == [True, False]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (torch.ones(1, 2, 2), torch.ones(1, 2, 3), "one shape"),
        (-torch.ones(1, 2, 2), torch.ones(1, 2, 2), "at least 0"),
        (torch.ones(1, 2, 2), torch.full((1, 2, 2), torch.inf), "finite"),
    ],
)
def test_kl_refuses(first, second, message):
    with pytest.raises(ValueError, match=message):
        kl_divergence(first, second)


@pytest.mark.parametrize("floor", [0, 1, torch.nan])
def test_kl_refuses_floors(floor):
    with pytest.raises(ValueError, match="floor must lie in"):
        kl_divergence(torch.ones(1, 2, 2), torch.ones(1, 2, 2), floor=floor)


def test_frechet_is_the_formula_with_scipys_root():
    first, second = drawn(40, 12, 12), drawn(50, 12, 12, seed=1) ** 2
    found = frechet_distance(first, second, side=3)
    cells = [
        maps.reshape(len(maps), 3, 4, 3, 4).mean(dim=(2, 4)).flatten(1).numpy()
        for maps in (first, second)
    ]
    means = [part.mean(axis=0) for part in cells]
    spreads = [np.cov(part.T) for part in cells]
    root = sqrtm(spreads[0] @ spreads[1]).real
    expected = ((means[0] - means[1]) ** 2).sum() + np.trace(spreads[0] + spreads[1] - 2 * root)
    assert found == pytest.approx(expected)


def test_frechet_in_one_dimension_is_that_of_means_and_deviations():
    first = torch.tensor([0.0, 2, 4])[:, None, None].expand(3, 4, 4)
    second = torch.tensor([5.0, 6])[:, None, None].expand(2, 4, 4)
    expected = (5.5 - 2) ** 2 + (2 - 0.5**0.5) ** 2
    assert frechet_distance(first, second, side=1) == pytest.approx(expected)


def test_frechet_of_a_set_with_itself_is_zero_and_of_few_maps_too_large():
    maps = drawn(400, 8, 8)
    assert frechet_distance(maps, maps) < 1e-9
    whole = frechet_distance(maps[:200], maps[200:])
    assert frechet_distance(maps[:10], maps[200:210]) > 5 * whole


@pytest.mark.parametrize(
    ("first", "side", "message"),
    [
        (torch.ones(1, 8, 8), 8, "a covariance needs at least two"),
        (torch.ones(3, 4, 4), 8, "no 8×8 cells"),
        (torch.ones(3, 8, 8), 0, "whole number"),
        (torch.full((3, 8, 8), torch.nan), 8, "NaN or infinite"),
        (torch.ones(3, 1, 8, 8), 8, "shape|must be"),
        (torch.ones(3, 8, 16), 8, r"one size, got \(8, 16\) and \(8, 8\)"),
    ],
)
def test_frechet_refuses(first, side, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(first, torch.rand(3, 8, 8), side=side)
