"""Guided Feature Inversion against a plain loop over its definition, and what must hold for it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d
from torch import nn
from torch.nn import functional as F

from saliency_audit.attributions import LAST_CONVOLUTION, FeatureInversion, create
from saliency_audit.attributions.feature_inversion import scaled

SHORT = FeatureInversion(iterations=9, inversion_iterations=4, halve_every=3, blur=3.0)


def blurring(size, sigma):
    """A Gaussian blur as a matrix, by scipy, divided by what of the kernel lies within."""
    matrix = gaussian_filter1d(np.eye(size), sigma, axis=0, mode="constant")
    return torch.from_numpy(matrix / matrix.sum(axis=1, keepdims=True))


def in_a_loop(explain, model, trunk, image, target):
    """The map of one image, written out."""
    height, width = image.shape[1:]
    background = blurring(height, explain.blur) @ image @ blurring(width, explain.blur).T
    with torch.no_grad():
        seen = trunk(image[None])[0]
    weights = torch.full((len(seen),), explain.start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([weights], lr=explain.learning_rate)

    def mask():
        total = sum(weight * part for weight, part in zip(weights, seen, strict=True))
        large = F.interpolate(
            total[None, None], (height, width), mode="bilinear", align_corners=True
        )[0, 0]
        return (large - large.min()) / large.max()

    for step in range(explain.iterations):
        kept = mask()
        shown = image * kept + background * (1 - kept)
        rest = image * (1 - kept) + background * kept
        if step < explain.inversion_iterations:
            lost = (trunk(shown[None])[0] - seen).square().sum() / seen.square().sum()
            loss = lost + explain.inversion_decay * weights.square().sum()
        else:
            of_shown, of_rest = (
                model(picture[None]).softmax(dim=1)[0, target] for picture in (shown, rest)
            )
            loss = explain.background * of_rest - of_shown + explain.decay * weights.square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            weights.clamp_(min=0)
        if (step + 1) % explain.halve_every == 0:
            optimizer.param_groups[0]["lr"] *= 0.5
    return mask().detach()


@pytest.mark.parametrize("inversion_iterations", [0, 4, 9])
def test_maps_are_those_of_a_loop_over_the_definition(golden, golden_network, inversion_iterations):
    explain = replace(SHORT, inversion_iterations=inversion_iterations, background=0.7)
    images, targets = golden["inputs"][:2, :, :20, :17], golden["targets"][:2]
    maps = replace(explain, layer="relu2")(golden_network, images, targets)
    for image, target, found in zip(images, targets, maps, strict=True):
        expected = in_a_loop(explain, golden_network, golden_network[:4], image, int(target))
        torch.testing.assert_close(found[0], expected, rtol=0, atol=1e-7)


def test_the_last_feature_map_is_weighed_if_no_layer_is_named(golden, golden_network):
    given = (golden_network, golden["inputs"], golden["targets"])
    torch.testing.assert_close(SHORT(*given), replace(SHORT, layer="relu2")(*given))
    last = replace(SHORT, layer=LAST_CONVOLUTION)(*given)
    torch.testing.assert_close(last, replace(SHORT, layer="conv2")(*given))


class Window(nn.Module):
    """Contrast in quarters of the picture as feature maps; the score sees one quarter only."""

    def __init__(self):
        super().__init__()
        self.features = nn.Identity()

    def forward(self, images):
        apart = (images - F.avg_pool2d(images, 5, 1, 2)).square()
        maps = F.avg_pool2d(apart, 4)
        quarters = []
        for rows in (slice(0, 4), slice(4, 8)):
            for columns in (slice(0, 4), slice(4, 8)):
                quarter = torch.zeros_like(maps)
                quarter[:, :, rows, columns] = maps[:, :, rows, columns]
                quarters.append(quarter)
        found = self.features(torch.cat(quarters, dim=1))
        score = 100 * found[:, 1].mean((1, 2))
        return torch.stack([score, 0 * score], dim=1)


PICTURES = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(3))
FIRST = torch.zeros(2, dtype=torch.int64)


@pytest.mark.parametrize("perturbation", ["native", "shared"])
def test_the_weights_go_to_what_the_score_sees(perturbation):
    # Decay as small as the score's own differences.
    explain = create(
        "finv",
        layer="features",
        inversion_iterations=0,
        decay=0.01,
        learning_rate=0.03,
        perturbation=perturbation,
    )
    maps = explain(Window().eval(), PICTURES, FIRST)[:, 0]
    assert ((maps >= 0) & (maps <= 1)).all()
    inside = maps[:, :16, 16:].mean((1, 2))
    for rows, columns in ((slice(0, 14), slice(0, 14)), (slice(18, 32), slice(0, 32))):
        assert (inside > 1.5 * maps[:, rows, columns].mean((1, 2))).all()


def test_decay_at_its_extreme(golden, golden_network):
    # All weights end at 0, and so does the map.
    explain = replace(SHORT, decay=1e6, inversion_decay=1e6, learning_rate=0.2)
    maps = explain(golden_network, golden["inputs"], golden["targets"])
    assert (maps == 0).all()


@pytest.mark.parametrize(("named", "more"), [(None, 1), ("relu2", 0)])
def test_passes(counting, golden, golden_network, named, more):
    model = counting(golden_network)
    layer = f"model.{named}" if named else None
    explain = FeatureInversion(iterations=6, inversion_iterations=2, layer=layer, batch_size=3)
    explain(model, golden["inputs"], golden["targets"])
    # Each image once, one picture at each step of the first stage, two of the second; and one
    # image to find the layer, where none is named.
    assert sum(model.sizes) == 4 * (1 + 2 * 1 + 4 * 2) + more
    assert max(model.sizes) <= 3


def test_maps_are_scaled():
    totals = torch.tensor(
        [[[[2.0, 4.0]]], [[[-1.0, 3.0]]], [[[-3.0, -1.0]]], [[[5.0, 5.0]]], [[[0.0, 0.0]]]]
    )
    expected = torch.tensor([[[[0, 0.5]]], [[[0, 1.0]]], [[[0, 1.0]]], [[[0, 0.0]]], [[[0, 0.0]]]])
    torch.testing.assert_close(scaled(totals), expected)


def test_flat_and_empty_feature_maps_give_finite_maps():
    class Silent(nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.features, self.factor = nn.Conv2d(1, 3, 3, padding=1), factor

        def forward(self, images):
            return (self.features(images * self.factor)).relu().mean((2, 3))

    for factor in (0.0, 1.0):
        torch.manual_seed(0)
        model = Silent(factor).eval()
        nn.init.zeros_(model.features.bias)
        for pictures in (PICTURES, torch.zeros_like(PICTURES)):
            assert SHORT(model, pictures, FIRST).isfinite().all()


class Twice(nn.Module):
    """Runs a layer twice, and returns several values from another."""

    def __init__(self):
        super().__init__()
        self.twice = nn.Conv2d(1, 1, 3, padding=1)
        self.pair = Pair()
        self.head = nn.Linear(1, 2)

    def forward(self, images):
        return self.head(self.pair(self.twice(self.twice(images)))[0].mean((2, 3)))


class Pair(nn.Module):
    def forward(self, images):
        return images, images


BAD_LAYERS = {
    "none": ("nowhere", "the model has no layer 'nowhere'"),
    "run twice": ("twice", "the layer ran 2 times in one pass"),
    "several outputs": ("pair", "the layer's output must be a tensor, got tuple"),
    "no places": ("head", r"must have shape \(N, C, h, w\)"),
}


@pytest.mark.parametrize("case", BAD_LAYERS)
def test_layers_are_refused(case):
    layer, message = BAD_LAYERS[case]
    model = Twice().eval()
    with pytest.raises(ValueError, match=message):
        replace(SHORT, layer=layer)(model, PICTURES, FIRST)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


BAD = {
    "no iteration": ({"iterations": 0}, "iterations must be a whole number ≥ 1, got 0"),
    "less than none": (
        {"inversion_iterations": -1},
        "inversion_iterations must be a whole number ≥ 0, got -1",
    ),
    "nothing to scale": ({"start": 0.0}, r"start must be a finite number > 0, got 0\.0"),
    "a reward for weights": ({"decay": -2}, "decay must be a finite number ≥ 0, got -2"),
    "no such order": ({"layout": "rows"}, "unknown layout 'rows'"),
    "no such perturbation": (
        {"perturbation": "fade"},
        "unknown perturbation 'fade'; known: native",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_settings_are_refused(case):
    settings, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        create("finv", **settings)
