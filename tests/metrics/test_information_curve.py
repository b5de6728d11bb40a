from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import features
from torch import nn

from saliency_audit.metrics.complexity import webp_size
from saliency_audit.metrics.information_curve import (
    THRESHOLDS,
    curve_area,
    image_areas,
    information_curve,
    information_curves,
    information_points,
)
from saliency_audit.metrics.ms_ssim import ms_ssim
from saliency_audit.metrics.reveal import fill_hidden, random_mask, threshold_masks

GOLDEN = Path(__file__).parents[1] / "golden" / "pic.npz"
# The golden sizes are those of this release, Pillow 13.0.0's; another one may pack otherwise.
GOLDEN_LIBWEBP = "1.6.0"
HEIGHT, WIDTH = 32, 40
SHORT = (0.05, 0.2, 0.5)
FIELDS = ("file_size", "ms_ssim", "probability", "correct")


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored}


@pytest.fixture(scope="module")
def images():
    """Five noisy pictures whose values are bytes / 255."""
    generator = torch.Generator().manual_seed(0)
    smooth = torch.rand(5, 3, 4, 5, generator=generator)
    smooth = nn.functional.interpolate(smooth, size=(HEIGHT, WIDTH), mode="bilinear")
    noise = 0.05 * torch.randn(smooth.shape, generator=generator)
    return (smooth + noise).clamp(0, 1).mul(255).round() / 255


