"""Pearson's coefficient of skewness."""

import numpy as np
import pytest
import torch
from scipy import stats

from saliency_audit.attributions.controlled_scores import skew_normal_scores
from saliency_audit.metrics import pearson_skewness


def test_by_hand():
    # mean 3 and median 2 of the six values
    maps = torch.tensor([[[1.0, 2.0, 2.0], [2.0, 4.0, 7.0]]])
    values = np.array([1, 2, 2, 2, 4, 7])
    expected = 3 * (3 - 2) / values.std()
    assert pearson_skewness(maps).tolist() == pytest.approx([expected])


def test_the_median_of_an_even_number_is_between_the_two_in_the_middle():
    maps = torch.tensor([[[0.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 1.0]]])
    found = pearson_skewness(maps)
    assert found.tolist() == pytest.approx([0.0, 3 * 0.25 / np.std([0, 0, 0, 1])])


@pytest.mark.parametrize("side", [15, 16])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agreement_with_numpy(side, dtype):
    generator = torch.Generator().manual_seed(side)
    maps = torch.randn(5, side, side, generator=generator, dtype=dtype).exp()
    values = maps.double().flatten(1).numpy()
    expected = 3 * (values.mean(1) - np.median(values, axis=1)) / values.std(1)
    np.testing.assert_allclose(pearson_skewness(maps).numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("a", [-5, 0, 20])
def test_a_large_map_has_the_coefficient_of_its_distribution(a):
    values = stats.skewnorm(a).rvs(1_000_000, random_state=0)
    found = pearson_skewness(torch.from_numpy(values).reshape(1, 1000, 1000))
    assert found.item() == pytest.approx(skew_normal_scores(a).skewness, abs=0.01)


def test_mirrored_maps_have_the_opposite_and_units_do_not_matter():
    maps = torch.rand(4, 9, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = pearson_skewness(maps**3)
    torch.testing.assert_close(pearson_skewness(-(maps**3)), -found)
    for unit in (1e-200, 1e200):
        torch.testing.assert_close(pearson_skewness(unit * maps**3), found)


def test_the_bound_is_reached_in_the_limit():
    maps = torch.zeros(1, 100, 100)
    maps.view(-1)[:4999] = 1
    assert 2.99 < pearson_skewness(maps).item() <= 3
    assert -3 <= pearson_skewness(1 - maps).item() < -2.99


def test_undefined_maps():
    maps = torch.rand(5, 8, 8, generator=torch.Generator().manual_seed(0))
    maps[1] = 0.3
    maps[2, 0, 0] = float("nan")
    maps[3, 0, 0] = float("inf")
    assert pearson_skewness(maps).isnan().tolist() == [False, True, True, True, False]
    assert pearson_skewness(torch.ones(0, 8, 8)).shape == (0,)


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (torch.rand(2, 1, 8, 8), r"floats of shape \(N, H, W\)"),
        (torch.ones(2, 8, 8, dtype=torch.long), "floats of shape"),
        (torch.rand(2, 0, 8), "no pixels"),
        (np.ones((2, 8, 8)), "got a numpy array"),
    ],
)
def test_other_maps_are_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        pearson_skewness(maps)
