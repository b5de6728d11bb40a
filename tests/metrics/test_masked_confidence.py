"""Increase in confidence and the two average drops: values by hand, a plain loop, bad input."""

import pytest
import torch
from torch import nn

from saliency_audit.metrics import (
    average_drop,
    average_drop_in_deletion,
    increase_in_confidence,
    insertion_score,
    masked_confidence,
)

# Four pixels, of which the first speaks for the class and the last against it.
PICTURE = torch.tensor([[[[1.0, 0.5], [0.5, 1.0]]]], dtype=torch.float64)
FOR_IT = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
AGAINST = torch.tensor([[[0.0, 0.0], [0.0, 1.0]]])


class Linear(nn.Module):
    """The probability of class 0 is 0.5 + 0.4·(first pixel) − 0.3·(last pixel)."""

    def forward(self, images):
        p = 0.5 + 0.4 * images[:, 0, 0, 0] - 0.3 * images[:, 0, 1, 1]
        return torch.stack([p.logit(), torch.zeros_like(p)], dim=1)


def values(saliency, **settings):
    return [
        float(metric(Linear(), PICTURE, saliency, 0, **settings))
        for metric in (increase_in_confidence, average_drop, average_drop_in_deletion)
    ]


# Y = 0.6; of each map what it keeps (O) and what is left without it (D), on black.
BY_HAND = {
    "what speaks for it": (FOR_IT, 0.9, 0.2),
    "what speaks against it": (AGAINST, 0.2, 0.9),
    "half of each": (FOR_IT + AGAINST, 0.6, 0.5),
    # Scaled by its extremes: 1, ⅓, ⅓, 0.
    "by its own extremes": (3 * FOR_IT - 3 * AGAINST + 5, 0.9, 0.2),
    # Scaled: 1 and 0.25.
    "part of a pixel": (4 * FOR_IT + AGAINST, 0.5 + 0.4 - 0.3 / 4, 0.5 - 0.3 * 3 / 4),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_values_by_hand(case):
    saliency, kept, deleted = BY_HAND[case]
    found = masked_confidence(Linear(), PICTURE, saliency, 0)
    assert float(found.whole) == pytest.approx(0.6, abs=1e-12)
    assert float(found.kept) == pytest.approx(kept, abs=1e-12)
    assert float(found.deleted) == pytest.approx(deleted, abs=1e-12)
    if case == "half of each":
        return  # 0.6 against 0.6: rounding decides
    expected = [float(kept > 0.6), max(0, 0.6 - kept) / 0.6, (0.6 - deleted) / 0.6]
    assert values(saliency) == pytest.approx(expected, abs=1e-12)


def test_a_share_counts_only_the_order():
    saliency = torch.tensor([[[9.0, 0.2], [0.1, 0.3]]])
    found = masked_confidence(Linear(), PICTURE, saliency, 0, share=0.5)
    # The first and the last pixel stay.
    assert float(found.kept) == pytest.approx(0.6, abs=1e-12)
    assert float(found.deleted) == pytest.approx(0.5, abs=1e-12)
    assert values(saliency, share=0.25) == pytest.approx([1, 0, 0.4 / 0.6], abs=1e-12)
    assert values(saliency.exp(), share=0.25) == values(saliency, share=0.25)


def test_hidden_pixels_have_the_value_of_the_baseline():
    found = masked_confidence(Linear(), PICTURE, FOR_IT, 0, baseline=0.5)
    assert float(found.kept) == pytest.approx(0.5 + 0.4 - 0.15, abs=1e-12)
    assert float(found.deleted) == pytest.approx(0.5 + 0.2 - 0.3, abs=1e-12)


def test_it_agrees_with_a_plain_loop_whatever_the_batch():
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(7, 3, 9, 8, dtype=torch.float64, generator=generator)
    maps = torch.randn(7, 9, 8, dtype=torch.float64, generator=generator)
    targets = torch.randint(4, (7,), generator=generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(168, 4)
        ).double()
    expected = []
    for image, saliency, target in zip(images, maps, targets, strict=True):
        mask = (saliency - saliency.min()) / (saliency.max() - saliency.min())
        with torch.no_grad():
            pictures = torch.stack([image, image * mask, image * (1 - mask)])
            y, o, d = network(pictures).softmax(dim=1)[:, target].tolist()
        expected.append([float(o > y), max(0.0, y - o) / y, (y - d) / y])
    for size in (1, 2, 5, 100, "auto"):
        found = masked_confidence(network, images, maps, targets, batch_size=size)
        together = torch.stack([found.increase, found.drop, found.drop_in_deletion], dim=1)
        torch.testing.assert_close(together, torch.tensor(expected, dtype=torch.float64))


def test_a_picture_that_stays_as_it_is_is_no_rise():
    # All that the map leaves out is black already, so that nothing changes but the place in the batch.
    images = torch.rand(6, 3, 9, 8, generator=torch.Generator().manual_seed(2))
    images[:, :, 0] = 0
    maps = torch.ones(6, 9, 8)
    maps[:, 0] = 0
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(168, 4))
    found = masked_confidence(network, images, maps)
    assert torch.equal(found.kept, found.whole)
    assert not found.increase.any()
    assert not found.drop.any()


def test_constant_maps_and_impossible_classes_have_no_value():
    for value in values(torch.full((1, 2, 2), 0.7)):
        assert value != value  # NaN

    class Never(nn.Module):
        def forward(self, images):
            logit = images.sum(dim=(1, 2, 3))
            return torch.stack([logit, logit - 1e6], dim=1)

    found = masked_confidence(Never(), PICTURE, FOR_IT, 1)
    assert float(found.whole) == 0
    assert found.drop.isnan().all()
    assert found.drop_in_deletion.isnan().all()
    assert float(found.increase) == 0


def test_no_image_has_no_value():
    found = masked_confidence(Linear(), PICTURE[:0], FOR_IT[:0], 0)
    assert found.increase.shape == found.drop.shape == (0,)
    assert masked_confidence(Linear(), PICTURE[:0], FOR_IT[:0], 0, share=0.5).kept.shape == (0,)


@pytest.mark.parametrize("share", [0, 1, 1.5, -0.1, 0.1, float("nan"), "half", True])
def test_shares_that_keep_nothing_or_all(share):
    with pytest.raises(ValueError, match=r"share must lie in \(0, 1\) and keep some of the 4"):
        values(FOR_IT, share=share)


@pytest.mark.parametrize(
    ("saliency", "message"),
    [
        (FOR_IT / 0, "NaN or infinite values"),
        (FOR_IT[None], "saliency must have shape"),
        (FOR_IT[:, :1], "saliency must have shape"),
    ],
)
def test_saliency_that_is_none(saliency, message):
    for metric in (increase_in_confidence, average_drop, average_drop_in_deletion):
        with pytest.raises(ValueError, match=message):
            metric(Linear(), PICTURE, saliency, 0)


def test_unknown_settings_are_refused():
    with pytest.raises(TypeError, match="pixels_per_step"):
        average_drop(Linear(), PICTURE, FOR_IT, 0, pixels_per_step=3)
    with pytest.raises(ValueError, match="1 images need 1 seeds, got 2"):
        average_drop(Linear(), PICTURE, FOR_IT, 0, share=0.5, seeds=[1, 2])


def test_the_whole_picture_is_where_insertion_ends():
    images = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(5))
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    whole = masked_confidence(network, images, images[:, 0], 1).whole
    ends = insertion_score(network, images, images[:, 0], 1).curves[:, -1]
    torch.testing.assert_close(whole, ends, rtol=0, atol=1e-6)
