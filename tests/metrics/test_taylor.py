"""The error of IDGI's projection points against a loop over points, and against closed forms."""

import copy
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.special import roots_legendre
from torch import nn

from saliency_audit.attributions import BlurPath, GuidedPath, StraightPath
from saliency_audit.metrics import taylor_error

STEPS = 7
# Where each quadrature looks, as a share of the way from black to the image; the image itself is
# the last point wherever it is not among them.
ALPHAS = {
    "mean": np.linspace(0, 1, STEPS),
    "trapezoid": np.linspace(0, 1, STEPS),
    "left": np.append(np.linspace(0, 1, STEPS, endpoint=False), 1),
    "right": np.linspace(0, 1, STEPS + 1)[1:],
    "midpoint": np.append((np.arange(STEPS) + 0.5) / STEPS, 1),
    "gauss_legendre": np.append((roots_legendre(STEPS)[0] + 1) / 2, 1),
}
PATHS = {
    **{name: StraightPath(STEPS, name) for name in ALPHAS},
    "guided": GuidedPath(STEPS, max_dist=0.1),
    "blur": BlurPath(STEPS, max_sigma=4),
    "blur_sqrt": BlurPath(STEPS, max_sigma=4, schedule="sqrt"),
}
OUTPUTS = {
    "probability": lambda logits: logits.softmax(dim=1),
    "logit": lambda logits: logits,
    "log_probability": lambda logits: logits.log_softmax(dim=1),
}
EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(scope="module")
def network():
    """A float64 network without kinks and with strongly curved paths, for 6×5 colour images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        network = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(180, 4)
        ).double()
    with torch.no_grad():
        network[0].weight *= 10
        network[3].weight *= 3
    return network.eval()


@pytest.fixture(scope="module")
def images():
    return torch.rand(5, 3, 6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def targets():
    return torch.tensor([0, 3, 1, 2, 3])


class Scores(nn.Module):
    """Two logits, the given function of the image and zero."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, images):
        score = self.function(images)
        return torch.stack([score, torch.zeros_like(score)], dim=1)


def plain_score(network, point, target, output):
    """Score of one picture `(C, H, W)`, with autograd."""
    return OUTPUTS[output](network(point[None]))[0, target]


def plain_gradient(network, point, target, output):
    point = point.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(plain_score(network, point, target, output), point)
    return gradient


def plain_points(name, network, image, target, output):
    """The points of one image's path, each `(C, H, W)`, the image last."""
    if name in ALPHAS:
        return [alpha * image for alpha in ALPHAS[name]]
    if name == "guided":
        return guided_points(network, image, target, output)
    widths = np.arange(STEPS)[::-1] * 4 / STEPS
    widths = np.sqrt(widths) if name == "blur_sqrt" else widths
    blurs = [gaussian_filter(image, (0, width, width), mode="constant") for width in widths]
    return [torch.from_numpy(blur) for blur in blurs]


def guided_points(network, image, target, output):
    """One image walked alone; where the guided path leads is tested with the path."""
    walker = PATHS["guided"].start(image[None], torch.zeros_like(image)[None])
    points = []
    for step in range(STEPS):
        points.append(walker.points(step, step + 1)[0, 0].clone())
        gradient = plain_gradient(network, points[-1], target, output)
        walker.increments(step, step + 1, gradient[None, None])
    return [*points, image]


def plain_error(network, points, target, output):
    """Mean |f(x_jp) − f(γ_{j+1})| over consecutive points, one after the other."""
    misses = []
    for here, there in pairwise(points):
        gradient = plain_gradient(network, here, target, output)
        wanted = plain_score(network, there, target, output)
        change = wanted - plain_score(network, here, target, output)
        projected = here + gradient * change / (gradient**2).sum()
        misses.append(abs(plain_score(network, projected, target, output) - wanted).item())
    return sum(misses) / len(misses)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", PATHS)
