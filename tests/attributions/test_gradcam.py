"""Grad-CAM and Grad-CAM++ against golden numbers, captum, closed forms and awkward layers."""

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn
from torch.nn import functional as F

from saliency_audit.attributions import GradCam, GradCamPlusPlus, create
from saliency_audit.attributions.gradcam import enlarged, plus_plus_weights

EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(scope="module")
def cams(request):
    folder = request.path.parents[1] / "golden"
    with np.load(folder / "cams.npz") as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored}


@pytest.fixture(scope="module")
def resnet():
    """A small residual network: in-place ReLUs, used twice each, and batch norm."""

    class Block(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.norm1 = nn.BatchNorm2d(channels)
            self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.norm2 = nn.BatchNorm2d(channels)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, values):
            inner = self.relu(self.norm1(self.conv1(values)))
            inner = self.norm2(self.conv2(inner))
            inner += values
            return self.relu(inner)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        network = nn.Sequential()
        network.add_module("stem", nn.Conv2d(3, 8, 3, stride=2, padding=1))
        network.add_module("relu", nn.ReLU(inplace=True))
        network.add_module("block1", Block(8))
        network.add_module("block2", Block(8))
        network.add_module("pool", nn.AdaptiveAvgPool2d(2))
        network.add_module("flatten", nn.Flatten())
        network.add_module("head", nn.Linear(32, 5))
    return network.double().eval()


@pytest.fixture(scope="module")
def photos():
    generator = torch.Generator().manual_seed(2)
    return torch.rand(4, 3, 18, 14, dtype=torch.float64, generator=generator)


CLASSES = torch.tensor([0, 4, 2, 2])


def test_golden_gradcam(golden, golden_network, cams):
    explain = GradCam(layer="conv2", output="logit")
    maps = explain(golden_network, golden["inputs"], golden["targets"])
    expected = enlarged(cams["captum_gradcam_conv2_logit"], golden["inputs"])
    assert maps.shape == (4, 1, 32, 32)
    torch.testing.assert_close(maps, expected, rtol=1e-6, atol=1e-12)
    raw = GradCam(layer="conv2", output="logit", raw=True)
    maps = raw(golden_network, golden["inputs"], golden["targets"])
    torch.testing.assert_close(maps, cams["captum_gradcam_conv2_logit"], rtol=1e-6, atol=1e-12)


def test_golden_gradcam_plus_plus(golden, golden_network, cams):
    # The peer adds 1e-6 to the denominator, scales each map to [0, 1], and works in float32.
    explain = GradCamPlusPlus(layer="relu2", output="logit", epsilon=1e-6)
    maps = explain(golden_network, golden["inputs"], golden["targets"])[:, 0]
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    torch.testing.assert_close(
        (maps - low) / (high - low), cams["gradcampp_conv2_minmax"], rtol=0, atol=2e-5
    )


@pytest.mark.parametrize("layer", ["stem", "block1", "block1.conv1", "block2.conv2", "relu"])
@pytest.mark.parametrize("relu", [False, True])
def test_captum_agrees_at_any_layer(resnet, photos, layer, relu):
    peer = LayerGradCam(resnet, resnet.get_submodule(layer))
    expected = peer.attribute(photos, CLASSES, relu_attributions=relu).detach()
    maps = GradCam(layer=layer, relu=relu, output="logit", batch_size=3)(resnet, photos, CLASSES)
    torch.testing.assert_close(maps, enlarged(expected, photos), rtol=1e-6, atol=1e-12)


