"""Every metric keeps to its declared range, is better where it says so, and knows equal maps."""

import inspect
import math
from functools import partial
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit import metrics
from saliency_audit.attributions import BlurPath, StraightPath
from saliency_audit.ledger.vocabulary import METRICS as LEDGER
from saliency_audit.metrics.registry import METRICS, NEEDS, Metric
from saliency_audit.metrics.stability import Definition

SIDE = 16
# The object, 6×7 pixels of every image.
REGION = torch.zeros(SIDE, SIDE, dtype=torch.bool)
REGION[4:10, 5:12] = True
IMAGES = torch.rand(8, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
SHORT = (0.02, 0.1, 0.3)


class SeesTheObject(nn.Module):
    """Two logits: the brightness inside the object and 0."""

    def __init__(self, weights):
        super().__init__()
        self.weights = weights

    def forward(self, images):
        logit = ((images - 0.5) * self.weights.to(images)).sum(dim=(1, 2, 3)) / 4
        return torch.stack([logit, torch.zeros_like(logit)], dim=1)


TARGETS = SeesTheObject(REGION)(IMAGES).argmax(dim=1)


def generic_maps(seed):
    """Eight maps: dense, heavy-tailed, tied, sparse, of one pixel, tiny, huge, the same all over."""
    generator = torch.Generator().manual_seed(seed)
    normal = torch.randn(8, SIDE, SIDE, dtype=torch.float64, generator=generator)
    maps = normal.clone()
    maps[1] = normal[1] ** 5
    maps[2] = normal[2].round()
    maps[3] = normal[3] * (normal[3].abs() > 2)
    maps[4] = 0
    maps[4, 3, seed % SIDE] = 1
    maps[5] *= 1e-12
    maps[6] *= 1e12
    maps[7] = 0.3
    return maps


def regions(maps):
    return REGION.expand(len(maps), SIDE, SIDE)


def of_region(function, maps):
    return function(maps.abs(), regions(maps))


def of_model(function, maps):
    return function(SeesTheObject(REGION), IMAGES, maps, TARGETS)


def of_pair(function, maps, others):
    return function(maps.abs(), others.abs())


def unit(maps):
    """Scaled to [0, 1]."""
    low, high = (part[:, None, None] for part in maps.flatten(1).aminmax(dim=1))
    return (maps - low) / (high - low).clamp(min=1e-300)


def top(maps):
    return metrics.top_pixels(maps.abs(), 0.1)


def information(maps):
    points = metrics.information_points(
        SeesTheObject(REGION), IMAGES, maps, TARGETS, thresholds=SHORT, complexities=("file_size",)
    )
    curves = [
        metrics.information_curves(points.file_size, up)
        for up in (points.probability, points.correct)
    ]
    areas = [metrics.image_areas(each) for each in curves]
    return torch.cat([*areas, torch.tensor([metrics.curve_area(each) for each in curves])])


def distances(maps):
    """Distances between eight predictors' maps of one image, and which of them are right."""
    found = metrics.rank_distances(maps[None], torch.tensor([0]))
    right = torch.tensor([[True, True, True, False, False, True, False, True]])
    return metrics.sorted_by_agreement(found, right, torch.tensor([0]))


def of_folds(function, maps):
    found = distances(maps)
    return torch.tensor(
        [function(found.equal, found.different, definition) for definition in get_args(Definition)]
    )


def mixtures(maps, others):
    """Mixtures of two components, whose means and spreads are the maps' numbers."""

    def mixture(values):
        numbers = values.flatten(1)[:, :6].numpy() / float(values.abs().max())
        return [
            (row[:4].reshape(2, 2), np.stack([np.eye(2) * abs(x) for x in row[4:]]), [0.4, 0.6])
            for row in numbers
        ]

    pairs = zip(mixture(maps), mixture(others), strict=True)
    return torch.tensor([metrics.mixture_wasserstein(*one, *other) for one, other in pairs])


def stepwise(function, field, maps):
    return getattr(function(SeesTheObject(REGION), IMAGES, maps, TARGETS), field)


def projected(maps):
    # The maps are weights of the model; the size of its score is what the error is measured in.
    errors = [
        metrics.taylor_error(
            SeesTheObject(weights.clamp(-3, 3)), IMAGES[:2], TARGETS[:2], path=path
        )
        for weights in maps
        for path in (StraightPath(4), BlurPath(4))
    ]
    return torch.cat(errors)


# One or two sets of generic maps -> values.
VALUES = {
    "explainability": partial(of_region, metrics.explainability),
    "region_iou": partial(of_region, metrics.region_iou),
    "box_iou": partial(of_region, metrics.box_iou),
    "pointing_game": partial(of_region, metrics.pointing_game),
    "mass_inside": partial(of_region, metrics.mass_inside),
    "object_precision": lambda maps: metrics.share_within(top(maps), regions(maps)),
    "edge_overlap": lambda maps: metrics.share_within(top(maps), top(IMAGES[:, 0])),
    "map_area": lambda maps: metrics.map_area(unit(maps)),
    "total_variation": lambda maps: metrics.total_variation(unit(maps)),
    "connected_components": lambda maps: metrics.connected_components(top(maps)),
    "pearson_skewness": metrics.pearson_skewness,
    "insertion_score": partial(stepwise, metrics.insertion_score, "probability"),
    "insertion_ratio": partial(stepwise, metrics.insertion_score, "ratio"),
    "deletion_score": partial(stepwise, metrics.deletion_score, "probability"),
    "deletion_ratio": partial(stepwise, metrics.deletion_score, "ratio"),
    "faithfulness": partial(stepwise, metrics.faithfulness, "value"),
    "information_curve": information,
    "mu_fidelity": partial(of_model, partial(metrics.mu_fidelity, subsets=20)),
    "increase_in_confidence": partial(of_model, metrics.increase_in_confidence),
    "average_drop": partial(of_model, metrics.average_drop),
    "average_drop_in_deletion": partial(of_model, metrics.average_drop_in_deletion),
    "insertion_correlation": partial(of_model, partial(metrics.insertion_correlation, points=20)),
    "taylor_error": projected,
    "jpeg_stability": metrics.jpeg_stability,
    "mege": lambda maps: torch.tensor([metrics.mege(distances(maps).equal)]),
    "reco": partial(of_folds, metrics.reco),
    "reco_auc": partial(of_folds, metrics.reco_auc),
    "spearman": metrics.spearman,
    "ssim": metrics.ssim,
    "dice": partial(of_pair, metrics.dice),
    "kl_divergence": partial(of_pair, metrics.kl_divergence),
    "weighted_jaccard": partial(of_pair, metrics.weighted_jaccard),
    "normalized_mse": metrics.normalized_mse,
    "wasserstein1": metrics.wasserstein1,
    "l1_distance": partial(metrics.norm_distance, order=1),
    "l2_distance": metrics.norm_distance,
    "mixture_wasserstein": mixtures,
    "xmgd": partial(of_pair, partial(metrics.xmgd, settings=metrics.MultiScale(components=1))),
}
# What of `saliency_audit.metrics` prepares or sums up and has no value of its own.
PARTS = {
    *("curve_area", "image_areas", "information_curves", "information_points", "jpeg_copy"),
    *("gaussian_wasserstein_squared", "ms_ssim", "rank_distances", "sorted_by_agreement"),
    *("normalised_over_methods", "top_pixels", "widened"),
    *("fit_maps", "fit_weighted_gmm", "masked_confidence", "xmgd_matrix", "xmgd_terms"),
    # Of two sets, or of two sequences: no value per map.
    *("frechet_distance", "xmgd_of_sequences"),
}


def test_every_metric_is_declared_and_has_a_line_here():
    functions = {name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))}
    declared = {metric.computed_by for metric in METRICS.values()}
    undeclared = functions - declared - PARTS
    assert not undeclared, f"declare {', '.join(sorted(undeclared))} in metrics/registry.py"
    assert declared <= functions
    missing = METRICS.keys() - VALUES.keys()
    assert not missing, f"add {', '.join(sorted(missing))} to VALUES in this file"
    assert VALUES.keys() == METRICS.keys() <= LEDGER


