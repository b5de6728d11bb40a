"""A model must answer for each image by itself, and the same every time."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from saliency_audit.attributions import create

IMAGES = torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(2))
TARGETS = torch.tensor([0, 1, 2])


class Net(nn.Module):
    """A small network with something between convolution and ReLU."""

    def __init__(self, between, norm=None):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm = nn.Conv2d(3, 4, 3), norm or nn.BatchNorm2d(4)
        self.head, self.between, self.passes = nn.Linear(4, 3), between, 0

    def forward(self, images):
        self.passes += len(images)
        inner = self.norm(self.between(self.first(images)))
        return self.head(F.relu(inner).mean((2, 3)))


def same(values):
    return values


DEPENDENT = {
    "batch statistics": lambda: Net(same, nn.BatchNorm2d(4, track_running_stats=False)),
    "batch statistics by function": lambda: Net(
        lambda v: F.batch_norm(v, None, None, training=True)
    ),
    "mean of the batch": lambda: Net(lambda v: v - v.mean(0, keepdim=True)),
    "mean by name": lambda: Net(lambda v: v - v.mean(dim=(0, 2, 3), keepdim=True)),
    "negative axis": lambda: Net(lambda v: v - torch.amax(v, -4, keepdim=True)),
    "largest of all": lambda: Net(lambda v: v / v.detach().abs().max()),
    "softmax over the batch": lambda: Net(lambda v: v.softmax(0)),
    "neighbour": lambda: Net(lambda v: v + v.roll(1, 0)),
    "dropout": lambda: Net(lambda v: F.dropout(v)),
    "dropout of channels": lambda: Net(lambda v: F.dropout2d(v, training=True)),
}
INDEPENDENT = {
    "nothing": lambda: Net(same),
    "dropout that stops": lambda: Net(nn.Dropout(0.5)),
    "dropout of nothing": lambda: Net(lambda v: F.dropout(v, 0.0)),
    "a check": lambda: Net(lambda v: v if float(v.detach().max()) < 1e9 else v * 0),
    "instance norm": lambda: Net(same, nn.InstanceNorm2d(4)),
    "group norm": lambda: Net(same, nn.GroupNorm(2, 4)),
    "mean of the places": lambda: Net(lambda v: v - v.mean((2, 3), keepdim=True)),
}


def run(call, model):
    named = {"layer": "first"} if call.has("layer") else {}
    if hasattr(call, "settings"):
        return call.create(**named)(model.eval(), IMAGES, TARGETS)
    return call(model.eval(), IMAGES, TARGETS)


@pytest.mark.traits("model")
@pytest.mark.parametrize("name", DEPENDENT)
def test_answers_that_depend_on_others_or_on_chance_are_refused(any_call, name):
    with pytest.raises(ValueError, match=r"changes with the other images|has no rule|ReLU only"):
        run(any_call, DEPENDENT[name]())


@pytest.mark.traits("backward")
@pytest.mark.parametrize("name", DEPENDENT)
def test_the_refusal_names_a_layer(any_method, name):
    if any_method.name in ("deeplift", "guided_backprop"):
        pytest.skip("refuses some of them for other reasons first")
    with pytest.raises(ValueError, match=r"first seen in layer '(first|norm)'"):
        run(any_method, DEPENDENT[name]())


@pytest.mark.traits("model")
@pytest.mark.parametrize("name", INDEPENDENT)
def test_others_are_explained(any_call, name):
    if any_call.name == "deeplift" and name not in ("nothing", "dropout that stops"):
        pytest.skip("has rules for few operations")
    run(any_call, INDEPENDENT[name]())


def test_a_model_is_asked_once_and_again_when_its_weights_have_changed(all_methods):
    (saliency,) = (method for method in all_methods if method.name == "saliency")
    model = Net(same).eval()
    explain = saliency.create(batch_size=1)
    counts = []
    for _ in range(4):
        if len(counts) == 2:
            with torch.no_grad():
                next(model.parameters()).mul_(1.5)
        before = model.passes
        explain(model, IMAGES, TARGETS)
        counts.append(model.passes - before)
    n = len(IMAGES)
    # The image alone, and twice beside each of two others.
    assert counts == [n + 9, n, n + 9, n]


# Forms that no list of operations foresees.
UNFORESEEN = {
    "random numbers": lambda v: v + torch.rand_like(v),
    "a random mask": lambda v: v * (torch.rand(v.shape) > 0.5),
    "numbers of numpy": lambda v: v * float(np.random.default_rng().random()),
    "gumbel softmax": lambda v: v * nn.functional.gumbel_softmax(v.flatten(2), dim=2).view_as(v),
    "spread of the batch": lambda v: v / torch.var_mean(v, (0, 2, 3))[0].sum(),
    "norm of the batch": lambda v: v / torch.linalg.norm(v),
    "the mean of all": lambda v: v - v.flatten().mean(),
    "a permuted mean": lambda v: v - v.permute(1, 0, 2, 3).mean((1, 2, 3))[None, :, None, None],
    "attention among images": lambda v: (
        v * (v.flatten(1) @ v.flatten(1).T).sum(1)[:, None, None, None]
    ),
    "the first image": lambda v: v - v[:1],
    "the number of images": lambda v: v * len(v),
}


@pytest.mark.parametrize("name", UNFORESEEN)
def test_what_no_list_foresees_is_found_by_asking(name):
    model = Net(UNFORESEEN[name]).eval()
    with pytest.raises(ValueError, match="answer for an image changes"):
        create("saliency", output="logit")(model, IMAGES, TARGETS)


def test_what_is_hidden_in_a_script_is_found():
    torch.manual_seed(0)
    hidden = nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4, track_running_stats=False),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 3),
    ).eval()
    with pytest.raises(ValueError, match="answer for an image changes"):
        create("saliency", output="logit")(torch.jit.script(hidden), IMAGES, TARGETS)
