"""An error about some members of a batch says which they are, by their indices from 0."""

import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from saliency_audit import metrics
from saliency_audit.attributions import StraightPath
from saliency_audit.metrics.weighted_points import IN_MEMORY

RANDOM = torch.Generator().manual_seed(5)
COUNT, WRONG = 3, 1
MAPS, OTHERS = torch.rand(2, COUNT, 16, 16, generator=RANDOM)
SEQUENCES = torch.rand(COUNT, 2, 12, 12, generator=RANDOM)
IMAGES = torch.rand(COUNT, 3, 16, 16, generator=RANDOM)
REGIONS = MAPS > 0.5
TARGETS = torch.tensor([0, 1, 2])
SETTINGS = metrics.MultiScale(components=2, restarts=1, kernels=(1, 3))
POINTS, WEIGHTS = torch.rand(30, 2, generator=RANDOM), torch.rand(COUNT, 30, generator=RANDOM)
OF_FOLDS, FOLDS = torch.rand(COUNT, 4, 8, 8, generator=RANDOM), torch.tensor([0, 1, 2])
DISTANCES = metrics.rank_distances(OF_FOLDS, FOLDS)
CURVES = torch.rand(COUNT, 5, generator=RANDOM)
MEANS, SPREADS = torch.rand(COUNT, 2).double(), torch.eye(2).double().repeat(COUNT, 1, 1)
SHARES = torch.full((COUNT,), 1 / COUNT).double()
NETWORK = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 4))


def one_value(member: Tensor, value: float) -> None:
    member.flatten()[0] = value


def only_one(member: Tensor) -> None:
    member.zero_()
    one_value(member, 1.0)


# What can be wrong with a member, which is changed in place.
DAMAGES: dict[str, Callable[[Tensor], Any]] = {
    "NaN": partial(one_value, value=torch.nan),
    "infinite": partial(one_value, value=torch.inf),
    "negative": partial(one_value, value=-1.0),
    "above 1": partial(one_value, value=1.5),
    "constant": lambda member: member.fill_(0.5),
    "sparse": only_one,
    "asymmetric": lambda member: one_value(member[0, 1], 0.5),
    "another fold": lambda member: member.fill_(9),
    "not left out": lambda member: member.fill_(0.5),
}
NOT_FINITE = ("NaN", "infinite")
UNSIGNED = (*NOT_FINITE, "negative")
IN_RANGE = (*UNSIGNED, "above 1")


def of_pair(function, kinds, **more):
    """Both arguments of a function of two batches, each alone open."""
    return [
        (lambda maps: function(maps, OTHERS, **more), MAPS, kinds),
        (lambda maps: function(OTHERS, maps, **more), MAPS, kinds),
    ]


def of_model(function, **more):
    return [
        (lambda maps: function(NETWORK, IMAGES, maps, TARGETS, **more), MAPS, NOT_FINITE),
        (lambda images: function(NETWORK, images, MAPS, TARGETS, **more), IMAGES, IN_RANGE),
    ]


def of_regions(function, kinds=NOT_FINITE):
    return [(lambda maps: function(maps, REGIONS), MAPS, kinds)]


def of_sets(function):
    return [
        (lambda distances: function(distances, SHARES, "printed"), SHARES, UNSIGNED),
        (lambda distances: function(SHARES, distances, "printed"), SHARES, UNSIGNED),
    ]


def of_mixtures(function, *more):
    """Means, covariances and, where the function takes them, weights, of either side."""
    arrays, kinds = (MEANS, SPREADS, SHARES), (NOT_FINITE, (*NOT_FINITE, "asymmetric"), UNSIGNED)
    side = len(more) + 2

    def call(place, given):
        both = [*arrays[:side], *arrays[:side]]
        return function(*both[:place], given, *both[place + 1 :])

    return [
        (partial(call, place), arrays[place % side], kinds[place % side])
        for place in range(2 * side)
    ]


