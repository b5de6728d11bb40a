"""The README's Python runs as printed, and what it says of seeds is so."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from saliency_audit.attributions import create, saliency
from saliency_audit.metrics import mege, rank_distances
from saliency_audit.models.degradation import with_noisy_weights

README = Path(__file__).parents[2] / "README.md"
FIRST = torch.zeros(10, dtype=torch.int64)


def network(seed):
    torch.manual_seed(seed)
    layers = (
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 3, padding=1),
    )
    return nn.Sequential(*layers, nn.ReLU(), nn.Flatten(), nn.Linear(4 * 4 * 4, 2)).eval()


@pytest.fixture(scope="module")
def found():
    """What stands in the names of the README after its snippets ran."""
    generator = torch.Generator().manual_seed(0)
    seen = []

    def my_training(images, targets):
        assert len(images) == len(targets)
        seen.append(len(images))
        return network(len(seen))

    names = {
        "model": network(0),
        "images": torch.rand(10, 1, 8, 8, generator=generator),
        "targets": torch.arange(10) % 2,
        "my_training": my_training,
        "seen": seen,
    }
    with torch.random.fork_rng():
        for snippet in re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL):
            exec(snippet, names)
    return names


def test_snippets_run(found):
    assert found["scores"].probability.shape == (10,)
    assert found["seen"] == [8] * 5
    assert found["correct"].shape == found["distances"].shape == (10, 5)
    sets = found["sets"]
    pairs = len(sets.equal) + len(sets.different) + sets.undefined + sets.both_wrong
    assert pairs == 10 * 4


@pytest.mark.parametrize(
    ("method", "settings"),
    [("random", {}), ("rise", {"masks": 30}), ("smoothgrad", {"samples": 5, "noise": 2.0})],
)
def test_a_shared_seed_makes_predictors_agree(found, method, settings):
    """The predictors differ by 5 % of noise on their weights, as those of two folds may."""
    models = [with_noisy_weights(found["model"], 0.05, seed=k).eval() for k in range(5)]

    def score(seeds):
        maps = [
            saliency(create(method, seed=seed, **settings)(model, found["images"], FIRST))
            for model, seed in zip(models, seeds, strict=True)
        ]
        distances = rank_distances(torch.stack(maps, dim=1), found["folds"])
        return mege(distances[~distances.isnan()])

    assert score([0] * 5) > score(range(5)) + 0.01
