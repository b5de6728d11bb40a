"""Coloured shapes on textured backgrounds with exact object masks, drawn on request.

The class of a picture is the shape of its one object. Colour, size, position and rotation of the
object and the texture of the background are drawn independently of the class. Only the object's
outline determines the class, and its mask is the ground truth for localisation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saliency_audit.datasets.images import Images

SIDE = 64
SEED = 0
# The test set is pictures 0 … TEST_COUNT−1; training pictures are numbered from there on.
TEST_COUNT = 1000
# More pictures for tests that need many, from a number that no training set reaches.
MORE = range(100_000, 120_000)
# Radius of the circle around the object, in pixels.
RADIUS = (11.0, 22.0)
# Cells per side of the random grids whose sum, smoothly upsampled, is the background.
_GRIDS = (4, 8, 16, 32)

Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]


def _pointed(corners: int, inner: float) -> Callable[[Floats, Floats], Mask]:
    """A star with its points at radius 1 and its notches at radius `inner`."""
    half = np.pi / corners
    notch = inner * np.cos(half), inner * np.sin(half)

    def inside(u: Floats, v: Floats) -> Mask:
        # Rotated and mirrored into the half sector next to a point, where one edge is left.
        angle = np.abs((np.arctan2(v, u) + half) % (2 * half) - half)
        radius = np.hypot(u, v)
        x, y = radius * np.cos(angle), radius * np.sin(angle)
        return notch[1] * (1 - x) >= (1 - notch[0]) * y

    return inside


def _regular(corners: int) -> Callable[[Floats, Floats], Mask]:
    """A regular polygon: a star whose notches lie on the straight edges."""
    return _pointed(corners, np.cos(np.pi / corners))


# The object in its own coordinates: in the unit circle, centred, not rotated.
OUTLINES: dict[str, Callable[[Floats, Floats], Mask]] = {
    "disc": lambda u, v: u**2 + v**2 <= 1,
    "ring": lambda u, v: np.abs(np.hypot(u, v) - 0.775) <= 0.225,
    "crescent": lambda u, v: (u**2 + v**2 <= 1) & ((u - 0.5) ** 2 + v**2 >= 0.8**2),
    "triangle": _regular(3),
    "square": _regular(4),
    "star": _pointed(5, 0.42),
    "cross": lambda u, v: (
        (np.minimum(np.abs(u), np.abs(v)) <= 0.26) & (np.maximum(np.abs(u), np.abs(v)) <= 0.96)
    ),
    "bar": lambda u, v: (np.abs(u) <= 0.96) & (np.abs(v) <= 0.26),
}
CLASSES = tuple(OUTLINES)


@dataclass(frozen=True)
class Shapes:
    """Generated pictures.

    Attributes:
        images: `(N, 3, 64, 64)` float32 in [0, 1], in steps of 1/255 like any picture.
        masks: `(N, 64, 64)` bool, true on exactly the pixels whose centre lies in the object.
        labels: `(N,)` int64, positions in `CLASSES`.
    """

    images: Tensor
    masks: Tensor
    labels: Tensor


def draw_shapes(indices: Sequence[int], seed: int = SEED) -> Shapes:
    """Draw the pictures with these numbers; each depends only on the seed and its number.

    The shape is the number modulo 8, so that every range is balanced. The object has a saturated
    colour; the background is a nearly grey random texture, a sum of smoothly upsampled random
    grids. Noise of ±0.05 is added to both. The border never cuts an object.

    Args:
        indices: picture numbers ≥ 0.
        seed: of the whole set.

    Raises:
        ValueError: a negative number.
    """
    numbers = np.asarray(indices, dtype=np.int64)
    if (numbers < 0).any():
        raise ValueError(f"picture numbers must not be negative, got {numbers.min()}")
    generators = [np.random.default_rng([seed, int(number)]) for number in numbers]
    # Each picture draws from its own generator, always in this order.
    objects = np.array([generator.random(8) for generator in generators]).reshape(-1, 8)
    grids = [
        np.array([g.random((3, cells, cells), dtype=np.float32) for g in generators]).reshape(
            -1, 3, cells, cells
        )
        for cells in _GRIDS
    ]
    noise = np.array([g.random((3, SIDE, SIDE), dtype=np.float32) for g in generators])
    labels = numbers % len(CLASSES)
    masks = _masks(objects[:, :4], labels)
    colours = _colours(*objects[:, 4:7].T)
    pictures = np.where(
        masks[:, None], colours[:, :, None, None], _background(objects[:, 7], grids)
    )
    pictures = pictures + 0.1 * (noise.reshape(pictures.shape) - 0.5)
    levels = (pictures.clip(0, 1) * 255).round().astype(np.uint8)
    return Shapes(
        torch.from_numpy(levels).float() / 255, torch.from_numpy(masks), torch.from_numpy(labels)
    )


def _masks(draws: NDArray[np.float64], labels: NDArray[np.int64]) -> Mask:
    """`(N, 64, 64)` from four draws in [0, 1) per picture: radius, centre (x, y), rotation."""
    low, high = RADIUS
    radius = low + (high - low) * draws[:, 0]
    centre = radius[:, None] + (SIDE - 2 * radius[:, None]) * draws[:, 1:3]
    angle = 2 * np.pi * draws[:, 3]
    pixel = np.arange(SIDE) + 0.5
    x = (pixel[None, None, :] - centre[:, 0, None, None]) / radius[:, None, None]
    y = (pixel[None, :, None] - centre[:, 1, None, None]) / radius[:, None, None]
    cosine, sine = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    u, v = cosine * x + sine * y, cosine * y - sine * x
    masks = np.zeros((len(labels), SIDE, SIDE), dtype=np.bool_)
    for label, outline in enumerate(OUTLINES.values()):
        chosen = labels == label
        masks[chosen] = outline(u[chosen], v[chosen])
    return masks


def _colours(
    hue: NDArray[np.float64], saturation: NDArray[np.float64], value: NDArray[np.float64]
) -> Floats:
    """Saturated RGB colours `(N, 3)`; saturation and value are draws in [0, 1)."""
    saturation, value = 0.7 + 0.3 * saturation, 0.7 + 0.3 * value
    distance = np.abs((6 * hue[:, None] - np.array([0, 2, 4]) + 3) % 6 - 3)
    pure = (2 - distance).clip(0, 1)
    return (value[:, None] * (1 - saturation[:, None] * (1 - pure))).astype(np.float32)


def _background(brightness: NDArray[np.float64], grids: list[Floats]) -> Floats:
    """Textures `(N, 3, 64, 64)`: nearly grey, since the grids of the channels are mixed."""
    texture = np.zeros((len(brightness), 3, SIDE, SIDE), dtype=np.float32)
    for grid in grids:
        grey = grid.mean(axis=1, keepdims=True) * np.float32(np.sqrt(3))
        enlarge = _enlarge(grid.shape[-1])
        texture += enlarge @ (0.8 * grey + 0.2 * grid) @ enlarge.T
    texture -= texture.mean(axis=(1, 2, 3), keepdims=True)
    level = (0.25 + 0.5 * brightness).astype(np.float32)
    return level[:, None, None, None] + 0.22 * texture


def _enlarge(cells: int) -> Floats:
    """Linear interpolation from `cells` grid points to 64 pixels as a matrix `(64, cells)`."""
    position = np.linspace(0, cells - 1, SIDE)[:, None]
    return (1 - np.abs(position - np.arange(cells))).clip(0).astype(np.float32)


def shapes_training_set(count: int, seed: int = SEED) -> tuple[Tensor, Tensor]:
    """Images `(count, 3, 64, 64)` in [0, 1] and labels `(count,)`, disjoint from the test set.

    Raises:
        ValueError: a count below 1, or one that reaches the pictures `MORE`.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    if count > MORE.start - TEST_COUNT:
        raise ValueError(f"count must be at most {MORE.start - TEST_COUNT}, got {count}")
    parts = [
        draw_shapes(range(start, min(start + 256, TEST_COUNT + count)), seed)
        for start in range(TEST_COUNT, TEST_COUNT + count, 256)
    ]
    return torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts])


def open_shapes(name: str = "shapes", numbers: Sequence[int] = range(TEST_COUNT)) -> Images:
    """Pictures by their numbers; regions are the object masks.

    Args:
        name: of the set.
        numbers: of the pictures; those of the test set hold 125 of each of the 8 shapes.
    """
    return Images(
        name=name,
        names=tuple(f"{CLASSES[i % len(CLASSES)]}-{i}" for i in numbers),
        labels=tuple(i % len(CLASSES) for i in numbers),
        read=lambda index: draw_shapes([numbers[index]]).images[0],
        region=lambda index: draw_shapes([numbers[index]]).masks[0],
    )
