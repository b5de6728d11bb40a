"""How the picture of a file becomes a square, and where its pixels come from."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from saliency_audit.datasets.decoding import opened, upright_size


@dataclass(frozen=True)
class CentreCrop:
    """How a picture becomes a square: it is scaled, and its middle is kept.

    Attributes:
        size: width and height of the scaled picture.
        left: first column that is kept.
        top: first row that is kept.
        side: pixels per side that are kept.
    """

    size: tuple[int, int]
    left: int
    top: int
    side: int

    def centres(self, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Where the centres of the kept pixels lie in the picture of that width and height.

        Returns:
            Columns and rows, `(side,)` float64 each.
        """
        places = torch.arange(self.side, dtype=torch.float64) + 0.5
        columns = (self.left + places) * (size[0] / self.size[0])
        return columns, (self.top + places) * (size[1] / self.size[1])


def centre_crop(size: tuple[int, int], side: int) -> CentreCrop:
    """The shorter side scaled to side·256/224, then a crop of the middle.

    Args:
        size: width and height of the picture.
        side: pixels per side of the square.
    """
    scale = round(side * 256 / 224) / min(size)
    width, height = (round(length * scale) for length in size)
    return CentreCrop((width, height), (width - side) // 2, (height - side) // 2, side)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of the picture that `read_picture` scales, from the file's head.

    Raises:
        UnreadablePictureError: the file is damaged or no picture.
    """
    with opened(path) as picture:
        return upright_size(picture)
