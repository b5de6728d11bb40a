from pathlib import Path

import numpy as np
import ot
import pytest
from scipy.linalg import sqrtm
from scipy.optimize import linprog

from saliency_audit.metrics.mixture import gaussian_wasserstein_squared, mixture_wasserstein

GOLDEN = Path(__file__).parents[1] / "golden" / "gmm.npz"


def random_mixture(seed, components=4, dimensions=2, rank=None):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(components, dimensions, rank or dimensions))
    weights = rng.dirichlet(np.ones(components))
    return rng.normal(size=(components, dimensions)), factors @ factors.swapaxes(1, 2), weights


def trace_formula(mean_a, covariance_a, mean_b, covariance_b):
    root = sqrtm(covariance_a)
    cross = sqrtm(root @ covariance_b @ root)
    spread = np.trace(covariance_a) + np.trace(covariance_b) - 2 * np.trace(cross).real
    return np.sum((mean_a - mean_b) ** 2) + spread


def test_equals_golden_value():
    golden = np.load(GOLDEN)
    mixtures = [golden[f"{part}_{side}"] for side in "ab" for part in ("means", "covs", "weights")]
    squared = mixture_wasserstein(*mixtures, squared=True)
    assert squared == pytest.approx(float(golden["mw2_squared"]), abs=1e-8)
    assert mixture_wasserstein(*mixtures) == pytest.approx(np.sqrt(squared), abs=1e-12)


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_gaussian_distance_equals_printed_trace_formula(dimensions):
    means_a, covariances_a, _ = random_mixture(1, 3, dimensions)
    means_b, covariances_b, _ = random_mixture(2, 4, dimensions)
    ours = gaussian_wasserstein_squared(means_a, covariances_a, means_b, covariances_b)
    assert ours.shape == (3, 4)
    for i in range(3):
        for j in range(4):
            expected = trace_formula(means_a[i], covariances_a[i], means_b[j], covariances_b[j])
            assert ours[i, j] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("seed", "dimensions"), [(0, 2), (1, 2), (2, 1), (3, 4)])
