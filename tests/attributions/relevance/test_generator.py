"""The mask generator: the spatial filter in closed form, heads, sizes, and which layers feed it."""

from collections import OrderedDict

import pytest
import torch
import torchvision
from torch import nn

from saliency_audit.attributions.controller import control
from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.relevance import Design, MaskGenerator, find_pyramid
from saliency_audit.attributions.relevance.generator import HEADS, UPSAMPLERS, SpatialFilter
from saliency_audit.attributions.relevance.pyramid import feature_maps

CHANNELS = (4, 8, 12)


def maps(*sides, count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(count, channels, side, side, generator=generator)
        for channels, side in zip(CHANNELS, sides, strict=True)
    ]


def test_the_filter_weighs_each_place_by_its_likeness_to_the_class():
    spatial = SpatialFilter(classes=5, channels=3, confidence=0.5)
    features, classes = torch.randn(2, 3, 4, 4), torch.tensor([4, 1])
    found = spatial(features, classes)
    for image, row, column in ((0, 1, 2), (1, 3, 0)):
        vector = features[image, :, row, column]
        likeness = vector @ spatial.embedding.weight[classes[image]] + 0.5
        torch.testing.assert_close(found[image, :, row, column], vector * torch.sigmoid(likeness))


@pytest.mark.parametrize("upsampler", UPSAMPLERS)
@pytest.mark.parametrize("sides", [(16, 8, 4), (13, 7, 3), (27, 13, 7)])
@pytest.mark.parametrize("head", HEADS)
def test_a_mask_has_the_size_of_the_largest_maps(head, sides, upsampler):
    generator = MaskGenerator(5, CHANNELS, Design(head=head, upsampler=upsampler)).eval()
    mask = generator(maps(*sides), torch.tensor([0, 1, 4]))
    assert mask.shape == (3, 1, sides[0], sides[0])
    assert mask.min() >= 0
    assert mask.max() <= 1


def test_heads_are_what_they_say():
    scores = torch.randn(2, 1, 6, 6, generator=torch.Generator().manual_seed(3))
    even = scores.sub(scores.mean(dim=(2, 3), keepdim=True))
    even = even / (even.square().mean(dim=(2, 3), keepdim=True) + 1e-5).sqrt()

    def head(name, values):
        return MaskGenerator(5, CHANNELS, Design(head=name, eta=2, h=3)).head(values)

    torch.testing.assert_close(head("controller", scores), control(scores, 2, 3, 1e-5))
    # 2 sigmoid(2y) − 1 = tanh(y).
    torch.testing.assert_close(head("square", scores), torch.tanh(even) ** 2)
    torch.testing.assert_close(head("sigmoid", scores), scores.sigmoid())
    two = torch.tensor([[3.0, -1.0], [0.0, 0.0]])[:, :, None, None]
    assert head("two_channels", two).flatten().tolist() == [0.75, 0.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"head": "relu"}, "unknown head"),
        ({"upsampler": "nearest"}, "unknown upsampler"),
        ({"eta": 0}, "eta must be"),
        ({"h": float("nan")}, "h must be"),
        ({"share": 0}, "share must lie"),
        ({"share": 1.5}, "share must lie"),
        ({"confidence": float("inf")}, "confidence must be"),
    ],
)
def test_designs_that_are_none(settings, message):
    with pytest.raises(ValueError, match=message):
        Design(**settings)


# The layers


def test_features_are_the_layers_outputs_before_others_change_them():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 2, stride=2)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, images):
            return self.second(self.relu(self.first(images))).mean(dim=(2, 3))

    network, images = InPlace().eval(), torch.rand(2, 1, 8, 8)
    with frozen(network):
        answers, (first, second) = feature_maps(network, images, ("first", "second"))
    torch.testing.assert_close(first, network.first(images))
    torch.testing.assert_close(second.mean(dim=(2, 3)), answers)
    assert not any(part._forward_hooks for part in network.modules())


def test_layers_that_do_not_fit_are_named(network, pictures):
    images = pictures[0]
    for layers, message in (
        (("one",), "at least two layers"),
        ("one", "at least two layers"),
        (("one", "four"), "no layer 'four'"),
        (("one", "three"), r"half as large.*one 16×16, three 4×4"),
        (("three", "two"), "half as large"),
    ):
        with pytest.raises(ValueError, match=message):
            feature_maps(network, images[:1], layers)
    wide = nn.Sequential(OrderedDict(flat=nn.Flatten(), line=nn.Linear(256, 3)))
    with pytest.raises(ValueError, match="layer 'flat' must return maps"):
        feature_maps(wide, images[:1], ("flat", "line"))
    pool = nn.MaxPool2d(2)
    twice = nn.Sequential(pool, pool, nn.Flatten(), nn.Linear(16, 2))
    with pytest.raises(ValueError, match="ran 2 times"):
        feature_maps(twice, images[:1], ("0", "2"))


# Found by running; as in the papers' text or shapes for the first two.
PYRAMIDS = {
    "resnet50": ("layer1", "layer2", "layer3", "layer4"),
    "googlenet": ("conv3", "inception3b", "inception4e", "inception5b"),
    "vgg19": ("features.17", "features.26", "features.35", "features"),
    "resnet18": ("layer1", "layer2", "layer3", "layer4"),
    "squeezenet1_0": ("features.5", "features.10", "features"),
    "mobilenet_v2": ("features.3", "features.6", "features.13", "features"),
    "densenet121": (
        *("features.denseblock1", "features.denseblock2", "features.denseblock3"),
        "features",
    ),
}


@pytest.mark.parametrize("name", PYRAMIDS)
def test_layers_of_common_networks(name):
    options = {"init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        network = torchvision.models.get_model(name, weights=None, **options).eval()
        images = torch.rand(1, 3, 224, 224)
    assert find_pyramid(network, images) == PYRAMIDS[name]


def test_a_network_without_maps_that_halve_is_told_to_name_layers():
    flat = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Flatten(), nn.Linear(256, 2))
    with pytest.raises(ValueError, match="no two layers"):
        find_pyramid(flat, torch.rand(1, 1, 8, 8))
