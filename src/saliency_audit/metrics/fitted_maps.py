"""Mixtures of Gaussians that are fitted to maps, all maps and levels at once."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.attributions.blocks import blocks
from saliency_audit.attributions.members import refuse_members
from saliency_audit.attributions.rounding import is_constant
from saliency_audit.metrics.gaussian_mixtures import WeightedMixture, joined
from saliency_audit.metrics.levels import (
    level_weights,
    pixel_grid,
    refuse_sparse_levels,
    validated,
)
from saliency_audit.metrics.multi_scale import (
    DEFAULTS,
    MultiScale,
    ScaledMixtures,
    refuse_other_settings,
)
from saliency_audit.metrics.weighted_mixture import fit_weighted_gmm
from saliency_audit.metrics.weighted_points import IN_MEMORY

# Cells on a side of the coarse grid on which EM looks for its start.
COARSE = 32


def fit_maps(maps: Tensor, settings: MultiScale = DEFAULTS) -> ScaledMixtures:
    """A mixture of Gaussians of each map at each level, on the unit square.

    At each level the filtered map is scaled to [0, 1], and its values, or how often the width goes
    into them, are weights of its pixels. EM begins where it ends on a grid of 32 × 32 cells, if the
    map has enough of these, so that only its last steps see all pixels.

    Args:
        maps: `(N, H, W)` floats ≥ 0.
        settings: how maps become mixtures.

    Returns:
        Per level the N mixtures, float64, on the device of the maps. `xmgd_matrix` and `xmgd_terms`
        compare them as often as wanted.

    Raises:
        ValueError: malformed maps, negative or infinite values, constant maps, fewer pixels with
            weight than components; says which maps, by their indices.

    Source: XMGD §3.1 and 3.3.
    """
    refuse_other_settings(settings)
    values = validated(maps)
    refuse_members(
        is_constant(maps.flatten(1)),
        "a constant map has no places that stand out, hence no mixture",
        "leave these out",
    )
    return fits_of(values, settings, range(len(values)))


def fits_of(values: Tensor, settings: MultiScale, labels: Sequence[object]) -> ScaledMixtures:
    """The mixtures of maps that are `validated` and not constant.

    Args:
        values: `(N, H, W)`.
        settings: how maps become mixtures.
        labels: what each map is called in messages.

    Raises:
        ValueError: says which have fewer pixels with weight than components.
    """
    refuse_sparse_levels(values, settings, labels)
    numbers = len(settings.kernels) * values.shape[1] * values.shape[2]
    # No maps are a block, too: their levels are empty.
    together = blocks(max(1, len(values)), numbers, IN_MEMORY, values.device)
    found = [_levels(values[block], settings) for block in together]
    return ScaledMixtures(tuple(joined(level) for level in zip(*found, strict=True)), settings)


def _levels(maps: Tensor, settings: MultiScale) -> list[WeightedMixture]:
    """The mixtures of maps at each level, all fitted at once."""
    levels = [level_weights(maps, side, settings) for side in settings.kernels]
    found = _mixtures(torch.cat(levels), settings)
    return [found.at(part) for part in torch.arange(len(found.weights)).chunk(len(levels))]


def _mixtures(weights: Tensor, settings: MultiScale) -> WeightedMixture:
    """Those of weights of pixels `(N, H, W)`."""
    height, width = weights.shape[1:]
    points = pixel_grid(height, width, weights)
    cells = F.adaptive_avg_pool2d(weights[:, None], COARSE).flatten(1)
    coarse = (cells > 0).sum(dim=1) >= 4 * settings.components
    if min(height, width) < 2 * COARSE:
        coarse = torch.zeros_like(coarse)
    begun = fitted(pixel_grid(COARSE, COARSE, weights), cells[coarse], settings)
    found = [
        fitted(points, weights[coarse].flatten(1), settings, begun),
        fitted(points, weights[~coarse].flatten(1), settings),
    ]
    # The order in which the maps came.
    return joined(found).at(torch.cat([coarse.nonzero(), (~coarse).nonzero()])[:, 0].argsort())


def fitted(
    points: Tensor,
    weights: Tensor,
    settings: MultiScale,
    start: WeightedMixture | None = None,
) -> WeightedMixture:
    """`fit_weighted_gmm` with the settings of EM."""
    return fit_weighted_gmm(
        points,
        weights,
        settings.components,
        start=start,
        restarts=settings.restarts,
        seed=settings.seed,
        iterations=settings.iterations,
        tolerance=settings.tolerance,
        floor=settings.floor,
    )
