"""The internal audits of the GGIG paper: what flips them, and the closed forms behind them."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.ledger.internal.ggig import (
    algebra,
    gg_mnist,
    gg_pic,
    gg_product,
    gg_sigma,
    gg_train,
)
from saliency_audit.ledger.verdict import Verdict


def test_mnist_order_and_lead(doctor):
    found = gg_mnist.gg_mnist()
    assert found.verdict is Verdict.REPRODUCED
    assert len(found.checks) == 4
    # (0.533 - 0.525) / 0.056
    assert "Spearman correlation 0.14" in found.detail
    assert [e.location for e in found.errata] == ["Figure 11, caption; §5"]

    doctor("ggig", 0.534, metric="spearman", statistic="median", method="saliency")
    found = gg_mnist.gg_mnist()
    assert found.verdict is Verdict.PARTLY
    assert found.exceptions[0].found.endswith("(GGIG 2nd)")


def test_a_large_lead_is_no_erratum(doctor):
    doctor("ggig", 0.9, metric="spearman", statistic="median", method="ggig")
    assert gg_mnist.gg_mnist().errata == ()


def test_information_curves_order(doctor):
    found = gg_pic.gg_pic()
    assert found.verdict is Verdict.REPRODUCED
    assert len(found.checks) == 8
    edge = found.errata[0].problem
    assert "above GRAD in 4 of 4 columns" in edge
    assert "above IG in 2 of 4 columns" in edge
    assert "ResNet101 0.355 against 0.315" in edge

    doctor("ggig", 0.6, metric="sic", model="InceptionV3", method="random")
    found = gg_pic.gg_pic()
    assert {check.name for check in found.exceptions} == {
        "GGIG is first in SIC of InceptionV3",
        "Random is last in SIC of InceptionV3",
    }


def test_edges_below_the_gradient_methods_are_no_erratum(doctor):
    doctor("ggig", 0.26, method="edge")
    assert gg_pic.gg_pic().errata == ()


def test_training_arithmetic():
    found = gg_train.gg_train()
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "25,600 images, 0.427 passes" in found.detail


def test_flattened_size_is_that_of_the_network():
    for pad in (False, True):
        convolutions = nn.Sequential(
            *(nn.Conv2d(1, 32, 5, padding=2 * pad), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Conv2d(32, 64, 5, padding=2 * pad), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()),
        )
        real = convolutions(torch.zeros(1, 1, 28, 28)).shape[1]
        assert algebra.flattened_size(28, (5, 5), 2, 64, pad) == real
    assert real != 1024


def test_total_step_length_is_that_of_the_optimiser():
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimiser = torch.optim.SGD([weight], lr=0.0004, momentum=0.9)
    for _ in range(400):
        weight.grad = torch.ones_like(weight)
        optimiser.step()
    assert algebra.total_step_length(400, 0.0004, 0.9) == pytest.approx(-weight.item())


def test_algorithm_1_on_one_pixel():
    # Without ascent the maximum of f' = x along the path is its larger end.
    still = algebra.ggig_pixel(lambda x: x, 0.5, 0.0, points=4, ascents=1, rate=0)
    assert (still.attribution, still.gradients) == (0.5, 5)
    # Ascent multiplies x by 1 + rate; the last gradient is taken before the last move.
    run = algebra.ggig_pixel(lambda x: x, 0.5, 0.0, points=50, ascents=200, rate=1e-4)
    assert run.attribution == pytest.approx(0.5 * 1.0001**199)
    assert run.gradients == 51 * 200


def test_product_and_baseline():
    found = gg_product.gg_product()
    assert found.verdict is Verdict.PARTLY
    assert [check.holds for check in found.checks] == [True, True, False, False]
    assert algebra.product_at_baseline(3) == 0
    # The mean of i/k over i = 1..k is (k + 1) / 2k, so the baseline's weight is (k - 1) / 2k.
    for intervals in (1, 2, 7):
        weight = algebra.mean_gradient(intervals).dependence
        assert float(weight) == pytest.approx((intervals - 1) / (2 * intervals))


def test_a_baseline_that_does_not_matter_is_no_erratum():
    assert gg_product._baseline_erratum(0.5, 0.5) == ()
    assert len(gg_product._baseline_erratum(0.5, 1.0)) == 1


def test_gradient_depends_on_the_function_only():
    torch.manual_seed(0)
    one = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 1)).double()
    other = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 1)).double()
    order = torch.randperm(7)
    with torch.no_grad():
        other[0].weight.copy_(3 * one[0].weight[order])
        other[0].bias.copy_(3 * one[0].bias[order])
        other[2].weight.copy_(one[2].weight[:, order] / 3)
        other[2].bias.copy_(one[2].bias)
    x = torch.randn(20, 5, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(one(x).sum(), x)
    (second,) = torch.autograd.grad(other(x).sum(), x)
    assert torch.allclose(first, second, atol=1e-12)
    assert algebra.gradients_of_one_function() < 1e-12


def test_signed_maximum_misses_a_falling_score():
    falling = gg_product._ggig(lambda x: -1.0 if x < 1 else 0.0, 2.0, 0.0)
    rising = gg_product._ggig(lambda x: 1.0 if x < 1 else 0.0, 2.0, 0.0)
    assert (falling.attribution, rising.attribution) == (0.0, 1.0)


def test_sigma_check_is_undecidable_and_its_readings_are_mixed():
    found = gg_sigma.gg_sigma()
    assert found.verdict is Verdict.INCONCLUSIVE
    assert [check.holds for check in found.checks] == [True, False, False, False, True, False]
    assert found.deciding == ()


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_map_correlation_closed_form(layers):
    assert algebra.map_correlation(layers) == pytest.approx(2 ** (-layers / 2))
    simulated = np.mean([algebra.simulated_map_correlation(layers, seed=seed) for seed in range(5)])
    assert simulated == pytest.approx(2 ** (-layers / 2), abs=0.02)


def test_noisy_score_limits():
    quiet, loud = algebra.noisy_score(0.0), algebra.noisy_score(1e6)
    assert quiet.mean > 0.7
    assert loud.mean == pytest.approx(0.1, abs=4 * loud.error)
    assert loud.near_chance == 0


def test_weighted_jaccard_of_independent_maps():
    closed = algebra.jaccard_of_independent_maps()
    assert closed == pytest.approx(math.sqrt(2) - 1)
    one, other = np.abs(np.random.default_rng(0).standard_normal((2, 200_000)))
    assert np.minimum(one, other).sum() / np.maximum(one, other).sum() == pytest.approx(
        closed, abs=0.01
    )
