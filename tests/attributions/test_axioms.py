"""What must hold for every network: completeness, linearity, and independence from batching."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.models import squeezenet1_1

from saliency_audit.attributions import (
    IDGI,
    BlurPath,
    GuidedPath,
    MeanGradient,
    PathAttribution,
    Riemann,
    StraightPath,
    available,
    create,
    walk,
)
from saliency_audit.attributions.engine import (
    PIXELS_PER_BATCH,
    PIXELS_PER_FORWARD_BATCH,
    resolve_batch_size,
)
from saliency_audit.attributions.quadrature import CLOSED, QUADRATURES, nodes
from saliency_audit.attributions.scores import OUTPUTS, class_scores

EXACT = {"rtol": 0, "atol": 1e-12}
STRAIGHT = st.sampled_from(sorted(QUADRATURES)).flatmap(
    lambda name: st.builds(StraightPath, st.integers(2 if name in CLOSED else 1, 20), st.just(name))
)
GUIDED = st.builds(GuidedPath, st.integers(1, 20), st.floats(0, 1), st.floats(0, 1))
BLURRED = st.builds(
    BlurPath, st.integers(2, 20), st.floats(0.5, 60), st.sampled_from(["linear", "sqrt"])
)
PATHS = st.one_of(STRAIGHT, GUIDED, BLURRED)
ONE_OF_EACH = [
    *(StraightPath(6, name) for name in QUADRATURES),
    GuidedPath(6),
    GuidedPath(6, 0.5, 1.0),
    BlurPath(6),
    BlurPath(6, 30.0, "sqrt"),
]


def beginning(path, images, baselines):
    """x′: the baseline, or the first point of a path that has none."""
    return baselines if path.has_baseline else path.start(images, images).points(0, 1)[:, 0]


def own_baselines(path, baselines):
    return baselines if path.has_baseline else None


def change(network, images, baselines, targets, output):
    def score(points):
        return OUTPUTS[output](network(points)).gather(1, targets[:, None])[:, 0]

    with torch.no_grad():
        return score(images) - score(baselines)


def first_class(images):
    return torch.zeros(len(images), dtype=torch.int64)


def ramp(images):
    """Weights of a linear model, one per feature, of both signs."""
    count = images[0].numel()
    return torch.linspace(-1, 2, count, dtype=torch.float64).reshape(images[0].shape)


# Completeness


@given(
    path=PATHS,
    batch_size=st.integers(1, 50),
    output=st.sampled_from(sorted(OUTPUTS)),
    seed=st.integers(0, 1000),
)
def test_idgi_sums_to_the_change_of_the_score(
    smooth_network, targets, path, batch_size, output, seed
):
    generator = torch.Generator().manual_seed(seed)
    images, baselines = torch.rand(2, 5, 3, 6, 5, dtype=torch.float64, generator=generator)
    explain = PathAttribution(path, IDGI(), output=output, batch_size=batch_size)
    maps = explain(smooth_network, images, targets, own_baselines(path, baselines))
    expected = change(smooth_network, images, beginning(path, images, baselines), targets, output)
    torch.testing.assert_close(maps.sum(dim=(1, 2, 3)), expected, **EXACT)


def test_idgi_drops_the_steps_whose_gradient_vanishes(scoring):
    # Half of the path lies where the score is flat: the last flat point sees the score rise.
    model = scoring(lambda x: (x.mean(dim=(1, 2, 3)) - 0.5).relu())
    images = torch.ones(1, 1, 4, 4, dtype=torch.float64)
    maps = create("ig+idgi", steps=9, output="logit")(model, images, first_class(images))
    # Points at multiples of 1/8; the gradient at 4/8 is zero, so only 5/8 → 1 counts.
    assert maps.sum().item() == pytest.approx(3 / 8, abs=1e-12)
    torch.testing.assert_close(maps, torch.full_like(maps, 3 / 8 / 16), **EXACT)


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=repr)
def test_a_flat_score_gives_zeros(scoring, images, path):
    model = scoring(lambda x: x.sum(dim=(1, 2, 3)) * 0)
    rules = [Riemann(), IDGI()]
    for maps in walk(model, images, first_class(images), path=path, rules=rules):
        assert torch.equal(maps, torch.zeros_like(images))


# Linear models and other closed forms


@given(path=st.one_of(STRAIGHT, GUIDED), seed=st.integers(0, 1000))
def test_a_linear_model_gives_weight_times_difference(scoring, path, seed):
    generator = torch.Generator().manual_seed(seed)
    images, baselines = torch.rand(2, 5, 3, 6, 5, dtype=torch.float64, generator=generator)
    weights = torch.randn(3, 6, 5, dtype=torch.float64, generator=generator)
    model = scoring(lambda x: (x * weights).sum(dim=(1, 2, 3)) + 3)
    explain = PathAttribution(path, Riemann(), output="logit")
    maps = explain(model, images, first_class(images), baselines)
    # The guided path takes a distance of 1e-9 for none.
    limit = 1e-8 if path.adaptive else 1e-12
    torch.testing.assert_close(maps, weights * (images - baselines), rtol=0, atol=limit)


@given(path=STRAIGHT, batch_size=st.integers(1, 50))
def test_the_mean_gradient_times_the_way_is_integrated_gradients(
    smooth_network, images, targets, path, batch_size
):
    weights = tuple(nodes(path.quadrature, path.steps)[1])
    integrated, mean = walk(
        smooth_network,
        images,
        targets,
        path=path,
        rules=[Riemann(), MeanGradient(weights)],
        batch_size=batch_size,
    )
    torch.testing.assert_close(mean * images, integrated, **EXACT)


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=repr)
def test_idgi_of_a_linear_model_shares_by_squared_weight(scoring, images, path):
    weights = ramp(images)
    model = scoring(lambda x: (x * weights).sum(dim=(1, 2, 3)))
    explain = PathAttribution(path, IDGI(), output="logit")
    maps = explain(model, images, first_class(images))
    shares = weights**2 / (weights**2).sum()
    way = images - beginning(path, images, torch.zeros_like(images))
    expected = shares * (way * weights).sum(dim=(1, 2, 3), keepdim=True)
    torch.testing.assert_close(maps, expected, **EXACT)


@pytest.mark.parametrize("steps", [2, 5, 32])
def test_bias_of_every_quadrature_on_a_cube(scoring, images, steps):
    # ∫3α²dα = 1; the weighted sums of 3α² over the points have these closed forms.
    model = scoring(lambda x: x.pow(3).sum(dim=(1, 2, 3)))
    expected = {
        "mean": 1 + 1 / (2 * (steps - 1)),
        "trapezoid": 1 + 1 / (2 * (steps - 1) ** 2),
        "left": 1 - 3 / (2 * steps) + 1 / (2 * steps**2),
        "right": 1 + 3 / (2 * steps) + 1 / (2 * steps**2),
        "midpoint": 1 - 1 / (4 * steps**2),
        "gauss_legendre": 1,
    }
    assert expected.keys() == QUADRATURES.keys()
    for quadrature, factor in expected.items():
        explain = create("ig", steps=steps, quadrature=quadrature, output="logit")
        maps = explain(model, images, first_class(images))
        torch.testing.assert_close(maps, factor * images.pow(3), **EXACT)


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


# Batches, order, shards, rules


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 4, 11])
def test_batch_size_changes_nothing_on_any_path(smooth_network, images, targets, path, batch_size):
    settings = {"path": path, "rules": [Riemann(), IDGI()]}
    alone = walk(smooth_network, images, targets, **settings)
    again = walk(smooth_network, images, targets, **settings, batch_size=batch_size)
    for maps, expected in zip(again, alone, strict=True):
        torch.testing.assert_close(maps, expected, **EXACT)


@given(path=PATHS, cuts=st.sets(st.integers(1, 4)), seed=st.integers(0, 1000))
def test_shards_change_nothing(smooth_network, targets, path, cuts, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(5, 3, 6, 5, dtype=torch.float64, generator=generator)
    settings = {"path": path, "rules": [Riemann(), IDGI()]}
    whole = walk(smooth_network, images, targets, **settings)
    ends = [0, *sorted(cuts), 5]
    shards = [
        walk(smooth_network, images[first:last], targets[first:last], **settings)
        for first, last in pairwise(ends)
    ]
    for maps, parts in zip(whole, zip(*shards, strict=True), strict=True):
        torch.testing.assert_close(torch.cat(parts), maps, **EXACT)


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=repr)
def test_rules_of_one_walk_equal_separate_walks(smooth_network, images, targets, path):
    baselines = own_baselines(path, images.flip(0))
    settings = {"path": path, "baselines": baselines, "batch_size": 4}
    rules = [IDGI(), Riemann(), IDGI()]
    together = walk(smooth_network, images, targets, rules=rules, **settings)
    for rule, maps in zip(rules, together, strict=True):
        (separate,) = walk(smooth_network, images, targets, rules=[rule], **settings)
        torch.testing.assert_close(maps, separate, **EXACT)
    assert not torch.allclose(together[0], together[1])


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=repr)
@pytest.mark.parametrize("batch_size", [1, 3, 7, 20])
def test_every_point_is_evaluated_once_and_batches_are_bounded(
    counting, smooth_network, images, targets, path, batch_size
):
    walker = path.start(images, torch.zeros_like(images))
    ends = sum(end is not None for end in (walker.start, walker.end))
    # Blocks of an adaptive path are filled up to half a batch.
    together = max(1, batch_size // 2) if path.adaptive else 1
    walked = -(-len(images) // together) * together
    for rules, extra in (([Riemann()], 0), ([Riemann(), IDGI()], ends)):
        model = counting(smooth_network)
        walk(model, images, targets, path=path, rules=rules, batch_size=batch_size)
        assert sum(model.sizes) == (path.steps + extra) * walked
        assert max(model.sizes) <= batch_size


def test_automatic_batches_fill_the_device_and_stay_bounded():
    budget = PIXELS_PER_BATCH["cpu"]
    assert resolve_batch_size("auto", torch.empty(1, 3, 224, 224)) == budget // 224**2
    assert resolve_batch_size("auto", torch.empty(1, 3, 5000, 5000)) == 1
    assert resolve_batch_size("auto", torch.empty(1, 3, 2, 2)) == 1024
    forward_only = PIXELS_PER_FORWARD_BATCH["cpu"] // 224**2
    assert resolve_batch_size("auto", torch.empty(1, 3, 224, 224), gradients=False) == forward_only


@pytest.mark.parametrize("rule", ["", "+idgi"])
@pytest.mark.parametrize(("side", "together"), [(64, None), (64, 3), (40, None), (20, None)])
def test_no_image_s_guided_path_depends_on_its_company(rule, side, together):
    """In single precision another batch size rounds otherwise, and the path jumps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = squeezenet1_1(num_classes=10).eval()
    images = torch.rand(6, 3, side, side, generator=torch.Generator().manual_seed(0))
    classes = network(images).argmax(dim=1)
    explain = create(f"gig{rule}", steps=12, together=together)
    together = explain(network, images, classes)
    for some in ([0], [3, 1], [5, 4, 2, 0, 1]):
        assert torch.equal(explain(network, images[some], classes[some]), together[some])


