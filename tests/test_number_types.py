"""Networks and defaults in any floating type: maps and scores in that of the images, or a refusal."""

import copy

import pytest
import torch
from torch import nn

from saliency_audit import metrics
from saliency_audit.attributions import create

IMAGES = torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(2))
TARGETS = torch.tensor([0, 1, 2])


class Net(nn.Module):
    """A convolution and a ReLU, on request in autocast or with logits of another type."""

    def __init__(self, autocast=None, returns=None):
        super().__init__()
        torch.manual_seed(0)
        self.convolution, self.head = nn.Conv2d(3, 6, 3), nn.Linear(6, 4)
        self.autocast, self.returns = autocast, returns

    def forward(self, images):
        with torch.autocast("cpu", self.autocast or torch.bfloat16, enabled=bool(self.autocast)):
            logits = self.head(self.convolution(images).relu().mean((2, 3)))
        return logits.to(self.returns or logits.dtype)


def agrees(found, right, tolerance):
    scale = right.abs().max().clamp(min=1e-6)
    return bool(((found - right).abs() <= tolerance * scale).all())


NETWORKS = {
    "autocast to bfloat16": (lambda: Net(autocast=torch.bfloat16), 0.1),
    "autocast to half": (lambda: Net(autocast=torch.float16), 0.02),
    "bfloat16 weights": (lambda: Net().bfloat16(), 0.1),
    "half weights": (lambda: Net().half(), 0.02),
    "float64 logits": (lambda: Net(returns=torch.float64), 1e-5),
    "half logits": (lambda: Net(returns=torch.float16), 0.02),
}
# Orders of pixels, paths that follow the gradient, slopes of a blur and correlations of a few
# scores turn at a rounding.
ADAPTIVE = set("gig gig+idgi ggig blurig blurig+idgi".split())
ADAPTIVE |= set("information_curve insertion_score taylor_error mu_fidelity".split())
ADAPTIVE |= {"insertion_correlation"}  # of five scores


@pytest.mark.traits("model")
@pytest.mark.parametrize("network", NETWORKS)
def test_maps_have_the_type_of_the_images_and_the_precision_of_the_network(any_call, network):
    make, tolerance = NETWORKS[network]
    logit = hasattr(any_call, "settings")

    def run(model):
        if logit:
            settings = {"output": "logit"} if any_call.has("output") else {}
            return any_call.create(**settings)(model, IMAGES, TARGETS)
        return any_call(model, IMAGES, TARGETS)

    if any_call.name == "deeplift" and "64" not in network:
        # Its maps must sum to the difference of the scores, which half precision may not show.
        with pytest.raises(ValueError, match="half precision"):
            run(make())
        return
    found, right = run(make()), run(Net())
    assert found.dtype == right.dtype
    assert found.isfinite().all()
    if any_call.name not in ADAPTIVE:
        assert agrees(found, right, tolerance)


@pytest.mark.parametrize("default", [torch.float64, torch.float16, torch.bfloat16])
def test_the_default_type_of_torch_makes_no_difference(any_call, default):
    model = Net()
    right = any_call(copy.deepcopy(model), IMAGES, TARGETS)
    torch.set_default_dtype(default)
    try:
        found = any_call(model, IMAGES, TARGETS)
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.dtype == right.dtype
    assert torch.equal(found, right)


@pytest.mark.traits("model")
def test_a_model_that_returns_classes_is_refused(any_call):
    class Classes(Net):
        def forward(self, images):
            return super().forward(images).argsort(dim=1)

    with pytest.raises(ValueError, match=r"must return logits, got torch\.int64"):
        any_call(Classes(), IMAGES, TARGETS)


def test_an_autocast_around_the_call_is_the_models_own_affair():
    generator = torch.Generator().manual_seed(3)
    first = torch.rand(2, 3, 64, 64, generator=generator)
    second = (first + 0.05 * torch.rand(first.shape, generator=generator)).clamp(0, 1)
    expected = metrics.ms_ssim(first, second)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3)
        ).eval()

    def bend(images):  # nothing that autocast knows
        return torch.stack([images.mean((1, 2, 3)), images.square().mean((1, 2, 3))], dim=1)

    plain = {
        name: create(name, output="logit", **few)(bend, first, 1)
        for name, few in (("rise", {"masks": 8}), ("blurig", {"steps": 4}))
    }
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(metrics.ms_ssim(first, second), expected)
        for name in ("ig+idgi", "blurig", "blurig+idgi", "gradcam"):
            assert create(name)(network, first, 0).dtype == torch.float32
        assert network(first).dtype == torch.bfloat16
        for name, few in (("rise", {"masks": 8}), ("blurig", {"steps": 4})):
            found = create(name, output="logit", **few)(bend, first, 1)
            torch.testing.assert_close(found, plain[name])
        seen = []
        handle = network[0].register_forward_hook(lambda *given: seen.append(given[2].dtype))
        create("saliency")(network, first, 0)
        handle.remove()
    assert set(seen) == {torch.bfloat16}
