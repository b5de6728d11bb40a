"""XMGD of sequences of maps: mixtures over the picture and over time."""

import torch
from torch import Tensor

from saliency_audit.attributions.rounding import is_constant
from saliency_audit.errors import refuse_number
from saliency_audit.metrics.fitted_maps import fitted
from saliency_audit.metrics.levels import (
    labels_of_pairs,
    level_weights,
    pixel_grid,
    refuse_sparse_levels,
    validated_pair,
)
from saliency_audit.metrics.mixture import mixture_wasserstein
from saliency_audit.metrics.multi_scale import DEFAULTS, MultiScale, refuse_other_settings


def xmgd_of_sequences(
    first: Tensor, second: Tensor, settings: MultiScale = DEFAULTS, duration: float = 1.0
) -> Tensor:
    """XMGD of pairs of sequences: as of maps, but a pixel has a time as well. Lower is closer.

    The mixtures are of points (x, y, t), so that it matters when a place is salient: a sequence and
    its reverse differ. Frames are filtered one by one; a sequence is scaled to [0, 1] as a whole,
    so that a frame without much saliency weighs little.

    Args:
        first: `(N, T, H, W)`, ≥ 0.
        second: the same.
        settings: how maps become mixtures.
        duration: of a sequence, in sides of the picture: what a delay costs beside a shift. With a
            small one only places count.

    Returns:
        `(N,)` float64 ≥ 0 on the CPU, in squares of the picture's side; NaN where a sequence is
        constant.

    Raises:
        ValueError: sequences of different shapes, malformed ones, negative or infinite values, a
            duration that is not above 0, fewer pixels with weight than components.

    Source: ours; XMGD §6 asks for an extension to temporal saliency.
    """
    refuse_other_settings(settings)
    refuse_number("duration", duration, "positive")
    ours, theirs = validated_pair(first, second, "NTHW", "sequences")
    values = torch.full((len(ours),), torch.nan, dtype=torch.float64)
    defined = ~(is_constant(ours.flatten(1)) | is_constant(theirs.flatten(1)))
    if not defined.any():
        return values
    pair = (ours[defined], theirs[defined])
    for each, labels in zip(pair, labels_of_pairs(defined), strict=True):
        refuse_sparse_levels(each, settings, labels, "sequences")
    terms = []
    for side in settings.kernels:
        pairs = zip(*(_mixtures(each, side, settings, duration) for each in pair), strict=True)
        terms.append([mixture_wasserstein(*one, *other, squared=True) for one, other in pairs])
    values[defined.cpu()] = torch.tensor(terms, dtype=torch.float64).mean(dim=0)
    return values


def _mixtures(
    sequences: Tensor, side: int, settings: MultiScale, duration: float
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Means, covariances and weights of each sequence's mixture at one level, on the CPU."""
    frames, height, width = sequences.shape[1:]
    weights = level_weights(sequences, side, settings)
    points = _points(frames, height, width, duration, sequences)
    found = fitted(points, weights.flatten(1), settings)
    return list(zip(found.means.cpu(), found.covariances.cpu(), found.weights.cpu(), strict=True))


def _points(frames: int, height: int, width: int, duration: float, like: Tensor) -> Tensor:
    """Centres of the pixels of all frames, x first and the time last: `(T·H·W, 3)`."""
    places = pixel_grid(height, width, like)
    times = (torch.arange(frames, dtype=like.dtype, device=like.device) + 0.5) * duration / frames
    return torch.cat(
        [places.repeat(frames, 1), times.repeat_interleave(len(places))[:, None]], dim=1
    )
