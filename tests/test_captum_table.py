"""What the page "At home among peers" says of captum's names and defaults."""

import captum.attr
import pytest
import torch
from captum.metrics import sensitivity_max
from torch import nn

from saliency_audit.attributions import create, smooth


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(6, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(128, 4),
        )
    return network.double().eval()


IMAGES = torch.rand(3, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
TARGETS = torch.tensor([2, 0, 3])

# captum's class, its options, and what is the same here.
ROWS = {
    "Saliency": ({}, lambda: create("saliency", absolute=True, output="logit")),
    "InputXGradient": ({}, lambda: create("gradient_input", output="logit")),
    "IntegratedGradients": (
        {},
        lambda: create("ig", steps=50, quadrature="gauss_legendre", output="logit"),
    ),
    "DeepLift": ({}, lambda: create("deeplift", output="logit")),
    "GuidedBackprop": ({}, lambda: create("guided_backprop", output="logit")),
}


@pytest.mark.filterwarnings("ignore:Setting backward hooks", "ignore:Setting forward")
@pytest.mark.parametrize("name", ROWS)
def test_methods_agree_by_name(network, name):
    options, ours = ROWS[name]
    given = IMAGES.clone().requires_grad_()
    theirs = getattr(captum.attr, name)(network).attribute(given, target=TARGETS, **options)
    # captum's weights and shares of the path have single precision.
    torch.testing.assert_close(
        ours()(network, IMAGES, TARGETS), theirs.detach(), rtol=1e-6, atol=1e-8
    )


def test_grad_cam_agrees_without_rectifying_and_enlarging(network):
    theirs = captum.attr.LayerGradCam(network, network[3]).attribute(IMAGES, TARGETS)
    explain = create("gradcam", layer="3", relu=False, raw=True, output="logit")
    torch.testing.assert_close(explain(network, IMAGES, TARGETS), theirs.detach())


def test_weights_of_captums_trapezoid_fall_short(network):
    linear = nn.Sequential(nn.Flatten(), nn.Linear(192, 4)).double()
    for steps in (10, 50):
        theirs = captum.attr.IntegratedGradients(linear).attribute(
            IMAGES, target=TARGETS, n_steps=steps, method="riemann_trapezoid"
        )
        ours = create("ig", steps=steps, quadrature="trapezoid", output="logit")
        expected = (steps - 1) / steps * ours(linear, IMAGES, TARGETS)
        torch.testing.assert_close(theirs.detach(), expected, rtol=1e-6, atol=1e-9)


def test_noise_has_the_named_defaults(network):
    explain = smooth(create("saliency"), samples=5, noise=1.0, noise_unit="absolute")
    defaults = captum.attr.NoiseTunnel.attribute.__wrapped__.__defaults__
    assert defaults[:4] == ("smoothgrad", explain.samples, None, explain.noise)


def test_captums_metrics_take_our_methods(network):
    """Of a linear score the gradient does not change; the product with the image does."""
    linear = nn.Sequential(nn.Flatten(), nn.Linear(192, 4)).double()
    images = IMAGES * 2 - 0.5
    found = []
    for name in ("saliency", "gradient_input"):
        explain = create(name, output="logit", check_range=False)

        def maps(inputs, target, explain=explain):
            return (explain(linear, inputs[0], target),)

        found.append(sensitivity_max(maps, images, target=TARGETS))
    assert (found[0] < 1e-12).all()
    assert (found[1] > 1e-3).all()
