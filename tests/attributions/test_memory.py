"""What a walk holds at once does not grow with the number of steps."""

import weakref
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

from saliency_audit.attributions import (
    IDGI,
    AscendingPath,
    BlurPath,
    GuidedPath,
    Maximum,
    MeanOfMaxima,
    Riemann,
    StraightPath,
    walk,
)

# Eight steps of an image are two batches, so that in both runs one follows another.
BATCH = 4
SHAPE = (3, 24, 24)
IMAGE_BYTES = 3 * 24 * 24 * 4
PATHS = {
    "both ends among the points": StraightPath,
    "neither end among the points": lambda steps: StraightPath(steps, "gauss_legendre"),
    "guided": GuidedPath,
    "blur": BlurPath,
}


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors made while it is active that are still alive."""

    def __init__(self):
        super().__init__()
        self.live = self.peak = 0
        self._known = WeakIdKeyDictionary()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        answer = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(answer):
            if isinstance(leaf, Tensor):
                self._watch(leaf.untyped_storage())
        return answer

    def _watch(self, storage):
        if storage in self._known:
            return
        self._known[storage] = True
        self.live += storage.nbytes()
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, storage.nbytes())

    def _forget(self, size):
        self.live -= size


@dataclass(frozen=True)
class Hoarder:
    """A rule that keeps every gradient: what a walk must not be."""

    needs_increments = False
    needs_ends = False

    def start(self, start=None):
        return Hoard()


class Hoard:
    def __init__(self):
        self.kept = []

    def update(self, scores, gradients, increments):
        self.kept.append(gradients.clone())

    def result(self, end):
        return torch.cat(self.kept, dim=1).sum(dim=1)


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3, stride=2), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 11 * 11, 3)
        )


def peak(model, path, rules):
    images = torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(1))
    with LiveBytes() as memory:
        maps = walk(model, images, torch.tensor([0, 2]), path=path, rules=rules, batch_size=BATCH)
        del maps
    return memory.peak


@pytest.mark.parametrize("name", PATHS)
def test_peak_memory_is_the_same_for_8_and_512_steps(counting, network, name):
    peaks = {}
    for steps in (8, 512):
        model = counting(network)
        peaks[steps] = peak(model, PATHS[name](steps), [Riemann(), IDGI()])
        assert sum(model.sizes) >= 2 * steps
        assert max(model.sizes) <= BATCH
    # Two numbers per step (position and weight) are all that may be added, less than an image.
    assert peaks[8] <= peaks[512] <= peaks[8] + 2 * 504 * 4
    assert 2 * 504 * 4 < IMAGE_BYTES < BATCH * IMAGE_BYTES < peaks[8]


def test_what_does_grow_is_seen(network):
    kept = [peak(network, StraightPath(steps), [Hoarder()]) for steps in (8, 64)]
    assert kept[1] - kept[0] > 56 * IMAGE_BYTES


def test_peak_memory_is_the_same_for_4_and_64_ascents(network):
    peaks = [
        peak(
            network,
            AscendingPath(4, ascents, 0.01),
            [Maximum(), Maximum(absolute=True), MeanOfMaxima((0.25,) * 4, ascents)],
        )
        for ascents in (4, 64)
    ]
    assert peaks[0] == peaks[1]
