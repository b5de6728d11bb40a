"""μF on models whose answer is known: perfect, opposite, blind; and against a plain loop."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr
from torch import nn

from saliency_audit.metrics import mu_fidelity
from saliency_audit.metrics.mu_fidelity import pixel_subsets


class Linear(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights = weights

    def forward(self, images):
        score = (images * self.weights).sum(dim=(1, 2, 3))
        return torch.stack([score, torch.zeros_like(score)], dim=1)


class Curved(Linear):
    def forward(self, images):
        return torch.tanh(super().forward(images) / 3)


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(4)
    return torch.rand(3, 2, 9, 8, dtype=torch.float64, generator=generator)


@pytest.fixture
def weights():
    return torch.linspace(-1, 2, 144, dtype=torch.float64).reshape(2, 9, 8)


FIRST = torch.zeros(3, dtype=torch.int64)


def test_exact_contributions_score_one_and_their_opposite_minus_one(images, weights):
    model = Linear(weights)
    contributions = (images * weights).sum(dim=1)
    torch.testing.assert_close(
        mu_fidelity(model, images, contributions, FIRST), torch.ones(3, dtype=torch.float64)
    )
    torch.testing.assert_close(
        mu_fidelity(model, images, -3 * contributions + 1, FIRST),
        -torch.ones(3, dtype=torch.float64),
    )


def test_a_map_of_noise_scores_about_zero(images, weights):
    noise = torch.randn(3, 9, 8, generator=torch.Generator().manual_seed(0))
    scores = mu_fidelity(Linear(weights), images, noise, FIRST, subsets=2000)
    # Two linear functions of one random set correlate as their pixels do, n = 72.
    contributions = (images * weights).sum(dim=1)
    for score, one, other in zip(scores, noise, contributions, strict=True):
        expected = pearsonr(one.flatten().numpy(), other.flatten().numpy()).statistic
        assert score.item() == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("baseline", [0.0, 0.5])
@pytest.mark.parametrize("output", ["logit", "probability"])
def test_a_plain_loop_agrees(images, weights, baseline, output):
    model = Curved(weights)
    maps = torch.rand(3, 9, 8, generator=torch.Generator().manual_seed(1))
    scores = mu_fidelity(
        model, images, maps, FIRST, subsets=20, baseline=baseline, output=output, seed=6
    )

    def score(image):
        logits = model(image[None])
        return float((logits if output == "logit" else logits.softmax(dim=1))[0, 0])

    for image, one, found in zip(images, maps, scores, strict=True):
        sums, drops = [], []
        for subset in pixel_subsets(image, 20, 11, 6).reshape(20, 9, 8):
            assert int(subset.sum()) == 11  # 15 % of 72 pixels are 10.8
            without = image.clone()
            without[:, subset] = baseline
            sums.append(float(one[subset].double().sum()))
            drops.append(score(image) - score(without))
        assert found.item() == pytest.approx(pearsonr(sums, drops).statistic, abs=1e-9)


def test_subsets_are_uniform():
    image = torch.zeros(1, 6, 6)
    hidden = pixel_subsets(image, 6000, 9, 0)
    assert (hidden.sum(dim=1) == 9).all()
    share = hidden.double().mean(dim=0)
    assert (share - 0.25).abs().max() < 5 * math.sqrt(0.25 * 0.75 / 6000)
    assert len(torch.unique(hidden[:50], dim=0)) == 50


@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_batches_and_company_change_nothing(images, weights, batch_size):
    model, maps = Curved(weights), torch.rand(3, 9, 8, generator=torch.Generator().manual_seed(1))
    together = mu_fidelity(model, images, maps, FIRST, subsets=30)
    alone = [
        mu_fidelity(
            model,
            images[[i]],
            maps[[i]],
            FIRST[[i]],
            subsets=30,
            batch_size=batch_size,
        )
        for i in (2, 0, 1)
    ]
    torch.testing.assert_close(torch.cat(alone), together[[2, 0, 1]], rtol=0, atol=1e-12)


def test_what_does_not_vary_has_no_correlation(images, weights):
    maps = torch.rand(3, 9, 8, generator=torch.Generator().manual_seed(1))
    maps[1] = 0.1
    scores = mu_fidelity(Linear(weights), images, maps, FIRST)
    assert np.isnan(scores.numpy()).tolist() == [False, True, False]
    assert mu_fidelity(Linear(weights * 0), images, maps, FIRST).isnan().all()
    assert mu_fidelity(Linear(weights), images[:0], maps[:0], FIRST[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"saliency": torch.zeros(3, 9, 9)}, r"saliency must have shape \(3, 9, 8\)"),
        (
            {"saliency": torch.zeros(3, 2, 9, 8)},
            r"or \(M, 3, 9, 8\) for M methods, got \(3, 2, 9, 8\); reduce attribution maps over "
            r"their channels \(attributions.saliency\) and stack",
        ),
        ({"saliency": np.zeros((3, 9, 8))}, "saliency must be a torch tensor, got a numpy array"),
        ({"saliency": [torch.zeros(3, 9, 8)]}, "saliency must be a torch tensor, got list"),
        ({"saliency": torch.full((3, 9, 8), torch.nan)}, "NaN or infinite values"),
        ({"share": 0.001}, "is 0 pixels"),
        ({"share": 1.0}, "is 72 pixels; it must leave some"),
        ({"share": math.nan}, "share must be a number between 0 and 1, got nan"),
        ({"share": math.inf}, "share must be a number between 0 and 1, got inf"),
        ({"subsets": 2}, "at least 3 subsets, got 2"),
        ({"subsets": 20.0}, r"a whole number of at least 3 subsets, got 20\.0"),
        ({"subsets": math.nan}, "a whole number of at least 3 subsets, got nan"),
        ({"images": torch.full((3, 2, 9, 8), 2.0)}, r"images must lie in \[0, 1\]"),
        ({"targets": torch.tensor([0, 1, 2])}, "targets must lie in 0..1"),
        ({"batch_size": 0}, "batch_size must be a positive number"),
        ({"output": "loss"}, "unknown output"),
    ],
)
def test_bad_input(images, weights, change, message):
    maps = torch.rand(3, 9, 8)
    given = {"images": images, "saliency": maps, "targets": FIRST, **change}
    first = [given.pop(name) for name in ("images", "saliency", "targets")]
    with pytest.raises(ValueError, match=message):
        mu_fidelity(Linear(weights), *first, **given)


def test_several_maps_share_the_models_answers(images, weights):
    model = Curved(weights)
    mu_fidelity(model, images, images[:, 0], FIRST, subsets=3)  # which asks the model once
    asked = []
    model.register_forward_hook(lambda module, given, answer: asked.append(len(answer)))
    contributions = (images * weights).sum(dim=1)
    maps = torch.stack([contributions, torch.ones(3, 9, 8), contributions.square()])
    together = mu_fidelity(model, images, maps, FIRST, subsets=50)
    once = sum(asked)
    one_by_one = [mu_fidelity(model, images, part, FIRST, subsets=50) for part in maps]
    torch.testing.assert_close(together, torch.stack(one_by_one), equal_nan=True)
    assert together[1].isnan().all()  # a constant map says nothing
    assert sum(asked) == 4 * once
    with pytest.raises(ValueError, match="saliency must have shape"):
        mu_fidelity(model, images, maps[:, :2], FIRST)


def test_attribution_maps_are_not_taken_for_methods():
    colours = torch.rand(3, 3, 9, 8, generator=torch.Generator().manual_seed(2))
    model = Linear(torch.ones(3, 9, 8))
    with pytest.raises(ValueError, match=r"may be the maps of 3 methods or attribution maps with"):
        mu_fidelity(model, colours, colours.clone(), FIRST, subsets=5)
    assert mu_fidelity(model, colours, colours[:2], FIRST, subsets=5).shape == (2, 3)
    assert mu_fidelity(model, colours[:2], colours[:, :2], FIRST[:2], subsets=5).shape == (3, 2)
    grey = colours[:1, :1]
    assert mu_fidelity(Linear(torch.ones(1, 9, 8)), grey, grey, FIRST[:1]).shape == (1, 1)
