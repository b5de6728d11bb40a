"""Closed forms of the controller's output, against ways that share no code with them."""

import itertools

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from saliency_audit.attributions import control
from saliency_audit.attributions.controlled_scores import (
    ControlledScores,
    controlled_score,
    normal_scores,
    skew_normal_scores,
    standardised_score,
    two_normals,
    uniform_scores,
)

SETTINGS = [(0.5, 1.0), (1.5, 1.0), (1.5, 2.5), (2.5, 2.5), (1.5, 0.5)]

# A law, how it is drawn, and its density by somebody else.
LAWS = {
    "normal": (normal_scores(), lambda g, n: g.normal(3, 5, size=n)),
    "uniform": (uniform_scores(), lambda g, n: g.uniform(size=n)),
    "uniform elsewhere": (uniform_scores(-4, 9), lambda g, n: g.uniform(size=n)),
    "left": (skew_normal_scores(-5), lambda g, n: -_azzalini(g, n, 5)),
    "right": (skew_normal_scores(20), lambda g, n: _azzalini(g, n, 20)),
    "no skew": (skew_normal_scores(0), lambda g, n: g.normal(size=n)),
    "mixture": (two_normals(8, 0.3), lambda g, n: g.normal(size=n) + 8 * (g.uniform(size=n) > 0.3)),
    "to the left": (
        two_normals(-4, 0.2),
        lambda g, n: g.normal(size=n) - 4 * (g.uniform(size=n) > 0.2),
    ),
    "far apart": (
        two_normals(16, 0.9),
        lambda g, n: g.normal(size=n) + 16 * (g.uniform(size=n) > 0.9),
    ),
    "one of two": (two_normals(16, 1.0), lambda g, n: g.normal(size=n)),
    "the other": (two_normals(16, 0.0), lambda g, n: g.normal(size=n)),
}


def _azzalini(generator, n, a):
    """A skew normal sample: δ|u| + √(1 − δ²)v of two normal ones."""
    delta = a / np.sqrt(1 + a**2)
    u, v = generator.normal(size=(2, n))
    return delta * np.abs(u) + np.sqrt(1 - delta**2) * v


def pearson(values):
    return 3 * (values.mean() - np.median(values)) / values.std()


@pytest.fixture(params=LAWS)
def case(request):
    """A law, and a million scores of it before and after a controller of numpy."""
    law, draw = LAWS[request.param]
    x = draw(np.random.default_rng(1), 1_000_000)
    return law, x, (1 / (1 + np.exp(-1.5 * (x - x.mean()) / x.std()))) ** 2.5


def test_skewness_and_quantiles_are_those_of_a_sample(case):
    law, x, z = case
    output = ControlledScores(law)
    assert law.skewness == pytest.approx(pearson(x), abs=0.01)
    assert output.skewness == pytest.approx(pearson(z), abs=0.01)
    assert output.mean == pytest.approx(z.mean(), abs=2e-3)
    assert output.std == pytest.approx(z.std(), abs=2e-3)
    for share in (0.05, 0.95):
        assert output.quantile(share) == pytest.approx(np.quantile(z, share), abs=5e-3)


def test_shares_are_those_of_a_sample(case):
    law, _, z = case
    for low in (0.0, 0.05, 0.2, 0.5, 0.8):
        share = float(np.mean((z > low) & (z <= low + 0.2)))
        found = ControlledScores(law).share_between(low, low + 0.2)
        assert found == pytest.approx(share, abs=3e-3)


def test_density_is_the_slope_of_the_distribution(case):
    output = ControlledScores(case[0])
    for low, high in [(0.02, 0.1), (0.1, 0.5), (0.5, 0.95)]:
        edges = np.linspace(low, high, 201)
        area = sum(integrate.quad(output.density, *each)[0] for each in itertools.pairwise(edges))
        # where the uniform law ends, inside a piece, quadrature is good to 1e-4
        assert output.share_between(low, high) == pytest.approx(area, abs=1e-4)