def test_equals_pot(seed, dimensions):
    a, b = (random_mixture(50 + 2 * seed + k, 3 + k, dimensions) for k in range(2))
    theirs = ot.gmm.gmm_ot_loss(a[0], b[0], a[1], b[1], a[2], b[2])
    assert mixture_wasserstein(*a, *b, squared=True) == pytest.approx(float(theirs), abs=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_not_below_the_distance_of_gaussians_with_the_same_moments(seed):
    # Gelbrich 1990: of all distributions with given moments, Gaussians are closest.
    a, b = (random_mixture(30 + 2 * seed + k, 3 + k) for k in range(2))
    moments = [overall(*mixture) for mixture in (a, b)]
    bound = trace_formula(*moments[0], *moments[1])
    assert mixture_wasserstein(*a, *b, squared=True) >= bound - 1e-10
    alone = [(mean[None], spread[None], [1.0]) for mean, spread in moments]
    single = mixture_wasserstein(*alone[0], *alone[1], squared=True)
    assert single == pytest.approx(bound, abs=1e-9)


def overall(means, covariances, weights):
    """Mean and covariance of a mixture."""
    mean = weights @ means
    apart = means - mean
    spread = np.einsum("k,kij->ij", weights, covariances + apart[:, :, None] * apart[:, None])
    return mean, spread


def test_zero_only_for_equal_mixtures():
    means, covariances, weights = random_mixture(11)
    changed = [
        (means + 1e-3 * np.eye(4, 2), covariances, weights),
        (means, covariances * np.array([1.01, 1, 1, 1])[:, None, None], weights),
        (means, covariances, (weights + 0.01) / 1.04),
    ]
    for other in changed:
        assert mixture_wasserstein(means, covariances, weights, *other) > 1e-4


def test_transport_equals_linear_programme():
    a, b = random_mixture(3, 4), random_mixture(4, 3)
    cost = gaussian_wasserstein_squared(a[0], a[1], b[0], b[1])
    rows = np.kron(np.eye(4), np.ones(3))
    columns = np.kron(np.ones(4), np.eye(3))
    solution = linprog(
        cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([a[2], b[2]])
    )
    assert mixture_wasserstein(*a, *b, squared=True) == pytest.approx(solution.fun, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_symmetric_and_triangle(seed):
    a, b, c = (random_mixture(10 * seed + k, 3) for k in range(3))
    assert mixture_wasserstein(*a, *b) == pytest.approx(mixture_wasserstein(*b, *a), abs=1e-10)
    through = mixture_wasserstein(*a, *b) + mixture_wasserstein(*b, *c)
    assert mixture_wasserstein(*a, *c) <= through + 1e-10


@pytest.mark.parametrize("rank", [1, 2])
def test_zero_for_itself_in_any_order_of_components(rank):
    means, covariances, weights = random_mixture(5, rank=rank)
    order = [2, 0, 3, 1]
    shuffled = (means[order], covariances[order], weights[order])
    assert mixture_wasserstein(means, covariances, weights, *shuffled, squared=True) < 1e-14


def test_zero_for_a_component_written_as_two():
    means, covariances, weights = random_mixture(6)
    index = [0, 0, 1, 2, 3]
    split = weights[index] * np.array([0.3, 0.7, 1, 1, 1])
    same = (means[index], covariances[index], split)
    assert mixture_wasserstein(means, covariances, weights, *same, squared=True) < 1e-14


def test_shift_of_everything_costs_its_length():
    means, covariances, weights = random_mixture(7)
    shifted = (means + np.array([3.0, 4.0]), covariances, weights)
    # the overall means lie 5 apart, so no plan can cost less
    assert mixture_wasserstein(means, covariances, weights, *shifted) == pytest.approx(
        5.0, abs=1e-10
    )


def test_rank_deficient_covariances_are_exact():
    line_x, line_y = np.diag([4.0, 0.0]), np.diag([0.0, 9.0])
    point = np.zeros((2, 2))
    centre = np.zeros((1, 2))
    # orthogonal segments share nothing: tr A + tr B; a segment and a point: tr A
    assert gaussian_wasserstein_squared(centre, [line_x], centre, [line_y])[0, 0] == pytest.approx(
        13
    )
    assert gaussian_wasserstein_squared(centre, [line_x], centre, [point])[0, 0] == pytest.approx(4)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    tilted = turn @ line_x @ turn.T
    value = gaussian_wasserstein_squared(centre, [tilted], centre, [tilted + 1e-18])[0, 0]
    assert 0 <= value < 1e-15


def test_zero_weight_component_is_ignored():
    means, covariances, weights = random_mixture(8)
    more = (
        np.vstack([means, [[99.0, 99.0]]]),
        np.concatenate([covariances, [np.eye(2)]]),
        np.append(weights, 0.0),
    )
    assert mixture_wasserstein(means, covariances, weights, *more, squared=True) < 1e-14


def break_weights(a):
    return a[0], a[1], a[2] * 2


def break_sign(a):
    return a[0], a[1], np.array([1.5, -0.5, 0.0, 0.0])


def break_symmetry(a):
    return a[0], a[1] + np.array([[0.0, 1.0], [0.0, 0.0]]), a[2]


def break_definiteness(a):
    return a[0], a[1] - 10 * np.eye(2), a[2]


def break_count(a):
    return a[0], a[1], np.array([0.5, 0.5])


def break_shape(a):
    return a[0], a[1][:, :1], a[2]


def break_finite(a):
    return a[0] * np.nan, a[1], a[2]


def break_dimension(a):
    return random_mixture(9, 4, 3)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_weights, "sum to 1"),
        (break_sign, r"weights_a must be finite and ≥ 0 \(components \[1\]\)"),
        (break_symmetry, "symmetric"),
        (break_definiteness, "semi-definite"),
        (break_count, "one weight per component"),
        (break_shape, "must be"),
        (break_finite, "NaN"),
        (break_dimension, "dimensions"),
    ],
)
def test_refuses_what_is_no_mixture(damage, message):
    a = random_mixture(9)
    with pytest.raises(ValueError, match=message):
        mixture_wasserstein(*damage(a), *a)