def linear_head(weights, places):
    """Feature maps are the image's channels; the logit is the weighted sum of their means."""
    network = nn.Sequential(
        nn.Conv2d(len(weights), len(weights), 1, bias=False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(len(weights), 2, bias=False),
    ).double()
    with torch.no_grad():
        network[0].weight.copy_(torch.eye(len(weights), dtype=torch.float64)[..., None, None])
        network[3].weight[0] = torch.tensor(weights, dtype=torch.float64)
        network[3].weight[1] = 0
    return network.eval(), 1 / places


def test_closed_form_of_a_linear_head(photos):
    weights = [2.0, -1.0, 0.5]
    model, share = linear_head(weights, 18 * 14)
    first = torch.zeros(4, dtype=torch.int64)
    slopes = torch.tensor(weights, dtype=torch.float64)[None, :, None, None] * share
    cam = (slopes * photos).sum(dim=1, keepdim=True)
    torch.testing.assert_close(GradCam(output="logit")(model, photos, first), cam.clamp(min=0))
    signed = GradCam(relu=False, output="logit")(model, photos, first)
    torch.testing.assert_close(signed, cam)
    # Equal gradients g at all places: α = 1/(2 + g Σ A).
    positive = slopes.clamp(min=0)
    alpha = 1 / (2 + positive * photos.sum(dim=(2, 3), keepdim=True))
    expected = (positive / share * alpha * photos).sum(dim=1, keepdim=True)
    maps = GradCamPlusPlus(output="logit")(model, photos, first)
    torch.testing.assert_close(maps, expected)


def test_weights_are_the_printed_ratio_where_it_is_defined():
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(2, 3, 4, 5, dtype=torch.float64, generator=generator)
    gradients = torch.randn(2, 3, 4, 5, dtype=torch.float64, generator=generator)
    gradients[0, 0] = 0
    total = features.sum(dim=(2, 3), keepdim=True)
    alpha = gradients**2 / (2 * gradients**2 + total * gradients**3)
    expected = (alpha.nan_to_num() * gradients.clamp(min=0)).sum(dim=(2, 3), keepdim=True)
    torch.testing.assert_close(plus_plus_weights(features, gradients), expected, **EXACT)
    assert plus_plus_weights(features, gradients)[0, 0].item() == 0


def test_small_gradients_do_not_vanish_in_their_square():
    features, gradients = torch.ones(1, 1, 2, 2), torch.full((1, 1, 2, 2), 1e-30)
    assert plus_plus_weights(features, gradients).item() == pytest.approx(2e-30)


class Backwards(nn.Module):
    """The convolution that is defined last runs first; its answers are changed in place."""

    def __init__(self):
        super().__init__()
        self.second = nn.Conv2d(6, 4, 3, padding=1)
        self.head = nn.Linear(4, 3)
        self.first = nn.Conv2d(3, 6, 3, padding=1)

    def forward(self, images):
        features = F.relu(self.second(F.relu_(self.first(images))), inplace=True)
        return self.head(features.mean(dim=(2, 3)))


@pytest.fixture
def backwards():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return Backwards().double().eval()


@pytest.mark.parametrize("method", ["gradcam", "gradcam++"])
def test_the_default_is_the_convolution_that_runs_last(backwards, photos, method):
    classes = torch.tensor([0, 1, 2, 0])
    by_default = create(method)(backwards, photos, classes)
    torch.testing.assert_close(
        by_default, create(method, layer="second")(backwards, photos, classes)
    )
    assert not torch.allclose(by_default, create(method, layer="first")(backwards, photos, classes))


def test_work_in_place_behind_the_layer_does_not_reach_its_features(backwards, photos):
    classes = torch.tensor([0, 1, 2, 0])
    weights = backwards.head.weight[classes] / (18 * 14)
    with torch.no_grad():
        features = backwards.second(F.relu(backwards.first(photos)))
    # d logit / d A = head weight / places where the ReLU is open.
    gradients = weights[:, :, None, None] * (features > 0)
    expected = (gradients.mean(dim=(2, 3), keepdim=True) * features).sum(1, keepdim=True)
    maps = GradCam(relu=False, output="logit")(backwards, photos, classes)
    torch.testing.assert_close(maps, expected.detach())


@pytest.mark.parametrize("method", ["gradcam", "gradcam++"])
@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_batches_and_order_change_nothing(resnet, photos, method, batch_size):
    expected = create(method)(resnet, photos, CLASSES)
    order = [2, 0, 3, 1]
    maps = create(method, batch_size=batch_size)(resnet, photos[order], CLASSES[order])
    torch.testing.assert_close(maps, expected[order], rtol=1e-9, atol=1e-14)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.unused = nn.Conv2d(3, 3, 3)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, images):
        return self.pool(self.conv(self.conv(images)))


class Detached(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3)

    def forward(self, images):
        return self.conv(images).mean(dim=(2, 3)).detach()


PERCEPTRON = nn.Sequential(nn.Flatten(), nn.Linear(3 * 18 * 14, 5))
REFUSED = {
    "no convolution": (PERCEPTRON, None, "no layer of this model that runs once has a feature map"),
    "unknown layer": (Twice(), "conv2", "no layer 'conv2'; its last convolutions: conv, unused"),
    "unknown layer, none to name": (PERCEPTRON, "conv2", "its last convolutions: none"),
    "the whole model": (Twice(), "", "no layer ''"),
    "runs twice": (Twice(), "conv", "ran 2 times"),
    "only one that runs twice": (Twice(), None, "no layer of this model that runs once"),
    "never runs": (Twice(), "unused", "ran 0 times"),
    "answers a vector": (PERCEPTRON, "0", r"\(N, tokens, C\), got \(1, 756\)"),
    "does not matter": (Detached(), None, "does not depend on the layer"),
}


@pytest.mark.parametrize("method", ["gradcam", "gradcam++"])
@pytest.mark.parametrize("case", REFUSED)
def test_awkward_layers_are_named(photos, method, case):
    model, layer, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        create(method, layer=layer)(model.eval(), photos[:1].float(), torch.tensor([1]))
    assert not any(module._forward_hooks for module in model.modules())


def test_bad_settings():
    with pytest.raises(ValueError, match="epsilon must be a finite number"):
        GradCamPlusPlus(epsilon=-1)
    with pytest.raises(ValueError, match="unknown output"):
        GradCam(output="loss")


def test_small_gradients_weigh_half_of_themselves_and_with_an_epsilon_their_cube():
    gradients = 1e-5 * torch.rand(2, 3, 4, 4, dtype=torch.float64)
    features = torch.rand(2, 3, 4, 4, dtype=torch.float64)
    halves = gradients.sum(dim=(2, 3), keepdim=True) / 2
    torch.testing.assert_close(plus_plus_weights(features, gradients), halves, rtol=1e-4, atol=0)
    cubes = (gradients**3 / 1e-6).sum(dim=(2, 3), keepdim=True)
    torch.testing.assert_close(
        plus_plus_weights(features, gradients, 1e-6), cubes, rtol=1e-3, atol=0
    )