# By metric: calls with one batch open, a batch that is taken, and what of it is refused.
CALLS: dict[str, list[tuple[Callable[[Tensor], Any], Tensor, tuple[str, ...]]]] = {
    "fit_maps": [
        (lambda maps: metrics.fit_maps(maps, SETTINGS), MAPS, (*UNSIGNED, "constant", "sparse"))
    ],
    "xmgd": of_pair(metrics.xmgd, (*UNSIGNED, "sparse"), settings=SETTINGS),
    "xmgd_of_sequences": [
        (
            lambda given: metrics.xmgd_of_sequences(given, SEQUENCES, SETTINGS),
            SEQUENCES,
            (*UNSIGNED, "sparse"),
        ),
        (
            lambda given: metrics.xmgd_of_sequences(SEQUENCES, given, SETTINGS),
            SEQUENCES,
            (*UNSIGNED, "sparse"),
        ),
    ],
    "fit_weighted_gmm": [
        (lambda w: metrics.fit_weighted_gmm(POINTS, w, 2), WEIGHTS, (*UNSIGNED, "sparse")),
        (lambda p: metrics.fit_weighted_gmm(p, WEIGHTS, 2), POINTS, NOT_FINITE),
    ],
    "mixture_wasserstein": of_mixtures(metrics.mixture_wasserstein, "weights"),
    "gaussian_wasserstein_squared": of_mixtures(metrics.gaussian_wasserstein_squared),
    "kl_divergence": of_pair(metrics.kl_divergence, UNSIGNED),
    "frechet_distance": of_pair(metrics.frechet_distance, NOT_FINITE, side=2),
    **{
        name: of_pair(getattr(metrics, name), NOT_FINITE)
        for name in ("spearman", "normalized_mse", "ssim", "wasserstein1", "norm_distance")
    },
    **{name: of_pair(getattr(metrics, name), UNSIGNED) for name in ("dice", "weighted_jaccard")},
    "rank_distances": [(lambda maps: metrics.rank_distances(maps, FOLDS), OF_FOLDS, NOT_FINITE)],
    "sorted_by_agreement": [
        (
            lambda given: metrics.sorted_by_agreement(given, DISTANCES > 0.9, FOLDS),
            DISTANCES,
            ("not left out",),
        ),
        (
            lambda folds: metrics.sorted_by_agreement(DISTANCES, DISTANCES > 0.9, folds),
            FOLDS,
            ("another fold",),
        ),
    ],
    **{
        name: of_model(getattr(metrics, name))
        for name in (
            *("insertion_score", "deletion_score", "faithfulness", "insertion_correlation"),
            *("masked_confidence", "increase_in_confidence", "average_drop"),
            *("average_drop_in_deletion", "mu_fidelity"),
        )
    },
    **{
        name: of_model(getattr(metrics, name), thresholds=(0.5,), **more)
        for name, more in (
            ("information_points", {"complexities": ("file_size",)}),
            ("information_curve", {"complexity": "file_size"}),
        )
    },
    "information_curves": [
        (lambda given: metrics.information_curves(CURVES, given), CURVES, ("NaN",))
    ],
    "taylor_error": [
        (
            lambda images: metrics.taylor_error(NETWORK, images, TARGETS, path=StraightPath(2)),
            IMAGES,
            IN_RANGE,
        )
    ],
    "explainability": of_regions(metrics.explainability),
    "region_iou": of_regions(metrics.region_iou),
    "box_iou": of_regions(metrics.box_iou),
    "pointing_game": of_regions(metrics.pointing_game),
    "mass_inside": of_regions(metrics.mass_inside, UNSIGNED),
    "top_pixels": [(lambda maps: metrics.top_pixels(maps, 0.1), MAPS, NOT_FINITE)],
    "map_area": [(metrics.map_area, MAPS, IN_RANGE)],
    "total_variation": [(metrics.total_variation, MAPS, IN_RANGE)],
    "jpeg_copy": [(metrics.jpeg_copy, IMAGES, IN_RANGE)],
    "jpeg_stability": of_pair(metrics.jpeg_stability, NOT_FINITE),
    "ms_ssim": [
        (lambda pictures: metrics.ms_ssim(pictures, IMAGES), IMAGES, IN_RANGE),
        (lambda pictures: metrics.ms_ssim(IMAGES, pictures), IMAGES, IN_RANGE),
    ],
    "mege": [(metrics.mege, SHARES, UNSIGNED)],
    "reco": of_sets(metrics.reco),
    "reco_auc": of_sets(metrics.reco_auc),
}
# Where no member of a batch can be refused: they take truth values, what other functions return,
# or give NaN.
NEVER = {
    *("connected_components", "share_within", "widened", "xmgd_matrix", "xmgd_terms"),
    *("curve_area", "image_areas", "normalised_over_methods", "pearson_skewness"),
}
OPEN = [
    (name, number, kind)
    for name, calls in CALLS.items()
    for number, (_, _, kinds) in enumerate(calls)
    for kind in kinds
]


