"""M_F: a closed form, a plain loop, its ends, and what normalising over methods does."""

import pytest
import torch
from torch import nn

from saliency_audit.attributions.relevance.background import gaussian_blurred
from saliency_audit.metrics import faithfulness, normalised_over_methods

SIDE = 8
PIXELS = SIDE * SIDE


class Counts(nn.Module):
    """The probability of class 0 is the share of pixels that are as in the given picture."""

    def __init__(self, picture):
        super().__init__()
        self.picture = picture

    def forward(self, images):
        same = (images == self.picture).all(dim=1).flatten(1).double().mean(dim=1)
        return torch.stack([same.logit(eps=1e-12), torch.zeros_like(same)], dim=1)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(4)
    images = torch.rand(3, 3, SIDE, SIDE, dtype=torch.float64, generator=generator)
    maps = torch.randn(3, SIDE, SIDE, generator=generator)
    return images, maps, torch.zeros(3, dtype=torch.int64)


@pytest.mark.parametrize("points", [1, 5, 32])
def test_a_model_that_counts_pixels_gives_the_mean_of_the_stops(batch, points):
    images, maps, targets = batch
    found = faithfulness(Counts(images[:1]), images[:1], maps[:1], targets[:1], points=points)
    stops = (torch.arange(points + 1, dtype=torch.float64) / points * PIXELS).round() / PIXELS
    torch.testing.assert_close(found.curves[0], stops, rtol=0, atol=1e-9)
    assert float(found.value) == pytest.approx(float(stops[1:].mean()), abs=1e-9)


def test_it_agrees_with_a_plain_loop(batch):
    images, maps, targets = batch
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        network = nn.Sequential(nn.Flatten(), nn.Linear(3 * PIXELS, 4)).double().eval()
    found = faithfulness(network, images, maps, targets, points=16, blur=2.0)
    for i in range(3):
        picture = gaussian_blurred(images[i : i + 1], 2.0).flatten(2)
        clean, order = images[i].flatten(1), maps[i].flatten().argsort(descending=True)
        total = 0.0
        for step in range(1, 17):
            shown = order[: step * PIXELS // 16]
            picture[0][:, shown] = clean[:, shown]
            with torch.no_grad():
                logits = network(picture.reshape(1, 3, SIDE, SIDE))
            total += float(logits.softmax(dim=1)[0, 0]) / 16
        assert float(found.value[i]) == pytest.approx(total, abs=1e-12)


def test_ties_come_in_the_order_of_the_seed(batch):
    images, maps, targets = batch
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * PIXELS, 4)).double().eval()
    flat = torch.zeros_like(maps)
    first, again, other = (
        faithfulness(network, images, flat, targets, seeds=seeds).value
        for seeds in ([0, 1, 2], [0, 1, 2], [3, 4, 5])
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("settings", [{"points": 0}, {"points": 1.5}, {"blur": -1.0}])
def test_settings_that_are_none(batch, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        faithfulness(Counts(batch[0][:1]), *batch, **settings)


def test_normalised_values_are_relative_to_the_pool():
    values = torch.tensor([[0.2, 0.5], [0.4, 0.5], [0.3, 0.5]])
    found = normalised_over_methods(values)
    torch.testing.assert_close(found[:, 0], torch.tensor([0, 1, 0.5]))
    assert found[:, 1].isnan().all()
    # Without the best method the second is first.
    torch.testing.assert_close(
        normalised_over_methods(values[[0, 2]])[:, 0], torch.tensor([0.0, 1])
    )
    for bad in (values[:1], values[0], [[0.1], [0.2]]):
        with pytest.raises(ValueError, match="values must be"):
            normalised_over_methods(bad)
