"""Area and total variation of masks in closed form."""

import pytest
import torch

from saliency_audit.metrics import map_area, total_variation

BOARD = (torch.arange(6)[:, None] + torch.arange(8)).remainder(2).float()[None]


def test_area_is_the_mean():
    assert map_area(BOARD).tolist() == [0.5]
    masks = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(map_area(masks), masks.double().mean(dim=(1, 2)))


def test_variation_of_a_constant_a_board_and_an_edge():
    edge = torch.zeros(1, 6, 8)
    edge[:, :, 4:] = 1
    found = total_variation(torch.cat([torch.full((1, 6, 8), 0.3), BOARD, edge]))
    # 6 of the 5·8 + 6·7 pairs of neighbours differ at the edge.
    torch.testing.assert_close(found, torch.tensor([0.0, 1.0, 6 / 82], dtype=torch.float64))


@pytest.mark.parametrize("function", [map_area, total_variation])
@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (torch.rand(2, 1, 4, 4), "shape"),
        (torch.ones(1, 4, 4, dtype=torch.int64), "floats"),
        (torch.rand(1, 4, 4) + 1, r"\[0, 1\]"),
        (torch.full((1, 4, 4), float("nan")), r"\[0, 1\]"),
        ([[[0.5]]], "tensor"),
    ],
)
def test_what_is_no_mask_is_refused(function, masks, message):
    with pytest.raises(ValueError, match=message):
        function(masks)


def test_a_single_pixel_has_no_neighbours():
    with pytest.raises(ValueError, match="single pixel"):
        total_variation(torch.ones(1, 1, 1))
