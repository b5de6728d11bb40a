"""The same numbers as other implementations: stored golden arrays, captum, the printed formula."""

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from hypothesis import given
from hypothesis import strategies as st

from saliency_audit.attributions import IDGI, PathAttribution, Riemann, StraightPath, create
from saliency_audit.attributions.engine import frozen, score_and_gradient
from saliency_audit.attributions.scores import OUTPUTS

STEPS = 32
CAPTUM = {
    "left": "riemann_left",
    "right": "riemann_right",
    "midpoint": "riemann_middle",
    "trapezoid": "riemann_trapezoid",
    "gauss_legendre": "gausslegendre",
}
# Key of the golden array, method, settings, and the error allowed relative to the largest value.
GOLDEN = [
    ("ig+idgi_steps32", "ig+idgi", {"steps": 32}, 1e-8),
    ("blurig_steps16_sigma8", "blurig", {"steps": 16, "max_sigma": 8.0}, 1e-8),
    ("blurig+idgi_steps16_sigma8", "blurig+idgi", {"steps": 16, "max_sigma": 8.0}, 1e-8),
    (
        "captum_ig_gausslegendre50_logit",
        "ig",
        {"steps": 50, "quadrature": "gauss_legendre", "output": "logit"},
        1e-8,
    ),
    ("gig_steps32_fraction25_dist02", "gig", {"steps": 32}, 1e-6),
    ("gig_steps32_fraction25_dist100", "gig", {"steps": 32, "max_dist": 1.0}, 1e-6),
    ("gig+idgi_steps32_fraction25_dist02", "gig+idgi", {"steps": 32}, 1e-6),
]


def points_scores_gradients(network, inputs, targets, steps=STEPS, output="probability"):
    walker = StraightPath(steps).start(inputs, torch.zeros_like(inputs))
    points = walker.points(0, steps)
    with frozen(network):
        scores, gradients = score_and_gradient(
            network, points.flatten(0, 1), targets.repeat_interleave(steps), output
        )
    return scores.reshape(points.shape[:2]), gradients.reshape(points.shape)


def printed_idgi(scores, gradients):
    """The sum of Algorithm 1, written out point by point for one image."""
    total = np.zeros_like(gradients[0])
    for j in range(len(scores) - 1):
        squares = gradients[j] ** 2
        total += squares * (scores[j + 1] - scores[j]) / squares.sum()
    return total


def test_golden_network_is_the_one_that_was_stored(golden, golden_network):
    logits = golden_network(golden["inputs"]).detach()
    torch.testing.assert_close(logits, golden["logits"], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("key", "method", "settings", "relative"), GOLDEN)
def test_golden_maps(golden, golden_network, key, method, settings, relative):
    maps = create(method, **settings)(golden_network, golden["inputs"], golden["targets"])
    expected = golden[key]
    for found, wanted in zip(maps, expected, strict=True):
        limit = relative * wanted.abs().max().item()
        torch.testing.assert_close(found, wanted, rtol=0, atol=limit)


def test_the_defaults_are_those_of_the_golden_maps(golden, golden_network):
    arguments = golden_network, golden["inputs"], golden["targets"]
    for key, method in (
        ("ig+idgi_steps32", "ig+idgi"),
        ("gig_steps32_fraction25_dist02", "gig"),
    ):
        torch.testing.assert_close(create(method)(*arguments), golden[key], rtol=0, atol=1e-10)


def test_ig_equals_pair_up_to_its_float32_sum(golden, golden_network):
    maps = create("ig", steps=STEPS)(golden_network, golden["inputs"], golden["targets"])
    torch.testing.assert_close(maps, golden["ig_steps32"], rtol=0, atol=1e-7)


def test_ig_equals_pair_when_its_float32_sum_is_repeated(golden, golden_network):
    inputs = golden["inputs"]
    _, gradients = points_scores_gradients(golden_network, inputs, golden["targets"])
    for image in range(len(inputs)):
        total = np.zeros(inputs.shape[1:], dtype=np.float32)
        for first in range(0, STEPS, 8):
            total += np.sum(gradients[image, first : first + 8].numpy(), axis=0)
        maps = total * inputs[image].numpy() / STEPS
        np.testing.assert_allclose(maps, golden["ig_steps32"][image], rtol=0, atol=1e-12)


