"""XMGD: how far apart two maps are, as mixtures of Gaussians at several scales."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.attributions.blocks import blocks
from saliency_audit.attributions.precision import in_double
from saliency_audit.attributions.rounding import is_constant
from saliency_audit.errors import is_finite, is_whole, refuse_unknown
from saliency_audit.metrics.gaussian_mixtures import WeightedMixture, joined
from saliency_audit.metrics.ranks import validate_maps
from saliency_audit.metrics.weighted_mixture import fit_weighted_gmm
from saliency_audit.metrics.weighted_points import IN_MEMORY
from saliency_audit.metrics.windows import WINDOWS

# Cells on a side of the coarse grid on which EM looks for its start.
COARSE = 32


@dataclass(frozen=True)
class MultiScale:
    """How maps become mixtures; the fields are the whole configuration.

    Attributes:
        components: Gaussians per map. The paper does not say how many.
        width: b of ⌊s/b⌋, the copies of a pixel of saliency s in [0, 1]; None takes s itself. The
            paper does not give it.
        kernels: sides of the filters, one per level; 1 is the map itself. The paper's levels are
            these three.
        window: weights of a filter: "mean" of its pixels, or "gaussian" with the standard deviation
            that OpenCV takes for its side k, 0.3 ((k − 1)/2 − 1) + 0.8. The paper does not say.
        restarts: of EM.
        seed: of its starts.
        iterations: of EM at most.
        tolerance: at which EM ends.
        floor: of covariances, in squares of the picture's side.
    """

    components: int = 10
    width: float | None = 0.05
    kernels: tuple[int, ...] = (1, 3, 5)
    window: str = "mean"
    restarts: int = 3
    seed: int = 0
    iterations: int = 200
    tolerance: float = 1e-3
    floor: float = 1e-6

    def __post_init__(self) -> None:
        if self.width is not None and not (is_finite(self.width) and 0 < self.width <= 1):
            raise ValueError(f"width must lie in (0, 1] or be None, got {self.width!r}")
        odd = all(is_whole(side) and side > 0 and side % 2 for side in self.kernels)
        if not self.kernels or not odd:
            raise ValueError(f"kernels must be odd whole numbers, got {self.kernels!r}")
        refuse_unknown("window", self.window, WINDOWS)


@dataclass(frozen=True)
class ScaledMixtures:
    """Mixtures of N maps, a `WeightedMixture` of them per level; see `fit_maps`.

    Attributes:
        levels: a `WeightedMixture` of N maps each.
        settings: those of the fits, if all levels have them in common.
    """

    levels: tuple[WeightedMixture, ...]
    settings: MultiScale | None = None

    def __len__(self) -> int:
        return len(self.levels[0].weights)

    def at(self, chosen: Tensor) -> "ScaledMixtures":
        """Those of some maps, by their indices."""
        return replace(self, levels=tuple(level.at(chosen) for level in self.levels))


def xmgd(
    first: Tensor,
    second: Tensor,
    settings: MultiScale = MultiScale(),
    *,
    squared: bool = True,
) -> Tensor:
    """XMGD of pairs of maps: mean over levels of MW₂² of their mixtures. Lower is closer.

    Args:
        first: `(N, H, W)`, ≥ 0. For a set of maps give their mean, as the paper does.
        second: the same.
        settings: how maps become mixtures.
        squared: as printed; else its root, in sides of the picture.

    Returns:
        `(N,)` float64 ≥ 0 on the CPU, in squares of the picture's side; 0 for equal maps; NaN where
        a map is constant.

    Raises:
        ValueError: see `fit_maps`, but for constant maps; maps of different shapes.

    Source: XMGD §3.
    """
    if first.shape != second.shape:
        raise ValueError(
            f"maps must have one shape, got {tuple(first.shape)} and {tuple(second.shape)}; "
            "resize them to one"
        )
    for maps in (first, second):
        validated(maps)
    flat = [is_constant(maps.flatten(1)) for maps in (first, second)]
    defined = ~(flat[0] | flat[1])
    fits = fit_maps(torch.cat([first[defined], second[defined]]), settings)
    ours, theirs = (fits.at(half) for half in torch.arange(len(fits)).chunk(2))
    values = torch.full((len(first),), torch.nan, dtype=torch.float64)
    values[defined.cpu()] = _mean_terms(ours, theirs)
    return values if squared else values.sqrt()


def xmgd_terms(first: ScaledMixtures, second: ScaledMixtures) -> Tensor:
    """MW₂² of pairs of maps at each level; their mean over levels is XMGD.

    Args:
        first: of N maps.
        second: of N maps.

    Returns:
        `(levels, N)` float64 ≥ 0 on the CPU.

    Raises:
        ValueError: other numbers of maps or of levels; other settings, of EM's search apart.

    Source: XMGD §3.3.
    """
    _comparable(first, second)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} maps are no pairs")
    levels = zip(first.levels, second.levels, strict=True)
    found = [_transported(_costs(*pair), pair[0].weights, pair[1].weights) for pair in levels]
    return torch.stack(found)


def xmgd_matrix(first: ScaledMixtures, second: ScaledMixtures) -> Tensor:
    """XMGD of each map of one list and each of another, from their mixtures. Lower is closer.

    Args:
        first: of N maps.
        second: of M maps.

    Returns:
        `(N, M)` float64 ≥ 0 on the CPU, in squares of the picture's side.

    Raises:
        ValueError: other numbers of levels; other settings, of EM's search apart.

    Source: XMGD §3.
    """
    _comparable(first, second)
    count, other = len(first), len(second)
    rows = torch.arange(count).repeat_interleave(other)
    columns = torch.arange(other).repeat(count)
    return _mean_terms(first.at(rows), second.at(columns)).reshape(count, other)


def fit_maps(maps: Tensor, settings: MultiScale = MultiScale()) -> ScaledMixtures:
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
            weight than components.

    Source: XMGD §3.1 and 3.3.
    """
    values = validated(maps)
    constant = is_constant(maps.flatten(1)).nonzero().flatten().tolist()
    if constant:
        raise ValueError(
            f"a constant map has no places that stand out, hence no mixture; leave out {constant}"
        )
    numbers = len(settings.kernels) * values.shape[1] * values.shape[2]
    # No maps are a block, too: their levels are empty.
    together = blocks(max(1, len(values)), numbers, IN_MEMORY, values.device)
    found = [_levels(values[block], settings) for block in together]
    return ScaledMixtures(tuple(joined(level) for level in zip(*found, strict=True)), settings)


