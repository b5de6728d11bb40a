"""μF: does the relevance of a set of pixels predict the effect of hiding them?"""

from collections.abc import Iterator

import torch
from torch import Tensor

from saliency_audit.attributions.arguments import Asked, asked
from saliency_audit.attributions.baselines import Baselines, baselines_for
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, score
from saliency_audit.attributions.precision import in_double
from saliency_audit.attributions.rounding import is_constant
from saliency_audit.attributions.scores import validate_saliency
from saliency_audit.attributions.seeding import image_generator
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import is_finite, is_whole, refuse_non_numbers, shown

REDUCE = (
    "reduce attribution maps over their channels (attributions.saliency) and stack the maps of "
    "several methods: torch.stack(maps)"
)


def mu_fidelity(
    model: Model,
    images: Tensor,
    saliency: Tensor,
    targets: Targets = None,
    *,
    share: float = 0.15,
    subsets: int = 200,
    baseline: Baselines = 0.0,
    output: str = "logit",
    seed: int = 0,
    batch_size: int | str = "auto",
    check_range: bool = True,
) -> Tensor:
    """Correlation over random sets S of pixels of Σ_S φ with f_c(x) − f_c(x without S), per image.

    Every set has exactly share · H · W pixels (rounded), drawn without repetition; all channels of
    a pixel are set to `baseline` together. The correlation is Pearson's, as in the paper's source.
    The sets of an image depend only on the image and `seed`, so that all methods and models are
    measured on the same sets.

    xplique's MuFidelity hides each of 9 × 9 cells with probability .2, so that its sets vary in
    size; all images of a batch share them. It correlates ranks (Spearman; in its first version
    values), and counts 0 where the correlation is undefined.

    Args:
        model: maps `(N, C, H, W)` to logits; used in evaluation mode.
        images: `(N, C, H, W)` in [0, 1], unless `check_range` is off.
        saliency: `(N, H, W)`, signed or not; a larger value should mean a larger drop. Or several
            maps of every image, `(M, N, H, W)`, which share the model's evaluations. Attribution
            maps `(N, C, H, W)` must be reduced over their channels first.
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        share: |S| / (H · W), in (0, 1).
        subsets: number of sets; not stated in the paper, 200 in its authors' library.
        baseline: value of hidden pixels, in any form that `baselines_for` takes.
        output: the score, see `class_scores`.
        seed: of the sets.
        batch_size: pictures per forward pass; "auto" takes a size that suits the device.
        check_range: whether images outside [0, 1] are refused; without, any finite numbers are
            taken as they are.

    Returns:
        `(N,)`, or `(M, N)`, float64 in [−1, 1]; higher is better. NaN where the score or the sums
        do not vary (a constant map or a constant model): undefined, not 0.

    Raises:
        ValueError: shapes that do not match, or are ambiguous because M = N = C, NaN or infinite
            saliency, a share that is not a number or hides no pixel or all, subsets that are not an
            integer ≥ 3, malformed images, targets or model output.

    Source: MeGe/ReCo paper, Eq. 8 and §4.3; Bhatt et al. 2020.
    """
    with asked(
        model, images, targets, check_range=check_range, batch_size=batch_size, name="images"
    ) as call:
        return _fidelity(call, saliency, share, subsets, baseline, output, seed, batch_size)


def _fidelity(
    call: Asked,
    saliency: Tensor,
    share: float,
    subsets: int,
    baseline: Baselines,
    output: str,
    seed: int,
    batch_size: int | str,
) -> Tensor:
    images = call.inputs
    count, _, height, width = images.shape
    _validate_shape(images, saliency)
    several = saliency.ndim == 4
    maps = (
        [
            validate_saliency(images, part, f"maps of method {method}")
            for method, part in enumerate(saliency)
        ]
        if several
        else [validate_saliency(images, saliency)]
    )
    if not is_finite(share):
        raise ValueError(f"share must be a number between 0 and 1, got {share!r}")
    pixels = round(share * height * width)
    if not 0 < pixels < height * width:
        raise ValueError(
            f"a share of {share} of {height}×{width} pixels is {pixels} pixels; it must leave some "
            "to hide and some to show"
        )
    if not is_whole(subsets) or subsets < 3:
        raise ValueError(
            f"a correlation needs a whole number of at least 3 subsets, got {subsets!r}"
        )

    if not is_whole(seed):
        raise ValueError(f"seed must be a whole number, got {shown(seed)}")
    hiding = baselines_for(images, baseline)

    def run(size: int) -> Tensor:
        found = torch.empty(len(maps), count, dtype=torch.float64)
        for index, image in enumerate(images):
            hidden = pixel_subsets(image, subsets, pixels, seed)
            scores = torch.cat(
                [
                    score(call.model, part, call.targets[index].expand(len(part)), output)
                    for part in _without(image, hidden, hiding[index], size)
                ]
            )
            # f(x) is the same in every drop and does not affect the correlation.
            drops, members = -scores.cpu().double(), in_double(hidden).T
            for values, part in zip(found, maps, strict=True):
                sums = in_double(part[index]).flatten() @ members
                values[index] = pearson(sums.cpu(), drops)
        return found

    found = halving_on_oom(run, batch_size, images, gradients=False)
    for values, part in zip(found, maps, strict=True):
        values.masked_fill_(is_constant(part).cpu(), torch.nan)
    return found if several else found[0]


def _validate_shape(images: Tensor, saliency: Tensor) -> None:
    """Refuse saliency that is neither one map per image nor several, or that may be either."""
    refuse_non_numbers("saliency", saliency)
    count, channels, height, width = images.shape
    shape, one = tuple(saliency.shape), (count, height, width)
    if shape != one and not (len(shape) == 4 and shape[1:] == one):
        raise ValueError(
            f"saliency must have shape {one} for these images, or (M, {count}, {height}, {width}) "
            f"for M methods, got {shape}; {REDUCE}"
        )
    # M methods on as many images as there are channels cannot be told from attribution maps.
    if shape == tuple(images.shape) and count == channels > 1:
        raise ValueError(
            f"saliency {shape} may be the maps of {count} methods or attribution maps with "
            f"{channels} channels; {REDUCE}; pass {count} methods on {count} images one by one"
        )


def pixel_subsets(image: Tensor, subsets: int, pixels: int, seed: int) -> Tensor:
    """Random sets of exactly `pixels` pixels: bool `(subsets, H·W)` on the image's device.

    They depend only on the image `(C, H, W)` and the seed.
    """
    generator = image_generator(image, seed)
    noise = torch.rand(
        subsets, image.shape[1] * image.shape[2], generator=generator, dtype=torch.float32
    )
    chosen = noise.to(image.device).topk(pixels, dim=1).indices
    none = torch.zeros(noise.shape, dtype=torch.bool, device=image.device)
    return none.scatter_(1, chosen, True)


def _without(image: Tensor, hidden: Tensor, baseline: Tensor, size: int) -> Iterator[Tensor]:
    """Copies of the image with the hidden pixels at the baseline, in batches."""
    for mask in hidden.reshape(-1, 1, *image.shape[1:]).split(size):
        yield torch.where(mask, baseline, image)


def pearson(a: Tensor, b: Tensor) -> float:
    """Pearson correlation of two float64 vectors; NaN where one of them does not vary."""
    if (a == a[0]).all() or (b == b[0]).all():
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    return float((a @ b) / (torch.linalg.vector_norm(a) * torch.linalg.vector_norm(b)))
