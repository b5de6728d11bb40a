"""Similarities and distances of maps against scipy, scikit-image, POT and closed forms."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr, wasserstein_distance
from skimage.metrics import normalized_root_mse, structural_similarity

from saliency_audit.metrics import (
    dice,
    norm_distance,
    normalized_mse,
    spearman,
    ssim,
    wasserstein1,
    weighted_jaccard,
)
from saliency_audit.metrics.ranks import average_ranks, normalised_ranks
from saliency_audit.metrics.similarity import DISTANCES


def maps(count, side, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, side, side, dtype=torch.float64, generator=generator)


@given(st.lists(st.lists(st.integers(-2, 3), min_size=7, max_size=7), min_size=1, max_size=4))
def test_ranks_are_scipys_also_with_ties(rows):
    found = average_ranks(torch.tensor(rows, dtype=torch.float32))
    np.testing.assert_array_equal(found.numpy(), rankdata(rows, axis=1))


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False, width=16), min_size=1, max_size=40),
    st.sampled_from([torch.float64, torch.float32, torch.float16, torch.bfloat16]),
)
def test_ranks_are_scipys_for_all_floats(row, dtype):
    values = torch.tensor([row, row[::-1]]).to(dtype)
    expected = rankdata(values.double().numpy(), axis=1)
    np.testing.assert_array_equal(average_ranks(values).numpy(), expected)


def test_normalised_ranks_have_norm_one_and_constant_rows_none():
    rows = torch.tensor([[3.0, 1, 2, 2], [5, 5, 5, 5]])
    found = normalised_ranks(rows)
    assert torch.linalg.vector_norm(found[0]).item() == pytest.approx(1)
    assert found[0].sum().item() == pytest.approx(0)
    assert found[1].isnan().all()


@pytest.mark.parametrize("levels", [None, 4])
def test_spearman_is_scipys(levels):
    first, second = maps(3, 9, 0), maps(3, 9, 1)
    second[1] = -(first[1] ** 3)
    if levels:  # many ties
        first, second = (first * levels).floor(), (second * levels).floor()
    for one, other, found in zip(first, second, spearman(first, second), strict=True):
        expected = spearmanr(one.flatten().numpy(), other.flatten().numpy()).statistic
        assert found.item() == pytest.approx(expected, abs=1e-12)


def test_spearman_with_a_constant_map_is_undefined():
    first = maps(2, 5, 0)
    second = first.clone()
    second[1] = 0.5
    scores = spearman(first, second)
    assert scores[0].item() == pytest.approx(1)
    assert scores[1].isnan()


def square(top, left, size, side=12):
    plane = torch.zeros(1, side, side, dtype=torch.float64)
    plane[0, top : top + size, left : left + size] = 1
    return plane


def test_dice_is_twice_the_overlap_over_both_areas():
    assert dice(square(0, 0, 4), square(0, 2, 4)).item() == pytest.approx(2 * 8 / 32)
    assert dice(square(0, 0, 4), square(6, 6, 4)).item() == 0
    assert dice(square(0, 0, 4), square(0, 0, 2)).item() == pytest.approx(2 * 4 / 20)
    # Below the level nothing belongs to the region.
    faint = square(0, 0, 4) + 0.4 * square(6, 6, 4)
    assert dice(faint, square(0, 0, 4)).item() == 1
    assert dice(square(0, 0, 4) * 0, square(0, 0, 4)).isnan().all()
    assert dice(faint, square(0, 0, 4), level=0.4).item() == pytest.approx(2 * 16 / 48)


def test_ssim_of_scaled_maps_is_scikit_images():
    first = maps(3, 24, 2) * 7 - 3
    second = first + maps(3, 24, 3) * 4
    for one, other, found in zip(first, second, ssim(first, second), strict=True):
        pair = [
            ((plane - plane.min()) / (plane.max() - plane.min())).numpy() for plane in (one, other)
        ]
        expected = structural_similarity(
            *pair, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        assert found.item() == pytest.approx(expected, abs=1e-6)
    assert ssim(first, torch.zeros_like(first)).isnan().all()


def test_moving_a_region_costs_its_way():
    assert wasserstein1(square(1, 1, 3), square(1, 5, 3)).item() == pytest.approx(4)
    assert wasserstein1(square(0, 0, 2), square(3, 4, 2)).item() == pytest.approx(5)
    # Size does not matter, sign does not.
    assert wasserstein1(square(1, 1, 3) * 9, -square(1, 5, 3)).item() == pytest.approx(4)


def test_wasserstein_on_a_line_is_scipys():
    first, second = maps(2, 15, 4)[:, :1], maps(2, 15, 5)[:, :1]
    places = np.arange(15)
    for one, other, found in zip(first, second, wasserstein1(first, second), strict=True):
        expected = wasserstein_distance(places, places, one[0].numpy(), other[0].numpy())
        assert found.item() == pytest.approx(expected, abs=1e-9)


def test_wasserstein_of_nothing_is_undefined():
    assert wasserstein1(square(0, 0, 2), square(0, 0, 2) * 0).isnan().all()


def test_norms():
    first, second = torch.zeros(1, 2, 2), torch.tensor([[[3.0, 0], [0, -4]]])
    assert norm_distance(first, second).item() == 5
    assert norm_distance(first, second, 1).item() == 7


@pytest.mark.parametrize("name", DISTANCES)
def test_distances_are_zero_for_equal_maps_and_positive_else(name):
    first, second = maps(2, 12, 6), maps(2, 12, 7)
    np.testing.assert_allclose(DISTANCES[name](first, first.clone()), 0, atol=1e-9)
    assert (DISTANCES[name](first, second) > 0.01).all()
    np.testing.assert_allclose(
        DISTANCES[name](first, second), DISTANCES[name](second, first), atol=1e-9
    )


@pytest.mark.parametrize("measure", [spearman, dice, ssim, wasserstein1, norm_distance])
@pytest.mark.parametrize(
    ("second", "message"),
    [
        (torch.rand(2, 12, 11), "maps must have one shape"),
        (torch.rand(2, 1, 12, 12), r"shape \(N, H, W\)"),
        (torch.zeros(2, 12, 12, dtype=torch.int64), "maps must be floats"),
        (torch.zeros(2, 12, 0), r"maps have no pixels: shape \(2, 12, 0\)"),
        ([torch.zeros(12, 12)] * 2, r"maps must be one tensor \(N, H, W\), got list"),
        (torch.full((2, 12, 12), torch.nan), "NaN or infinite"),
    ],
)
def test_bad_input(measure, second, message):
    with pytest.raises(ValueError, match=message):
        measure(torch.rand(2, 12, 12), second)


def test_what_single_measures_refuse():
    with pytest.raises(ValueError, match="must be at least 0"):
        dice(-square(0, 0, 2), square(0, 0, 2))
    with pytest.raises(ValueError, match=r"level must lie in \(0, 1\]"):
        dice(square(0, 0, 2), square(0, 0, 2), level=0)
    with pytest.raises(ValueError, match="65×64 pixels are too large"):
        wasserstein1(torch.rand(1, 65, 64), torch.rand(1, 65, 64))
    with pytest.raises(ValueError, match="too small for SSIM"):
        ssim(torch.rand(1, 8, 8), torch.rand(1, 8, 8))


def test_weighted_jaccard_is_that_of_the_overlap():
    first = torch.tensor([[[1.0, 2], [0, 3]], [[0, 0], [0, 0]], [[1, 1], [0, 0]]])
    second = torch.tensor([[[2.0, 1], [1, 3]], [[0, 0], [0, 0]], [[0, 0], [2, 0]]])
    found = weighted_jaccard(first, second)
    assert found[0].item() == pytest.approx((1 + 1 + 0 + 3) / (2 + 2 + 1 + 3))
    assert found[1].isnan()
    assert found[2] == 0
    assert weighted_jaccard(first, first)[0] == 1
    with pytest.raises(ValueError, match="must be at least 0"):
        weighted_jaccard(first, -second)


def test_weighted_jaccard_of_independent_maps_is_not_zero():
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 1, 400, 400, generator=generator).abs()
    assert weighted_jaccard(first, second).item() == pytest.approx(2**0.5 - 1, abs=0.005)


def test_normalized_mse_is_scikit_images():
    first, second = maps(4, 12, 0), maps(4, 12, 1)
    expected = [
        normalized_root_mse(b.numpy(), a.numpy(), normalization="euclidean") ** 2
        for a, b in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(normalized_mse(first, second).numpy(), expected, rtol=1e-12)
    assert normalized_mse(first, torch.zeros_like(first)).isnan().all()
    assert normalized_mse(torch.zeros_like(first), second).tolist() == [1.0] * 4
