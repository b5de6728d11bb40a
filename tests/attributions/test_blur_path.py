"""The blur path: the plain loop over widths with scipy, for both schedules and any batches."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from saliency_audit.attributions import IDGI, BlurPath, PathAttribution, Riemann, walk
from saliency_audit.attributions.blur_path import SCHEDULES

EXACT = {"rtol": 0, "atol": 1e-12}


def blurred(image, sigma):
    """An image `(C, H, W)` as numpy array, blurred by scipy with black beyond the border."""
    return gaussian_filter(image, sigma=(0, sigma, sigma), mode="constant")


def widths(steps, max_sigma, schedule):
    """Widths from sharp to blurred, one more than there are points."""
    even = [max_sigma * i / steps for i in range(steps + 1)]
    return even if schedule == "linear" else [math.sqrt(sigma) for sigma in even]


def score_and_gradient(network, picture, target):
    point = torch.from_numpy(picture)[None].requires_grad_(True)
    score = network(point).softmax(dim=1)[0, target]
    (gradient,) = torch.autograd.grad(score, point)
    return score.item(), gradient[0].numpy()


def plain_blur_ig(network, image, target, path):
    """Blur IG of one image as its definition reads: from the sharp image on, width by width."""
    sigmas = widths(path.steps, path.max_sigma, path.schedule)
    total = np.zeros_like(image)
    for i in range(path.steps):
        _, gradient = score_and_gradient(network, blurred(image, sigmas[i]), target)
        wider = blurred(image, sigmas[i] + path.grad_step)
        slope = (wider - blurred(image, sigmas[i])) / path.grad_step
        total -= gradient * slope * (sigmas[i + 1] - sigmas[i])
    return total


def plain_idgi(network, image, target, path):
    """IDGI of one image over the same blurs, the most blurred first."""
    sigmas = widths(path.steps, path.max_sigma, path.schedule)[-2::-1]
    points = [score_and_gradient(network, blurred(image, sigma), target) for sigma in sigmas]
    total = np.zeros_like(image)
    for (score, gradient), (following, _) in pairwise(points):
        total += gradient**2 / (gradient**2).sum() * (following - score)
    return total


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 12, "max_sigma": 6.0},
        {"steps": 25},
        {"steps": 2, "max_sigma": 0.2},
        {"steps": 7, "max_sigma": 3.0, "grad_step": 0.2},
    ],
)
def test_maps_are_those_of_the_plain_loop(smooth_network, images, targets, schedule, settings):
    path = BlurPath(schedule=schedule, **settings)
    rules = {Riemann(): plain_blur_ig, IDGI(): plain_idgi}
    maps = walk(smooth_network, images, targets, path=path, rules=list(rules), batch_size=9)
    for found, plain in zip(maps, rules.values(), strict=True):
        for image in range(len(images)):
            expected = plain(smooth_network, images[image].numpy(), int(targets[image]), path)
            limit = 1e-8 * max(abs(expected).max(), 1e-12)
            np.testing.assert_allclose(found[image], expected, rtol=0, atol=limit)


@given(
    st.sampled_from(SCHEDULES),
    st.integers(2, 20),
    st.integers(1, 45),
    st.integers(1, 45),
    st.data(),
)
def test_chunks_change_nothing(smooth_network, images, targets, schedule, steps, one, other, data):
    rule = data.draw(st.sampled_from([Riemann(), IDGI()]))
    path = BlurPath(steps, 10.0, schedule)
    first, second = (
        PathAttribution(path, rule, batch_size=size)(smooth_network, images[:2], targets[:2])
        for size in (one, other)
    )
    torch.testing.assert_close(first, second, **EXACT)


@given(st.sampled_from(SCHEDULES), st.integers(2, 30), st.floats(0.5, 60), st.data())
def test_points_run_from_blurred_to_sharp_in_any_blocks(images, schedule, steps, max_sigma, data):
    path = BlurPath(steps, max_sigma, schedule)
    walker = path.start(images, images)
    assert walker.start is None
    assert walker.end is None
    points = walker.points(0, steps)
    for point, sigma in enumerate(widths(steps, max_sigma, schedule)[-2::-1]):
        expected = np.stack([blurred(image, sigma) for image in images.numpy()])
        np.testing.assert_allclose(points[:, point], expected, rtol=0, atol=1e-14)
    torch.testing.assert_close(points[:, -1], images, rtol=0, atol=1e-15)
    increments = walker.increments(0, steps, torch.zeros_like(points))
    first = data.draw(st.integers(0, steps - 1))
    last = data.draw(st.integers(first + 1, steps))
    block = walker.points(first, last)
    torch.testing.assert_close(block, points[:, first:last], rtol=0, atol=1e-14)
    moves = walker.increments(first, last, torch.zeros_like(block))
    scale = max(1.0, increments.abs().max().item())
    torch.testing.assert_close(moves, increments[:, first:last], rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_idgi_sums_to_the_change_from_the_most_blurred_point(
    smooth_network, images, targets, schedule
):
    steps, max_sigma = 5, 20.0
    widest = widths(steps, max_sigma, schedule)[-2]
    baselines = torch.from_numpy(np.stack([blurred(image, widest) for image in images.numpy()]))
    with torch.no_grad():
        change = smooth_network(images).softmax(1) - smooth_network(baselines).softmax(1)
    explain = PathAttribution(BlurPath(steps, max_sigma, schedule), IDGI())
    totals = explain(smooth_network, images, targets).sum(dim=(1, 2, 3))
    torch.testing.assert_close(totals, change.gather(1, targets[:, None])[:, 0], **EXACT)


def test_the_riemann_sum_approaches_the_change_from_the_widest_blur(scoring, images):
    # The sign and the scale, free of any discretisation; kernels that grow by whole pixels and
    # the first eighth of a pixel, where nothing is blurred, leave a small rest.
    model = scoring(lambda x: x.pow(3).sum(dim=(1, 2, 3)))
    widest = torch.from_numpy(np.stack([blurred(image, 4.0) for image in images.numpy()]))
    change = (images.pow(3) - widest.pow(3)).sum(dim=(1, 2, 3))
    explain = PathAttribution(BlurPath(100, 4.0, grad_step=1e-4), Riemann(), output="logit")
    totals = explain(model, images, torch.zeros(5, dtype=torch.int64)).sum(dim=(1, 2, 3))
    torch.testing.assert_close(totals, change, rtol=0.01, atol=0)


def test_the_default_is_the_linear_schedule_to_fifty():
    assert BlurPath() == BlurPath(32, 50.0, "linear", 0.01)
    assert not BlurPath().adaptive
    assert not BlurPath().has_baseline


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": "cosine"}, "unknown schedule 'cosine'; known: linear, sqrt"),
        ({"max_sigma": 0.0}, "max_sigma must be a positive number, got 0.0"),
        ({"max_sigma": -3.0}, "max_sigma must be a positive number, got -3.0"),
        ({"max_sigma": math.inf}, "max_sigma must be a positive number, got inf"),
        ({"max_sigma": math.nan}, "max_sigma must be a positive number, got nan"),
        ({"grad_step": 0.0}, "grad_step must be a positive number, got 0.0"),
        ({"grad_step": -0.01}, "grad_step must be a positive number, got -0.01"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        BlurPath(**settings)
