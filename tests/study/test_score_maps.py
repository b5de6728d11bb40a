"""Drawn scores follow their laws, and every draw depends on what names it."""

import numpy as np
import pytest
import torch
from scipy import stats

from saliency_audit.study.score_maps import appendix, mixture, normal, skew_normal, uniform

ALL = [normal(), uniform(), skew_normal(-20.0), skew_normal(3.0), mixture(8.0, 0.3)]


@pytest.mark.parametrize("scores", ALL, ids=[scores.name for scores in ALL])
def test_drawn_scores_follow_the_law(scores):
    drawn = scores.maps(20, 100, 0).double().numpy().ravel()
    distance = stats.kstest(drawn, scores.law.cdf).statistic
    assert distance < 1.63 / np.sqrt(len(drawn))  # the 1 % point


def test_seeds_and_distributions_have_draws_of_their_own():
    first = normal().maps(2, 8, 0)
    assert first.shape == (2, 1, 8, 8)
    assert first.dtype == torch.float32
    assert torch.equal(first, normal().maps(2, 8, 0))
    for other in (normal().maps(2, 8, 1), normal().maps(2, 8, 0, 1), normal().maps(2, 8, -1)):
        assert not torch.equal(first, other)
    one, other = (skew_normal(a).maps(1, 8, 0) for a in (0.0, 1.0))
    assert not torch.equal(one, other)


def test_the_appendix_has_78_inputs():
    names = [
        scores.name
        for scores in appendix(range(-20, 21), (2, 4, 8, 16), [k / 10 for k in range(1, 10)])
    ]
    assert len(names) == len(set(names)) == 1 + 41 + 36
    assert {"uniform", "skew normal a=-20", "mixture μ₂=16, r₁=0.9"} <= set(names)
