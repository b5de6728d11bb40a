from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from saliency_audit.metrics.triangles import fill_triangles

SIDE = 12


def brute_force(picture, hidden, points, triangles):
    """Pixel by pixel, triangle by triangle, in fractions."""
    filled = picture.copy()
    covered = np.zeros(hidden.shape, dtype=bool)
    for row, column in np.argwhere(hidden):
        for corners in points[triangles]:
            (r0, c0), (r1, c1), (r2, c2) = corners.tolist()
            area = (r1 - r0) * (c2 - c0) - (r2 - r0) * (c1 - c0)
            if area == 0:
                continue
            one = Fraction((row - r0) * (c2 - c0) - (r2 - r0) * (column - c0), area)
            two = Fraction((r1 - r0) * (column - c0) - (row - r0) * (c1 - c0), area)
            weights = (1 - one - two, one, two)
            if min(weights) < 0:
                continue
            values = picture[corners[:, 0], corners[:, 1]].astype(int)
            for channel in range(picture.shape[2]):
                mean = sum(w * int(v) for w, v in zip(weights, values[:, channel], strict=True))
                filled[row, column, channel] = round(mean)
            covered[row, column] = True
            break
    return filled, covered


@given(seed=st.integers(0, 10**6), share=st.sampled_from([0.05, 0.2, 0.6, 0.9]))
def test_equals_brute_force_in_fractions(seed, share):
    generator = np.random.default_rng(seed)
    picture = generator.integers(0, 256, (SIDE, SIDE + 3, 2), dtype=np.uint8)
    known = generator.random(picture.shape[:2]) < share
    known[:: SIDE - 1, :: SIDE + 2] = True
    points = np.argwhere(known)
    triangles = Delaunay(points).simplices.astype(np.int64)
    # Either orientation must do.
    turned = generator.random(len(triangles)) < 0.5
    triangles[turned] = triangles[turned][:, ::-1]
    expected, covered = brute_force(picture, ~known, points, triangles)
    assert (covered == ~known).all()
    filled = picture.copy()
    fill_triangles(filled, ~known, points, triangles)
    np.testing.assert_array_equal(filled[known], picture[known])
    # On an edge, two triangles give the same value; a value at ½ may round to either side.
    assert (np.abs(filled.astype(int) - expected) <= 1).all()
    assert (filled != expected).mean() < 0.02


def test_only_hidden_pixels_inside_change():
    picture = np.zeros((8, 8, 1), dtype=np.uint8)
    points = np.array([[1, 1], [1, 5], [5, 1]])
    picture[tuple(points.T)] = [[0], [80], [40]]
    hidden = np.ones((8, 8), dtype=bool)
    hidden[tuple(points.T)] = False
    hidden[2, 2] = False
    fill_triangles(picture, hidden, points, np.array([[0, 1, 2]]))
    expected = np.zeros((8, 8), dtype=np.uint8)
    for row in range(1, 6):
        for column in range(1, 7 - row):
            expected[row, column] = 20 * (column - 1) + 10 * (row - 1)
    expected[2, 2] = 0
    np.testing.assert_array_equal(picture[..., 0], expected)


@pytest.mark.parametrize("triangles", [np.zeros((0, 3), dtype=np.int64), np.array([[0, 1, 2]])])
def test_nothing_to_fill(triangles):
    picture = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    points = np.array([[0, 0], [0, 1], [1, 0]])
    before = picture.copy()
    fill_triangles(picture, np.ones((4, 4), dtype=bool), points, triangles)
    np.testing.assert_array_equal(picture, before)