def test_ig_trapezoid_equals_captum_golden_after_its_weights_are_corrected(golden, golden_network):
    explain = create("ig", steps=60, quadrature="trapezoid", output="logit")
    maps = explain(golden_network, golden["inputs"], golden["targets"])
    corrected = golden["captum_ig_trapezoid60_logit"] * 60 / 59
    torch.testing.assert_close(maps, corrected, rtol=0, atol=1e-7)
    assert (maps - golden["captum_ig_trapezoid60_logit"]).abs().max() > 1e-4


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("quadrature", CAPTUM)
@pytest.mark.parametrize("steps", [2, 9])
def test_ig_equals_captum(smooth_network, images, targets, output, quadrature, steps):
    baselines = 1 - images.flip(0)
    explain = PathAttribution(StraightPath(steps, quadrature), Riemann(), output=output)
    maps = explain(smooth_network, images, targets, baselines)
    oracle = IntegratedGradients(lambda x: OUTPUTS[output](smooth_network(x))).attribute(
        images, baselines, targets, n_steps=steps, method=CAPTUM[quadrature]
    )
    # The weights of its trapezoid sum to (n−1)/n.
    expected = oracle * steps / (steps - 1) if quadrature == "trapezoid" else oracle
    torch.testing.assert_close(maps, expected, rtol=0, atol=1e-6 * expected.abs().max().item())


def test_ig_converges_to_captum_gauss_legendre(smooth_network, images, targets):
    oracle = IntegratedGradients(lambda x: smooth_network(x).softmax(1)).attribute(
        images, torch.zeros_like(images), targets, n_steps=100, method="gausslegendre"
    )
    errors = [
        (explain(smooth_network, images, targets) - oracle).abs().max()
        for explain in (create("ig", steps=n, quadrature="trapezoid") for n in (101, 201))
    ]
    # Halving the step of a trapezoid divides its error by four.
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert errors[1] < 1e-4


@pytest.mark.parametrize("output", OUTPUTS)
def test_idgi_equals_the_formula_written_out(smooth_network, images, targets, output):
    scores, gradients = points_scores_gradients(smooth_network, images, targets, 11, output)
    maps = create("ig+idgi", steps=11, output=output)(smooth_network, images, targets)
    for image in range(len(images)):
        expected = printed_idgi(scores[image].numpy(), gradients[image].numpy())
        np.testing.assert_allclose(maps[image], expected, rtol=0, atol=1e-13)


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(1, 4), min_size=1, max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_idgi_streams_any_blocks_of_any_gradients(seed, parts, has_start, has_end):
    generator = torch.Generator().manual_seed(seed)
    steps = sum(parts)
    scores = torch.rand(2, steps + 2, dtype=torch.float64, generator=generator)
    gradients = torch.randn(2, steps, 2, 3, 3, dtype=torch.float64, generator=generator)
    begin, inner, end = scores[:, 0], scores[:, 1:-1], scores[:, -1]
    accumulator = IDGI().start(begin if has_start else None)
    blocks = zip(inner.split(parts, 1), gradients.split(parts, 1), strict=True)
    for block_scores, block_gradients in blocks:
        nothing = torch.full_like(block_gradients, np.nan)
        accumulator.update(block_scores, block_gradients, nothing)
    maps = accumulator.result(end if has_end else None)
    for image in range(2):
        # The piece before the first point takes the first gradient, that after the last the last.
        used = scores[image, 0 if has_start else 1 : steps + 2 if has_end else steps + 1].numpy()
        own = gradients[image].numpy()
        directions = np.concatenate([own[:1], own]) if has_start else own
        expected = printed_idgi(used, directions)
        np.testing.assert_allclose(maps[image], expected, rtol=0, atol=1e-12)


@given(st.integers(0, 10_000), st.lists(st.integers(1, 4), min_size=1, max_size=6))
def test_riemann_streams_any_blocks(seed, parts):
    generator = torch.Generator().manual_seed(seed)
    shape = (2, sum(parts), 2, 3, 3)
    gradients, increments = torch.randn(2, *shape, dtype=torch.float64, generator=generator)
    scores = torch.full(shape[:2], torch.nan, dtype=torch.float64)
    accumulator = Riemann().start()
    for block in zip(
        *(values.split(parts, 1) for values in (scores, gradients, increments)), strict=True
    ):
        accumulator.update(*block)
    expected = np.einsum("nschw,nschw->nchw", gradients.numpy(), increments.numpy())
    np.testing.assert_allclose(accumulator.result(None), expected, rtol=0, atol=1e-12)
