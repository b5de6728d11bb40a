"""Meaningful Perturbation against a plain loop over its definition, and what must hold for it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d
from torch import nn

from saliency_audit.attributions import MeaningfulPerturbation, create
from saliency_audit.attributions.engine import frozen, score
from saliency_audit.attributions.gaussian import blurred
from saliency_audit.attributions.meaningful_perturbation import _discs, smallest_circles

# Nothing at random, all kept at first.
PLAIN = MeaningfulPerturbation(
    iterations=12, stride=3, mask_blur=2.0, jitter=0, start="ones", blur=3.0
)


def blurring(size, sigma):
    """A Gaussian blur as a matrix, by scipy, divided by what of the kernel lies within."""
    matrix = gaussian_filter1d(np.eye(size), sigma, axis=0, mode="constant")
    return torch.from_numpy(matrix / matrix.sum(axis=1, keepdims=True))


def in_a_loop(explain, model, image, target):
    """The map of one image without jitter, from ones, written out."""
    height, width = image.shape[1:]
    background = blurring(height, explain.blur) @ image @ blurring(width, explain.blur).T
    cells = [-(-side // explain.stride) for side in (height, width)]
    mask = torch.ones(cells, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([mask], lr=explain.learning_rate)

    def enlarged():
        pixels = mask.repeat_interleave(explain.stride, 0).repeat_interleave(explain.stride, 1)
        pixels = pixels[:height, :width]
        rows, columns = (blurring(side, explain.mask_blur) for side in (height, width))
        return rows @ pixels @ columns.T

    for _ in range(explain.iterations):
        kept = enlarged()
        shown = image * kept + background * (1 - kept)
        probability = model(shown[None]).softmax(dim=1)[0, target]
        rough = 0.0
        for y in range(cells[0]):
            for x in range(cells[1]):
                down = mask[y + 1, x] - mask[y, x] if y + 1 < cells[0] else 0.0
                right = mask[y, x + 1] - mask[y, x] if x + 1 < cells[1] else 0.0
                slope = torch.as_tensor(down**2 + right**2)
                if slope > 0:
                    rough = rough + slope ** (explain.beta / 2)
        removed = explain.game == "deletion"
        area = (1 - mask if removed else mask).sum()
        sign = 1 if removed else -1
        loss = sign * probability + explain.area * area + explain.smoothness * rough
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            mask.clamp_(0, 1)
    kept = enlarged().detach()
    return 1 - kept if explain.game == "deletion" else kept


@pytest.mark.parametrize("game", ["deletion", "preservation"])
@pytest.mark.parametrize("beta", [2.0, 3.0])
def test_maps_are_those_of_a_loop_over_the_definition(golden, golden_network, game, beta):
    explain = replace(PLAIN, game=game, beta=beta, area=0.003, smoothness=0.02)
    images, targets = golden["inputs"][:2, :, :20, :17], golden["targets"][:2]
    maps = explain(golden_network, images, targets)
    for image, target, found in zip(images, targets, maps, strict=True):
        expected = in_a_loop(explain, golden_network, image, int(target))
        torch.testing.assert_close(found[0], expected, rtol=0, atol=1e-7)


def looking_at(rows, columns):
    """A model whose first logit is the contrast within a window, the other 0."""

    class Window(nn.Module):
        def forward(self, images):
            seen = images[:, :, rows, columns]
            apart = (seen - seen.mean((2, 3), keepdim=True)).square().mean((1, 2, 3))
            return torch.stack([60 * apart - 2, 0 * apart], dim=1)

    return Window().eval()


PICTURES = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(3))
FIRST = torch.zeros(2, dtype=torch.int64)
SMALL = MeaningfulPerturbation(iterations=60, stride=2, mask_blur=1.0, blur=5.0)


@pytest.mark.parametrize("perturbation", ["native", "shared"])
@pytest.mark.parametrize("start", ["circle", "ones"])
@pytest.mark.parametrize("game", ["deletion", "preservation"])
def test_the_mask_finds_what_the_model_looks_at(game, start, perturbation):
    model = looking_at(slice(4, 14), slice(16, 26))
    explain = replace(SMALL, game=game, start=start, perturbation=perturbation, area=2e-3)
    maps = explain(model, PICTURES, FIRST)[:, 0]
    assert ((maps >= 0) & (maps <= 1)).all()
    inside, outside = maps[:, 5:13, 17:25].mean((1, 2)), maps[:, 20:].mean((1, 2))
    assert (inside > 0.3).all()
    assert (inside > 4 * outside).all()


def test_removing_the_mask_takes_the_score():
    model = looking_at(slice(4, 14), slice(16, 26))
    explain = replace(SMALL, jitter=0)
    masks = explain(model, PICTURES, FIRST)
    removed = torch.lerp(PICTURES, blurred(PICTURES, 5.0), masks)
    with torch.no_grad():
        before, after = (model(shown).softmax(dim=1)[:, 0] for shown in (PICTURES, removed))
    assert (before > 0.9).all()
    assert (after < 0.2).all()
    # More steps, less loss.
    fewer = replace(explain, iterations=3)(model, PICTURES, FIRST)
    with torch.no_grad():
        early = model(torch.lerp(PICTURES, blurred(PICTURES, 5.0), fewer)).softmax(dim=1)[:, 0]
    assert (after + 1e-4 * masks.sum((1, 2, 3)) < early + 1e-4 * fewer.sum((1, 2, 3))).all()


def test_weights_at_their_extremes(golden, golden_network):
    given = (golden_network, golden["inputs"], golden["targets"])
    # An area that costs more than any score: nothing is removed, or nothing kept.
    assert replace(PLAIN, area=1e3)(*given).max() < 1e-6
    assert replace(PLAIN, area=1e3, game="preservation")(*given).max() < 1e-6
    free, smooth = (
        replace(PLAIN, smoothness=weight, mask_blur=0.0)(*given) for weight in (0.0, 1e3)
    )
    assert (free.std((2, 3)) > 2 * smooth.std((2, 3))).all()


def test_the_start_is_the_smallest_circle_that_takes_the_score():
    model = looking_at(slice(12, 20), slice(12, 20))
    background = torch.full_like(PICTURES, 0.5)
    with frozen(model):
        circles = smallest_circles(model, PICTURES, background, FIRST, "probability")
        discs = _discs(PICTURES)
        whole, none = (
            score(model, shown, FIRST, "probability") for shown in (PICTURES, background)
        )
        for number, circle in enumerate(circles):
            (chosen,) = [i for i, disc in enumerate(discs) if torch.equal(disc, circle)]
            assert 0 < chosen < len(discs) - 1
            for index, enough in ((chosen, True), (chosen - 1, False)):
                shown = torch.lerp(PICTURES, background, discs[index])
                left = score(model, shown, FIRST, "probability")[number]
                assert (left - none[number] <= 0.01 * (whole - none)[number]) == enough


def test_circles_grow_about_the_centre():
    discs = _discs(torch.zeros(1, 1, 224, 224))
    assert discs.shape == (34, 1, 224, 224)
    assert (discs.diff(dim=0) >= -1e-6).all()
    # The area of a disc of radius 100, whose edge is soft.
    assert float(discs[19].sum()) == pytest.approx(np.pi * 100**2, rel=0.01)
    assert discs[19, 0, 112, 112] == pytest.approx(1)
    assert discs[19, 0, 112, 212] == pytest.approx(0.5, abs=0.05)  # a little more on a curve


def test_where_no_circle_is_enough_the_largest_is_taken():
    class Blind(nn.Module):
        def forward(self, images):
            return 0 * images.mean((2, 3)) + torch.tensor([2.0, 0.0])

    with frozen(Blind().eval()) as model:
        black = torch.zeros_like(PICTURES)
        circles = smallest_circles(model, PICTURES, black, FIRST, "probability")
    assert torch.equal(circles[0], _discs(PICTURES)[-1])


@pytest.mark.parametrize(("start", "before"), [("ones", 0), ("circle", 36)])
def test_passes(counting, golden, golden_network, start, before):
    model = counting(golden_network)
    explain = MeaningfulPerturbation(iterations=7, start=start, batch_size=3)
    explain(model, golden["inputs"], golden["targets"])
    assert sum(model.sizes) == 4 * (7 + before)
    assert max(model.sizes) <= 3


def test_jitter_and_noise_are_drawn_for_each_image(golden, golden_network):
    given = (golden_network, golden["inputs"], golden["targets"])
    still = replace(PLAIN, iterations=4)
    for moving in (replace(still, jitter=3), replace(still, noise=0.2)):
        maps = moving(*given)
        assert not torch.allclose(maps, still(*given))
        assert not torch.allclose(maps, replace(moving, seed=1)(*given))
        for size in (1, 3):
            torch.testing.assert_close(
                replace(moving, batch_size=size)(*given), maps, rtol=0, atol=1e-7
            )


BAD = {
    "no iteration": ({"iterations": 0}, "iterations must be a whole number ≥ 1, got 0"),
    "no rate": ({"learning_rate": 0.0}, r"learning_rate must be a finite number > 0, got 0\.0"),
    "a reward for area": ({"area": -1}, "area must be a finite number ≥ 0, got -1"),
    "no stride": ({"stride": 0}, "stride must be a whole number ≥ 1, got 0"),
    "half a pixel": ({"jitter": 0.5}, r"jitter must be a whole number ≥ 0, got 0\.5"),
    "no norm": ({"beta": 0.5}, r"beta must be a finite number ≥ 1, got 0\.5"),
    "no such game": ({"game": "chess"}, "unknown game 'chess'; known: deletion, preservation"),
    "no such start": ({"start": "square"}, "unknown start 'square'; known: circle, ones"),
    "no such perturbation": (
        {"perturbation": "fade"},
        "unknown perturbation 'fade'; known: native",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_settings_are_refused(case):
    settings, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        create("mpert", **settings)