def sets_of(metric):
    """How many sets of maps its value is made of."""
    return 2 if metric.needs in ("pair", "method") else 1


@pytest.mark.parametrize("name", METRICS)
def test_values_lie_in_the_declared_range(name):
    metric = METRICS[name]
    for seed in range(4):
        maps = [generic_maps(seed + 10 * number) for number in range(sets_of(metric))]
        values = VALUES[name](*maps).double()
        defined = values[~values.isnan()]
        assert len(defined)
        assert defined.min() >= metric.low - 1e-9
        assert defined.max() <= metric.high + 1e-9


@pytest.mark.parametrize(
    "name", [name for name, metric in METRICS.items() if metric.needs == "pair"]
)
def test_equal_maps_have_the_declared_value(name):
    maps = generic_maps(0)
    values = VALUES[name](maps, maps.clone()).double()
    defined = values[~values.isnan()]
    assert len(defined) >= 7
    expected = torch.full_like(defined, METRICS[name].equal)
    torch.testing.assert_close(defined, expected, rtol=0, atol=1e-6)
    others = VALUES[name](maps, generic_maps(10))
    assert (others[:3] != METRICS[name].equal).all()


def better_and_worse(name):
    """The values of a metric where an explanation is good, and where it is bad."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.rand(8, SIDE, SIDE, dtype=torch.float64, generator=generator)
    object_only = REGION.double().expand(8, SIDE, SIDE) + 0.01 * noise
    if name == "taylor_error":
        # What a first-order step misses grows with the size of the score.
        return [projected(torch.full((1, SIDE, SIDE), size)) for size in (1e-3, 1.0)]
    if name == "increase_in_confidence":
        # All around the object speaks against the class.
        against = SeesTheObject(2 * REGION.double() - 1)
        return [
            metrics.increase_in_confidence(against, torch.ones(8, 3, SIDE, SIDE), maps, 0)
            for maps in (object_only, 1 - object_only)
        ]
    if METRICS[name].needs in ("region", "model"):
        return [VALUES[name](maps) for maps in (object_only, 1 - object_only)]
    if name == "jpeg_stability":
        return [metrics.jpeg_stability(object_only, object_only + by * noise) for by in (0.1, 0.5)]
    alike, apart = np.array([0.1, 0.2, 0.15]), np.array([0.8, 0.9, 0.85])
    if name == "mege":
        return [metrics.mege(alike), metrics.mege(apart)]
    if METRICS[name].needs == "training":
        function = getattr(metrics, name)
        return [
            np.array([function(*sets, definition) for definition in get_args(Definition)])
            for sets in ((alike, apart), (apart, alike))
        ]
    raise AssertionError(f"say in better_and_worse where {name} is good and where it is bad")


@pytest.mark.parametrize(
    "name", [name for name, metric in METRICS.items() if metric.better != "neither"]
)
def test_the_better_side_is_the_declared_one(name):
    good, bad = (torch.as_tensor(value).double().nanmean() for value in better_and_worse(name))
    assert good > bad if METRICS[name].better == "higher" else good < bad


def test_what_is_said_of_a_metric():
    assert METRICS["mu_fidelity"].range == "[−1, 1]"
    assert METRICS["taylor_error"].range == "[0, ∞)"
    assert METRICS["jpeg_stability"].range == "(−∞, ∞)"
    arrows = {name: METRICS[name].arrow for name in ("mege", "taylor_error", "ssim")}
    assert arrows == {"mege": "↑", "taylor_error": "↓", "ssim": ""}
    assert {metric.needs for metric in METRICS.values()} == set(NEEDS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"needs": "luck"}, "unknown need of a metric 'luck'; known: map, pair"),
        ({"better": "more"}, "unknown better side 'more'; known: higher, lower, neither"),
        ({"low": 1.0}, "the range of 'new' is empty: 1.0 to 1"),
        ({"low": math.nan}, "the range of 'new' is empty"),
    ],
)
def test_declarations_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Metric(**({"name": "new", "title": "new", "needs": "map"} | change))
