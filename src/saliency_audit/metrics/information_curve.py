"""Performance information curves: the prediction as a function of the picture's information.

The most salient pixels are revealed and the others interpolated. Each stage has a complexity (how
much of the picture is there) and a prediction (how well the class is recognised). The curve of
prediction against complexity is a softmax information curve (SIC) if the prediction is the class
probability, an accuracy information curve (AIC) if it is 1 for the right class and 0 otherwise.

`information_points` measures the stages, `information_curves` turns them into curves, and
`curve_area` and `image_areas` give the areas under the curves. Higher is better.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController
from torch import Tensor, nn

from saliency_audit.attributions.arguments import asked
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, predict
from saliency_audit.attributions.members import refuse_members
from saliency_audit.attributions.pixel_curves import refuse_seeds
from saliency_audit.attributions.scores import validate_inputs, validate_saliency
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import is_whole, refuse_non_numbers, refuse_number
from saliency_audit.metrics.arrays import floats
from saliency_audit.metrics.complexity import (
    EXACT_QUALITY,
    FAST_QUALITY,
    shannon_entropy,
    webp_size,
)
from saliency_audit.metrics.ms_ssim import ms_ssim, scales_for
from saliency_audit.metrics.reveal import (
    Mask,
    Mode,
    Picture,
    fill_hidden,
    random_mask,
    threshold_masks,
)

Complexity = Literal["file_size", "ms_ssim", "shannon_entropy"]
Kind = Literal["sic", "aic"]
Aggregate = Literal["median", "mean"]

# The shares of revealed pixels documented by PAIR.
THRESHOLDS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.13, 0.21, 0.34, 0.5, 0.75)

# What is measured on every picture; fields of `InformationPoints`.
MEASURED = ("file_size", "ms_ssim", "shannon_entropy", "probability", "correct")

# Pictures prepared together; bounds memory (about 20 MB of 224×224 pictures).
PICTURES_AT_ONCE = 32


@dataclass(frozen=True)
class InformationPoints:
    """Complexity and prediction of N images at T thresholds and the two ends.

    Position 0 is the start picture, where only the random pixels are revealed; positions 1…T are
    the thresholds; the last is the original picture. All are float64 on the CPU.

    Attributes:
        file_size: `(N, T+2)` bytes of the lossless WebP file; NaN if not asked for.
        ms_ssim: `(N, T+2)` MS-SSIM to the original picture, 1 at the end; NaN if not asked for.
        shannon_entropy: `(N, T+2)` of the grey levels, in bits; NaN if not asked for.
        probability: `(N, T+2)` softmax probability of the target.
        correct: `(N, T+2)` 1 where the target is the top class, else 0.
        mode: how the pictures were made.
        seeds: one per image, of the random pixels; None where they are not known.
    """

    file_size: Tensor
    ms_ssim: Tensor
    shannon_entropy: Tensor
    probability: Tensor
    correct: Tensor
    mode: Mode = "exact"
    seeds: tuple[int, ...] | None = None


@dataclass(frozen=True)
class InformationCurves:
    """Normalised curves of N images.

    Attributes:
        grid: `(G,)` normalised information, 0…1.
        curves: `(N, G)` normalised prediction in [0, 1]; NaN rows for dropped images.
        used: `(N,)` bool, False for dropped images. The common subset of several curves is the
            conjunction of these.
        dropped: reason -> number of images; every dropped image counts once.
    """

    grid: Tensor
    curves: Tensor
    used: Tensor
    dropped: Mapping[str, int]


@torch.no_grad()
def information_points(
    model: Model,
    images: Tensor,
    saliency: Tensor,
    targets: Targets = None,
    *,
    seeds: Sequence[int] | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    mode: Mode = "exact",
    complexities: Sequence[Complexity] = ("file_size", "ms_ssim"),
    batch_size: int | str = "auto",
    workers: int | None = None,
    ends: InformationPoints | None = None,
) -> InformationPoints:
    """Reveal the most salient pixels step by step; measure complexity and prediction.

    A random 1 % of the pixels and the corners are revealed at the start (`random_mask`), then all
    pixels whose saliency reaches the (1 − t) quantile (`threshold_masks`); the hidden ones are
    interpolated linearly (`fill_hidden`). The pictures are 8-bit, as in PAIR: the images are
    rounded to multiples of 1/255, including the original at the last position.

    `mode="exact"` is PAIR's procedure: the same pictures, bit for bit, and the same lossless WebP
    effort. `mode="fast"` uses a cheaper triangulation (`fill_hidden`) and a lower effort of the
    WebP encoder (`webp_size`, quality 75). Points of the two modes must not be mixed. Measured on
    60 maps (20 photographs of 224×224, three methods, MobileNetV2; `benchmarks/fast_deviation.py`),
    the area under one picture's SIC, fast minus exact, was 0.002 on average with file sizes (95 %
    of the maps between −0.054 and 0.039) and −0.002 with MS-SSIM (−0.057 to 0.029): noise of single
    pictures, which averages out.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits; used in evaluation mode.
        images: `(N, C, H, W)` in [0, 1]: they are made pictures of 8 bits.
        saliency: `(N, H, W)`, any scale; only its order counts. All ties at a threshold are
            revealed together, so a constant map shows the whole picture at the first threshold and
            its curve is the diagonal, with an area of ½, unless the image is dropped.
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        seeds: one seed per image for the random pixels; 0…N-1 if not given. Keep an image's seed
            the same for all maps that are compared.
        thresholds: T increasing shares of revealed pixels in (0, 1].
        mode: "exact" or "fast".
        complexities: what to measure of "file_size" (C = 1 or 3), "ms_ssim" (at least 11 pixels per
            side) and "shannon_entropy" (C = 1 or 3), the GGIG paper's.
        batch_size: pictures per forward pass; "auto" takes a size that suits the device.
        workers: threads that interpolate and compress pictures; `torch.get_num_threads()` if not
            given.
        ends: points of the same model, images, seeds and mode for other maps. Their first and last
            positions, which do not depend on the map, are reused. The caller must make sure that
            model and images are the same.

    Returns:
        `InformationPoints`.

    Raises:
        ValueError: shapes that do not match, images outside [0, 1], NaN or infinite saliency,
            thresholds that do not increase within (0, 1], unknown names, numbers below 1, images
            too small for the complexity, a model that does not return `(N, classes)`, targets that
            are not its classes.

    Source: Kapishnikov et al. 2019 and PAIR's implementation; MS-SSIM: IDGI study §4.4; entropy of
    grey levels: GGIG paper §5.1.
    """
    shares = floats("thresholds", thresholds).tolist()
    validate_inputs(images, name="images")
    saliency = validate_saliency(images, saliency)
    _validate_options(images, shares, mode, complexities, workers)
    with_size, with_ms_ssim = "file_size" in complexities, "ms_ssim" in complexities
    count = len(images)
    if seeds is not None:
        refuse_seeds(seeds, count)
    chosen = list(range(count)) if seeds is None else [int(seed) for seed in seeds]
    if ends is not None:
        _validate_ends(ends, chosen, mode, complexities)
    positions = len(shares) + 2
    points = {
        name: torch.full((count, positions), torch.nan, dtype=torch.float64) for name in MEASURED
    }
    measured = slice(0, positions) if ends is None else slice(1, positions - 1)
    per_image = len(range(positions)[measured])
    originals = images.mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    maps = saliency.detach().cpu().numpy()
    quality = (EXACT_QUALITY if mode == "exact" else FAST_QUALITY) if with_size else None
    with_entropy = "shannon_entropy" in complexities
    group = max(1, PICTURES_AT_ONCE // positions)
    with (
        asked(model, images, targets, batch_size=batch_size) as call,
        ThreadPoolExecutor(workers or torch.get_num_threads()) as pool,
    ):
        # Threads and model take turns; together they would compete for the same cores.
        for first in range(0, count, group):
            some = slice(first, min(first + group, count))
            stages = [
                (originals[image], mask, mode, quality, with_entropy)
                for image in range(count)[some]
                for mask in _masks(maps[image], chosen[image], shares)[measured]
            ]
            # The last stages take longest; started first, they leave no thread idle at the end.
            with _blas().limit(limits=1, user_api="blas"):
                done = list(pool.map(_reveal, stages[::-1]))[::-1]
            pictures, sizes, bits = zip(*done, strict=True)
            for name, values in (("file_size", sizes), ("shannon_entropy", bits)):
                found = torch.tensor(values, dtype=torch.float64)
                points[name][some, measured] = found.reshape(-1, per_image)
            shown = _tensor(np.stack(pictures), images)
            if with_ms_ssim:
                pairs = zip(shown.split(per_image), _tensor(originals[some], images), strict=True)
                similarity = torch.stack([ms_ssim(part, whole[None]) for part, whole in pairs])
                points["ms_ssim"][some, measured] = similarity.cpu().double()
            wanted = call.targets[some].repeat_interleave(per_image)
            probability, correct = _predictions(call.model, shown, wanted, batch_size)
            points["probability"][some, measured] = probability.reshape(-1, per_image)
            points["correct"][some, measured] = correct.reshape(-1, per_image)
    if ends is not None:
        for name in MEASURED:
            if name not in get_args(Complexity) or name in complexities:
                points[name][:, [0, -1]] = getattr(ends, name)[:, [0, -1]]
    return InformationPoints(**points, mode=mode, seeds=tuple(chosen))


def information_curves(
    complexity: Tensor,
    prediction: Tensor,
    *,
    minimum: float = 0.0,
    monotone: bool = True,
    grid_size: int = 1001,
) -> InformationCurves:
    """Normalised prediction against normalised complexity, for N images at once.

    Both are scaled so that the start picture is 0 and the original 1, and clipped to [0, 1]; this
    holds for MS-SSIM as for the file size. With `monotone`, the prediction at a threshold is the
    largest so far. The points, with (0, 0) and (1, 1), are sorted by complexity (then by
    prediction) and joined by straight lines. Where several points share a complexity the curve
    jumps, and its value there is the largest prediction. The curve can still fall where a later
    threshold has a smaller complexity.

    An image is dropped, and counted under the first reason that holds, if

    - "unmeasured": its complexity holds NaN;
    - "below_minimum": the prediction on the original is below `minimum`;
    - "no_rise": the prediction on the start picture is not below that on the original;
    - "no_information": the complexity of the start picture is not below that of the original.

    For AIC, "no_rise" drops every image that the model classifies wrongly, or correctly from the
    start. SIC and AIC therefore use different images; the conjunction of `used` gives the common
    ones.

    Args:
        complexity: `(N, T+2)`, the positions of `InformationPoints`.
        prediction: `(N, T+2)`.
        minimum: least prediction on the original (PAIR's default is 0.8; 0 keeps all).
        monotone: see above.
        grid_size: points of the grid, both ends included.

    Returns:
        `InformationCurves`.

    Raises:
        ValueError: shapes that do not match, NaN in the prediction, or a grid of fewer than 2
            points.

    Source: Kapishnikov et al. 2019; normalisation, dropping and sorting of PAIR's implementation.
    """
    for name, given in (("complexity", complexity), ("prediction", prediction)):
        refuse_non_numbers(name, given)
    if complexity.ndim != 2 or complexity.shape != prediction.shape or complexity.shape[1] < 2:
        raise ValueError(
            "complexity and prediction must both have shape (N, T+2), got "
            f"{tuple(complexity.shape)} and {tuple(prediction.shape)}"
        )
    refuse_members(
        prediction.isnan(), "prediction holds NaN", "check what the model returns", members="images"
    )
    if not is_whole(grid_size) or grid_size < 2:
        raise ValueError(f"grid_size must be a whole number ≥ 2, got {grid_size!r}")
    complexity, prediction = complexity.cpu().double(), prediction.cpu().double()
    reasons = {
        "unmeasured": torch.isnan(complexity).any(dim=1),
        "below_minimum": prediction[:, -1] < minimum,
        "no_rise": prediction[:, 0] >= prediction[:, -1],
        "no_information": complexity[:, 0] >= complexity[:, -1],
    }
    used = torch.ones(len(complexity), dtype=torch.bool)
    dropped = {}
    for reason, holds in reasons.items():
        dropped[reason] = int((used & holds).sum())
        used &= ~holds
    grid = torch.linspace(0, 1, grid_size, dtype=torch.float64)
    curves = torch.full((len(complexity), grid_size), torch.nan, dtype=torch.float64)
    heights = from_first_to_last(prediction[used])
    if monotone:
        heights = heights.cummax(dim=1).values
    curves[used] = _joined(from_first_to_last(complexity[used]), heights, grid)
    return InformationCurves(grid, curves, used, dropped)


def curve_area(
    curves: InformationCurves,
    aggregate: Aggregate = "median",
    subset: Tensor | None = None,
) -> float:
    """Area under the aggregated curve of the used images: the AUC of SIC or AIC, in [0, 1].

    The curves are aggregated point by point and the area is taken after that (trapezoid rule).
    With "median", as in PAIR, this is not the median of the images' areas; with "mean" it is the
    mean of them. NaN if no image is left.

    Args:
        curves: N curves.
        aggregate: "median" or "mean".
        subset: `(N,)` bool, further restricts the images: to a common subset or a bootstrap sample.

    Raises:
        ValueError: an unknown aggregate or a subset of another shape or kind.
    """
    if aggregate not in get_args(Aggregate):
        raise ValueError(f"aggregate must be 'median' or 'mean', got {aggregate!r}")
    kept = curves.used
    if subset is not None:
        if subset.shape != kept.shape or subset.dtype != torch.bool:
            raise ValueError(
                f"subset must be {len(kept)} truth values, got {tuple(subset.shape)} {subset.dtype}"
            )
        kept = kept & subset.cpu()
    if not kept.any():
        return float("nan")
    chosen = curves.curves[kept].numpy()
    curve = np.median(chosen, axis=0) if aggregate == "median" else chosen.mean(axis=0)
    return float(np.trapezoid(curve, curves.grid.numpy()))


def image_areas(curves: InformationCurves) -> Tensor:
    """Area under each image's own curve: `(N,)` in [0, 1], NaN for dropped images."""
    return torch.trapezoid(curves.curves, curves.grid, dim=1)


def information_curve(
    model: Model,
    images: Tensor,
    saliency: Tensor,
    targets: Targets = None,
    *,
    complexity: Complexity = "file_size",
    kind: Kind = "sic",
    seeds: Sequence[int] | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    mode: Mode = "exact",
    minimum: float = 0.0,
    monotone: bool = True,
    grid_size: int = 1001,
    batch_size: int | str = "auto",
    workers: int | None = None,
) -> InformationCurves:
    """One kind of curve of N images: `information_points`, then `information_curves`.

    For several kinds or complexities call these two: the points can be shared.

    Args:
        model: see `information_points`, as all arguments but the following.
        images: as there.
        saliency: as there.
        targets: as there.
        complexity: "file_size", "ms_ssim" or "shannon_entropy", the horizontal axis.
        kind: "sic" (probability of the target) or "aic" (target is the top class).
        seeds: as there.
        thresholds: as there.
        mode: as there.
        minimum: see `information_curves`.
        monotone: see `information_curves`.
        grid_size: see `information_curves`.
        batch_size: as there.
        workers: as there.

    Returns:
        `InformationCurves`.

    Raises:
        ValueError: see `information_points` and `information_curves`; an unknown kind.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be 'sic' or 'aic', got {kind!r}")
    points = information_points(
        model,
        images,
        saliency,
        targets,
        seeds=seeds,
        thresholds=thresholds,
        mode=mode,
        complexities=(complexity,),
        batch_size=batch_size,
        workers=workers,
    )
    return information_curves(
        getattr(points, complexity),
        points.probability if kind == "sic" else points.correct,
        minimum=minimum,
        monotone=monotone,
        grid_size=grid_size,
    )


@cache
def _blas() -> ThreadpoolController:
    """The BLAS libraries of this process.

    scipy's triangulation solves a 2×2 system per triangle. With a second BLAS thread each solve
    waits at a barrier, and a picture takes fifty times as long.
    """
    return ThreadpoolController()


def _masks(
    saliency: NDArray[np.floating], seed: int, thresholds: Sequence[float]
) -> NDArray[np.bool_]:
    """Masks of all positions, `(T+2, H, W)`."""
    height, width = saliency.shape
    start = random_mask(height, width, seed)
    salient = threshold_masks(saliency, start, thresholds)
    return np.concatenate([start[None], salient, np.ones_like(start)[None]])


def _reveal(stage: tuple[Picture, Mask, Mode, int | None, bool]) -> tuple[Picture, float, float]:
    """One picture, its size in bytes and its Shannon entropy; NaN for what is not asked for."""
    picture, mask, mode, quality, with_entropy = stage
    filled = fill_hidden(picture, mask, mode)
    size = float("nan") if quality is None else webp_size(filled, quality)
    return filled, size, shannon_entropy(filled) if with_entropy else float("nan")


def _tensor(pictures: NDArray[np.uint8], like: Tensor) -> Tensor:
    """Bytes `(N, H, W, C)` as numbers in [0, 1], `(N, C, H, W)`."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).to(like.device).to(like.dtype) / 255


def _predictions(
    model: nn.Module, pictures: Tensor, targets: Tensor, batch_size: int | str
) -> tuple[Tensor, Tensor]:
    def run(size: int) -> list[tuple[Tensor, Tensor]]:
        parts = zip(pictures.split(size), targets.split(size), strict=True)
        return [predict(model, chunk, wanted) for chunk, wanted in parts]

    found = halving_on_oom(run, batch_size, pictures, gradients=False)
    probability, correct = (torch.cat(parts).cpu().double() for parts in zip(*found, strict=True))
    return probability, correct


def from_first_to_last(values: Tensor) -> Tensor:
    """Rows `(N, T)` scaled so that the first value is 0 and the last 1, clipped to [0, 1]."""
    first, last = values[:, :1], values[:, -1:]
    return ((values - first) / (last - first)).clamp(0, 1)


def _joined(across: Tensor, up: Tensor, grid: Tensor) -> Tensor:
    """Values on the grid of the lines through the points, per row; `across` contains 0 and 1."""
    # Two stable sorts: by complexity, and by prediction where complexities are equal.
    order = up.argsort(dim=1, stable=True)
    order = order.gather(1, across.gather(1, order).argsort(dim=1, stable=True))
    across, up = across.gather(1, order).contiguous(), up.gather(1, order)
    places = grid.expand(len(across), -1).contiguous()
    left = torch.searchsorted(across, places, right=True) - 1
    right = (left + 1).clamp(max=across.shape[1] - 1)
    start, end = across.gather(1, left), across.gather(1, right)
    low, high = up.gather(1, left), up.gather(1, right)
    share = torch.where(end > start, (places - start) / (end - start), 0.0)
    return low + share * (high - low)


def _validate_options(
    images: Tensor,
    thresholds: Sequence[float],
    mode: str,
    complexities: Sequence[str],
    workers: int | None,
) -> None:
    rising = isinstance(thresholds, list) and bool(np.all(np.diff([0.0, *thresholds]) > 0))
    if not rising or not thresholds or thresholds[-1] > 1:
        raise ValueError(f"thresholds must rise within (0, 1], got {thresholds}")
    if mode not in get_args(Mode):
        raise ValueError(f"mode must be 'exact' or 'fast', got {mode!r}")
    several = isinstance(complexities, Sequence) and not isinstance(complexities, str)
    if not several or not set(complexities) <= set(get_args(Complexity)):
        known = ", ".join(map(repr, get_args(Complexity)))
        raise ValueError(f"complexities must be some of {known}, got {complexities!r}")
    if workers is not None:
        refuse_number("workers", workers, "whole")
    _, channels, height, width = images.shape
    if {"file_size", "shannon_entropy"} & set(complexities) and channels not in (1, 3):
        raise ValueError(f"file size and entropy need images with 1 or 3 channels, got {channels}")
    if "ms_ssim" in complexities and scales_for(height, width) == 0:
        raise ValueError(
            f"images of {height}×{width} pixels are too small for MS-SSIM (11 pixels per side); "
            "leave 'ms_ssim' out of the complexities"
        )


def _validate_ends(
    ends: InformationPoints, seeds: Sequence[int], mode: str, complexities: Sequence[str]
) -> None:
    if ends.probability.shape[0] != len(seeds):
        raise ValueError(f"ends hold {ends.probability.shape[0]} images, not {len(seeds)}")
    if ends.mode != mode:
        raise ValueError(f"ends were made in {ends.mode} mode; {mode} points do not mix with them")
    if ends.seeds is not None and ends.seeds != tuple(seeds):
        raise ValueError("ends were made with other seeds, hence other random pixels")
    for name in complexities:
        refuse_members(
            getattr(ends, name)[:, [0, -1]].isnan(),
            f"ends were made without {name!r}",
            "measure it there too",
            members="images",
        )
