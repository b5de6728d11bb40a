"""Localisation: hand-made cases, independent implementations, defined values for odd maps."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import label, regionprops
from sklearn.metrics import average_precision_score

from saliency_audit.metrics.localisation import (
    box_iou,
    explainability,
    mass_inside,
    pointing_game,
    region_iou,
    widened,
)

EVERY = (explainability, region_iou, box_iou, pointing_game, mass_inside)


def square(height, width, top, left, size):
    region = torch.zeros(1, height, width, dtype=torch.bool)
    region[0, top : top + size, left : left + size] = True
    return region


def random_case(seed, levels=None):
    """Saliency `(3, 9, 7)`, from few levels where ties are wanted, and a region each."""
    generator = torch.Generator().manual_seed(seed)
    saliency = torch.rand(3, 9, 7, generator=generator)
    if levels:
        saliency = (saliency * levels).floor()
    regions = torch.rand(3, 9, 7, generator=generator) < 0.3
    regions[:, 4, 3] = True
    return saliency, regions


@pytest.mark.parametrize("metric", EVERY)
def test_the_region_itself_is_perfect(metric):
    region = square(12, 10, 3, 2, 4)
    assert metric(region.float(), region).tolist() == [1.0]
    assert metric(region.double(), region).dtype == torch.float64


def test_the_opposite_is_worst():
    region = square(12, 10, 3, 2, 4)
    opposite = 1 - region.float()
    assert pointing_game(opposite, region).item() == 0
    assert mass_inside(opposite, region).item() == 0
    assert region_iou(opposite, region).item() == 0
    assert explainability(opposite, region).item() == pytest.approx(16 / 120)


@given(st.integers(0, 10_000), st.sampled_from([None, 2, 5]))
def test_explainability_is_the_average_precision(seed, levels):
    saliency, regions = random_case(seed, levels)
    expected = [
        average_precision_score(region.flatten(), values.flatten())
        for values, region in zip(saliency, regions, strict=True)
    ]
    assert explainability(saliency, regions).tolist() == pytest.approx(expected, abs=1e-12)


def test_explainability_is_equation_11_where_all_pixels_differ():
    saliency, regions = random_case(1)
    for values, region, score in zip(
        saliency.flatten(1), regions.flatten(1), explainability(saliency, regions), strict=True
    ):
        retrieved, total, recall = 0, 0.0, 0.0
        for count, pixel in enumerate(values.argsort(descending=True).tolist(), start=1):
            retrieved += bool(region[pixel])
            now = retrieved / int(region.sum())
            total += retrieved / count * (now - recall)
            recall = now
        assert score.item() == pytest.approx(total, abs=1e-12)


@given(st.integers(0, 10_000))
def test_region_iou_counts_the_top_pixels(seed):
    saliency, regions = random_case(seed)
    for values, region, score in zip(
        saliency.flatten(1), regions.flatten(1), region_iou(saliency, regions), strict=True
    ):
        top = torch.zeros_like(region)
        top[values.topk(int(region.sum())).indices] = True
        expected = (top & region).sum() / (top | region).sum()
        assert score.item() == pytest.approx(expected.item(), abs=1e-6)


def test_region_iou_shares_out_pixels_equal_at_the_cut():
    # Region of 2; one pixel inside is above; one of three equal pixels still fits, one inside.
    saliency = torch.tensor([[[3.0, 2.0, 2.0, 2.0, 1.0]]])
    region = torch.tensor([[[True, True, False, False, False]]])
    hits = 1 + 1 / 3
    assert region_iou(saliency, region).item() == pytest.approx(hits / (4 - hits))


@given(st.integers(0, 10_000), st.floats(0.05, 1.0))
def test_box_iou_agrees_with_an_independent_implementation(seed, threshold):
    saliency, regions = random_case(seed)
    smooth = torch.nn.functional.avg_pool2d(saliency, 3, stride=1, padding=1).double()
    expected = []
    for values, region in zip(smooth.numpy(), regions.numpy(), strict=True):
        scaled = (values - values.min()) / (values.max() - values.min())
        parts = regionprops(label(scaled >= threshold - 1e-12, connectivity=2))
        a = max(parts, key=lambda part: part.area).bbox
        b = regionprops(region.astype(int))[0].bbox
        canvas = np.zeros((2, *values.shape), dtype=bool)
        for picture, box in zip(canvas, (a, b), strict=True):
            picture[box[0] : box[2], box[1] : box[3]] = True
        expected.append(canvas.all(axis=0).sum() / canvas.any(axis=0).sum())
    assert box_iou(smooth, regions, threshold).tolist() == pytest.approx(expected, abs=1e-12)


def test_box_iou_takes_the_largest_patch_not_the_brightest():
    region = square(20, 20, 2, 2, 5)
    saliency = region.float() * 0.5
    saliency[0, 15, 15] = 1.0
    assert box_iou(saliency, region).item() == 1.0
    assert box_iou(saliency, region, threshold=0.6).item() == 0.0


def test_box_iou_joins_pixels_that_touch_at_a_corner():
    region = square(6, 6, 1, 1, 3)
    saliency = torch.zeros(1, 6, 6)
    saliency[0, [1, 2, 3], [1, 2, 3]] = 1.0
    assert box_iou(saliency, region).item() == 1.0


def test_box_iou_of_a_known_overlap():
    saliency = square(10, 10, 0, 0, 4).float()
    assert box_iou(saliency, square(10, 10, 2, 2, 4)).item() == pytest.approx(4 / 28)
    assert box_iou(saliency, square(10, 10, 5, 5, 4)).item() == 0.0


def test_box_iou_does_not_depend_on_scale_or_offset():
    saliency, regions = random_case(3)
    saliency = saliency.double()
    expected = box_iou(saliency, regions)
    assert torch.equal(box_iou(saliency * 1e-200, regions), expected)
    assert torch.equal(box_iou(saliency * 1e308 - 5e307, regions), expected)


def test_pointing_game_looks_at_the_top_alone():
    region = square(8, 8, 2, 2, 2)
    saliency = torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(0))
    saliency[0, 3, 3] = 2.0
    assert pointing_game(saliency, region).item() == 1.0
    saliency[0, 3, 6] = 3.0
    assert pointing_game(saliency, region).item() == 0.0
    saliency[0, 2, 2] = 3.0
    assert pointing_game(saliency, region).item() == 0.5


def test_pointing_game_tolerance_is_a_distance_in_pixels():
    region = square(9, 9, 0, 0, 3)
    saliency = torch.zeros(1, 9, 9)
    saliency[0, 5, 6] = 1.0  # three rows and four columns from the corner pixel
    assert pointing_game(saliency, region, tolerance=4.9).item() == 0.0
    assert pointing_game(saliency, region, tolerance=5.0).item() == 1.0


@given(st.integers(0, 10_000), st.floats(0, 5))
def test_widened_regions_hold_what_is_near(seed, tolerance):
    _, regions = random_case(seed)
    regions[1] = False
    for region, found in zip(regions, widened(regions, tolerance), strict=True):
        inside = region.nonzero().tolist()
        for row, column in np.ndindex(*region.shape):
            near = any(np.hypot(row - i, column - j) <= tolerance for i, j in inside)
            assert bool(found[row, column]) == near


def test_mass_inside_is_the_share():
    region = square(4, 4, 0, 0, 2)
    saliency = torch.zeros(1, 4, 4, dtype=torch.float64)
    saliency[0, 0, 0], saliency[0, 3, 3] = 3.0, 1.0
    for factor in (1.0, 1e-320, 5e307):
        assert mass_inside(saliency * factor, region).item() == pytest.approx(0.75, rel=1e-3)


@pytest.mark.parametrize(
    ("metric", "of_share"),
    [
        (explainability, lambda s: s),
        (region_iou, lambda s: s / (2 - s)),
        (box_iou, lambda s: s),
        (pointing_game, lambda s: s),
        (mass_inside, lambda s: s),
    ],
)
@pytest.mark.parametrize("value", [0.3, 7.0, 0.0])
def test_constant_maps_score_what_the_docstring_says(metric, of_share, value):
    region = square(10, 8, 1, 1, 4)
    score = metric(torch.full((1, 10, 8), value), region).item()
    if metric is mass_inside and value == 0:
        assert np.isnan(score)
    else:
        assert score == pytest.approx(of_share(16 / 80), abs=1e-12)


@pytest.mark.parametrize("metric", EVERY)
def test_values_are_per_image_and_empty_regions_are_nan(metric):
    saliency, regions = random_case(5)
    whole = metric(saliency, regions)
    assert ((whole >= 0) & (whole <= 1)).all()
    for index in range(3):
        alone = metric(saliency[index : index + 1], regions[index : index + 1])
        torch.testing.assert_close(alone[0], whole[index], rtol=1e-12, atol=0)
    regions[1] = False
    found = metric(saliency, regions)
    assert found[1].isnan()
    torch.testing.assert_close(found[[0, 2]], whole[[0, 2]], rtol=0, atol=0)
    assert metric(saliency[:0], regions[:0]).shape == (0,)


def test_pointing_game_with_tolerance_knows_empty_regions():
    saliency, regions = random_case(5)
    regions[1] = False
    assert pointing_game(saliency, regions, tolerance=100).nan_to_num(-1).tolist() == [1, -1, 1]
    assert pointing_game(saliency[:0], regions[:0], tolerance=1).shape == (0,)


@pytest.mark.parametrize("metric", EVERY)
@pytest.mark.parametrize(
    ("saliency", "regions", "message"),
    [
        (torch.rand(2, 3, 4, 4), torch.ones(2, 4, 4, dtype=torch.bool), "reduce attribution maps"),
        (torch.rand(2, 4, 4), torch.ones(1, 4, 4, dtype=torch.bool), "same shape"),
        (torch.rand(1, 0, 4), torch.ones(1, 0, 4, dtype=torch.bool), "same shape"),
        (torch.rand(1, 4, 4), torch.ones(1, 4, 4), "regions must be bool"),
        (torch.full((1, 4, 4), torch.nan), torch.ones(1, 4, 4, dtype=torch.bool), "NaN"),
        (
            torch.full((1, 4, 4), torch.inf),
            torch.ones(1, 4, 4, dtype=torch.bool),
            "NaN or infinite values",
        ),
    ],
)
def test_bad_input(metric, saliency, regions, message):
    with pytest.raises(ValueError, match=message):
        metric(saliency, regions)


def test_bad_options():
    saliency, regions = random_case(0)
    for threshold in (0.0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="threshold must lie in"):
            box_iou(saliency, regions, threshold)
    for tolerance in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="tolerance must be a number of pixels ≥ 0"):
            pointing_game(saliency, regions, tolerance)
    with pytest.raises(
        ValueError, match=r"saliency must be at least 0 \(maps \[0, 1, 2.*; take absolute values"
    ):
        mass_inside(saliency - 0.5, regions)
    with pytest.raises(ValueError, match="tolerance must be a number of pixels ≥ 0"):
        widened(regions, -1.0)
    with pytest.raises(ValueError, match="regions must be bool"):
        widened(saliency, 1.0)