def test_every_metric_is_asked():
    functions = {name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))}
    assert functions == set(CALLS) | NEVER


@pytest.mark.parametrize(
    ("name", "number"), dict.fromkeys((name, number) for name, number, _ in OPEN)
)
def test_the_batch_is_taken_as_it_is(name, number):
    call, good, _ = CALLS[name][number]
    call(good)


@pytest.mark.parametrize(("name", "number", "kind"), OPEN)
def test_the_member_that_is_refused_is_named(name, number, kind):
    call, good, _ = CALLS[name][number]
    damaged = good.clone()
    DAMAGES[kind](damaged[WRONG : WRONG + 1])
    with pytest.raises(ValueError, match=rf"\(\w+ \[{WRONG}( of the (first|second))?\]\); "):
        call(damaged)


def sparse(maps, *places):
    changed = maps.clone()
    for place in places:
        only_one(changed[place])
    return changed


def test_members_of_every_block_are_named_at_once(monkeypatch):
    monkeypatch.setitem(IN_MEMORY, "cpu", 2 * 16 * 16 * len(SETTINGS.kernels))
    maps = sparse(MAPS.repeat(3, 1, 1), 1, 5, 8)
    with pytest.raises(ValueError, match=r"down to 1 \(maps \[1, 5, 8\]\)"):
        metrics.fit_maps(maps, SETTINGS)


def test_of_many_members_the_first_are_named_and_the_others_counted():
    maps = MAPS.repeat(4, 1, 1)
    maps[:, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"\(maps \[0, 1, 2, 3, 4, 5, 6, 7, … and 4 more\]\)"):
        metrics.fit_maps(maps)


def test_constant_maps_that_are_left_out_do_not_shift_the_numbers():
    first, second = MAPS.clone(), sparse(OTHERS, 2)
    first[0] = 0.5
    with pytest.raises(ValueError, match=re.escape("(maps [2 of the second])")):
        metrics.xmgd(first, second, SETTINGS)
    moving = SEQUENCES.clone()
    moving[0] = 0.5
    with pytest.raises(ValueError, match=re.escape("(sequences [2 of the second])")):
        metrics.xmgd_of_sequences(moving, sparse(SEQUENCES, 2), SETTINGS)


def test_a_map_that_a_filter_makes_constant_is_named_with_the_filter():
    striped = torch.tensor([0.0, 1, 1, 0, 1, 1, 0]).expand(7, 7)
    maps = torch.stack([MAPS[0, :7, :7], striped])
    unfiltered = metrics.fit_maps(maps, metrics.MultiScale(components=2, kernels=(1,)))
    assert unfiltered.levels[0].log_likelihood.isfinite().all()
    with pytest.raises(ValueError, match=r"level of side 3, .* down to 0 \(maps \[1\]\)"):
        metrics.fit_maps(maps, metrics.MultiScale(components=2, kernels=(1, 3)))


def test_of_several_methods_maps_the_method_is_named():
    maps = torch.stack([MAPS, MAPS])
    maps[1, 2, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"maps of method 1 hold NaN .* \(maps \[2\]\)"):
        metrics.mu_fidelity(NETWORK, IMAGES, maps, TARGETS)