@pytest.mark.parametrize(
    ("side", "together", "size"),
    [(64, None, 1), (40, None, 2), (32, None, 4), (8, None, 16), (64, 5, 5), (64, 1000, 49)],
)
def test_blocks_of_a_guided_path_have_the_size_that_suits_the_pictures(
    counting, scoring, side, together, size
):
    model = counting(scoring(lambda x: x.square().sum(dim=(1, 2, 3))))
    for count in (1, 7):
        model.sizes.clear()
        images = torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(0))
        targets = torch.zeros(count, dtype=torch.int64)
        path = GuidedPath(3, together=together)
        walk(model, images, targets, path=path, rules=[Riemann()], output="logit")
        assert model.sizes == [size] * (3 * -(-count // size))


# Small and large numbers


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=repr)
@pytest.mark.parametrize("scale", [1e-25, 1e-30, 1e25])
def test_gradients_whose_squares_leave_the_type_give_an_exact_idgi(scoring, path, scale):
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(3, 1, 4, 4, generator=generator)
    weights = torch.linspace(-2, 1, 16).reshape(1, 4, 4)
    assert ((weights * scale) ** 2).sum() in (0, math.inf)
    model = scoring(lambda x: (x * (weights * scale)).sum(dim=(1, 2, 3)))
    maps = PathAttribution(path, IDGI(), output="logit")(model, images, first_class(images))
    assert maps.dtype == torch.float32
    way = images - beginning(path, images, torch.zeros_like(images))
    shares = weights**2 / (weights**2).sum()
    expected = shares * (way * weights).sum(dim=(1, 2, 3), keepdim=True)
    torch.testing.assert_close(maps / scale, expected, rtol=1e-4, atol=1e-6)


# Ends


@given(path=STRAIGHT, dtype=st.sampled_from([torch.float32, torch.float64]), data=st.data())
def test_points_meet_the_ends_exactly_and_come_in_any_blocks(path, dtype, data):
    steps = path.steps
    generator = torch.Generator().manual_seed(steps)
    # Cubes: uniform draws lie on a grid, where b + (x − b) would meet x by chance.
    inputs, baselines = torch.rand(2, 2, 1, 3, 3, dtype=dtype, generator=generator).pow(3)
    walker = path.start(inputs, baselines)
    points = walker.points(0, steps)
    # An end is a point of its own or the first or last of the points.
    begin = points[:, 0] if walker.start is None else walker.start
    end = points[:, -1] if walker.end is None else walker.end
    assert torch.equal(begin, baselines)
    assert torch.equal(end, inputs)
    assert walker.start is None or not torch.equal(points[:, 0], baselines)
    assert walker.end is None or not torch.equal(points[:, -1], inputs)
    gradients = torch.zeros_like(points)
    increments = walker.increments(0, steps, gradients)
    total = increments.expand(points.shape).sum(dim=1)
    torch.testing.assert_close(total, inputs - baselines)
    first = data.draw(st.integers(0, steps - 1))
    last = data.draw(st.integers(first + 1, steps))
    assert torch.equal(walker.points(first, last), points[:, first:last])
    block = walker.increments(first, last, gradients[:, first:last])
    assert torch.equal(block, increments[:, first:last])


@pytest.mark.parametrize(("name", "value"), [("black", 0.0), ("white", 1.0)])
@pytest.mark.parametrize("rule", [Riemann(), IDGI()])
@pytest.mark.parametrize("path", [StraightPath(5), StraightPath(5, "right"), GuidedPath(5)])
def test_named_baselines(smooth_network, images, targets, name, value, rule, path):
    named = PathAttribution(path, rule, baseline=name)(smooth_network, images, targets)
    given_one = PathAttribution(path, rule)(
        smooth_network, images, targets, torch.full_like(images, value)
    )
    assert torch.equal(named, given_one)


@pytest.mark.parametrize("method", ["ig+idgi", "gig+idgi"])
def test_the_default_baseline_is_black_and_the_default_score_a_probability(
    smooth_network, images, targets, method
):
    maps = create(method, steps=3)(smooth_network, images, targets)
    expected = change(smooth_network, images, torch.zeros_like(images), targets, "probability")
    torch.testing.assert_close(maps.sum(dim=(1, 2, 3)), expected, **EXACT)


# Interface


def test_an_explainer_is_its_configuration():
    assert create("ig+idgi", steps=64) == PathAttribution(StraightPath(64), IDGI())
    assert create("gig", fraction=0.5, max_dist=1.0) == PathAttribution(
        GuidedPath(32, 0.5, 1.0), Riemann()
    )
    assert create("blurig+idgi", schedule="sqrt", max_sigma=9.0, output="logit") == PathAttribution(
        BlurPath(32, 9.0, "sqrt"), IDGI(), output="logit"
    )
    assert hash(create("ig")) == hash(PathAttribution(StraightPath(32, "mean"), Riemann()))
    assert "steps=64" in repr(create("ig", steps=64))
    assert create("ig", output="logit") != create("ig")


def test_every_path_method_can_be_made(path_method):
    assert path_method in available()
    assert isinstance(create(path_method), PathAttribution)
