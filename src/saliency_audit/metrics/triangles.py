"""Linear interpolation inside triangles whose corners are pixels, in exact integer geometry."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def fill_triangles(
    picture: NDArray[np.uint8], hidden: NDArray[np.bool_], points: Integers, triangles: Integers
) -> None:
    """Interpolate the hidden pixels inside the triangles linearly between the corners, in place.

    Works row by row on all triangles at once. Which pixels a row of a triangle covers is computed
    in integers, edges included, so that no pixel falls between two triangles. Values are rounded to
    the nearest byte, halves to even.

    Args:
        picture: `(H, W, C)` bytes; changed where hidden.
        hidden: `(H, W)`.
        points: `(P, 2)` row and column of the pixels that are corners; none of them hidden.
        triangles: `(K, 3)` indices into `points`, in either orientation.
    """
    rows, columns = points[triangles].transpose(2, 1, 0)
    doubled = _side(rows[0], columns[0], rows[1], columns[1], rows[2], columns[2])
    # A triangle of doubled area 1 contains no pixel but its corners.
    large = np.abs(doubled) > 1
    flipped = doubled[large] < 0
    corners = triangles[large]
    corners[flipped] = corners[flipped][:, ::-1]
    rows, columns = points[corners].transpose(2, 1, 0)
    doubled = np.abs(doubled[large])

    triangle, row = _ranges(rows.min(axis=0), rows.max(axis=0))
    first = np.full(len(row), -1)
    last = np.full(len(row), picture.shape[1])
    for start, end in ((0, 1), (1, 2), (2, 0)):
        down = (rows[end] - rows[start])[triangle]
        across = (columns[end] - columns[start])[triangle]
        edge = columns[start][triangle]
        # Exact floor and ceiling of where the edge crosses the row; horizontal edges bound no
        # column.
        run = (row - rows[start][triangle]) * across
        slope = np.where(down == 0, 1, down)
        first = np.where(down > 0, np.maximum(first, edge - (-run // slope)), first)
        last = np.where(down < 0, np.minimum(last, edge + run // slope), last)
    segment, column = _ranges(first, last)
    triangle, row = triangle[segment], row[segment]

    unknown = hidden[row, column]
    triangle, row, column = triangle[unknown], row[unknown], column[unknown]
    total = np.zeros((len(row), picture.shape[2]))
    for start, end, opposite in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        weight = _side(
            rows[start][triangle],
            columns[start][triangle],
            rows[end][triangle],
            columns[end][triangle],
            row,
            column,
        )
        corner = points[corners[triangle, opposite]]
        total += weight[:, None] * picture[corner[:, 0], corner[:, 1]].astype(np.float64)
    picture[row, column] = np.round(total / doubled[triangle][:, None]).astype(np.uint8)


def _side(
    row_a: Integers, column_a: Integers, row_b: Integers, column_b: Integers,
    row: Integers, column: Integers,
) -> Integers:  # fmt: skip
    """Doubled signed area of the triangle a, b, point."""
    return (row_b - row_a) * (column - column_a) - (row - row_a) * (column_b - column_a)


def _ranges(first: Integers, last: Integers) -> tuple[Integers, Integers]:
    """All integers in the ranges first…last, each with the number of its range."""
    lengths = np.maximum(last - first + 1, 0)
    owner = np.repeat(np.arange(len(first)), lengths)
    before = np.cumsum(lengths) - lengths
    return owner, np.arange(len(owner)) - before[owner] + first[owner]
