"""ResNet-18: torchvision's network of the same width where the two coincide, and its sizes."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from saliency_audit.models.resnet import ResNet18


def test_it_is_torchvisions_behind_the_stem():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ours, peer = ResNet18(10).eval(), resnet18(num_classes=10).eval()
        features = torch.rand(2, 64, 8, 8)
    stages = [peer.layer1, peer.layer2, peer.layer3, peer.layer4]
    for stage, layer in zip(stages, ours.layers, strict=True):
        stage.load_state_dict(layer.state_dict())
    peer.fc.load_state_dict(ours.head.state_dict())
    ours.stem = nn.Identity()
    expected = peer.fc(nn.Sequential(*stages)(features).mean(dim=(2, 3)))
    torch.testing.assert_close(ours(features), expected)


@pytest.mark.parametrize(
    ("channels", "side", "filters"), [(1, 28, 26), (3, 32, 8), (3, 64, 4), (3, 9, 2)]
)
def test_pictures_of_any_size_and_width(channels, side, filters):
    model = ResNet18(7, channels, filters, dropout=0.25).eval()
    assert model(torch.rand(2, channels, side, side)).shape == (2, 7)
    widths = [layer[-1].conv2.out_channels for layer in model.layers]
    assert widths == [filters, 2 * filters, 4 * filters, 8 * filters]


def test_dropout_acts_in_training_alone():
    model = ResNet18(3, filters=4, dropout=0.5)
    images = torch.rand(4, 3, 16, 16)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert not torch.equal(model(images), model(images))
        model.eval()
        assert torch.equal(model(images), model(images))