def test_errors_are_those_of_a_loop_over_points(network, images, targets, name, output):
    found = taylor_error(network, images, targets, path=PATHS[name], output=output)
    expected = [
        plain_error(network, plain_points(name, network, image, target, output), target, output)
        for image, target in zip(images, targets, strict=True)
    ]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), **EXACT)
    # Errors that say something: neither rounding nor all the same.
    assert found.min() > 1e-5
    assert found.max() > 1.5 * found.min()


@pytest.mark.parametrize("batch_size", [1, 2, 3, 6, 10, 100])
@pytest.mark.parametrize("name", ["mean", "midpoint", "guided", "blur"])
def test_batches_and_company_change_nothing(network, images, targets, name, batch_size):
    path = PATHS[name]
    together = taylor_error(network, images, targets, path=path)
    order = [3, 0, 4, 2, 1]
    shuffled = taylor_error(
        network, images[order], targets[order], path=path, batch_size=batch_size
    )
    torch.testing.assert_close(shuffled, together[order], **EXACT)
    alone = taylor_error(network, images[2:3], targets[2:3], path=path, batch_size=batch_size)
    torch.testing.assert_close(alone, together[2:3], **EXACT)


@pytest.mark.parametrize("batch_size", [1, 3, 16])
@pytest.mark.parametrize("name", ["mean", "midpoint", "guided", "blur"])
def test_no_batch_is_larger_than_asked(network, images, targets, name, batch_size):
    sizes = []
    handle = network.register_forward_pre_hook(lambda module, given: sizes.append(len(given[0])))
    taylor_error(network, images, targets, path=PATHS[name], batch_size=batch_size)
    handle.remove()
    assert max(sizes) <= batch_size


@pytest.mark.parametrize("name", PATHS)
def test_a_linear_score_is_met_exactly(images, name):
    weights = torch.linspace(-1, 2, 90, dtype=torch.float64).reshape(3, 6, 5)
    model = Scores(lambda pictures: (pictures * weights).sum(dim=(1, 2, 3)) - 3)
    first = torch.zeros(5, dtype=torch.int64)
    errors = taylor_error(model, images, first, path=PATHS[name], output="logit")
    assert errors.abs().max() < 1e-12
    assert taylor_error(model, images, first, path=PATHS[name]).min() > 1e-7


@pytest.mark.parametrize("name", ALPHAS)
def test_a_quadratic_score_has_a_closed_form(images, name):
    """For f = ‖x‖² a step from α to β misses by ‖x‖² (β² − α²)²/4α², from black by ‖x‖² β²."""
    model = Scores(lambda pictures: (pictures**2).sum(dim=(1, 2, 3)))
    first = torch.zeros(5, dtype=torch.int64)
    found = taylor_error(model, images, first, path=PATHS[name], output="logit")
    misses = [
        (after**2 - before**2) ** 2 / (4 * before**2) if before > 0 else after**2
        for before, after in pairwise(ALPHAS[name])
    ]
    squares = (images**2).sum(dim=(1, 2, 3))
    torch.testing.assert_close(found, squares * np.mean(misses), **EXACT)


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_without_a_gradient_the_projection_point_is_the_point_itself(batch_size):
    """Dark pictures all score 0; from the third of five points the score rises unannounced."""
    model = Scores(lambda pictures: 8 * (pictures.mean(dim=(1, 2, 3)) - 0.6).relu())
    white = torch.ones(1, 1, 4, 4, dtype=torch.float64)
    errors = taylor_error(
        model,
        white,
        torch.tensor([0]),
        path=StraightPath(5),
        output="logit",
        batch_size=batch_size,
    )
    # 0 → 0 → 0 → 8·0.15 → 8·0.4; the last step is a straight line.
    assert errors.tolist() == pytest.approx([8 * 0.15 / 4], abs=1e-12)


@pytest.mark.parametrize("path", [StraightPath(4), GuidedPath(4), BlurPath(4, max_sigma=2)])
def test_where_nothing_matters_there_is_no_error(images, path):
    model = Scores(lambda pictures: 0 * pictures.sum(dim=(1, 2, 3)) + 3)
    assert taylor_error(model, images, torch.zeros(5).long(), path=path).tolist() == [0.0] * 5


