"""What a method explains although it is probably not meant is said in a warning, once."""

import warnings

import pytest
import torch
from torch import nn

from saliency_audit.attributions import create, saliency
from saliency_audit.metrics import insertion_score

IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
TARGETS = torch.tensor([0, 1])


def network(scale=20.0):
    torch.manual_seed(0)
    parts = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    model = nn.Sequential(*parts).eval()
    with torch.no_grad():
        model[-1].weight *= scale
    return model


def said(call):
    """The warnings of ours, each place once, as Python shows them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        call()
    return [str(item.message) for item in caught if "saliency_audit" in item.filename]


@pytest.mark.parametrize("output", ["probability", "log_probability", "logit"])
@pytest.mark.parametrize("method", ["saliency", "ig", "gradcam", "rise"])
def test_probabilities_in_place_of_logits_are_said_once(method, output):
    small = {"rise": {"masks": 6}, "ig": {"steps": 4}}.get(method, {})
    explain = create(method, output=output, batch_size=1, **small)
    soft = nn.Sequential(network(), nn.Softmax(dim=1))
    found = said(lambda: explain(soft, IMAGES, TARGETS))
    assert len(found) == (output != "logit")
    assert all("look like probabilities" in text for text in found)
    assert not said(lambda: explain(network(), IMAGES, TARGETS))


def test_metrics_say_it_too():
    maps = saliency(IMAGES)
    soft = nn.Sequential(network(), nn.Softmax(dim=1))
    (text,) = said(lambda: insertion_score(soft, IMAGES, maps, TARGETS))
    assert "look like probabilities" in text


@pytest.mark.parametrize("method", ["saliency", "ig", "gradcam", "gradcam++", "gradient_input"])
def test_a_saturated_score_is_said_once(method):
    model = network(1e6)
    top = model(IMAGES).argmax(dim=1)
    explain = create(method, batch_size=1)
    (text,) = said(lambda: explain(model, IMAGES, top))
    assert "the probability is saturated" in text
    assert not said(lambda: create(method, output="logit")(model, IMAGES, top))


class FirstToken(nn.Module):
    """As a transformer's head: one of the last block's places alone makes the answer."""

    def __init__(self):
        super().__init__()
        self.block, self.last = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.side = nn.Conv2d(3, 4, 1)
        self.head = nn.Linear(4, 3)

    def forward(self, images):
        found = self.block(images)
        return (
            self.head(self.last(found)[:, :, 0, 0])
            + 0 * self.side(images).sum(dim=(1, 2, 3))[:, None]
        )


def test_a_layer_that_the_score_does_not_depend_on_is_said():
    torch.manual_seed(0)
    model = FirstToken().eval()
    for method in ("gradcam", "gradcam++"):
        explain = create(method, layer="side", output="logit")
        assert len(said(lambda: explain(model, IMAGES, TARGETS))) == 1  # noqa: B023
        assert (explain(model, IMAGES, TARGETS) == 0).all()
    assert (
        "name an earlier layer"
        in said(lambda: create("gradcam", layer="side", output="logit")(model, IMAGES, TARGETS))[0]
    )
    for layer in ("block", "last"):
        live = create("gradcam", layer=layer, output="logit")
        assert said(lambda: live(model, IMAGES, TARGETS)) == []  # noqa: B023


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_probabilities_of_half_precision_are_recognised(half):
    model = nn.Sequential(network(), nn.Softmax(1)).to(half)
    found = said(lambda: create("saliency")(model, IMAGES, TARGETS))
    assert any("look like probabilities" in text for text in found)