# What says how mixtures are searched, and not which.
SEARCH = ("restarts", "seed", "iterations", "tolerance")


def _comparable(first: ScaledMixtures, second: ScaledMixtures) -> None:
    if len(first.levels) != len(second.levels):
        raise ValueError(f"{len(first.levels)} and {len(second.levels)} levels cannot be compared")
    if first.settings is None or second.settings is None:
        return
    ours, theirs = vars(first.settings), vars(second.settings)
    other = [name for name in ours if name not in SEARCH and ours[name] != theirs[name]]
    if other:
        listed = ", ".join(f"{name} {ours[name]!r} and {theirs[name]!r}" for name in other)
        raise ValueError(f"mixtures that were fitted otherwise cannot be compared: {listed}")


def validated(maps: Tensor, axes: str = "NHW") -> Tensor:
    """Maps, or sequences of them, in float64, without what has no mixture whatever the settings."""
    validate_maps(maps, axes)
    values = in_double(maps.detach())
    if not values.isfinite().all():
        raise ValueError("maps hold NaN or infinite values; leave these maps out")
    if (values < 0).any():
        raise ValueError("maps must be at least 0; reduce signed attributions with `saliency`")
    return values


def _levels(maps: Tensor, settings: MultiScale) -> list[WeightedMixture]:
    """The mixtures of maps at each level, all fitted at once."""
    levels = [
        pixel_weights(filtered(maps, side, settings.window), settings.width)
        for side in settings.kernels
    ]
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


