"""Noise on weights and switched labels: how much, where, nested, and nothing else."""

import pytest
import torch
from torch import nn

from saliency_audit.models.degradation import with_noisy_weights, with_switched_labels


@pytest.fixture
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 32, 3),
            nn.BatchNorm2d(32),
            nn.Conv2d(32, 32, 3),
            nn.Conv2d(32, 32, 3),
            nn.Flatten(),
            nn.Linear(32, 4),
        )


def changes(model, noisy):
    """By name: the difference of every parameter and buffer that changed."""
    before, after = model.state_dict(), noisy.state_dict()
    return {
        key: after[key] - value
        for key, value in before.items()
        if not torch.equal(value, after[key])
    }


def test_noise_reaches_its_share_of_every_convolution_and_nothing_else(model):
    found = changes(model, with_noisy_weights(model, 0.3))
    assert set(found) == {"0.weight", "2.weight", "3.weight"}
    for difference in found.values():
        share = (difference != 0).double().mean().item()
        assert share == pytest.approx(0.3, abs=5 * (0.21 / difference.numel()) ** 0.5)
        noise = difference[difference != 0]
        assert noise.std().item() == pytest.approx(0.5, rel=5 / (2 * len(noise)) ** 0.5)
        assert noise.mean().item() == pytest.approx(0, abs=5 * 0.5 / len(noise) ** 0.5)
    # Layers of one shape get different noise.
    assert not torch.equal(found["2.weight"] != 0, found["3.weight"] != 0)


def test_larger_shares_contain_smaller_ones(model):
    few, many = (changes(model, with_noisy_weights(model, share)) for share in (0.05, 0.3))
    for name, difference in few.items():
        chosen = difference != 0
        torch.testing.assert_close(many[name][chosen], difference[chosen])
    assert changes(model, with_noisy_weights(model, 0.0)) == {}
    every = changes(model, with_noisy_weights(model, 1.0))
    assert all((difference != 0).all() for difference in every.values())


def test_the_model_and_the_global_generator_are_left_alone(model):
    kept = {key: value.clone() for key, value in model.state_dict().items()}
    before = torch.get_rng_state()
    with_noisy_weights(model, 0.5)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(kept[key], value) for key, value in model.state_dict().items())


def test_labels_are_switched_to_other_classes_evenly():
    labels = torch.arange(10).repeat(1000)
    switched = with_switched_labels(labels, 0.3, 10)
    changed = switched != labels
    assert int(changed.sum()) == 3000
    away = (switched[changed] - labels[changed]) % 10
    counts = torch.bincount(away, minlength=10)
    assert counts[0] == 0
    assert (counts[1:] - 3000 / 9).abs().max() < 5 * (3000 / 9) ** 0.5


def test_switched_labels_are_nested():
    labels = torch.arange(10).repeat(100)
    few, many = (with_switched_labels(labels, share, 10, seed=4) for share in (0.05, 0.3))
    chosen = few != labels
    assert int(chosen.sum()) == 50
    assert torch.equal(many[chosen], few[chosen])
    assert torch.equal(with_switched_labels(labels, 0.0, 10), labels)
    assert not torch.equal(with_switched_labels(labels, 0.3, 10, seed=5), many)


def test_bad_input(model):
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"share must lie in \[0, 1\]"):
            with_noisy_weights(model, share)
        with pytest.raises(ValueError, match=r"share must lie in \[0, 1\]"):
            with_switched_labels(torch.zeros(3, dtype=torch.int64), share, 2)
    with pytest.raises(ValueError, match="no 2-D convolution"):
        with_noisy_weights(nn.Linear(3, 3), 0.1)
    with pytest.raises(ValueError, match="from 2 on, got 1"):
        with_switched_labels(torch.zeros(3, dtype=torch.int64), 0.5, 1)