@pytest.mark.parametrize(("eta", "h"), SETTINGS)
@pytest.mark.parametrize("name", ["normal", "left", "mixture"])
def test_density_is_the_numerical_change_of_variables(name, eta, h):
    law, _ = LAWS[name]
    peer = {"normal": stats.norm(), "left": stats.skewnorm(-5)}.get(name)
    x = np.linspace(law.mean - 2 * law.std, law.mean + 2 * law.std, 41)
    by_scipy = peer.pdf(x) if peer else 0.3 * stats.norm.pdf(x) + 0.7 * stats.norm.pdf(x - 8)

    def z_of(x):
        return (1 / (1 + np.exp(-eta * (x - law.mean) / law.std))) ** h

    slope = (z_of(x + 1e-5) - z_of(x - 1e-5)) / 2e-5
    np.testing.assert_allclose(
        ControlledScores(law, eta, h).density(z_of(x)), by_scipy / slope, rtol=1e-6
    )


@pytest.mark.parametrize("mean", [None, 1.0])
def test_density_integrates_to_one_with_any_mean(mean):
    t = np.linspace(-60, 40, 100_001)
    z = 1 / (1 + np.exp(-t))
    keep = (z > 1e-200) & (z < 1 - 1e-12)
    density = ControlledScores(skew_normal_scores(4)).density(z[keep], mean=mean)
    area = np.trapezoid(density * z[keep] * (1 - z[keep]), t[keep])
    assert area == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("eta", "h"), SETTINGS)
def test_inverse_undoes_the_controller(eta, h):
    y = np.linspace(-6, 6, 25)
    assert standardised_score(controlled_score(y, eta, h), eta, h) == pytest.approx(y)


@pytest.mark.parametrize(("eta", "h"), SETTINGS)
def test_the_torch_module_agrees(eta, h):
    maps = torch.randn(1, 40, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = (maps.numpy() - maps.numpy().mean()) / maps.numpy().std()
    np.testing.assert_allclose(control(maps, eta, h).numpy(), controlled_score(y, eta, h))


def test_distance_and_divergence_from_uniform():
    # η → 0.9√π is the logistic approximation of the normal distribution function
    near, far = (ControlledScores(normal_scores(), eta, 1.0) for eta in (1.6, 2.5))
    assert 0 < near.divergence_from_uniform < 0.02 < far.divergence_from_uniform
    area, _ = integrate.quad(
        lambda z: far.density(z) * np.log(far.density(z)), 1e-12, 1 - 1e-12, limit=400
    )
    assert far.divergence_from_uniform == pytest.approx(area, abs=1e-4)
    y = np.random.default_rng(0).normal(size=1_000_000)
    sample = stats.kstest(1 / (1 + np.exp(-2.5 * y)), "uniform").statistic
    assert far.distance_from_uniform == pytest.approx(sample, abs=3e-3)


@pytest.mark.parametrize(
    ("eta", "h", "count"), [(1.4, 1.0, 1), (1.5, 1.0, 2), (0.5, 2.5, 1), (2.5, 2.5, 2)]
)
def test_modes_are_roots_of_the_slope(eta, h, count):
    # d log p/dy = −y − ηh(1 − s) + ηs with s = sigmoid(ηy); with h = 1 two modes from η = √2 on
    modes = ControlledScores(normal_scores(), eta, h).modes
    assert len(modes) == count
    y = standardised_score(np.array(modes), eta, h)
    s = 1 / (1 + np.exp(-eta * y))
    np.testing.assert_allclose(-y - eta * h * (1 - s) + eta * s, 0, atol=0.02)


def test_outside_the_interval_lies_nothing():
    output = ControlledScores(normal_scores())
    assert output.density(np.array([-1.0, 0.0, 1.0, 2.0])).tolist() == [0, 0, 0, 0]
    assert output.share_below(np.array([-1.0, 0.0, 1.0, 2.0])).tolist() == [0, 0, 1, 1]
    assert output.share_between(-5, 5) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ControlledScores(normal_scores(), eta=0), "eta must be a finite number > 0"),
        (lambda: ControlledScores(normal_scores(), h=-1), "h must be a finite number > 0"),
        (lambda: ControlledScores(normal_scores()).quantile(1.0), "a probability must lie in"),
        (lambda: skew_normal_scores(float("inf")), "shape a must be a finite number"),
        (lambda: uniform_scores(1, 1), "low < high; got 1, 1"),
        (lambda: two_normals(2, 1.5), "share in"),
        (lambda: two_normals(float("nan"), 0.5), "mu must be finite"),
    ],
)
def test_what_is_no_distribution_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
