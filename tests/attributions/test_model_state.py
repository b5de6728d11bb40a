"""A model is left as it was found: after a refusal, under other wrappers, among threads."""

import threading
import time

import pytest
import torch
from torch import nn

from saliency_audit.attributions import create
from saliency_audit.attributions.engine import _HELD, frozen

IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
TARGETS = torch.tensor([0, 1])


class Net(nn.Module):
    """A convolution with batch norm that can be made to wait."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.convolution, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.head, self.wait = nn.Linear(4, 3), 0.0

    def forward(self, images):
        time.sleep(self.wait)
        return self.head(self.norm(self.convolution(images)).relu().mean((2, 3)))


class Stubborn(Net):
    """Refuses evaluation mode."""

    def train(self, mode=True):
        if not mode:
            raise RuntimeError("never")
        return super().train(mode)


def lazy():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.LazyConv2d(4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )


def flags(model):
    return [
        *(module.training for module in model.modules()),
        *(part.requires_grad for part in model.parameters()),
    ]


@pytest.mark.parametrize("make", [lazy, Stubborn])
@pytest.mark.parametrize("mixed", [False, True])
def test_a_failed_start_leaves_everything_as_found(make, mixed):
    model = make().train()
    if mixed:
        first = next(model.children())
        first.eval()
        first.weight.requires_grad_(False)
    before = flags(model)
    with pytest.raises((ValueError, RuntimeError)):
        create("saliency")(model, IMAGES, TARGETS)
    assert flags(model) == before
    assert not _HELD


def test_a_model_that_raises_while_it_runs_is_left_as_found():
    model = Net().train()
    model.head = nn.Linear(5, 3)
    with pytest.raises(RuntimeError):
        create("ig", steps=2)(model, IMAGES, TARGETS)
    assert all(flags(model))
    assert not _HELD


def test_parts_are_held_until_the_last_wrapper_lets_go():
    model = Net().train()
    with frozen(nn.Sequential(model)):
        with frozen(nn.Sequential(model, nn.Softmax(1))), frozen(model.norm):
            assert not any(flags(model))
        assert not any(flags(model))
    assert all(flags(model))
    assert not _HELD


@pytest.mark.parametrize("slow", ["saliency", "guided_backprop", "gradcam", "rise"])
@pytest.mark.parametrize("quick", ["guided_backprop", "deeplift", "gradcam", "gradcam++"])
def test_two_methods_in_two_threads_give_what_each_gives_alone(slow, quick):
    def method(name):
        small = {"masks": 4} if name == "rise" else {}
        return create(name, output="logit", batch_size=1, **small)

    model = Net().train()
    alone = {name: method(name)(model, IMAGES, TARGETS) for name in (slow, quick)}
    statistics, found = model.norm.running_mean.clone(), {}
    model.wait = 0.03

    def explain(name, model):
        found.setdefault(name, []).append(method(name)(model, IMAGES, TARGETS))

    threads = [
        threading.Thread(target=explain, args=(slow, model)),
        threading.Thread(target=explain, args=(quick, nn.Sequential(model).train())),
        threading.Thread(target=explain, args=(quick, model)),
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    for name, maps in found.items():
        assert all(torch.allclose(each, alone[name], atol=1e-7) for each in maps)
    assert sum(map(len, found.values())) == 3
    assert torch.equal(model.norm.running_mean, statistics)
    assert all(flags(model))
