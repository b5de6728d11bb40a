from collections import OrderedDict

import pytest
import torch
from torch import nn

from saliency_audit.attributions.relevance import (
    Design,
    EstimatorPlan,
    Objective,
    train_relevance_estimator,
)

LAYERS = ("one", "two", "three")


class Quarters(nn.Module):
    """Tells in which quarter of a 16×16 picture a bright patch lies; features at 16, 8 and 4."""

    def __init__(self):
        super().__init__()
        layers = OrderedDict(
            one=nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()),
            pool1=nn.MaxPool2d(2),
            two=nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU()),
            pool2=nn.MaxPool2d(2),
            three=nn.Sequential(nn.Conv2d(6, 8, 3, padding=1), nn.ReLU()),
        )
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.names = tuple(layers)

    def forward(self, images):
        found = images
        for name in self.names:
            found = getattr(self, name)(found)
        # The brightest quarter wins, whatever the features are.
        bright = nn.functional.adaptive_max_pool2d(nn.functional.avg_pool2d(images, 4), 2)
        return 12 * bright.flatten(1) + 0.01 * found.mean(dim=(1, 2, 3), keepdim=True).flatten(1)


def draw_patches(count, seed):
    generator = torch.Generator().manual_seed(seed)
    images = 0.4 * torch.rand(count, 1, 16, 16, generator=generator)
    places = torch.randint(4, (count,), generator=generator)
    masks = torch.zeros(count, 16, 16, dtype=torch.bool)
    for number, place in enumerate(places.tolist()):
        row, column = 8 * (place // 2) + 2, 8 * (place % 2) + 2
        masks[number, row : row + 4, column : column + 4] = True
    images[:, 0][masks] = 1.0
    return images, places, masks


def quarters(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Quarters().eval()


@pytest.fixture(scope="session")
def network():
    return quarters(0)


@pytest.fixture(scope="session")
def another():
    """The same architecture with other weights."""
    return quarters(1)


@pytest.fixture(scope="session")
def bright_patches():
    """Count and seed -> images, the quarter of each patch, and its mask."""
    return draw_patches


@pytest.fixture(scope="session")
def pictures():
    return draw_patches(48, seed=1)


PLAN = EstimatorPlan(epochs=8, batch_size=16, filter_epochs=4, filter_batch_size=16)


@pytest.fixture(scope="session")
def estimator(network, pictures):
    return train_relevance_estimator(network, LAYERS, pictures[0], plan=PLAN)


@pytest.fixture(scope="session")
def mgnet(network, pictures):
    """Without DRE's controller, with constraints."""
    return train_relevance_estimator(
        network,
        LAYERS,
        pictures[0],
        design=Design(head="sigmoid"),
        objective=Objective(area=1.0, background=1.0, smoothness=0.005),
        plan=PLAN,
    )


@pytest.fixture(scope="session")
def trained(estimator, mgnet):
    """The estimators that each of `TRAINED` takes, by its fields."""
    own = {"estimator": estimator}
    return {
        "dre": own,
        "mgnet": {"estimator": mgnet},
        "dre+self": own,
        "dre+mgnet": {**own, "mgnet": mgnet},
    }
