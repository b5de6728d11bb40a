"""What must hold for every network: completeness, linearity, and independence from batching."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from saliency_audit.attributions import (
    IDGI,
    PathAttribution,
    Riemann,
    StraightPath,
    available,
    create,
    walk,
)
from saliency_audit.attributions.engine import PIXELS_PER_BATCH, resolve_batch_size
from saliency_audit.attributions.scores import OUTPUTS, class_scores

EXACT = {"rtol": 0, "atol": 1e-12}


class Scores(nn.Module):
    """Two logits, the given function of the image and zero."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, images):
        score = self.function(images)
        return torch.stack([score, torch.zeros_like(score)], dim=1)


class Counter(nn.Module):
    """Remembers how many images each call had."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.sizes = []

    def forward(self, images):
        self.sizes.append(len(images))
        return self.model(images)


def change(network, images, baselines, targets, output):
    def score(points):
        return OUTPUTS[output](network(points)).gather(1, targets[:, None])[:, 0]

    with torch.no_grad():
        return score(images) - score(baselines)


def first_class(images):
    return torch.zeros(len(images), dtype=torch.int64)


@given(
    steps=st.integers(2, 40),
    batch_size=st.integers(1, 50),
    output=st.sampled_from(sorted(OUTPUTS)),
    seed=st.integers(0, 1000),
)
def test_idgi_sums_to_the_change_of_the_score(
    smooth_network, targets, steps, batch_size, output, seed
):
    generator = torch.Generator().manual_seed(seed)
    images, baselines = torch.rand(2, 5, 3, 6, 5, dtype=torch.float64, generator=generator)
    explain = PathAttribution(StraightPath(steps), IDGI(), output=output, batch_size=batch_size)
    totals = explain(smooth_network, images, targets, baselines).sum(dim=(1, 2, 3))
    expected = change(smooth_network, images, baselines, targets, output)
    torch.testing.assert_close(totals, expected, **EXACT)


def test_idgi_drops_the_steps_whose_gradient_vanishes():
    # Half of the path lies where the score is flat: the last flat point sees the score rise.
    model = Scores(lambda x: (x.mean(dim=(1, 2, 3)) - 0.5).relu())
    images = torch.ones(1, 1, 4, 4, dtype=torch.float64)
    maps = create("ig+idgi", steps=9, output="logit")(model, images, first_class(images))
    # Points at multiples of 1/8; the gradient at 4/8 is zero, so only 5/8 → 1 counts.
    assert maps.sum().item() == pytest.approx(3 / 8, abs=1e-12)
    torch.testing.assert_close(maps, torch.full_like(maps, 3 / 8 / 16), **EXACT)


@pytest.mark.parametrize("quadrature", ["mean", "trapezoid"])
@pytest.mark.parametrize("steps", [2, 3, 17])
def test_ig_of_a_linear_model_is_weight_times_difference(images, quadrature, steps):
    weights = torch.linspace(-1, 2, images[0].numel(), dtype=torch.float64).reshape(images[0].shape)
    model = Scores(lambda x: (x * weights).sum(dim=(1, 2, 3)) + 3)
    baselines = images.flip(0)
    explain = PathAttribution(StraightPath(steps, quadrature), Riemann(), output="logit")
    maps = explain(model, images, first_class(images), baselines)
    torch.testing.assert_close(maps, weights * (images - baselines), **EXACT)


@pytest.mark.parametrize("steps", [2, 5, 32])
def test_bias_of_both_quadratures_on_a_cube(images, steps):
    # ∫3α²dα = 1; the means of 3α² over n equidistant points have these closed forms.
    model = Scores(lambda x: x.pow(3).sum(dim=(1, 2, 3)))
    expected = {"mean": 1 + 1 / (2 * (steps - 1)), "trapezoid": 1 + 1 / (2 * (steps - 1) ** 2)}
    for quadrature, factor in expected.items():
        explain = create("ig", steps=steps, quadrature=quadrature, output="logit")
        maps = explain(model, images, first_class(images))
        torch.testing.assert_close(maps, factor * images.pow(3), **EXACT)


def test_idgi_of_a_linear_model_shares_by_squared_weight(images):
    weights = torch.linspace(-1, 2, images[0].numel(), dtype=torch.float64).reshape(images[0].shape)
    model = Scores(lambda x: (x * weights).sum(dim=(1, 2, 3)))
    maps = create("ig+idgi", steps=4, output="logit")(model, images, first_class(images))
    shares = weights**2 / (weights**2).sum()
    expected = shares * (images * weights).sum(dim=(1, 2, 3), keepdim=True)
    torch.testing.assert_close(maps, expected, **EXACT)


@pytest.mark.parametrize("method", available())
def test_a_pixel_the_model_ignores_gets_nothing(smooth_network, images, targets, method):
    model = nn.Sequential(Masked(), smooth_network)
    maps = create(method, steps=6)(model, images, targets)
    assert (maps[:, :, 2] == 0).all()
    assert (maps[:, :, 3] != 0).any()


class Masked(nn.Module):
    def forward(self, images):
        keep = torch.ones_like(images)
        keep[:, :, 2] = 0
        return images * keep


def test_the_three_scores_by_hand():
    logits = torch.tensor([[0.0, math.log(3)], [2.0, 2.0]], dtype=torch.float64)
    images, targets = torch.zeros(2, 1, 1, 1), torch.tensor([1, 0])
    expected = {
        "logit": [math.log(3), 2.0],
        "probability": [0.75, 0.5],
        "log_probability": [math.log(0.75), math.log(0.5)],
    }
    assert set(expected) == set(OUTPUTS)
    for output, values in expected.items():
        scores = class_scores(lambda x: logits, images, targets, output)
        assert scores.tolist() == pytest.approx(values)


@pytest.mark.parametrize("method", available())
@pytest.mark.parametrize("batch_size", [1, 2, 6, 7, 13, 14, 21, 1000])
def test_batch_size_changes_nothing(smooth_network, images, targets, method, batch_size):
    alone = create(method, steps=7)(smooth_network, images, targets)
    again = create(method, steps=7, batch_size=batch_size)(smooth_network, images, targets)
    torch.testing.assert_close(again, alone, **EXACT)


@pytest.mark.parametrize("method", available())
def test_order_and_company_of_images_change_nothing(smooth_network, images, targets, method):
    explain = create(method, steps=7, batch_size=14)
    together = explain(smooth_network, images, targets)
    order = torch.tensor([3, 0, 4, 1, 2])
    permuted = explain(smooth_network, images[order], targets[order])
    torch.testing.assert_close(permuted, together[order], **EXACT)
    for i in range(len(images)):
        single = explain(smooth_network, images[i : i + 1], targets[i : i + 1])
        torch.testing.assert_close(single[0], together[i], **EXACT)


def test_rules_of_one_walk_equal_separate_walks(smooth_network, images, targets):
    settings = {"path": StraightPath(9), "baselines": images.flip(0), "batch_size": 4}
    rules = [IDGI(), Riemann(), IDGI()]
    together = walk(smooth_network, images, targets, rules=rules, **settings)
    for rule, maps in zip(rules, together, strict=True):
        (separate,) = walk(smooth_network, images, targets, rules=[rule], **settings)
        torch.testing.assert_close(maps, separate, **EXACT)
    assert not torch.allclose(together[0], together[1])


@pytest.mark.parametrize(("steps", "batch_size"), [(7, 3), (7, 7), (7, 20), (2, 1)])
def test_every_point_is_evaluated_once_and_batches_are_bounded(
    smooth_network, images, targets, steps, batch_size
):
    model = Counter(smooth_network)
    walk(
        model,
        images,
        targets,
        path=StraightPath(steps),
        rules=[Riemann(), IDGI()],
        baselines=torch.zeros_like(images),
        batch_size=batch_size,
    )
    assert sum(model.sizes) == steps * len(images)
    assert max(model.sizes) <= batch_size


def test_automatic_batches_fill_the_device_and_stay_bounded():
    budget = PIXELS_PER_BATCH["cpu"]
    assert resolve_batch_size("auto", torch.empty(1, 3, 224, 224)) == budget // 224**2
    assert resolve_batch_size("auto", torch.empty(1, 3, 5000, 5000)) == 1
    assert resolve_batch_size("auto", torch.empty(1, 3, 2, 2)) == 1024


@pytest.mark.parametrize("method", available())
def test_a_flat_score_gives_zeros(images, method):
    model = Scores(lambda x: x.sum(dim=(1, 2, 3)) * 0)
    maps = create(method, steps=5)(model, images, first_class(images))
    assert torch.equal(maps, torch.zeros_like(images))


def test_tiny_gradients_do_not_underflow():
    weights = torch.linspace(-2, 1, 16).reshape(1, 4, 4) * 1e-30
    model = Scores(lambda x: (x * weights).sum(dim=(1, 2, 3)))
    images = torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    maps = create("ig+idgi", steps=8, output="logit")(model, images, first_class(images))
    expected = (images * weights).sum(dim=(1, 2, 3))
    assert maps.dtype == torch.float32
    torch.testing.assert_close(maps.sum(dim=(1, 2, 3)) * 1e30, expected * 1e30)


@given(st.integers(2, 200), st.sampled_from(["mean", "trapezoid"]))
def test_quadrature_weights_sum_to_one(steps, quadrature):
    ones = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    increments = StraightPath(steps, quadrature).increments(ones, torch.zeros_like(ones), 0, steps)
    assert increments.shape == (1, steps, 1, 1, 1)
    assert increments.sum().item() == pytest.approx(1, abs=1e-12)


@given(
    st.integers(2, 200),
    st.sampled_from([torch.float32, torch.float64]),
    st.sampled_from(["mean", "trapezoid"]),
    st.data(),
)
def test_points_meet_both_ends_exactly_and_come_in_any_blocks(steps, dtype, quadrature, data):
    generator = torch.Generator().manual_seed(steps)
    # Cubes: uniform draws lie on a grid, where b + (x − b) would meet x by chance.
    inputs, baselines = torch.rand(2, 2, 1, 3, 3, dtype=dtype, generator=generator).pow(3)
    path = StraightPath(steps, quadrature)
    points = path.points(inputs, baselines, 0, steps)
    assert torch.equal(points[:, 0], baselines)
    assert torch.equal(points[:, -1], inputs)
    middle = (baselines + inputs) / 2
    torch.testing.assert_close(points.mean(dim=1), middle)
    first = data.draw(st.integers(0, steps - 1))
    last = data.draw(st.integers(first + 1, steps))
    assert torch.equal(path.points(inputs, baselines, first, last), points[:, first:last])
    increments = path.increments(inputs, baselines, 0, steps)
    block = path.increments(inputs, baselines, first, last)
    assert torch.equal(block, increments[:, first:last])


@pytest.mark.parametrize(("name", "value"), [("black", 0.0), ("white", 1.0)])
@pytest.mark.parametrize("rule", [Riemann(), IDGI()])
def test_named_baselines(smooth_network, images, targets, name, value, rule):
    named = PathAttribution(StraightPath(5), rule, baseline=name)(smooth_network, images, targets)
    given_one = PathAttribution(StraightPath(5), rule)(
        smooth_network, images, targets, torch.full_like(images, value)
    )
    assert torch.equal(named, given_one)


def test_the_default_baseline_is_black_and_the_default_score_a_probability(
    smooth_network, images, targets
):
    maps = create("ig+idgi", steps=3)(smooth_network, images, targets)
    expected = change(smooth_network, images, torch.zeros_like(images), targets, "probability")
    torch.testing.assert_close(maps.sum(dim=(1, 2, 3)), expected, **EXACT)


@pytest.mark.parametrize("method", available())
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_maps_have_the_shape_and_type_of_the_images(method, dtype):
    model = nn.Sequential(nn.Flatten(), nn.Linear(60, 2)).to(dtype)
    images = torch.rand(3, 1, 10, 6, dtype=dtype)
    maps = create(method, steps=4)(model, images, first_class(images))
    assert maps.shape == images.shape
    assert maps.dtype == dtype
    none = create(method, steps=4)(model, images[:0], first_class(images[:0]))
    assert none.shape == (0, 1, 10, 6)


def test_an_explainer_is_its_configuration():
    assert create("ig+idgi", steps=64) == PathAttribution(StraightPath(64), IDGI())
    assert hash(create("ig")) == hash(PathAttribution(StraightPath(32, "mean"), Riemann()))
    assert "steps=64" in repr(create("ig", steps=64))
    assert create("ig", output="logit") != create("ig")