def filtered(maps: Tensor, side: int, window: str) -> Tensor:
    """Maps `(N, H, W)` of weighted means over side × side pixels, mirrored at the border.

    Raises:
        ValueError: maps smaller than half of a filter.
    """
    if side == 1:
        return maps
    margin = side // 2
    if margin >= min(maps.shape[1:]):
        raise ValueError(f"maps of {tuple(maps.shape[1:])} pixels are smaller than a kernel")
    padded = F.pad(maps[:, None], (margin,) * 4, mode="reflect")
    return _along(_along(padded[:, 0], 1, WINDOWS[window](side)), 2, WINDOWS[window](side))


def _along(maps: Tensor, axis: int, line: Tensor) -> Tensor:
    """Weighted means along an axis; torch's convolutions in float64 are several times slower."""
    count = maps.shape[axis] - len(line) + 1
    return sum(
        (weight * maps.narrow(axis, place, count) for place, weight in enumerate(line.tolist())),
        start=torch.zeros((), dtype=maps.dtype, device=maps.device),
    )


def pixel_weights(maps: Tensor, width: float | None) -> Tensor:
    """Maps `(N, H, W)` scaled to [0, 1], or how often a width goes into that.

    Source: XMGD §3.1.
    """
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    unit = (maps - low) / (high - low)
    if width is None:
        return unit
    # A value one rounding step below a whole number of widths counts as that number.
    return (unit / width + 1e-9).floor()


def pixel_grid(height: int, width: int, like: Tensor) -> Tensor:
    """Centres of pixels on the unit square, x first: `(H·W, 2)`."""
    down = (torch.arange(height, dtype=like.dtype, device=like.device) + 0.5) / height
    right = (torch.arange(width, dtype=like.dtype, device=like.device) + 0.5) / width
    y, x = torch.meshgrid(down, right, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], dim=1)


def _mean_terms(first: ScaledMixtures, second: ScaledMixtures) -> Tensor:
    """XMGD of the maps of two equally long lists: `(N,)`."""
    return xmgd_terms(first, second).mean(dim=0)


def _costs(first: WeightedMixture, second: WeightedMixture) -> Tensor:
    """W₂² between the Gaussians of pairs of mixtures in the plane: `(B, K, L)`.

    Of two 2 × 2 covariances A and B, tr (A^½BA^½)^½ is √(tr AB + 2 √(det A det B)). That is several
    times as fast as `gaussian_wasserstein_squared`, which also serves covariances without a floor.
    """
    shift = (first.means[:, :, None] - second.means[:, None]).square().sum(dim=3)
    ours, theirs = first.covariances, second.covariances
    both = torch.einsum("bkij,blij->bkl", ours, theirs)
    areas = torch.linalg.det(ours)[:, :, None] * torch.linalg.det(theirs)[:, None]
    root = (both + 2 * areas.clamp(min=0).sqrt()).clamp(min=0).sqrt()
    spread = _trace(ours)[:, :, None] + _trace(theirs)[:, None] - 2 * root
    return shift + spread.clamp(min=0)


def _trace(matrices: Tensor) -> Tensor:
    return matrices.diagonal(dim1=2, dim2=3).sum(dim=2)


def _transported(costs: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The least cost of transport between weights `(B, K)` and `(B, L)`: `(B,)` on the CPU."""
    from ot import emd2  # POT imports every array library it finds: only when needed

    parts = zip(*(each.cpu().numpy() for each in (first, second, costs)), strict=True)
    found = [max(float(emd2(ours, theirs, cost)), 0.0) for ours, theirs, cost in parts]
    return torch.tensor(found, dtype=torch.float64)
