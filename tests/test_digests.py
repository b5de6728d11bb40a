"""Digests of weights: over names and values, remembered as long as nothing is written."""

import copy
import gc
import hashlib
import weakref

import pytest
import torch
from torch import nn

from saliency_audit.digests import known_digest, state_digest


def network(kind=torch.float32):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        # An odd number of values, and one without an axis (the batches that were counted).
        return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)).to(kind)


def test_a_digest_is_over_names_and_bytes():
    expected = hashlib.sha256()
    for name, value in network().state_dict().items():
        expected.update(name.encode() + value.numpy().tobytes())
    assert state_digest(network()) == expected.hexdigest()


def test_the_order_in_memory_changes_nothing():
    turned = network().to(memory_format=torch.channels_last)
    assert state_digest(turned) == state_digest(network())


KINDS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


@pytest.mark.parametrize("kind", KINDS)
def test_a_precision_is_that_of_a_converted_network(kind):
    assert state_digest(network(), kind) == state_digest(network(kind))
    assert len({state_digest(network(), other) for other in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_known_digest_is_that_of_the_present_weights(kind):
    model = network(kind)
    for _ in range(2):
        for precision in (None, torch.bfloat16):
            assert known_digest(model, precision) == state_digest(model, precision)
    model[0].bias.data[0] += 1
    assert known_digest(model) == state_digest(model)
    with torch.inference_mode():
        born = copy.deepcopy(model)
        assert known_digest(born) == state_digest(model)


def test_values_at_any_place_in_memory_are_seen():
    values = torch.arange(12.0)
    model = network()
    model[0].bias.data = values[1:4]  # begins between two words of 8 bytes
    before = known_digest(model)
    values[2] = -5
    assert known_digest(model) == state_digest(model) != before


def test_networks_are_not_kept_alive():
    model = network()
    known_digest(model)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
