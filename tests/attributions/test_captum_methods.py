"""Guided backpropagation and DeepLIFT: captum where it is right, exact references everywhere else."""

import warnings
from pathlib import Path

import captum.attr
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torchvision.models import densenet121, mobilenet_v2, mobilenet_v3_small, resnet18

from saliency_audit.attributions.deeplift import DeepLift
from saliency_audit.attributions.gradients import Saliency
from saliency_audit.attributions.guided_backprop import GuidedBackprop
from saliency_audit.attributions.scores import OUTPUTS, class_scores
from saliency_audit.models.meso import meso4, meso_inception4

METHODS = [GuidedBackprop, DeepLift]
EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(scope="module")
def captum_golden():
    with np.load(Path(__file__).parents[1] / "golden" / "captum_methods.npz") as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored}


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(11)
    return torch.rand(3, 3, 32, 32, dtype=torch.float64, generator=generator)


@pytest.fixture(scope="module")
def classes():
    return torch.tensor([2, 0, 1])


class Net(nn.Module):
    """Modules by name, and a forward function that uses them."""

    def __init__(self, forward, **modules):
        super().__init__()
        self.body = forward
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, images):
        return self.body(self, images)


def seeded(build):
    """A float64 model in evaluation mode with fixed random weights and fitting batch statistics."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build().double()
        normalised = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
        for module in normalised:
            module.momentum = None  # running statistics are then plain averages
        if normalised:
            with torch.no_grad():
                model(torch.rand(4, 3, 32, 32, dtype=torch.float64))
    return model.eval()


def conv_net(activation, pool=None):
    """Conv, activation, pool, conv, activation, linear."""
    return seeded(
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            activation(),
            pool or nn.Identity(),
            nn.Conv2d(8, 8, 3),
            activation(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32, 4),
        )
    )


def functional(call):
    """The same with a function in place of the activation modules."""
    return seeded(
        lambda: Net(
            lambda net, x: net.last(call(net.second(call(net.first(x)))).flatten(1)),
            first=nn.Conv2d(3, 8, 3, stride=2),
            second=nn.Conv2d(8, 4, 3, stride=2),
            last=nn.Linear(196, 4),
        )
    )


def statement(method):
    """An in-place call whose answer is thrown away."""

    def call(x):
        method(x)
        return x

    return call


RELU_CALLS = {
    "F.relu": lambda x: F.relu(x),
    "F.relu in place": lambda x: F.relu(x, True),
    "torch.relu": torch.relu,
    "Tensor.relu": lambda x: x.relu(),
    "torch.relu_ as a statement": statement(torch.relu_),
    "Tensor.relu_ as a statement": statement(lambda x: x.relu_()),
    "fresh modules": lambda x: nn.ReLU(inplace=True)(x),
}


def preactivation():
    """The tensor that a ReLU reads is read by the skip connection too."""

    def forward(net, x):
        x = net.stem(x)
        return net.last((x + net.relu(x)).flatten(1))

    return seeded(
        lambda: Net(
            forward,
            stem=nn.Conv2d(3, 2, 3, stride=4),
            relu=nn.ReLU(),
            last=nn.Linear(128, 4),
        )
    )


class ExactGuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return torch.where((x > 0) & (gradient > 0), gradient, torch.zeros_like(gradient))


def exact_guided(monkeypatch, model, images, targets, output):
    """The plain gradient of the model whose every call of `F.relu` is the exact function."""
    with monkeypatch.context() as patch:
        patch.setattr(F, "relu", lambda x, inplace=False: ExactGuidedReLU.apply(x))
        return Saliency(output)(model, images, targets)


def quiet_captum(method, model, images, targets, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        images = images.clone().requires_grad_()
        return getattr(captum.attr, method)(model).attribute(images, *arguments, target=targets)


def assert_close_to(maps, expected, relative):
    torch.testing.assert_close(maps, expected, rtol=0, atol=relative * expected.abs().max().item())


# Guided backpropagation


def test_guided_equals_captum_golden(golden, golden_network, captum_golden):
    maps = GuidedBackprop("logit")(golden_network, golden["inputs"], golden["targets"])
    assert_close_to(maps, captum_golden["captum_guided_backprop_logit"], 1e-12)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("build", [resnet18, densenet121], ids=lambda build: build.__name__)
def test_guided_equals_an_exact_function(monkeypatch, pictures, classes, build, output):
    # ResNet-18: one ReLU per block, used twice and in place. DenseNet: the last one is functional.
    model = seeded(lambda: build(weights=None, num_classes=4))
    expected = exact_guided(monkeypatch, model, pictures, classes, output)
    maps = GuidedBackprop(output)(model, pictures, classes)
    assert_close_to(maps, expected, 1e-12)
    plain = Saliency(output)(model, pictures, classes)
    assert (maps - plain).abs().max() > 1e-3 * plain.abs().max()


def test_guided_equals_captum_on_resnet18(pictures, classes):
    model = seeded(lambda: resnet18(weights=None, num_classes=4))
    expected = quiet_captum("GuidedBackprop", model, pictures, classes)
    assert_close_to(GuidedBackprop("logit")(model, pictures, classes), expected, 1e-12)


@pytest.mark.parametrize("name", RELU_CALLS)
def test_guided_reaches_relu_however_it_is_called(monkeypatch, pictures, classes, name):
    expected = exact_guided(
        monkeypatch, functional(RELU_CALLS["F.relu"]), pictures, classes, "logit"
    )
    maps = GuidedBackprop("logit")(functional(RELU_CALLS[name]), pictures, classes)
    torch.testing.assert_close(maps, expected, **EXACT)


def test_guided_leaves_the_skip_connection_alone(monkeypatch, pictures, classes):
    model = preactivation()
    expected = exact_guided(monkeypatch, model, pictures, classes, "logit")
    torch.testing.assert_close(GuidedBackprop("logit")(model, pictures, classes), expected, **EXACT)


def test_guided_by_hand():
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0])
    image = torch.tensor([[[[0.9, 0.9, 0.1, 0.1]]]])
    model = Net(lambda net, x: (F.relu(x - 0.5) * signs).sum(dim=(2, 3)))
    maps = GuidedBackprop("logit")(model, image, torch.tensor([1]))
    # Passed: active and positive. Stopped: negative, inactive, both.
    assert maps.flatten().tolist() == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        (nn.ReLU6, "Hardtanh"),
        (lambda: nn.LeakyReLU(0.0), "LeakyRelu"),  # a ReLU by another name
        (nn.ELU, "Elu"),
        (nn.SELU, "Elu"),
        (nn.CELU, "Celu"),
        (nn.PReLU, "PreluKernel"),
        (nn.GELU, "Gelu"),
        (nn.SiLU, "Silu"),
        (nn.Mish, "Mish"),
        (nn.Hardswish, "Hardswish"),
        (nn.Softplus, "Softplus"),
        (lambda: nn.Threshold(0.0, 0.0), "Threshold"),
    ],
)
def test_guided_refuses_what_it_would_not_guide(pictures, classes, activation, name):
    message = f"defined for ReLU only; this model also has 2 × {name}, .*or another method"
    with pytest.raises(ValueError, match=message):
        GuidedBackprop()(conv_net(activation), pictures, classes)
    mixed = nn.Sequential(nn.ReLU(), conv_net(activation))
    with pytest.raises(ValueError, match=message):
        GuidedBackprop()(mixed, pictures, classes)


def test_guided_refuses_mobilenet_v2(pictures, classes):
    model = seeded(lambda: mobilenet_v2(weights=None, num_classes=4))
    with pytest.raises(ValueError, match="this model also has 35 × Hardtanh"):
        GuidedBackprop()(model, pictures, classes)


def test_guided_keeps_the_slopes_of_a_leaky_relu():
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0])
    image = torch.tensor([[[[0.9, 0.9, 0.1, 0.1]]]])

    def leaky(net, x):
        return (F.leaky_relu(F.relu(x) - 0.5, 0.25) * signs).sum(dim=(2, 3))

    maps = GuidedBackprop("logit")(Net(leaky), image, torch.tensor([1]))
    # The LeakyReLU passes 1, -1, ¼ and -¼; the ReLU before it stops what is negative.
    assert maps.flatten().tolist() == [1.0, 0.0, 0.25, 0.0]
    with pytest.raises(ValueError, match="nothing to guide: no ReLU"):
        GuidedBackprop()(conv_net(nn.LeakyReLU), torch.rand(1, 3, 16, 16, dtype=torch.float64), [0])


@pytest.mark.parametrize("build", [meso4, meso_inception4], ids=lambda build: build.__name__)
def test_guided_equals_captum_on_detectors_with_a_leaky_relu(build):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build().double().eval()
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(2, 3, 256, 256, dtype=torch.float64, generator=generator)
    real = torch.ones(2, dtype=torch.int64)
    expected = quiet_captum("GuidedBackprop", model, images, 0 * real)  # captum: output 0
    assert_close_to(GuidedBackprop("logit")(model, images, real), expected, 1e-12)
    plain = Saliency("logit")(model, images, real)
    assert (expected - plain).abs().max() > 1e-3 * plain.abs().max()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: x.clamp(min=0), "Clamp"),
        (lambda x: torch.clamp(x, 0, 6), "Clamp"),
        (lambda x: torch.clamp_min(x, 0), "ClampMin"),
        (ExactGuidedReLU.apply, "ExactGuidedReLU"),
    ],
)
def test_guided_refuses_rectifiers_in_disguise(pictures, classes, call, name):
    with pytest.raises(ValueError, match=f"this model also has 2 × {name}"):
        GuidedBackprop()(functional(call), pictures, classes)


def test_a_clamp_elsewhere_is_no_rectifier(monkeypatch, pictures, classes):
    model = functional(lambda x: F.relu(x).clamp(min=0.01))
    expected = exact_guided(monkeypatch, model, pictures, classes, "logit")
    torch.testing.assert_close(GuidedBackprop("logit")(model, pictures, classes), expected, **EXACT)


@pytest.mark.parametrize("method", METHODS)
def test_scripted_code_is_refused(pictures, classes, method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(conv_net(nn.ReLU))
    for _ in range(3):  # its graph changes after the first runs
        with pytest.raises(ValueError, match=r"(this model also has|has no rule for)"):
            method()(scripted, pictures, classes)


@pytest.mark.parametrize("activation", [nn.Tanh, nn.Identity])
def test_guided_needs_something_to_guide(pictures, classes, activation):
    with pytest.raises(ValueError, match=r"nothing to guide: no ReLU .*method 'saliency'"):
        GuidedBackprop()(conv_net(activation), pictures, classes)


def test_a_relu_that_does_not_reach_the_answer_is_not_guided(pictures, classes):
    plain = functional(torch.tanh)
    body = plain.body

    def forward(net, x):
        F.relu(x)
        return body(net, x)

    plain.body = forward
    with pytest.raises(ValueError, match="nothing to guide"):
        GuidedBackprop()(plain, pictures, classes)


# DeepLIFT


def difference(model, images, baselines, targets, output):
    with torch.no_grad():
        return class_scores(model, images, targets, output) - class_scores(
            model, baselines, targets, output
        )


def test_deeplift_equals_captum_golden(golden, golden_network, captum_golden):
    maps = DeepLift(output="logit")(golden_network, golden["inputs"], golden["targets"])
    assert_close_to(maps, captum_golden["captum_deeplift_logit"], 1e-12)


@pytest.mark.parametrize(
    "activation", [nn.ReLU, nn.LeakyReLU, nn.ELU, nn.Sigmoid, nn.Tanh, nn.Softplus]
)
def test_deeplift_equals_captum_where_linear_layers_lie_between(pictures, classes, activation):
    model = conv_net(activation)
    baselines = pictures.flip(0)
    expected = quiet_captum("DeepLift", model, pictures, classes, baselines)
    maps = DeepLift(output="logit")(model, pictures, classes, baselines)
    assert_close_to(maps, expected, 1e-6)


MODELS = {
    "resnet18": lambda: seeded(lambda: resnet18(weights=None, num_classes=4)),
    "mobilenet_v2": lambda: seeded(lambda: mobilenet_v2(weights=None, num_classes=4)),
    "a pool after a ReLU": lambda: conv_net(nn.ReLU, nn.MaxPool2d(2)),
    "overlapping pools": lambda: conv_net(nn.ReLU, nn.MaxPool2d(3, 1, padding=1)),
    "a pool that rounds up": lambda: conv_net(nn.GELU, nn.MaxPool2d(3, 2, ceil_mode=True)),
    "adaptive pool": lambda: conv_net(nn.SiLU, nn.AdaptiveMaxPool2d(7)),
    "two pools": lambda: conv_net(nn.ReLU, nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2))),
    "two activations": lambda: conv_net(lambda: nn.Sequential(nn.ReLU6(), nn.Sigmoid())),
    "a ReLU in place": lambda: conv_net(lambda: nn.ReLU(inplace=True)),
    "functions": lambda: functional(F.hardswish),
    "in-place statements": lambda: functional(statement(torch.relu_)),
    "a shared input": preactivation,
    "a clamp": lambda: functional(lambda x: x.clamp(-0.1, 0.3)),
    "softmax inside": lambda: functional(lambda x: F.softmax(5 * x, dim=1)),
    "log softmax inside": lambda: functional(lambda x: x.log_softmax(-1)),
}


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", MODELS)
def test_deeplift_sums_to_the_difference(pictures, classes, name, output):
    model = MODELS[name]()
    for baselines in (torch.zeros_like(pictures), pictures.flip(3)):
        maps = DeepLift(output=output)(model, pictures, classes, baselines)
        expected = difference(model, pictures, baselines, classes, output)
        assert expected.abs().max() > 1e-5
        torch.testing.assert_close(maps.sum(dim=(1, 2, 3)), expected, rtol=1e-7, atol=1e-13)


def test_deeplift_sums_to_the_difference_in_single_precision(pictures, classes):
    for name in ("resnet18", "mobilenet_v2", "overlapping pools", "softmax inside"):
        model = MODELS[name]().float()
        maps = DeepLift()(model, pictures.float(), classes)
        black = torch.zeros_like(maps)
        expected = difference(model, pictures.float(), black, classes, "probability")
        torch.testing.assert_close(maps.sum(dim=(1, 2, 3)), expected, rtol=1e-3, atol=1e-6)


def test_deeplift_of_a_linear_model_is_weight_times_difference(images, targets):
    model = seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(90, 4)))
    weights = model[1].weight.detach()[targets].reshape(images.shape)
    baselines = images.flip(0)
    maps = DeepLift(output="logit")(model, images, targets, baselines)
    torch.testing.assert_close(maps, weights * (images - baselines), **EXACT)


@given(st.integers(0, 1000))
def test_deeplift_of_one_relu_is_its_rise(seed):
    generator = torch.Generator().manual_seed(seed)
    image, reference, bias = torch.rand(3, 1, 1, 4, 4, dtype=torch.float64, generator=generator)
    model = Net(lambda net, x: F.relu(x - bias).flatten(1).sum(dim=1, keepdim=True))
    maps = DeepLift(output="logit")(model, image, torch.tensor([1]), reference)
    expected = (image - bias).relu() - (reference - bias).relu()
    torch.testing.assert_close(maps, expected, **EXACT)


def test_deeplift_of_a_max_pool_by_hand():
    image = torch.tensor([[[[0.1, 0.2, 0.9, 0.0]]]], dtype=torch.float64)
    reference = torch.tensor([[[[0.6, 0.1, 0.0, 0.0]]]], dtype=torch.float64)
    windows = {
        # Windows (0, 1), (1, 2), (2, 3). First: falls from .6 to .2, the reference's winner is
        # pixel 0. Second: rises from .1 to .9, due to pixel 2. Third: from 0 to .9, pixel 2 again.
        "overlapping": ((1, 2), (1, 1), [-0.4, 0, 0.8 + 0.9, 0]),
        "apart": ((1, 2), (1, 2), [-0.4, 0, 0.9, 0]),
        # Both at once: the maximum rises from .6 to .9.
        "whole": ((1, 4), (1, 4), [0, 0, 0.3, 0]),
    }
    for size, stride, expected in windows.values():
        model = Net(lambda net, x, s=size, t=stride: F.max_pool2d(x, s, t).flatten(1).sum(1, True))
        maps = DeepLift(output="logit")(model, image, torch.tensor([1]), reference)
        assert maps.flatten().tolist() == pytest.approx(expected, abs=1e-12)


def test_deeplift_of_two_classes_is_a_sigmoid():
    # softmax of (z, 0) is the sigmoid of z: one changing logit leaves nothing to share out.
    image = torch.tensor([[[[0.9]]]], dtype=torch.float64)
    model = Net(lambda net, x: torch.cat([4 * x.flatten(1), 0 * x.flatten(1)], dim=1))
    for output, score in (("probability", torch.sigmoid), ("log_probability", F.logsigmoid)):
        maps = DeepLift(output=output)(model, image, torch.tensor([0]))
        expected = score(4 * image) - score(0 * image)
        torch.testing.assert_close(maps, expected, **EXACT)


def test_deeplift_of_softmax_by_hand():
    # Two logits rise by a and b from 0; the shares are Δexp(z_k) of the rise of their sum.
    a, b = 0.8, 0.5
    image = torch.tensor([[[[a, b]]]], dtype=torch.float64)
    model = Net(lambda net, x: F.pad(x.flatten(1), (0, 1)))
    maps = DeepLift(output="log_probability")(model, image, torch.tensor([0]))
    rise_a, rise_b = np.expm1(a), np.expm1(b)
    total = np.log((3 + rise_a + rise_b) / 3)
    expected = [a - total * rise_a / (rise_a + rise_b), -total * rise_b / (rise_a + rise_b)]
    assert maps.flatten().tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid, nn.GELU])
def test_deeplift_close_to_the_reference_is_the_gradient(pictures, classes, activation):
    model = conv_net(activation, nn.MaxPool2d(2))
    for offset, relative in ((0.0, 0.0), (1e-14, 1e-6)):
        images = pictures.clamp(max=0.9)
        maps = DeepLift()(model, images + offset, classes, images)
        gradients = Saliency()(model, images, classes)
        expected = gradients * ((images + offset) - images)
        assert_close_to(maps, expected, relative)


def test_deeplift_baselines(smooth_network, images, targets):
    white = DeepLift("white")(smooth_network, images, targets)
    given_one = DeepLift()(smooth_network, images, targets, torch.ones_like(images))
    assert torch.equal(white, given_one)
    black = DeepLift()(smooth_network, images, targets, torch.zeros_like(images))
    assert torch.equal(DeepLift()(smooth_network, images, targets), black)
    assert not torch.allclose(white, black)
    with pytest.raises(ValueError, match="unknown baseline 'grey'; known: black, white"):
        DeepLift("grey")
    with pytest.raises(ValueError, match=r"shape of the inputs \(5, 3, 6, 5\), got \(2, 3, 6, 5\)"):
        DeepLift()(smooth_network, images, targets, images[:2])
    with pytest.raises(ValueError, match=r"finite torch\.float64"):
        DeepLift()(smooth_network, images, targets, images * float("nan"))


NO_RULE = {
    "a product": (lambda x: x * x.mean(dim=(2, 3), keepdim=True), "2 × Mul"),
    "a quotient": (lambda x: x / x.sum(dim=1, keepdim=True), "2 × Div"),
    "a layer norm": (lambda x: F.layer_norm(x, x.shape[1:]), "2 × NativeLayerNorm"),
    "statistics of each image": (lambda x: F.instance_norm(x), "2 × NativeBatchNorm"),
    "a maximum": (lambda x: torch.maximum(x, -x), "2 × Maximum"),
    "a power": (lambda x: x**3, "2 × Pow"),
    "a choice": (lambda x: torch.where(x > 0, x, 2 * x), "2 × Where"),
    "an own function": (ExactGuidedReLU.apply, "2 × ExactGuidedReLU"),
}


@pytest.mark.parametrize("name", NO_RULE)
def test_deeplift_refuses_what_has_no_rule(pictures, classes, name):
    call, found = NO_RULE[name]
    with pytest.raises(ValueError, match=f"no rule for {found} in this model.*another method"):
        DeepLift()(functional(call), pictures, classes)


NOT_COMPLETE = {
    "a sine": lambda x: torch.sin(3 * x),
    "an error function": torch.erf,
    "a reciprocal": lambda x: 1 / (2 + x),
    "a rounded value": lambda x: torch.round(4 * x),
    "attention": lambda x: F.scaled_dot_product_attention(x, x, x),
    "a gated half": lambda x: F.glu(torch.cat([x, x], dim=1), dim=1),
    "a cumulative product": lambda x: torch.cumprod(1 + x, dim=2),
}


@pytest.mark.parametrize("name", NOT_COMPLETE)
def test_deeplift_refuses_maps_that_miss_the_difference(pictures, classes, name):
    message = r"has no rule for|sums to .* the scores differ by .*use another method"
    with pytest.raises(ValueError, match=message):
        DeepLift(output="logit")(functional(NOT_COMPLETE[name]), pictures, classes)


def test_deeplift_refuses_gates_and_attention(pictures, classes):
    gated = seeded(lambda: mobilenet_v3_small(weights=None, num_classes=4))
    with pytest.raises(ValueError, match="no rule for 9 × Mul in this model"):
        DeepLift()(gated, pictures, classes)
    attention = Net(lambda net, x: torch.bmm(x.flatten(2), x.flatten(2).mT).flatten(1))
    with pytest.raises(ValueError, match="no rule for 1 × Bmm in this model"):
        DeepLift()(attention, pictures, classes)


def test_deeplift_wants_the_batch_first(pictures, classes):
    model = functional(lambda x: F.relu(x.transpose(0, 1)).transpose(0, 1))
    with pytest.raises(ValueError, match="8 rows for 6 pictures: keep the batch first"):
        DeepLift()(model, pictures, classes)


@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
def test_deeplift_wants_to_know_the_dimension_of_a_softmax(pictures, classes):
    model = functional(lambda x: F.softmax(x, dim=None, _stacklevel=5))
    with pytest.raises(ValueError, match="softmax without saying along which dimension"):
        DeepLift()(model, pictures, classes)


# Both


def test_defaults():
    assert GuidedBackprop() == GuidedBackprop("probability", "auto")
    assert DeepLift() == DeepLift("black", "probability", "auto")
