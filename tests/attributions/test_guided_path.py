"""The guided path: the plain one-image loop, its invariants, and that it always comes to an end."""

import math
import signal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from saliency_audit.attributions import IDGI, GuidedPath, PathAttribution, Riemann, create, walk
from saliency_audit.attributions.guided_path import lower_quantile

SETTINGS = [(0.25, 0.02), (0.25, 0.1), (0.5, 1.0)]
SHAPE = (2, 5, 4)
EDGES = st.sampled_from([0.0, 0.02, 0.25, 0.5, 1.0])


@pytest.fixture(autouse=True)
def _an_end():
    """A walk that never ends fails instead of hanging."""

    def stop(signum, frame):
        raise TimeoutError("the walk does not come to an end")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def plain_guided(gradient, image, baseline, steps, fraction, max_dist):
    """Guided IG of one image in the plainest way: values of pixels, one decision after the other.

    Returns the map and the points at which the gradient was taken.
    """
    way = image - baseline
    moving = way != 0
    length = np.abs(way).sum()
    here = baseline.copy()
    total, points = np.zeros_like(image), []
    for step in range(1, steps + 1):
        points.append(here.copy())
        slope = gradient(here)
        alpha = step / steps
        low, high = max(alpha - max_dist, 0.0), min(alpha + max_dist, 1.0)
        behind, ahead = baseline + low * way, baseline + high * way
        wanted = length * (1 - alpha)
        share = math.inf
        while share > 1:
            before = here
            position = np.full(image.shape, high)
            position[moving] = (here - baseline)[moving] / way[moving]
            here = np.where(position < low, behind, here)
            left = np.abs(image - here).sum()
            if math.isclose(left, wanted, rel_tol=1e-9, abs_tol=1e-9):
                total += (here - before) * slope
                break
            sizes = np.where(here == ahead, math.inf, np.abs(slope))
            threshold = np.sort(sizes, axis=None)[math.floor(fraction * (sizes.size - 1))]
            chosen = (sizes <= threshold) & (sizes < math.inf)
            reach = np.abs(ahead - here)[chosen].sum()
            share = (left - wanted) / reach if reach > 0 else math.inf
            target = ahead if share > 1 else here + share * (ahead - here)
            here = np.where(chosen, target, here)
            total += (here - before) * slope
    return total, points


class Analytic:
    """f(x) = Σ a x² + Σ b sin(c x) + (Σ d x)², for torch and for numpy."""

    def __init__(self, seed):
        self.a, self.b, self.d = np.random.default_rng(seed).normal(size=(3, *SHAPE))
        self.c = np.random.default_rng(seed + 1000).uniform(1, 9, size=SHAPE)

    def score(self, x):
        a, b, c, d = (torch.from_numpy(values) for values in (self.a, self.b, self.c, self.d))
        terms = a * x**2 + b * (c * x).sin()
        return terms.sum(dim=(1, 2, 3)) + (d * x).sum(dim=(1, 2, 3)) ** 2

    def value(self, x):
        return (self.a * x**2 + self.b * np.sin(self.c * x)).sum() + (self.d * x).sum() ** 2

    def gradient(self, x):
        coupled = 2 * (self.d * x).sum() * self.d
        return 2 * self.a * x + self.b * self.c * np.cos(self.c * x) + coupled


def both(model, gradient, image, baseline, steps, fraction, max_dist):
    """The map of the library and that of the plain loop, of the logit of one image."""
    explain = PathAttribution(GuidedPath(steps, fraction, max_dist), Riemann(), output="logit")
    maps = explain(
        model,
        torch.from_numpy(image)[None],
        torch.tensor([0]),
        torch.from_numpy(baseline)[None],
    )
    expected, _ = plain_guided(gradient, image, baseline, steps, fraction, max_dist)
    return maps[0].numpy(), expected


def assert_equal(found, expected, relative=1e-10):
    limit = relative * max(np.abs(expected).max(), 1e-9)
    np.testing.assert_allclose(found, expected, rtol=0, atol=limit)