def test_one_point_that_is_the_image_makes_no_step(network, images, targets):
    path = StraightPath(1, "right")
    assert taylor_error(network, images, targets, path=path).tolist() == [0.0] * 5


@pytest.mark.parametrize("name", ["mean", "midpoint", "guided", "blur"])
def test_single_precision_is_kept_and_is_near(network, images, targets, name):
    double = taylor_error(network, images, targets, path=PATHS[name])
    rounded = copy.deepcopy(network).float()
    single = taylor_error(rounded, images.float(), targets, path=PATHS[name])
    assert double.dtype == torch.float64
    assert single.dtype == torch.float32
    # The guided path may jump where rounding differs; it has no value to be near to.
    if name != "guided":
        torch.testing.assert_close(single.double(), double, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("path", [StraightPath(4), GuidedPath(4), BlurPath(4)])
def test_no_images(network, path):
    nothing = torch.zeros(0, 3, 6, 5)
    errors = taylor_error(network, nothing, torch.zeros(0, dtype=torch.int64), path=path)
    assert errors.shape == (0,)
    assert errors.dtype == torch.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": torch.rand(3, 6, 5)}, r"inputs must have shape \(N, C, H, W\), got \(3, 6, 5\)"),
        ({"inputs": torch.full((5, 3, 6, 5), 1.5)}, r"inputs must lie in \[0, 1\]"),
        ({"inputs": torch.full((5, 3, 6, 5), torch.nan)}, "inputs hold NaN or infinite values"),
        ({"inputs": torch.ones(5, 3, 6, 5).byte()}, "floating point.*divide by 255"),
        ({"targets": torch.zeros(4).long()}, r"targets must be class indices, 5 integers"),
        ({"targets": torch.zeros(5)}, "targets must be class indices.*float32"),
        ({"targets": torch.tensor([0, 1, 2, 3, 4])}, r"targets must lie in 0\.\.3 .* 0\.\.4"),
        ({"output": "odds"}, "unknown output 'odds'; known: probability, logit, log_probability"),
        ({"batch_size": 0}, "batch_size must be a positive number"),
        ({"batch_size": "large"}, "batch_size must be a positive number"),
        ({"model": nn.Flatten(0)}, r"must return logits of shape \(35, classes\)"),
        ({"model": Scores(lambda pictures: pictures.sum((1, 2, 3)) / 0)}, "NaN or infinite at 35"),
        ({"model": Scores(lambda pictures: pictures.detach().sum((1, 2, 3)))}, "has no gradient"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(network, images, targets, change, message):
    arguments = {"model": network, "inputs": images, "targets": targets, **change}
    if isinstance(arguments["model"], Scores):
        arguments["targets"] = torch.zeros(5, dtype=torch.int64)
    with pytest.raises(ValueError, match=message):
        taylor_error(**arguments, path=StraightPath(STEPS))


def test_scores_beyond_the_unit_cube_are_looked_at_as_they_are():
    """White at α = ½ of f = α³ is led to α = 5/3; where f is infinite there, that is said."""
    white, first = torch.ones(1, 1, 4, 4, dtype=torch.float64), torch.tensor([0])

    def cubed(pictures):
        return pictures.mean(dim=(1, 2, 3)) ** 3

    def bounded(pictures):
        return cubed(pictures) + torch.where(pictures.mean(dim=(1, 2, 3)) > 1, torch.inf, 0)

    found = taylor_error(Scores(cubed), white, first, path=StraightPath(3), output="logit")
    assert found.item() == pytest.approx((1 / 8 + (5 / 3) ** 3 - 1) / 2, abs=1e-12)
    with pytest.raises(ValueError, match="scores are NaN or infinite at 1 of 2 points"):
        taylor_error(Scores(bounded), white, first, path=StraightPath(3), output="logit")
