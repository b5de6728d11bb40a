"""Stand-ins for manipulated faces: five families that leave behind what face generators do.

FaceForensics++ is given out on request only. These functions imitate the traces of its five
generators in any picture of a face, inside an ellipse around it. They are no deepfakes: nobody's
face becomes another's, and a detector that finds them need not find what they stand for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.errors import refuse_non_tensor

# Pixels per side below which an ellipse shows no face.
SMALLEST = 16


@dataclass(frozen=True)
class FacePlace:
    """Where faces are in the pictures of a set: an ellipse, in shares of the picture's side.

    Attributes:
        x: centre, from the left.
        y: centre, from the top.
        across: half of its width.
        down: half of its height.
    """

    x: float = 0.5
    y: float = 0.5
    across: float = 0.27
    down: float = 0.35


class Forged(NamedTuple):
    """Manipulated pictures `(N, 3, H, W)` in [0, 1], in steps of 1/255 as in any file, and where
    more than half of a pixel is new: `(N, H, W)` bool."""

    pictures: Tensor
    masks: Tensor


Family = Callable[[Tensor, torch.Generator, FacePlace], Forged]


def standin_swap(
    pictures: Tensor, generator: torch.Generator, place: FacePlace = FacePlace()
) -> Forged:
    """Stands in for Deepfakes: a face that was moved, scaled and tinted, with a blended border.

    The face comes from the same picture, so that only blending betrays it.

    Args:
        pictures: `(N, 3, H, W)` in [0, 1].
        generator: draws what differs between pictures.
        place: where the faces are.

    Raises:
        ValueError: malformed pictures.

    Source: self-blended images, Shiohara and Yamasaki 2022.
    """
    draws = _draws(pictures, generator, 10)
    scale, shift = 1 + 0.06 * draws[:, 0], 0.02 * draws[:, 1:3]
    grid = _pixels(pictures)
    centre = grid.new_tensor([place.x, place.y])
    moved = (grid - centre - shift[:, None, None]) / scale[:, None, None, None] + centre
    tint = 1 + 0.05 * draws[:, 3:6]
    face = _sampled(pictures, moved) * tint[:, :, None, None]
    return _blended(pictures, face, _opacity(pictures, draws[:, 6:], place, 0.04))


def standin_warp(
    pictures: Tensor, generator: torch.Generator, place: FacePlace = FacePlace()
) -> Forged:
    """Stands in for Face2Face: another expression, by moving mouth and brows of the same face.

    Arguments and errors as for `standin_swap`.

    Source: the kind of manipulation is Face2Face's (Thies et al. 2016), the warp is ours.
    """
    draws = _draws(pictures, generator, 10)
    grid = _pixels(pictures)
    # The whole face is rendered anew, half a pixel away; moved are its mouth and both brows.
    moved = (grid + 0.5 / max(pictures.shape[2:])).expand(len(pictures), -1, -1, -1)
    for number, (right, down) in enumerate(((0.0, 0.5), (-0.4, -0.3), (0.4, -0.3))):
        at = grid.new_tensor([place.x + right * place.across, place.y + down * place.down])
        near = (-(grid - at).square().sum(dim=3, keepdim=True) / 0.3 / place.across**2).exp()
        shift = 0.2 * place.across * _not_small(draws[:, 2 * number : 2 * number + 2])
        moved = moved - near * shift[:, None, None]
    face = _sampled(pictures, moved)
    return _blended(pictures, face, _opacity(pictures, draws[:, 6:], place, 0.1))


def standin_smooth(
    pictures: Tensor, generator: torch.Generator, place: FacePlace = FacePlace()
) -> Forged:
    """Stands in for FaceShifter and swaps of low resolution: a face with little texture.

    The face is reduced to a third to a fifth of its size and enlarged again. Arguments and errors
    as for `standin_swap`.

    Source: the trace is described by Li and Lyu 2019 (resolution of swapped faces).
    """
    draws = _draws(pictures, generator, 5)
    size = pictures.shape[2:]
    faces = []
    for picture, drawn in zip(pictures, draws[:, 0].tolist(), strict=True):
        small = [max(2, round(side / (4 + drawn))) for side in size]
        reduced = F.interpolate(picture[None], small, mode="area")
        faces.append(F.interpolate(reduced, size, mode="bilinear", align_corners=False))
    smooth = torch.cat(faces) if faces else pictures
    return _blended(pictures, smooth, _opacity(pictures, draws[:, 1:], place, 0.1))


def standin_colour(
    pictures: Tensor, generator: torch.Generator, place: FacePlace = FacePlace()
) -> Forged:
    """Stands in for FaceSwap: a face of another brightness and tint, with a narrow border.

    Arguments and errors as for `standin_swap`.

    Source: the trace is described for FaceSwap by Rössler et al. 2019.
    """
    draws = _draws(pictures, generator, 7)
    face = pictures * (1 + 0.15 * _not_small(draws[:, :3]))[:, :, None, None]
    return _blended(pictures, face, _opacity(pictures, draws[:, 3:], place, 0.03))


def standin_resampled(
    pictures: Tensor, generator: torch.Generator, place: FacePlace = FacePlace()
) -> Forged:
    """Stands in for NeuralTextures: the pattern that enlarging layers leave in a rendered face.

    The face is halved and doubled again, and every second row and column is a little brighter, as
    with transposed convolutions. Arguments and errors as for `standin_swap`.

    Source: the trace is described by Odena et al. 2016 (checkerboard artefacts).
    """
    draws = _draws(pictures, generator, 5)
    height, width = pictures.shape[2:]
    halved = F.interpolate(pictures, (height // 2, width // 2), mode="area")
    face = F.interpolate(halved, (height, width), mode="bilinear", align_corners=False)
    rows, columns = (torch.arange(side, device=pictures.device) % 2 for side in (height, width))
    board = (rows[:, None] + columns[None]).to(pictures) - 1
    strength = 0.03 + 0.01 * draws[:, 0, None, None, None]
    return _blended(pictures, face + strength * board, _opacity(pictures, draws[:, 1:], place, 0.1))


FAMILIES: dict[str, Family] = {
    "swap": standin_swap,
    "warp": standin_warp,
    "smooth": standin_smooth,
    "colour": standin_colour,
    "resampled": standin_resampled,
}

# The family that imitates each generator of FaceForensics++.
IMITATIONS: dict[str, str] = {
    "deepfakes": "swap",
    "face2face": "warp",
    "faceshifter": "smooth",
    "faceswap": "colour",
    "neuraltextures": "resampled",
}


def _draws(pictures: Tensor, generator: torch.Generator, count: int) -> Tensor:
    """`(N, count)` numbers in [−1, 1)."""
    refuse_non_tensor("pictures", pictures)
    if pictures.ndim != 4 or pictures.shape[1] != 3 or min(pictures.shape[2:]) < SMALLEST:
        raise ValueError(
            f"pictures must be (N, 3, H, W) of at least {SMALLEST} pixels per side, got "
            f"{tuple(pictures.shape)}"
        )
    if not pictures.is_floating_point() or not ((pictures >= 0) & (pictures <= 1)).all():
        raise ValueError("pictures must be floating-point numbers in [0, 1]; divide bytes by 255")
    drawn = torch.rand(len(pictures), count, generator=generator, dtype=torch.float64)
    return (2 * drawn - 1).to(pictures)


def _not_small(draws: Tensor) -> Tensor:
    """Numbers in [−1, 1) moved to between ½ and 1 in size, so that every picture is changed."""
    return torch.where(draws < 0, draws - 1, draws + 1) / 2


def _pixels(pictures: Tensor) -> Tensor:
    """The pixels' centres in shares of width and height: `(1, H, W, 2)`, x before y."""
    rows, columns = (
        (torch.arange(side, device=pictures.device, dtype=pictures.dtype) + 0.5) / side
        for side in pictures.shape[2:]
    )
    down, right = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([right, down], dim=2)[None]


