"""Distances between explanations of the same image by predictors of different folds."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saliency_audit.attributions.members import refuse_endless, refuse_members
from saliency_audit.errors import refuse_non_numbers, refuse_non_tensor
from saliency_audit.metrics.ranks import normalised_ranks, validate_maps

# Values ranked together: few enough for a processor's cache.
VALUES_AT_ONCE = 2**17


@dataclass(frozen=True)
class FoldDistances:
    """Distances sorted into S= and S≠, with the image that each belongs to.

    Attributes:
        equal: `(n,)` distances where both predictors are right (S=).
        different: `(m,)` distances where exactly one is (S≠).
        equal_images: `(n,)` position of the image, for a bootstrap over images.
        different_images: `(m,)` the same.
        undefined: pairs of either set that have no distance because a map is constant.
        both_wrong: pairs of which neither predictor is right, which belong to neither set.
    """

    equal: NDArray[np.float64]
    different: NDArray[np.float64]
    equal_images: NDArray[np.int64]
    different_images: NDArray[np.int64]
    undefined: int
    both_wrong: int


def rank_distances(maps: Tensor, folds: Tensor) -> Tensor:
    """1 − |Spearman| of the map by the predictor that did not train on an image to all others.

    Ranks are computed once per map; all pairs of an image come from one matrix product.

    Methods that draw random numbers (RISE, SmoothGrad, random maps) need a different seed for every
    predictor. With a shared seed all predictors get the same masks or noise, which makes their maps
    more alike.

    Args:
        maps: `(N, K, H, W)`, the map of every image by every predictor; predictor k was trained
            without fold k. Reduce the channels first (`attributions.saliency`): attribution maps
            `(N, C, H, W)` of one predictor have the same shape and would be taken for the maps of C
            predictors.
        folds: `(N,)` int64, the fold of each image.

    Returns:
        `(N, K)` float64 in [0, 1]; NaN where a map is constant and at the image's own fold.

    Raises:
        ValueError: malformed maps or folds, fewer than two predictors, no pixels, or values that
            are not finite.

    Source: MeGe/ReCo paper, Eq. 1 and §4.1.
    """
    validate_maps(maps, "NKHW")
    count, predictors = maps.shape[:2]
    if predictors < 2:
        raise ValueError(
            f"distances are between predictors, and maps {tuple(maps.shape)} are those of "
            f"{predictors}; stack the maps of all K predictors: torch.stack(maps, dim=1)"
        )
    _validate_folds(folds, count, predictors)
    refuse_endless(maps, "maps", members="images")
    images = max(1, VALUES_AT_ONCE // max(1, maps[:1].numel()))
    parts = [
        _block_distances(part, own)
        for part, own in zip(maps.split(images), folds.split(images), strict=True)
    ]
    return torch.cat(parts) if parts else torch.empty(0, predictors, dtype=torch.float64)


def _block_distances(maps: Tensor, folds: Tensor) -> Tensor:
    count, predictors = maps.shape[:2]
    ranks = normalised_ranks(maps.flatten(0, 1).flatten(1)).unflatten(0, (count, predictors))
    each = torch.arange(count, device=ranks.device)
    folds = folds.to(ranks.device)
    correlations = torch.einsum("nd,nkd->nk", ranks[each, folds], ranks)
    # Rounding can put the correlation of equal maps just above 1.
    distances = (1 - correlations.abs()).clamp(min=0)
    distances[each, folds] = torch.nan
    return distances.cpu()


def sorted_by_agreement(distances: Tensor, correct: Tensor, folds: Tensor) -> FoldDistances:
    """S= and S≠ of one method.

    Eq. 4 puts a pair into S≠ if exactly one predictor is right. Algorithm 1 of the same paper
    counts only pairs where the predictor that did not train on the image is right. Eq. 4 is
    followed.

    Args:
        distances: `(N, K)` of `rank_distances`; NaN at each image's own fold.
        correct: `(N, K)` bool, whether predictor k classifies image n correctly.
        folds: `(N,)` int64, those given to `rank_distances`.

    Raises:
        ValueError: shapes that do not match, `correct` that is not bool, malformed folds, or folds
            other than those of the distances.

    Source: MeGe/ReCo paper, Eq. 3 and 4.
    """
    refuse_non_numbers("distances", distances)
    refuse_non_tensor("correct", correct)
    if distances.ndim != 2 or correct.shape != distances.shape:
        raise ValueError(
            f"distances {tuple(distances.shape)} and correct {tuple(correct.shape)} do not match; "
            "both must be (N, K)"
        )
    if correct.dtype != torch.bool:
        raise ValueError(
            f"correct must be bool, got {correct.dtype}; correct.bool() turns 0 and 1 into it"
        )
    _validate_folds(folds, *distances.shape)
    values, right, own = distances.cpu().numpy(), correct.cpu().numpy(), folds.cpu().numpy()
    each = np.arange(len(values))
    _validate_own(values[each, own])
    first = right[each, own][:, None]
    pair = np.ones_like(right)
    pair[each, own] = False
    both, one = pair & first & right, pair & (first ^ right)
    defined = ~np.isnan(values)
    images = np.broadcast_to(each[:, None], values.shape)
    return FoldDistances(
        equal=values[both & defined],
        different=values[one & defined],
        equal_images=images[both & defined],
        different_images=images[one & defined],
        undefined=int(((both | one) & ~defined).sum()),
        both_wrong=int((pair & ~first & ~right).sum()),
    )


def _validate_folds(folds: Tensor, count: int, predictors: int) -> None:
    refuse_non_tensor("folds", folds)
    if folds.shape != (count,) or folds.dtype != torch.int64:
        raise ValueError(
            f"folds must be int64 ({count},), got {folds.dtype} {tuple(folds.shape)}; give each "
            "image the number of its fold"
        )
    if count:
        refuse_members(
            (folds < 0) | (folds >= predictors),
            f"folds must lie in 0..{predictors - 1} for {predictors} predictors, got "
            f"{int(folds.min())}..{int(folds.max())}",
            "number them from 0",
            members="images",
        )


def _validate_own(distances: NDArray[np.float64]) -> None:
    given = ~np.isnan(distances)
    refuse_members(
        torch.from_numpy(given),
        f"{given.sum()} of {len(distances)} images have a distance at their own fold, where "
        "rank_distances leaves NaN: the distances are those of other folds",
        "give both functions the same folds, in the order of the images",
        members="images",
    )
