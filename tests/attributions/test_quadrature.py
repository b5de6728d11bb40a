"""The quadratures: known nodes, what they integrate exactly and how fast they converge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import roots_sh_legendre

from saliency_audit.attributions.quadrature import CLOSED, QUADRATURES, nodes

ALL = sorted(QUADRATURES)
# With n points, the largest degree of polynomials without error.
EXACT_TO_DEGREE = {
    "left": lambda n: 0,
    "right": lambda n: 0,
    "mean": lambda n: 1,
    "trapezoid": lambda n: 1,
    "midpoint": lambda n: 1,
    "gauss_legendre": lambda n: 2 * n - 1,
}
# Power of 1/n with which the error falls.
ORDER = {"left": 1, "right": 1, "mean": 1, "trapezoid": 2, "midpoint": 2}


def least(quadrature):
    return 2 if quadrature in CLOSED else 1


def integral(quadrature, n, function):
    positions, weights = nodes(quadrature, n)
    return float(weights @ function(positions))


@given(st.sampled_from(ALL), st.integers(2, 300))
def test_positions_rise_in_the_unit_interval_and_weights_sum_to_one(quadrature, n):
    positions, weights = nodes(quadrature, n)
    assert positions.shape == weights.shape == (n,)
    assert positions.dtype == weights.dtype == np.float64
    assert positions[0] >= 0
    assert positions[-1] <= 1
    assert (np.diff(positions) > 0).all()
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("quadrature", "positions", "weights"),
    [
        ("mean", [0, 1 / 3, 2 / 3, 1], [1 / 4] * 4),
        ("trapezoid", [0, 1 / 3, 2 / 3, 1], [1 / 6, 1 / 3, 1 / 3, 1 / 6]),
        ("left", [0, 1 / 4, 2 / 4, 3 / 4], [1 / 4] * 4),
        ("right", [1 / 4, 2 / 4, 3 / 4, 1], [1 / 4] * 4),
        ("midpoint", [1 / 8, 3 / 8, 5 / 8, 7 / 8], [1 / 4] * 4),
    ],
)
def test_four_points(quadrature, positions, weights):
    found = nodes(quadrature, 4)
    np.testing.assert_allclose(found[0], positions, rtol=0, atol=1e-15)
    np.testing.assert_allclose(found[1], weights, rtol=0, atol=1e-15)


@pytest.mark.parametrize("n", [1, 2, 3, 50, 128])
def test_gauss_legendre_is_that_of_scipy(n):
    positions, weights = roots_sh_legendre(n)
    found = nodes("gauss_legendre", n)
    np.testing.assert_allclose(found[0], positions, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found[1], weights, rtol=0, atol=1e-14)


@pytest.mark.parametrize("n", [2, 9])
def test_trapezoid_is_that_of_numpy(n):
    values = np.random.default_rng(n).normal(size=n)
    positions, weights = nodes("trapezoid", n)
    assert weights @ values == pytest.approx(np.trapezoid(values, positions), abs=1e-14)


@pytest.mark.parametrize("quadrature", ALL)
@pytest.mark.parametrize("n", [2, 3, 5])
def test_polynomials_are_integrated_without_error_up_to_the_known_degree(quadrature, n):
    highest = EXACT_TO_DEGREE[quadrature](n)
    for degree in range(highest + 2):
        error = integral(quadrature, n, lambda a, p=degree: a**p) - 1 / (degree + 1)
        assert (abs(error) < 1e-14) == (degree <= highest), degree


@pytest.mark.parametrize("quadrature", ORDER)
def test_the_error_falls_with_the_known_power_of_the_number_of_points(quadrature):
    exact = np.exp(1) - 1
    # With both ends among n points there are n−1 intervals.
    extra = 1 if quadrature in CLOSED else 0
    errors = [integral(quadrature, n + extra, np.exp) - exact for n in (200, 400)]
    assert errors[0] / errors[1] == pytest.approx(2 ** ORDER[quadrature], rel=0.01)


@pytest.mark.parametrize("quadrature", ALL)
def test_closed_are_those_that_sample_both_ends(quadrature):
    positions, _ = nodes(quadrature, 5)
    assert (positions[0] == 0 and positions[-1] == 1) == (quadrature in CLOSED)


@pytest.mark.parametrize("quadrature", [name for name in ALL if name not in CLOSED])
def test_one_point_is_enough_for_an_open_quadrature(quadrature):
    positions, weights = nodes(quadrature, 1)
    assert positions.tolist() == [{"left": 0.0, "right": 1.0}.get(quadrature, 0.5)]
    assert weights.tolist() == [1.0]


def test_an_unknown_quadrature_is_refused():
    with pytest.raises(ValueError, match="unknown quadrature 'simpson'; known: mean, trapezoid"):
        nodes("simpson", 3)