def _sampled(pictures: Tensor, places: Tensor) -> Tensor:
    """Pictures at other places `(N, H, W, 2)`, between the pixels linearly."""
    return F.grid_sample(pictures, 2 * places - 1, padding_mode="reflection", align_corners=False)


def _opacity(pictures: Tensor, draws: Tensor, place: FacePlace, border: float) -> Tensor:
    """How much of a pixel is new: 1 in an ellipse, 0 outside, between them over a border.

    Args:
        pictures: `(N, 3, H, W)`.
        draws: `(N, 4)`, which move and scale the ellipse a little.
        place: of the face.
        border: its width, as a share of the picture's.
    """
    shift, scale = 0.02 * draws[:, :2], 1 + 0.08 * draws[:, 2:]
    centre = draws.new_tensor([place.x, place.y]) + shift
    axes = draws.new_tensor([place.across, place.down]) * scale
    apart = (_pixels(pictures) - centre[:, None, None]) / axes[:, None, None]
    inside = (1 - apart.square().sum(dim=3).sqrt()) * axes[:, :1, None]
    return (inside / border).clamp(0, 1)[:, None]


def _blended(pictures: Tensor, face: Tensor, opacity: Tensor) -> Forged:
    mixed = pictures + opacity * (face - pictures)
    return Forged((mixed.clamp(0, 1) * 255).round() / 255, opacity[:, 0] > 0.5)
