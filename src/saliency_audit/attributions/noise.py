"""Noisy copies of images, of which smoothed maps are means."""

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from saliency_audit.attributions.seeding import image_generator
from saliency_audit.errors import is_finite, is_whole, refuse_unknown

NOISE_UNITS = ("range", "absolute")


def validate_noise(samples: int, noise: float, unit: str) -> None:
    """Refuse what cannot be drawn.

    Raises:
        ValueError: less than one sample, noise that is no finite number ≥ 0, or an unknown unit.
    """
    if not is_whole(samples) or samples < 1:
        raise ValueError(f"smoothing needs at least 1 sample, got {samples!r}")
    if not is_finite(noise) or noise < 0:
        raise ValueError(f"noise must be a finite number ≥ 0, got {noise!r}")
    refuse_unknown("noise_unit", unit, NOISE_UNITS)


def noisy_copies(
    inputs: Tensor, *, samples: int, noise: float, unit: str, seed: int, size: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """x + ε for `samples` draws of ε ~ N(0, σ²) per image, a batch at a time; nothing is clipped.

    Args:
        inputs: `(N, C, H, W)`, detached.
        samples: copies of each image.
        noise: σ in units of `unit`.
        unit: "absolute", or "range" for a multiple of the difference between the image's largest
            and smallest value, over all channels.
        seed: the draws of an image depend on it and the image alone (`image_generator`).
        size: copies per batch, which may span several images.

    Yields:
        The image of each copy and the copy's number 0…samples-1, both `(B,)` and in rising order,
        and the copies `(B, C, H, W)`.
    """
    sigmas = _standard_deviations(inputs, noise, unit)
    normal = standard_normal(inputs, samples, seed)
    points = len(inputs) * samples
    for first in range(0, points, size):
        last = min(first + size, points)
        point = torch.arange(first, last, device=inputs.device)
        image = point // samples
        draws = torch.stack(list(islice(normal, last - first))).to(inputs)
        yield image, point % samples, inputs[image] + sigmas[image] * draws


def _standard_deviations(inputs: Tensor, noise: float, unit: str) -> Tensor:
    """σ of each image's noise: `(N, 1, 1, 1)`."""
    if unit == "absolute":
        return inputs.new_full((len(inputs), 1, 1, 1), noise)
    dims = (1, 2, 3)
    return noise * (inputs.amax(dims, keepdim=True) - inputs.amin(dims, keepdim=True))


def standard_normal(inputs: Tensor, samples: int, seed: int) -> Iterator[Tensor]:
    """Standard normal draws `(C, H, W)` on the CPU: all of the first image, then of the next, …

    The generator is called once per draw, so the draws do not depend on the batch size.
    """
    for image in inputs:
        generator = image_generator(image, seed)
        for _ in range(samples):
            yield torch.randn(image.shape, generator=generator, dtype=torch.float32)
