"""Pictures that pass through a network, and steps of optimisers, counted by hooks."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from saliency_audit.study.passes import counted_passes, counted_steps


@pytest.fixture
def model():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4))


def test_pictures_are_counted_and_not_batches(model):
    with counted_passes(model) as passes:
        model(torch.zeros(3, 2)).sum().backward()
        with torch.no_grad():
            model(torch.zeros(5, 2))
    assert passes == {"forward": 8, "backward": 3}


def test_a_gradient_that_passes_both_ends_counts_once(model):
    pictures = torch.rand(3, 2, requires_grad=True)
    with counted_passes(model) as passes:
        torch.autograd.grad(model(2 * pictures).sum(), pictures)
    assert passes == {"forward": 3, "backward": 3}


def test_the_gradient_may_end_at_a_layer_or_start_there(model):
    pictures = torch.rand(3, 2, requires_grad=True)
    kept = []
    handle = model[0].register_forward_hook(lambda layer, given, found: kept.append(found))
    with counted_passes(model) as passes:
        scores = model(2 * pictures)
        torch.autograd.grad(scores.sum(), kept[-1])
        assert passes == {"forward": 3, "backward": 3}
        model(2 * pictures)
        torch.autograd.grad(kept[-1].square().sum(), pictures)
    handle.remove()
    assert passes == {"forward": 6, "backward": 6}


def test_copies_made_meanwhile_count(model):
    with counted_passes(model) as passes:
        deepcopy(model).double()(torch.zeros(2, 2, dtype=torch.float64))
    assert passes == {"forward": 2}


def test_hooks_go_also_after_an_exception(model):
    with pytest.raises(RuntimeError, match="stop"), counted_passes(model), counted_steps() as steps:
        raise RuntimeError("stop")
    assert not model._forward_hooks
    torch.optim.SGD([torch.zeros(1, requires_grad=True)]).step()
    assert not steps


def test_steps_of_every_optimiser_are_counted():
    value = torch.zeros(1, requires_grad=True)
    value.grad = torch.ones(1)
    with counted_steps() as steps:
        for optimiser in (torch.optim.SGD([value]), torch.optim.Adam([value])):
            optimiser.step()
            optimiser.step()
    assert steps == {"steps": 4}
