from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.attributions import independence
from saliency_audit.attributions.registry import PATHS, RULES

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session")
def golden():
    arrays = {}
    for name in ("network", "integrated_gradients", "paths"):
        with np.load(GOLDEN / f"{name}.npz") as stored:
            arrays.update({key: torch.from_numpy(stored[key]) for key in stored})
    return arrays


@pytest.fixture(scope="session")
def golden_network(golden):
    layers = {
        "conv1": nn.Conv2d(3, 8, 3, padding=1),
        "relu1": nn.ReLU(),
        "conv2": nn.Conv2d(8, 16, 3, stride=2, padding=1),
        "relu2": nn.ReLU(),
        "pool": nn.AdaptiveAvgPool2d(4),
        "flatten": nn.Flatten(),
        "fc": nn.Linear(256, 10),
    }
    network = nn.Sequential()
    for name, layer in layers.items():
        network.add_module(name, layer)
    network = network.double().eval()
    network.load_state_dict(
        {key.removeprefix("state/"): golden[key] for key in golden if key.startswith("state/")}
    )
    return network


@pytest.fixture(scope="session")
def smooth_network():
    """A float64 network without kinks and with strongly curved paths, for 6×5 colour images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        network = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(180, 4)
        ).double()
    with torch.no_grad():
        network[3].weight *= 10
    return network.eval()


@pytest.fixture(scope="session")
def rectified_network():
    """A float64 network that every method can explain, for 6×5 colour images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        network = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(6, 4, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(120, 4),
        ).double()
    with torch.no_grad():
        network[5].weight *= 5
    return network.eval()


@pytest.fixture(scope="session")
def images():
    return torch.rand(5, 3, 6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="session")
def targets():
    return torch.tensor([0, 3, 1, 2, 3])


@pytest.fixture(params=[f"{path}{rule}" for path in PATHS for rule in RULES])
def path_method(request):
    """The name of each method that walks a path."""
    return request.param


class Scores(nn.Module):
    """Two logits, the given function of the image and zero."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, images):
        score = self.function(images)
        return torch.stack([score, torch.zeros_like(score)], dim=1)


@pytest.fixture(scope="session")
def scoring():
    """Makes a model of any function of the images: `scoring(f)` has the logits f(x) and 0."""
    return Scores


class Counter(nn.Module):
    """Remembers how many images each call had."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.sizes = []

    def forward(self, images):
        self.sizes.append(len(images))
        return self.model(images)


@pytest.fixture(scope="session")
def counting():
    """Makes a model that notes in `.sizes` how many images each call had.

    It counts as one that was asked before whether it answers for each image by itself.
    """

    def make(model):
        counter = Counter(model)
        independence._TRUSTED[counter] = independence._state(counter)
        return counter

    return make
