"""Receptive fields against what is known of architectures, and against gradients."""

import pytest
import torch
from torch import nn
from torchvision.models import get_model

from saliency_audit.models.meso import meso4, meso_inception4
from saliency_audit.models.receptive_field import receptive_field
from saliency_audit.models.small import DigitsCNN, ShapesCNN


@pytest.mark.parametrize(("name", "pixels"), [("alexnet", 195), ("resnet18", 435)])
def test_equals_what_is_published(name, pixels):
    # Araujo, Norris & Sim 2019, "Computing receptive fields of convolutional neural networks".
    assert receptive_field(get_model(name), torch.zeros(1, 3, 224, 224)) == pixels


@pytest.mark.parametrize(
    ("network", "shape", "pixels"),
    [
        (ShapesCNN(), (1, 3, 64, 64), 51),
        (DigitsCNN(), (1, 1, 8, 8), 6),
        (nn.Sequential(nn.Conv2d(1, 2, 3, dilation=4)), (1, 1, 32, 32), 9),
        # A convolution of k adds k − 1 times the stride so far, a pooling too: 3, 4, 12, 14, …
        (meso4(), (1, 3, 256, 256), 90),
        (meso_inception4(), (1, 3, 256, 256), 98),
    ],
)
def test_small_networks_by_hand(network, shape, pixels):
    assert receptive_field(network, torch.zeros(shape)) == pixels


def test_what_has_no_field_is_refused_and_the_model_is_left_alone():
    with pytest.raises(ValueError, match="no feature maps"):
        receptive_field(nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), torch.zeros(1, 1, 8, 8))
    model = ShapesCNN().train()
    receptive_field(model, torch.zeros(1, 3, 64, 64))
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


def test_a_global_layer_is_refused():
    class Scaled(nn.Module):
        def forward(self, maps):
            return maps * maps.mean(dim=(2, 3), keepdim=True)

    with pytest.raises(ValueError, match="global layer"):
        receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3), Scaled()), torch.zeros(1, 1, 64, 64))
