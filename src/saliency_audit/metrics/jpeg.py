"""JPEG stability: how little a map changes when its image is lightly compressed."""

import io
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from saliency_audit.attributions.members import refuse_endless, refuse_members
from saliency_audit.errors import is_whole, refuse_non_numbers, refuse_non_tensor

Scale = Literal["raw", "unit_norm", "signed_sum"]

_MODES = {1: "L", 3: "RGB"}
_SUBSAMPLING = "4:2:0"


def jpeg_copy(images: Tensor, quality: int = 75) -> Tensor:
    """Images after one JPEG compression in memory, with chroma subsampling 4:2:0.

    Pixels are first rounded to the nearest of the 256 levels k/255. The study's "retention factor
    of 75%" is read as the JPEG quality on the scale of the Independent JPEG Group; the study does
    not state the chroma subsampling.

    Args:
        images: `(N, 1 or 3, H, W)` in [0, 1].
        quality: 1 (worst) to 95.

    Returns:
        The decoded images, of the same shape, type and device, in [0, 1].

    Raises:
        ValueError: another shape, integers, values outside [0, 1] or NaN, another quality.

    Source: IDGI study §4.5.2.
    """
    refuse_non_tensor("images", images)
    if images.ndim != 4 or images.shape[1] not in _MODES:
        raise ValueError(
            f"images must have shape (N, 1, H, W) or (N, 3, H, W), got {tuple(images.shape)}"
        )
    if not images.is_floating_point():
        raise ValueError(f"images must be floats in [0, 1], got {images.dtype}; divide by 255")
    refuse_members(
        ~((images >= 0) & (images <= 1)),
        "images must lie in [0, 1] without NaN",
        "divide 8-bit pixels by 255",
        members="images",
    )
    if not is_whole(quality) or not 1 <= quality <= 95:
        raise ValueError(f"quality must be a whole number in 1..95, got {quality!r}")
    levels = (images.detach() * 255).round().to(torch.uint8).cpu().permute(0, 2, 3, 1).numpy()
    if not levels.size:
        return images.detach().clone()
    copies = np.stack([_compressed(picture, quality) for picture in levels])
    copied = torch.from_numpy(copies).permute(0, 3, 1, 2).to(images.device, images.dtype)
    return copied.contiguous() / 255


def _compressed(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """One `(H, W, C)` picture through the encoder and the decoder."""
    mode = _MODES[picture.shape[2]]
    encoded = io.BytesIO()
    pixels = np.ascontiguousarray(picture[:, :, 0] if mode == "L" else picture)
    Image.fromarray(pixels).save(encoded, "JPEG", quality=quality, subsampling=_SUBSAMPLING)
    with Image.open(encoded) as decoded:
        return np.asarray(decoded.convert(mode)).reshape(picture.shape)


def jpeg_stability(maps: Tensor, maps_of_copy: Tensor, scale: Scale = "raw") -> Tensor:
    """−ln of the mean squared difference between the maps of an image and of its JPEG copy.

    Higher is more stable. The two maps of an image must explain the same class. The logarithm is
    natural; the study says only "negative log". It prints one number per method and does not say
    whether the mean over images was taken before or after the logarithm. Here every image has its
    own value.

    With `scale="raw"`, as in the study, the value has no bounds and favours methods with small
    maps: multiplying the maps by s adds −2 ln s. With `scale="unit_norm"` each map is first divided
    by its own Euclidean norm, which makes the value independent of the size of the maps. For maps
    of D values it is at least ln D − ln 4 (opposite maps) and about ln D − ln 2 for unrelated ones,
    so compare only maps of the same size. With `scale="signed_sum"`, as in the study's released
    code, each map is divided by its own sum, so that a map in which signs cancel becomes huge.

    +inf for equal maps. NaN where a map cannot be scaled: with `scale="unit_norm"` if it is zero
    everywhere, with `scale="signed_sum"` if its sum is zero.

    Args:
        maps: `(N, …)` attribution maps or saliency of the images.
        maps_of_copy: the same shape, for their copies by `jpeg_copy`.
        scale: see above.

    Returns:
        `(N,)` float64 on the CPU.

    Raises:
        ValueError: shapes that differ or hold no value per image, values that are not finite,
            unknown scale.

    Source: IDGI study §4.5.2, Table 5 (raw), and its released code (signed_sum); unit_norm is ours.
    """
    for name, given in (("maps", maps), ("maps_of_copy", maps_of_copy)):
        refuse_non_numbers(name, given)
    if maps.shape != maps_of_copy.shape or maps.ndim < 2 or 0 in maps.shape[1:]:
        raise ValueError(
            "maps and maps_of_copy must have the same shape (N, …), got "
            f"{tuple(maps.shape)} and {tuple(maps_of_copy.shape)}"
        )
    refuse_endless(maps, "maps")
    refuse_endless(maps_of_copy, "maps_of_copy")
    if scale not in _SCALED:
        known = ", ".join(repr(name) for name in _SCALED)
        raise ValueError(f"scale must be one of {known}, got {scale!r}")
    scaled = _SCALED[scale]
    first, second = (
        scaled(values.detach().cpu().double().flatten(1)) for values in (maps, maps_of_copy)
    )
    return -(first - second).square().mean(dim=1).log()


def uncancelled(maps: Tensor) -> Tensor:
    """Share of a map's credits that is left when those of opposite sign cancel: |Σ| / Σ|·|.

    1 for a map of one sign, near 0 where its sum says little about its size. NaN for a map of
    zeros.

    Args:
        maps: `(N, …)` attribution maps.

    Returns:
        `(N,)` float64 on the CPU, 0 to 1.

    Raises:
        ValueError: no value per image, values that are not finite.
    """
    refuse_non_numbers("maps", maps)
    if maps.ndim < 2 or 0 in maps.shape[1:]:
        raise ValueError(f"maps must have shape (N, …), got {tuple(maps.shape)}")
    refuse_endless(maps, "maps")
    flat = _largest_is_one(maps.detach().cpu().double().flatten(1))
    return flat.sum(dim=1).abs() / flat.abs().sum(dim=1)


def _largest_is_one(maps: Tensor) -> Tensor:
    """Rows `(N, D)` divided by their largest magnitude, so that squares and sums do not underflow.

    NaN where a row is zero.
    """
    return maps / maps.abs().amax(dim=1, keepdim=True)


def _unit_norm(maps: Tensor) -> Tensor:
    scaled = _largest_is_one(maps)
    return scaled / scaled.norm(dim=1, keepdim=True)


def _unit_sum(maps: Tensor) -> Tensor:
    scaled = _largest_is_one(maps)
    total = scaled.sum(dim=1, keepdim=True)
    return scaled / total.where(total != 0, torch.nan)


def _as_it_is(maps: Tensor) -> Tensor:
    return maps


_SCALED: Mapping[Scale, Callable[[Tensor], Tensor]] = {
    "raw": _as_it_is,
    "unit_norm": _unit_norm,
    "signed_sum": _unit_sum,
}
