"""The convolution of grey pictures is torch's, whichever way its gradient is taken."""

import pytest
import torch
from torch import nn

from saliency_audit.models.grey_convolution import GreyConv2d
from saliency_audit.models.small import MnistCNN


@pytest.fixture
def pair():
    torch.manual_seed(0)
    mine, torchs = GreyConv2d(6, 5).double(), nn.Conv2d(1, 6, 5).double()
    torchs.load_state_dict(mine.state_dict())
    return mine, torchs


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_gradient_of_a_frozen_layer_is_torchs(pair, layout):
    pictures = torch.randn(3, 1, 9, 11, dtype=torch.float64)
    ahead = torch.randn(3, 6, 5, 7, dtype=torch.float64).contiguous(memory_format=layout)
    found = []
    for layer in pair:
        layer.requires_grad_(False)
        given = pictures.clone().requires_grad_(True)
        answers = layer(given)
        found.append((answers, *torch.autograd.grad(answers, given, ahead)))
    torch.testing.assert_close(found[0], found[1], rtol=1e-12, atol=1e-12)
    assert "Convolution" in type(pair[0](given).grad_fn).__name__


def test_gradients_agree_with_finite_differences(pair):
    layer = pair[0].requires_grad_(False)
    pictures = torch.randn(2, 1, 7, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, pictures)


def test_a_layer_in_training_has_the_gradients_of_its_weights(pair):
    pictures = torch.randn(3, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    found = [
        torch.autograd.grad(layer(pictures).square().sum(), [pictures, *layer.parameters()])
        for layer in pair
    ]
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)


def test_the_network_keeps_the_names_of_its_weights():
    assert list(MnistCNN().state_dict())[:2] == ["features.conv1.weight", "features.conv1.bias"]
    assert isinstance(MnistCNN().features.conv1, nn.Conv2d)