@pytest.fixture(scope="module")
def maps():
    return torch.rand(5, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def targets():
    return torch.tensor([0, 2, 1, 0, 2])


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        return nn.Sequential(
            nn.Conv2d(3, 6, 5, stride=3),
            nn.Dropout(0.5),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(720, 3),
        )


class Likeness(nn.Module):
    """Class 0 by likeness to the original inside a region, class 1 by the lack of it."""

    def __init__(self, original, region):
        super().__init__()
        self.original, self.region = original, region

    def forward(self, pictures):
        error = ((pictures - self.original).abs() * self.region).sum(dim=(1, 2, 3))
        logit = 2 - 20 * error / self.region.sum()
        return torch.stack([logit, -logit], dim=1)


def equal_points(first, second, tolerance=0.0):
    for field in FIELDS:
        one, other = getattr(first, field), getattr(second, field)
        torch.testing.assert_close(one, other, rtol=0, atol=tolerance, equal_nan=True)


# Curves


def test_golden_curve(golden):
    curves = information_curves(golden["entropy"][None], golden["predictions"][None])
    np.testing.assert_allclose(curves.curves[0], golden["curve_y"], rtol=0, atol=1e-9)
    assert curve_area(curves) == pytest.approx(float(golden["auc"]), abs=1e-9)
    assert image_areas(curves).tolist() == pytest.approx([float(golden["auc"])], abs=1e-9)


@pytest.mark.skipif(
    features.version("webp") != GOLDEN_LIBWEBP,
    reason=f"golden sizes are libwebp {GOLDEN_LIBWEBP}'s, here is {features.version('webp')}",
)
def test_golden_predictions_through_the_whole_procedure(golden):
    """PAIR's picture, saliency, start mask and predictions give PAIR's curve."""
    start = golden["mask"].numpy().copy()
    start[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    picture = golden["image"].numpy()
    stages = threshold_masks(golden["saliency"].numpy(), start, golden["thresholds"].tolist())
    masks = [start, *stages, np.ones_like(start)]
    sizes = torch.tensor([[webp_size(fill_hidden(picture, mask)) for mask in masks]])
    curves = information_curves(sizes, golden["predictions"][None])
    np.testing.assert_allclose(curves.curves[0], golden["curve_y"], rtol=0, atol=1e-9)
    assert curve_area(curves) == pytest.approx(float(golden["auc"]), abs=1e-9)


@given(seed=st.integers(0, 10**6), levels=st.integers(2, 12), monotone=st.booleans())
def test_curves_equal_a_loop_over_images(seed, levels, monotone):
    """Few distinct levels make ties and falling complexities frequent."""
    generator = np.random.default_rng(seed)
    complexity = generator.integers(0, levels, (6, 9)).astype(float)
    prediction = generator.integers(0, levels, (6, 9)) / levels
    curves = information_curves(
        torch.from_numpy(complexity), torch.from_numpy(prediction), monotone=monotone, grid_size=51
    )
    grid = np.linspace(0, 1, 51)
    for row in range(6):
        x, y = complexity[row], prediction[row]
        if x[0] >= x[-1] or y[0] >= y[-1]:
            assert not curves.used[row]
            assert torch.isnan(curves.curves[row]).all()
            continue
        x = np.clip((x - x[0]) / (x[-1] - x[0]), 0, 1)
        y = np.clip((y - y[0]) / (y[-1] - y[0]), 0, 1)
        best, points = 0.0, [(0.0, 0.0), (1.0, 1.0)]
        for position in range(1, 8):
            best = max(best, y[position])
            points.append((x[position], best if monotone else y[position]))
        points.sort()
        expected = np.interp(grid, [p[0] for p in points], [p[1] for p in points])
        expected[-1] = 1
        assert curves.used[row]
        np.testing.assert_allclose(curves.curves[row], expected, atol=1e-12)


def test_a_straight_line_has_area_one_half():
    line = torch.linspace(0, 1, 7)[None]
    curves = information_curves(3 * line + 5, 0.2 * line + 0.1)
    torch.testing.assert_close(curves.curves[0], curves.grid)
    assert curve_area(curves) == pytest.approx(0.5)


def test_immediate_and_late_rise():
    complexity = torch.tensor([[0.0, 1, 2, 10], [0.0, 8, 9, 10]])
    prediction = torch.tensor([[0.0, 1, 1, 1], [0.0, 0, 0, 1]])
    early, late = image_areas(information_curves(complexity, prediction)).tolist()
    assert early == pytest.approx(1 - 0.5 * 0.1, abs=1e-6)
    assert late == pytest.approx(0.5 * 0.1, abs=1e-6)


def test_each_dropped_image_counts_once():
    complexity = torch.tensor([[0.0, 1, 2]] * 3 + [[2.0, 1, 2], [3.0, 1, 2], [torch.nan, 1, 2]])
    prediction = torch.tensor(
        [
            [0.1, 0.5, 0.9],
            [0.1, 0.5, 0.4],
            [0.9, 0.5, 0.9],
            [0.1, 0.5, 0.9],
            [0.9, 0.5, 0.6],
            [0.1, 0.5, 0.9],
        ]
    )
    curves = information_curves(complexity, prediction, minimum=0.5)
    assert curves.used.tolist() == [True, False, False, False, False, False]
    assert curves.dropped == {
        "unmeasured": 1,
        "below_minimum": 1,
        "no_rise": 2,
        "no_information": 1,
    }
    assert torch.isnan(image_areas(curves)).tolist() == [False] + [True] * 5


def test_wrong_or_always_right_images_drop_out_of_the_accuracy_curve():
    complexity = torch.tensor([[0.0, 1, 2]] * 3)
    correct = torch.tensor([[0.0, 0, 0], [1.0, 0, 1], [0.0, 1, 1]])
    curves = information_curves(complexity, correct)
    assert curves.used.tolist() == [False, False, True]
    assert curves.dropped["no_rise"] == 2


def test_area_of_the_median_curve_of_the_mean_curve_and_of_a_subset():
    generator = torch.Generator().manual_seed(3)
    complexity = torch.rand(8, 10, generator=generator).cumsum(dim=1)
    prediction = torch.rand(8, 10, generator=generator).cumsum(dim=1)
    prediction[5] = 0.5
    curves = information_curves(complexity, prediction)
    kept = [0, 1, 2, 3, 4, 6, 7]
    rows = curves.curves[kept].numpy()
    median = np.trapezoid(np.median(rows, axis=0), np.linspace(0, 1, 1001))
    assert curve_area(curves) == pytest.approx(median, abs=1e-12)
    areas = image_areas(curves)
    assert curve_area(curves, "mean") == pytest.approx(areas[kept].mean().item(), abs=1e-12)
    subset = torch.tensor([True, False, False, False, False, True, False, True])
    expected = areas[[0, 7]].mean().item()
    assert curve_area(curves, "mean", subset) == pytest.approx(expected, abs=1e-12)


def test_nothing_left_is_nan():
    curves = information_curves(torch.ones(2, 4), torch.rand(2, 4))
    assert np.isnan(curve_area(curves))
    assert np.isnan(curve_area(information_curves(torch.zeros(0, 4), torch.zeros(0, 4))))


def test_curves_refuse_bad_input():
    good = torch.rand(2, 5)
    with pytest.raises(ValueError, match="must both have shape"):
        information_curves(good, good[:, :4])
    with pytest.raises(ValueError, match="must both have shape"):
        information_curves(good[0], good[0])
    with pytest.raises(ValueError, match="prediction holds NaN"):
        information_curves(good, torch.full((2, 5), torch.nan))
    with pytest.raises(ValueError, match="grid_size"):
        information_curves(good, good, grid_size=1)
    curves = information_curves(good.sort(dim=1).values, good.sort(dim=1).values)
    with pytest.raises(ValueError, match="aggregate"):
        curve_area(curves, "max")
    with pytest.raises(ValueError, match="truth values"):
        curve_area(curves, subset=torch.ones(3, dtype=torch.bool))
    with pytest.raises(ValueError, match="truth values"):
        curve_area(curves, subset=torch.tensor([0, 1]))


# Points


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_points_equal_a_loop_over_pictures(network, images, maps, targets, mode):
    seeds = [4, 5, 6, 7, 8]
    points = information_points(
        network, images, maps, targets, seeds=seeds, thresholds=SHORT, mode=mode
    )
    network.eval()
    for number in range(5):
        picture = images[number].mul(255).round().byte().permute(1, 2, 0).numpy()
        start = random_mask(HEIGHT, WIDTH, seeds[number])
        masks = [start, *threshold_masks(maps[number].numpy(), start, SHORT), start | True]
        assert masks[-1].all()
        for position, mask in enumerate(masks):
            filled = fill_hidden(picture, mask, mode)
            tensor = torch.from_numpy(filled).permute(2, 0, 1)[None] / 255
            with torch.no_grad():
                scores = network(tensor).softmax(dim=1)[0]
            target = targets[number]
            quality = 100 if mode == "exact" else 75
            similarity = ms_ssim(tensor, images[number : number + 1]).item()
            assert points.file_size[number, position] == webp_size(filled, quality)
            assert points.ms_ssim[number, position].item() == pytest.approx(similarity, abs=1e-6)
            probability = points.probability[number, position].item()
            assert probability == pytest.approx(scores[target].item(), abs=1e-6)
            assert points.correct[number, position] == float(scores.argmax() == target)
    assert (points.ms_ssim[:, -1] == 1).all()


def test_batches_threads_and_company_do_not_matter(network, images, maps, targets):
    def points(order, **options):
        return information_points(
            network,
            images[order],
            maps[order],
            targets[order],
            seeds=[10 + number for number in order],
            thresholds=SHORT,
            **options,
        )

    together = points([0, 1, 2, 3, 4])
    equal_points(points([0, 1, 2, 3, 4], batch_size=1, workers=3), together, 1e-6)
    order = [3, 0, 4, 1, 2]
    shuffled = points(order, batch_size=7, workers=1)
    alone = [points([number]) for number in range(5)]
    for field in FIELDS:
        expected = getattr(together, field)
        torch.testing.assert_close(getattr(shuffled, field), expected[order], rtol=0, atol=1e-6)
        singles = torch.cat([getattr(one, field) for one in alone])
        torch.testing.assert_close(singles, expected, rtol=0, atol=1e-6)


def test_only_the_order_of_the_saliency_counts(network, images, maps, targets):
    plain = information_points(network, images, maps, targets, thresholds=SHORT)
    # Doubling is exact in floating point; so is the order of the interpolated quantiles.
    equal_points(
        information_points(network, images, 2 * maps - 4, targets, thresholds=SHORT), plain, 1e-6
    )


def test_the_ends_do_not_depend_on_the_map_and_can_be_reused(network, images, maps, targets):
    first = information_points(network, images, maps, targets, thresholds=SHORT)
    other = information_points(network, images, 1 - maps, targets, thresholds=SHORT)
    for field in FIELDS:
        torch.testing.assert_close(
            getattr(first, field)[:, [0, -1]], getattr(other, field)[:, [0, -1]]
        )
    assert (first.file_size[:, 1:-1] != other.file_size[:, 1:-1]).any()
    reused = information_points(network, images, 1 - maps, targets, thresholds=SHORT, ends=first)
    equal_points(reused, other, 1e-6)
    sizes_only = information_points(
        network, images, maps, targets, thresholds=SHORT, ends=first, complexities=("file_size",)
    )
    torch.testing.assert_close(sizes_only.file_size, first.file_size)
    assert torch.isnan(sizes_only.ms_ssim).all()
    with pytest.raises(ValueError, match="ends hold 5 images, not 2"):
        information_points(network, images[:2], maps[:2], targets[:2], ends=first)
    with pytest.raises(ValueError, match="ends were made in exact mode; fast points do not mix"):
        information_points(network, images, maps, targets, mode="fast", ends=first)
    with pytest.raises(ValueError, match="ends were made with other seeds"):
        information_points(network, images, maps, targets, seeds=[9, 1, 2, 3, 4], ends=first)
    with pytest.raises(ValueError, match="without 'ms_ssim'"):
        information_points(network, images, maps, targets, ends=sizes_only)


def test_default_thresholds_and_seeds(network, images, maps, targets):
    given_seeds = information_points(
        network,
        images,
        maps,
        targets,
        seeds=range(5),
        thresholds=THRESHOLDS,
        complexities=("file_size",),
    )
    default = information_points(network, images, maps, targets, complexities=["file_size"])
    assert default.file_size.shape == (5, 15)
    equal_points(default, given_seeds)


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("complexity", ["file_size", "ms_ssim"])
def test_a_map_of_what_the_model_looks_at_scores_higher(images, mode, complexity):
    image = images[:1].double()
    region = torch.zeros(HEIGHT, WIDTH, dtype=torch.float64)
    region[8:18, 10:22] = 1
    model = Likeness(image, region)
    noise = 0.01 * torch.rand(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    areas = [
        curve_area(
            information_curve(
                model, image, saliency[None], torch.tensor([0]), mode=mode, complexity=complexity
            )
        )
        for saliency in (region + noise, noise, noise - region)
    ]
    assert areas[0] > 1.3 * areas[1]
    assert areas[1] > 1.3 * areas[2]


def test_fast_areas_are_near_exact_ones(network, images, maps, targets):
    exact, fast = (
        information_points(network, images, maps, targets, mode=mode) for mode in ("exact", "fast")
    )
    torch.testing.assert_close(fast.probability, exact.probability, rtol=0, atol=0.02)
    torch.testing.assert_close(fast.ms_ssim, exact.ms_ssim, rtol=0, atol=0.02)
    for complexity in ("file_size", "ms_ssim"):
        areas = [
            image_areas(information_curves(getattr(points, complexity), points.probability))
            for points in (exact, fast)
        ]
        torch.testing.assert_close(areas[1], areas[0], rtol=0, atol=0.05, equal_nan=True)


def test_a_constant_map_shows_everything_at_once(images):
    region = torch.ones(HEIGHT, WIDTH)
    model = Likeness(images[:1], region)
    for complexity in ("file_size", "ms_ssim"):
        curves = information_curve(
            model,
            images[:1],
            torch.full((1, HEIGHT, WIDTH), 0.1),
            torch.tensor([0]),
            complexity=complexity,
        )
        assert curve_area(curves) == pytest.approx(0.5)


def test_kinds_and_complexities_share_the_points(network, images, maps, targets):
    points = information_points(network, images, maps, targets, thresholds=SHORT)
    for complexity, across in (("file_size", points.file_size), ("ms_ssim", points.ms_ssim)):
        for kind, up in (("sic", points.probability), ("aic", points.correct)):
            expected = information_curves(across, up, minimum=0.3, monotone=False, grid_size=11)
            curves = information_curve(
                network, images, maps, targets, complexity=complexity, kind=kind, thresholds=SHORT,
                minimum=0.3, monotone=False, grid_size=11,
            )  # fmt: skip
            assert curves.dropped == expected.dropped
            torch.testing.assert_close(
                curves.curves, expected.curves, rtol=0, atol=1e-4, equal_nan=True
            )


def test_gray_images_and_complexities_not_asked_for(images, maps):
    gray = images.mean(dim=1, keepdim=True)
    region = torch.ones(HEIGHT, WIDTH)
    model = Likeness(gray[:1], region)
    points = information_points(
        model, gray[:1], maps[:1], torch.tensor([0]), thresholds=SHORT, complexities=("file_size",)
    )
    assert torch.isnan(points.ms_ssim).all()
    assert (points.file_size[:, 1:] > points.file_size[:, :-1]).all()
    two = images[:, :2]
    points = information_points(
        Likeness(two[:1], region),
        two[:1],
        maps[:1],
        torch.tensor([0]),
        thresholds=SHORT,
        complexities=("ms_ssim",),
    )
    assert torch.isnan(points.file_size).all()
    assert (points.ms_ssim[:, 1:] > points.ms_ssim[:, :-1]).all()


def test_tiny_images_have_a_file_size():
    image = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    saliency = torch.rand(2, 8, 8, generator=torch.Generator().manual_seed(1))
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    points = information_points(
        model, image, saliency, torch.tensor([0, 1]), complexities=("file_size",)
    )
    assert torch.isfinite(points.file_size).all()
    assert torch.isfinite(points.probability).all()


def test_model_and_global_random_state_come_back(network, images, maps, targets):
    network.train()
    state = torch.get_rng_state()
    information_points(network, images, maps, targets, thresholds=SHORT)
    np_state = np.random.get_state()[1].copy()  # noqa: NPY002
    assert network.training
    assert network[1].training
    assert all(parameter.requires_grad for parameter in network.parameters())
    with pytest.raises(ValueError, match=r"targets must lie in 0\.\.2"):
        information_points(network, images, maps, targets + 50, thresholds=SHORT)
    assert network.training
    assert network[1].training
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], np_state)  # noqa: NPY002


def test_no_images(network):
    points = information_points(
        network,
        torch.zeros(0, 3, HEIGHT, WIDTH),
        torch.zeros(0, HEIGHT, WIDTH),
        torch.zeros(0, dtype=torch.int64),
    )
    assert points.probability.shape == (0, 15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": torch.rand(3, HEIGHT, WIDTH)}, r"must have shape \(N, C, H, W\)"),
        ({"images": torch.full((5, 3, HEIGHT, WIDTH), 1.5)}, r"must lie in \[0, 1\]"),
        ({"images": torch.full((5, 3, HEIGHT, WIDTH), torch.nan)}, "NaN or infinite"),
        ({"images": torch.ones(5, 3, HEIGHT, WIDTH, dtype=torch.int64)}, "floating point"),
        ({"saliency": torch.rand(5, 3, HEIGHT, WIDTH)}, "reduce attribution maps"),
        ({"saliency": torch.full((5, HEIGHT, WIDTH), torch.nan)}, "NaN or infinite values"),
        ({"saliency": torch.full((5, HEIGHT, WIDTH), torch.inf)}, "NaN or infinite values"),
        ({"targets": torch.zeros(4, dtype=torch.int64)}, "targets must be class indices"),
        ({"seeds": [1, 2]}, "5 images need 5 seeds"),
        ({"thresholds": ()}, "thresholds must rise"),
        ({"thresholds": (0.0, 0.5)}, "thresholds must rise"),
        ({"thresholds": (0.5, 0.2)}, "thresholds must rise"),
        ({"thresholds": (0.5, 1.2)}, "thresholds must rise"),
        ({"thresholds": (0.5, float("nan"))}, "thresholds must rise"),
        ({"mode": "slow"}, "mode must be"),
        ({"complexities": ("file_size", "psnr")}, "complexities must be"),
        ({"complexities": "file_size"}, "complexities must be"),
        ({"batch_size": 0}, "batch_size must be a positive number"),
        ({"workers": 0}, "workers must be a whole number ≥ 1, got 0"),
    ],
)  # fmt: skip
def test_points_refuse_bad_input(network, images, maps, targets, change, message):
    arguments = {"images": images, "saliency": maps, "targets": targets, **change}
    with pytest.raises(ValueError, match=message):
        information_points(network, **arguments)


def test_small_images_and_odd_channels_are_refused(network):
    def points(channels, side):
        return information_points(
            network,
            torch.rand(1, channels, side, side),
            torch.rand(1, side, side),
            torch.tensor([0]),
        )

    with pytest.raises(ValueError, match="leave 'ms_ssim' out"):
        points(3, 10)
    with pytest.raises(ValueError, match="file size and entropy need images with 1 or 3 channels"):
        points(2, 16)


def test_a_model_that_answers_no_logits_is_refused(images, maps, targets):
    with pytest.raises(ValueError, match="must return logits of shape"):
        information_points(nn.Flatten(0), images, maps, targets, thresholds=SHORT)


def test_unknown_kind(network, images, maps, targets):
    with pytest.raises(ValueError, match="kind must be"):
        information_curve(network, images, maps, targets, kind="roc")
