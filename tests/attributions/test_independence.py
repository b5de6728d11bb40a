"""A model must answer for each image by itself, and the same every time."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

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


def test_a_model_above_suspicion_is_passed_no_image_more(all_methods):
    (saliency,) = (method for method in all_methods if method.name == "saliency")
    model = Net(same).eval()
    saliency.create(batch_size=1)(model, IMAGES, TARGETS)
    assert model.passes == len(IMAGES)
