"""Pictures with only some pixels revealed and the hidden ones interpolated.

Pictures are 8-bit `(H, W, C)`; masks are `(H, W)` and True where the pixel is revealed.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import binary_erosion
from scipy.spatial import Delaunay

from saliency_audit.metrics.triangles import fill_triangles

Mode = Literal["exact", "fast"]
Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# Share of the pixels that are revealed at the start.
RANDOM_FRACTION = 0.01
# The fast mode's plane: columns are sheared and compressed by about a thousandth, so that hardly
# any four pixels lie on one circle.
LEAN, PRESS = 1e-3, 1 - 0.618e-3


def random_mask(height: int, width: int, seed: int) -> Mask:
    """1 % of the pixels (rounded down), drawn without replacement, and the four corners.

    With the corners the revealed pixels span the whole picture. The mask depends only on the size
    and the seed, so that every method has the same start.

    Returns:
        `(H, W)` mask.

    Raises:
        ValueError: fewer than 2 pixels per side.
    """
    if min(height, width) < 2:
        raise ValueError(
            f"a picture of {height}×{width} pixels has nothing to interpolate between; at least "
            "2 pixels per side are needed"
        )
    mask = np.zeros((height, width), dtype=bool)
    drawn = int(mask.size * RANDOM_FRACTION)
    mask.flat[np.random.default_rng(seed).choice(mask.size, drawn, replace=False)] = True
    mask[:: height - 1, :: width - 1] = True
    return mask


def threshold_masks(
    saliency: NDArray[np.floating], start: Mask, thresholds: Sequence[float]
) -> NDArray[np.bool_]:
    """The pixels revealed at each threshold: the most salient ones and the start mask.

    A pixel counts as salient at threshold t if its saliency reaches the (1 − t) quantile (linear
    between order statistics, in float64). Ties at the quantile are all revealed; a constant map
    therefore reveals the whole picture at once.

    Args:
        saliency: `(H, W)`, any scale.
        start: `(H, W)` mask of pixels revealed from the beginning.
        thresholds: T shares in (0, 1].

    Returns:
        `(T, H, W)` masks.

    Source: Kapishnikov et al. 2019; tie rule of PAIR's implementation.
    """
    values = saliency.astype(np.float64)
    levels = np.quantile(values, 1 - np.asarray(thresholds, dtype=np.float64))
    return (values >= levels[:, None, None]) | start


def fill_hidden(picture: Picture, mask: Mask, mode: Mode = "exact") -> Picture:
    """Replace the hidden pixels by linear interpolation between the revealed ones.

    Linear within the triangles of a Delaunay triangulation of the revealed pixels, with one
    triangulation for all channels, rounded to bytes. Pixels outside the convex hull get the mean of
    their channel; with the corners revealed (`random_mask`) there are none.

    `mode="exact"` triangulates all revealed pixels, which gives PAIR's pictures bit for bit. On a
    grid four pixels often lie on one circle, and the Qhull library decides which diagonal splits
    them. `mode="fast"` uses this freedom: it triangulates in a plane sheared by a thousandth, which
    decides all such cases in the same way and avoids Qhull's costliest work (shearing does not
    change the interpolation). It also leaves out pixels whose neighbours are all revealed, since no
    hidden pixel touches their triangles. The result differs only where the triangulation is
    ambiguous, or nearly so.

    Args:
        picture: `(H, W, C)` bytes.
        mask: `(H, W)`, True where revealed; at least three pixels not on a line.
        mode: see above.

    Returns:
        `(H, W, C)` bytes; a new array.

    Source: pictures of PAIR's performance information curves.
    """
    hidden = ~mask
    filled = picture.copy()
    if not hidden.any():
        return filled
    filled[hidden] = np.round(picture.mean(axis=(0, 1)))
    if mode == "fast":
        points = np.argwhere(_touching(mask))
        rows, columns = points.T
        slanted = np.column_stack([rows, LEAN * rows + PRESS * columns])
        fill_triangles(filled, hidden, points, Delaunay(slanted).simplices.astype(np.int64))
        return filled
    interpolate = LinearNDInterpolator(np.argwhere(mask), picture[mask].astype(np.float64))
    values = interpolate(np.argwhere(hidden))
    inside = ~np.isnan(values[:, 0])
    # PAIR rounds single-precision numbers; in double precision some would round the other way.
    row, column = np.nonzero(hidden)
    rounded = np.round(values[inside].astype(np.float32)).astype(np.uint8)
    filled[row[inside], column[inside]] = rounded
    return filled


def _touching(mask: Mask) -> Mask:
    """Revealed pixels with a hidden one among their eight neighbours, and the corners."""
    touching = mask & ~binary_erosion(mask, np.ones((3, 3), dtype=bool), border_value=1)
    height, width = mask.shape
    corners = (slice(None, None, height - 1), slice(None, None, width - 1))
    touching[corners] = mask[corners]
    return touching