@pytest.mark.parametrize(("fraction", "max_dist"), SETTINGS)
@pytest.mark.parametrize("steps", [1, 2, 7, 40])
@pytest.mark.parametrize("black", [True, False])
def test_maps_are_those_of_the_plain_loop(scoring, fraction, max_dist, steps, black):
    for seed in range(3):
        function = Analytic(seed)
        image, baseline = np.random.default_rng(seed + 50).uniform(size=(2, *SHAPE))
        start = np.zeros_like(image) if black else baseline
        model = scoring(function.score)
        found, expected = both(model, function.gradient, image, start, steps, fraction, max_dist)
        assert_equal(found, expected)


@pytest.mark.parametrize(("fraction", "max_dist"), SETTINGS)
def test_idgi_uses_the_same_points_and_the_image_itself(scoring, fraction, max_dist):
    function, steps = Analytic(5), 12
    image = np.random.default_rng(6).uniform(size=SHAPE)
    _, points = plain_guided(
        function.gradient, image, np.zeros_like(image), steps, fraction, max_dist
    )
    expected = np.zeros_like(image)
    for here, following in zip(points, [*points[1:], image], strict=True):
        squares = function.gradient(here) ** 2
        expected += squares / squares.sum() * (function.value(following) - function.value(here))
    explain = create("gig+idgi", steps=steps, fraction=fraction, max_dist=max_dist, output="logit")
    found = explain(scoring(function.score), torch.from_numpy(image)[None], torch.tensor([0]))
    assert_equal(found[0].numpy(), expected)


def test_a_batch_is_its_images_one_by_one(scoring):
    # The images differ in how many rounds a step takes them.
    function = Analytic(8)
    images = np.random.default_rng(9).uniform(size=(6, *SHAPE)) ** 3
    images[2] = 0
    images[4, :, 1:] = 0
    explain = create("gig", steps=9, output="logit")
    maps = explain(
        scoring(function.score), torch.from_numpy(images), torch.zeros(6, dtype=torch.int64)
    )
    for image, found in zip(images, maps, strict=True):
        expected, _ = plain_guided(function.gradient, image, np.zeros(SHAPE), 9, 0.25, 0.02)
        assert_equal(found.numpy(), expected)


CASES = {
    "the image is the baseline": lambda image: image.copy(),
    "half of the features are constant": lambda image: np.where(
        np.arange(image.size).reshape(image.shape) % 2, image, 0.0
    ),
    "all features but one are constant": lambda image: np.where(image == image.max(), 0.0, image),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("fraction", "max_dist"), [*SETTINGS, (0.0, 0.3), (1.0, 0.3), (0.9, 1.0)])
@pytest.mark.parametrize("steps", [1, 5])
def test_features_that_need_not_move(scoring, case, fraction, max_dist, steps):
    function = Analytic(2)
    image = np.random.default_rng(3).uniform(0.1, 1, size=SHAPE)
    baseline = CASES[case](image)
    model = scoring(function.score)
    found, expected = both(model, function.gradient, image, baseline, steps, fraction, max_dist)
    assert_equal(found, expected)
    assert (found[image == baseline] == 0).all()
    assert case == "the image is the baseline" or (found != 0).any()


