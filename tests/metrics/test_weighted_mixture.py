"""EM on weighted points: against scikit-learn on duplicated points, and where points are few."""

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from saliency_audit.metrics import fit_weighted_gmm, weighted_points
from saliency_audit.metrics.gaussian_mixtures import WeightedMixture


def some_points(count, sets, size=2, seed=0):
    """Points in the unit cube and whole weights from 0 to 5."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(count, size, generator=generator, dtype=torch.float64)
    weights = torch.randint(0, 6, (sets, count), generator=generator).double()
    near = (points[None] - torch.rand(sets, 1, size, generator=generator)).norm(dim=2) < 0.4
    return points, weights * near


def start_at(means, sets):
    components, size = means.shape
    weights = torch.full((sets, components), 1 / components, dtype=torch.float64)
    spread = (0.05 * torch.eye(size, dtype=torch.float64)).expand(sets, components, -1, -1)
    nothing = torch.zeros(sets, dtype=torch.float64)
    return WeightedMixture(weights, means.expand(sets, -1, -1), spread, nothing, nothing.bool())


@pytest.mark.parametrize("size", [1, 2, 3])
def test_whole_weights_give_the_mixture_of_duplicated_points(size):
    points, weights = some_points(400, 3, size)
    means = points[:4]
    ours = fit_weighted_gmm(points, weights, 4, start=start_at(means, 3), tolerance=1e-9)
    for row, counts in enumerate(weights):
        theirs = GaussianMixture(
            4,
            means_init=means.numpy(),
            weights_init=np.full(4, 0.25),
            precisions_init=np.stack([20 * np.eye(size)] * 4),
            tol=1e-9,
            max_iter=200,
        ).fit(points.repeat_interleave(counts.long(), dim=0).numpy())
        assert ours.log_likelihood[row].item() == pytest.approx(theirs.lower_bound_, abs=1e-8)
        np.testing.assert_allclose(ours.means[row], theirs.means_, atol=1e-5)
        np.testing.assert_allclose(ours.covariances[row], theirs.covariances_, atol=1e-5)
        np.testing.assert_allclose(ours.weights[row], theirs.weights_, atol=1e-5)


def test_a_start_of_its_own_is_about_as_likely_as_that_of_scikit_learn():
    points, weights = some_points(900, 4, seed=3)
    ours = fit_weighted_gmm(points, weights, 5, restarts=5)
    for likelihood, counts in zip(ours.log_likelihood, weights, strict=True):
        copies = points.repeat_interleave(counts.long(), dim=0).numpy()
        theirs = GaussianMixture(5, n_init=5, random_state=0).fit(copies)
        assert likelihood.item() > theirs.lower_bound_ - 0.02


def test_the_likelihood_is_that_of_the_mixture():
    points, weights = some_points(300, 1)
    found = fit_weighted_gmm(points, weights, 3, tolerance=1e-10, iterations=2000)
    density = sum(
        weight * torch.distributions.MultivariateNormal(mean, spread).log_prob(points).exp()
        for weight, mean, spread in zip(
            found.weights[0], found.means[0], found.covariances[0], strict=True
        )
    )
    expected = (weights[0] * density.log()).sum() / weights[0].sum()
    assert found.log_likelihood[0].item() == pytest.approx(expected.item(), abs=1e-8)
    assert found.converged.all()


def test_sets_are_fitted_as_if_alone_and_the_scale_of_weights_does_not_matter():
    points, weights = some_points(500, 3)
    together = fit_weighted_gmm(points, weights, 4)
    for row in range(3):
        alone = fit_weighted_gmm(points, 7 * weights[row : row + 1], 4)
        for name, value in vars(alone).items():
            torch.testing.assert_close(
                value[0], getattr(together, name)[row], atol=1e-8, rtol=0, msg=name
            )


def close(found, expected, atol):
    for name, value in vars(found).items():
        torch.testing.assert_close(
            value.cpu(), getattr(expected, name), atol=atol, rtol=0, msg=name
        )


def test_many_sets_at_once_are_fitted_as_one_after_the_other():
    # From sets that fill no piece to such that fill several, in an order that mixes them.
    points, weights = some_points(900, 40, seed=1)
    generator = torch.Generator().manual_seed(2)
    shares = torch.rand(40, 1, generator=generator)
    weights *= torch.rand(40, 900, generator=generator) < shares
    weights[:, :6] = 1
    together = fit_weighted_gmm(points, weights, 5)
    for row in range(40):
        alone = fit_weighted_gmm(points, weights[row : row + 1], 5)
        close(alone, together.at(slice(row, row + 1)), atol=1e-9)


def test_blocks_of_any_size_give_the_same(monkeypatch):
    points, weights = some_points(700, 5, seed=2)
    whole = fit_weighted_gmm(points, weights, 4)
    for limit, numbers in (("IN_CACHE", 1), ("IN_CACHE", 1500), ("IN_MEMORY", 3000)):
        with monkeypatch.context() as changed:
            changed.setitem(getattr(weighted_points, limit), "cpu", numbers)
            close(fit_weighted_gmm(points, weights, 4), whole, atol=1e-9)


def test_blocks_are_as_large_as_allowed(monkeypatch):
    """What a step works on does not grow with the sets."""
    seen = []
    monkeypatch.setitem(weighted_points.IN_CACHE, "cpu", 4 * 4 * weighted_points.PIECE)
    original = weighted_points.Runs.sums
    monkeypatch.setattr(
        weighted_points.Runs,
        "sums",
        lambda runs, summands: original(
            runs, lambda *given: seen.append(len(given[0])) or summands(*given)
        ),
    )
    points, weights = some_points(700, 9, seed=2)
    fit_weighted_gmm(points, weights, 4)
    assert max(seen) == 4


def test_a_set_that_has_converged_is_left_alone():
    points, weights = some_points(600, 2, seed=4)
    # Two far spots are found at once; two components in one broad cloud move for long.
    weights[0] = ((points - 0.1).norm(dim=1) < 0.05) | ((points - 0.9).norm(dim=1) < 0.05)
    weights[1] = 1
    few, many = (
        fit_weighted_gmm(points, weights, 2, restarts=1, iterations=steps, tolerance=1e-7)
        for steps in (5, 2000)
    )
    assert few.converged.tolist() == [True, False]
    assert many.converged.tolist() == [True, True]
    for name, value in vars(many).items():
        assert torch.equal(value[0], getattr(few, name)[0]), name
    assert many.log_likelihood[1] > few.log_likelihood[1]


def test_points_at_one_place_have_a_mixture_and_leave_the_others_as_they_are():
    points = torch.cat([torch.full((5, 2), 0.3).double(), some_points(60, 1)[0]])
    weights = torch.ones(2, 65)
    weights[0, 5:] = 0
    found = fit_weighted_gmm(points, weights, 3)
    torch.testing.assert_close(found.means[0], torch.full((3, 2), 0.3).double())
    torch.testing.assert_close(found.covariances[0], 1e-6 * torch.eye(2).expand(3, 2, 2).double())
    close(fit_weighted_gmm(points, weights[1:], 3), found.at(slice(1, 2)), atol=1e-9)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same():
    points, weights = some_points(900, 30, seed=1)
    found = fit_weighted_gmm(points.cuda(), weights.cuda(), 4)
    assert found.means.device.type == "cuda"
    close(found, fit_weighted_gmm(points, weights, 4), atol=1e-6)


def test_one_component_has_the_moments_of_the_points():
    points, weights = some_points(200, 1)
    found = fit_weighted_gmm(points, weights, 1, floor=1e-9)
    share = (weights / weights.sum())[0]
    mean = share @ points
    spread = (share[:, None] * (points - mean)).T @ (points - mean)
    torch.testing.assert_close(found.means[0, 0], mean)
    torch.testing.assert_close(found.covariances[0, 0], spread, atol=1e-8, rtol=0)


@pytest.mark.parametrize("components", [1, 3])
def test_points_on_a_line_have_a_mixture(components):
    line = torch.stack([torch.linspace(0, 1, 50), torch.full((50,), 0.5)], dim=1)
    found = fit_weighted_gmm(line, torch.ones(1, 50), components, floor=1e-6)
    assert found.log_likelihood.isfinite().all()
    torch.testing.assert_close(
        found.covariances[0, :, 1, 1], torch.full((components,), 1e-6).double()
    )


def test_as_many_points_as_components():
    points = torch.rand(3, 2)
    found = fit_weighted_gmm(points, torch.ones(1, 3), 3)
    order = found.means[0, :, 0].argsort()
    torch.testing.assert_close(found.means[0][order], points[points[:, 0].argsort()].double())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": torch.ones(1, 9)}, "points must be"),
        ({"weights": -torch.ones(1, 10)}, "at least 0"),
        ({"weights": torch.full((1, 10), torch.nan)}, "finite"),
        (
            {"weights": torch.eye(10)[:1]},
            r"2 components need as many points with weight, .* down to 1 \(sets \[0\]\)",
        ),
        ({"components": 0}, "components must be a whole number"),
        ({"restarts": 0}, "restarts must be a whole number"),
        ({"iterations": 1.5}, "iterations must be a whole number"),
        ({"tolerance": 0}, "tolerance must be a finite number > 0"),
        ({"floor": -1.0}, "floor must be a finite number > 0"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    given = {"weights": torch.ones(1, 10), "components": 2} | change
    with pytest.raises(ValueError, match=message):
        fit_weighted_gmm(torch.rand(10, 2), **given)
