"""Top pixels: the largest values by a loop, pieces by a flood fill, shares by counting."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from saliency_audit.metrics import connected_components, share_within, top_pixels


def maps(seed, levels=None):
    values = torch.rand(3, 9, 7, generator=torch.Generator().manual_seed(seed))
    return (values * levels).floor() if levels else values


def picture(*lines):
    return torch.tensor([[character == "#" for character in line] for line in lines])


@given(st.integers(0, 10_000), st.sampled_from([None, 3]), st.floats(0.01, 1.0))
def test_top_pixels_are_the_largest_the_first_of_equal_ones(seed, levels, share):
    values = maps(seed, levels)
    count = max(1, math.floor(share * 63 + 0.5))
    for saliency, marked in zip(values, top_pixels(values, share), strict=True):
        ranked = sorted(range(63), key=lambda i: (-saliency.flatten()[i].item(), i))
        assert sorted(ranked[:count]) == marked.flatten().nonzero().flatten().tolist()


def test_the_number_of_pixels_is_the_share_rounded_and_at_least_one():
    values = torch.rand(1, 10, 10, generator=torch.Generator().manual_seed(0))
    for share, count in ((0.05, 5), (0.054, 5), (0.055, 6), (0.001, 1), (1.0, 100)):
        assert int(top_pixels(values, share).sum()) == count


def test_a_map_that_is_the_same_everywhere_has_no_top():
    values = maps(1)
    values[1] = 0.5
    marked = top_pixels(values, 0.1)
    assert marked.sum(dim=(1, 2)).tolist() == [6, 0, 6]
    assert share_within(marked, marked).isnan().tolist() == [False, True, False]
    assert connected_components(marked).isnan().tolist() == [False, True, False]


def test_every_image_alone_gives_the_same():
    values = maps(2, levels=4)
    together = top_pixels(values, 0.2)
    for index in range(3):
        assert torch.equal(top_pixels(values[index : index + 1], 0.2)[0], together[index])
    assert top_pixels(values[:0], 0.2).shape == (0, 9, 7)


def test_share_within_counts_the_marked_pixels_inside():
    pixels = torch.stack(
        [picture("##..", "##.."), picture("#...", "...."), picture("....", "....")]
    )
    region = picture(".##.", ".##.").expand(3, 2, 4)
    found = share_within(pixels, region)
    assert found.dtype == torch.float64
    assert found[:2].tolist() == [0.5, 0.0]
    assert found[2].isnan()


def pieces(marked):
    """Number of pieces of `(H, W)`, each filled from one of its pixels."""
    left = {tuple(place) for place in marked.nonzero().tolist()}
    count = 0
    while left:
        count += 1
        edge = [left.pop()]
        while edge:
            row, column = edge.pop()
            near = {(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            edge += near
    return count


@given(st.integers(0, 10_000), st.floats(0.05, 0.9))
def test_connected_components_are_those_of_a_flood_fill(seed, share):
    marked = top_pixels(maps(seed), share)
    assert connected_components(marked).tolist() == [pieces(each) for each in marked]


def test_pixels_that_touch_at_a_corner_are_one_piece():
    known = torch.stack([picture("#..", ".#.", "..#"), picture("#.#", "...", "#.#")])
    assert connected_components(known).tolist() == [1, 4]


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_shares_outside_of_0_to_1_are_refused(share):
    with pytest.raises(ValueError, match="share must lie in"):
        top_pixels(maps(0), share)


@pytest.mark.parametrize(
    ("saliency", "message"),
    [
        (torch.rand(2, 3, 4, 4), "reduce attribution maps"),
        (torch.rand(2, 0, 4), "must have shape"),
        (torch.full((1, 4, 4), torch.nan), "NaN or infinite values"),
    ],
)
def test_bad_maps_are_refused(saliency, message):
    with pytest.raises(ValueError, match=message):
        top_pixels(saliency, 0.1)


def test_bad_marks_are_refused():
    marked = top_pixels(maps(0), 0.1)
    with pytest.raises(ValueError, match="regions must be bool"):
        share_within(marked, marked.float())
    with pytest.raises(ValueError, match="pixels must be bool"):
        share_within(marked[0], marked)
    with pytest.raises(ValueError, match="must have the same shape"):
        share_within(marked, marked[:1])
    with pytest.raises(ValueError, match="pixels must be bool"):
        connected_components(marked.long())