@pytest.mark.parametrize("fraction", [0.0, 1e-9, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("max_dist", [0.0, 1e-12, 0.3, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 11])
def test_extreme_settings(scoring, fraction, max_dist, steps):
    function = Analytic(1)
    image = np.random.default_rng(4).uniform(size=SHAPE)
    model = scoring(function.score)
    found, expected = both(
        model, function.gradient, image, np.zeros_like(image), steps, fraction, max_dist
    )
    assert_equal(found, expected)


def test_without_room_beside_it_the_path_is_the_straight_line(scoring):
    function = Analytic(7)
    images = torch.from_numpy(np.random.default_rng(8).uniform(size=(3, *SHAPE)))
    arguments = (scoring(function.score), images, torch.zeros(3, dtype=torch.int64))
    guided = create("gig", steps=13, max_dist=0.0, output="logit")(*arguments)
    straight = create("ig", steps=13, quadrature="left", output="logit")(*arguments)
    torch.testing.assert_close(guided, straight, rtol=0, atol=1e-12)
    # With all features chosen in every step they move alike, whatever the room.
    alike = create("gig", steps=13, fraction=1.0, max_dist=1.0, output="logit")(*arguments)
    torch.testing.assert_close(alike, straight, rtol=0, atol=1e-12)


def test_with_all_the_room_the_feature_of_least_gradient_goes_first():
    # By hand: four features of length 1, gradients 4, −1, 3, 2, a quarter at a time.
    images = torch.ones(1, 1, 1, 4, dtype=torch.float64)
    gradients = torch.tensor([4.0, -1, 3, 2], dtype=torch.float64).reshape(1, 1, 1, 1, 4)
    walker = GuidedPath(4, 0.0, 1.0).start(images, torch.zeros_like(images))
    for step, expected in enumerate([[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 1], [0, 1, 1, 1]]):
        assert walker.points(step, step + 1).flatten().tolist() == expected
        walker.increments(step, step + 1, gradients)
    assert walker.points(4, 5).flatten().tolist() == [1, 1, 1, 1]


def test_a_gradient_that_is_zero_everywhere_moves_all_features_alike(scoring):
    images = torch.from_numpy(np.random.default_rng(8).uniform(size=(2, *SHAPE)))
    walker = GuidedPath(4).start(images, torch.zeros_like(images))
    for step in range(4):
        points = walker.points(step, step + 1)
        torch.testing.assert_close(points[:, 0], images * step / 4, rtol=0, atol=1e-15)
        increments = walker.increments(step, step + 1, torch.zeros_like(points))
        torch.testing.assert_close(increments[:, 0], images / 4, rtol=0, atol=1e-15)
    model = scoring(lambda x: 0 * x.sum(dim=(1, 2, 3)) + 3)
    for maps in walk(
        model,
        images,
        torch.tensor([0, 1]),
        path=GuidedPath(4),
        rules=[Riemann(), IDGI()],
        output="logit",
    ):
        assert torch.equal(maps, torch.zeros_like(images))


@given(st.integers(1, 7), EDGES, EDGES, st.integers(0, 10**6))
def test_ties_end_and_are_those_of_the_plain_loop(scoring, steps, fraction, max_dist, seed):
    generator = np.random.default_rng(seed)
    image, baseline = generator.choice([0.0, 0.25, 0.5, 1.0], size=(2, *SHAPE))
    weights = generator.choice([-1.0, 0.0, 0.5, 1.0], size=SHAPE)
    model = scoring(lambda x: (x * torch.from_numpy(weights)).sum(dim=(1, 2, 3)))
    found, expected = both(model, lambda x: weights, image, baseline, steps, fraction, max_dist)
    assert_equal(found, expected)


@given(st.integers(1, 40), st.floats(0, 1), st.floats(0, 1), st.integers(0, 10**6))
def test_every_step_has_its_length_and_stays_near_the_straight_line(
    steps, fraction, max_dist, seed
):
    generator = torch.Generator().manual_seed(seed)
    inputs, baselines = torch.rand(2, 3, *SHAPE, dtype=torch.float64, generator=generator)
    inputs[1, 0] = baselines[1, 0]
    way = inputs - baselines
    lengths = way.abs().sum(dim=(1, 2, 3))
    walker = GuidedPath(steps, fraction, max_dist).start(inputs, baselines)
    assert walker.start is None
    assert torch.equal(walker.end, inputs)
    here = baselines
    for step in range(steps):
        points = walker.points(step, step + 1)
        assert points.shape == (3, 1, *SHAPE)
        torch.testing.assert_close(points[:, 0], here, rtol=0, atol=1e-12)
        left = (inputs - here).abs().sum(dim=(1, 2, 3))
        torch.testing.assert_close(left, lengths * (1 - step / steps), rtol=0, atol=1e-7)
        aside = (here - baselines - step / steps * way).abs()
        assert (aside <= max_dist * way.abs() + 1e-12).all()
        gradients = torch.randn(points.shape, dtype=torch.float64, generator=generator)
        here = here + walker.increments(step, step + 1, gradients)[:, 0]
    torch.testing.assert_close(here, inputs, rtol=0, atol=1e-7)


@given(
    st.integers(1, 5),
    EDGES,
    EDGES,
    st.lists(st.floats(0, 1, width=32), min_size=6, max_size=6),
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=6, max_size=6),
)
def test_single_precision_ends_at_the_image_whatever_the_numbers(
    steps, fraction, max_dist, pixels, slopes
):
    # Any pixels, also those whose products are too small for the type, and any gradients.
    images = torch.tensor(pixels).reshape(1, 1, 2, 3)
    gradients = torch.tensor(slopes).reshape(1, 1, 1, 2, 3)
    walker = GuidedPath(steps, fraction, max_dist).start(images, torch.zeros_like(images))
    total = torch.zeros_like(images)
    for step in range(steps):
        assert walker.points(step, step + 1).dtype == torch.float32
        total += walker.increments(step, step + 1, gradients)[:, 0]
    torch.testing.assert_close(total, images, rtol=0, atol=1e-5)


@pytest.mark.parametrize("max_dist", [0.02, 1.0])
def test_single_precision_keeps_the_lengths_of_many_features(max_dist):
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(2, 3, 224, 224, generator=generator)
    images[0, :, :100] = 0
    lengths = images.double().sum(dim=(1, 2, 3))
    walker = GuidedPath(10, 0.25, max_dist).start(images, torch.zeros_like(images))
    for step in range(10):
        points = walker.points(step, step + 1)
        left = (images.double() - points[:, 0]).sum(dim=(1, 2, 3))
        torch.testing.assert_close(left, lengths * (1 - step / 10), rtol=0, atol=1)
        walker.increments(step, step + 1, torch.randn(points.shape, generator=generator))
    torch.testing.assert_close(walker.points(10, 11)[:, 0], images, rtol=0, atol=1e-5)


def test_pixels_too_small_to_add_up_do_not_spoil_the_others():
    for tiny in (1e-30, 1e-39, 1e-44):
        images = torch.full((1, 1, 2, 4), 0.7)
        images[0, 0, 0] = tiny
        walker = GuidedPath(3, 0.25, 1.0).start(images, torch.zeros_like(images))
        for step in range(3):
            walker.increments(step, step + 1, torch.arange(8.0).reshape(1, 1, 1, 2, 4))
        torch.testing.assert_close(walker.points(3, 4)[:, 0], images)


@given(st.integers(1, 30), st.floats(0, 1), st.booleans(), st.integers(0, 1000))
def test_the_quantile_is_the_lower_order_statistic(size, fraction, some_infinite, seed):
    values = np.random.default_rng(seed).integers(0, 5, size=(3, size)).astype(float)
    if some_infinite:
        values[values == 4] = np.inf
    found = lower_quantile(torch.from_numpy(values.copy()), fraction)
    expected = np.quantile(values, fraction, axis=1, method="lower")
    assert found.tolist() == expected.tolist()


def test_the_default_is_that_of_the_reference_implementation():
    assert GuidedPath() == GuidedPath(32, 0.25, 0.02)
    assert GuidedPath().adaptive
    assert GuidedPath().has_baseline


@pytest.mark.parametrize("name", ["fraction", "max_dist"])
@pytest.mark.parametrize("value", [-0.1, 1.5, math.nan, math.inf])
def test_settings_that_are_refused(name, value):
    with pytest.raises(ValueError, match=rf"{name} must lie in \[0, 1\], got"):
        GuidedPath(**{name: value})


@pytest.mark.parametrize("value", [0, -3, 1.5, True, "all"])
def test_blocks_of_no_image_are_refused(value):
    with pytest.raises(ValueError, match="together must be a number of images from 1, or None"):
        GuidedPath(together=value)
