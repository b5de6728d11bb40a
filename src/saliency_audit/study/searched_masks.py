"""Methods that search a mask, asked so that the map of an image follows from that image alone."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from saliency_audit.attributions import create

# The side of the pictures that the papers' widths are made for.
SIDE = 224
# Whole numbers are at least 1; with a jitter of 1 no picture would be shifted.
LEAST = {"jitter": 2}


@dataclass(frozen=True)
class SearchedMask:
    """A method of the registry, image by image, with widths that suit the size of the pictures.

    Each of many steps enlarges the rounding of those before, and how sums are rounded depends on
    the images that share a batch. So images are searched one at a time: a map depends neither on
    the other images nor on their order, and with the same libraries on the same machine it is
    equal to the bit, in either precision.

    What is left is other arithmetic: of another processor, library or number of threads. With other
    instructions and with another thread, the maps of the network for shapes agreed to single
    precision if searched in double; in single precision some changed by up to 0.006. `xpert` is the
    least sure of the three: its values all tie at first, and rounding decides which count as
    higher. In double precision too its maps changed with the batch, by up to 0.1.

    Attributes:
        name: of a method with one mask per image and the setting `batch_size`.
        settings: its settings, without widths.
        widths: settings in pixels, as they are for pictures of 224 × 224; see `scaled_widths`.
        double: whether the search runs in double precision, on a copy of the model.
    """

    name: str
    settings: Mapping[str, Any]
    widths: Mapping[str, float]
    double: bool

    def __call__(self, model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
        """Maps `(N, 1, H, W)` of images `(N, C, H, W)` for targets `(N,)`."""
        widths = scaled_widths(self.widths, min(inputs.shape[2:]))
        explain = create(self.name, **self.settings, **widths, batch_size=1)
        if not self.double:
            return explain(model, inputs, targets)
        maps = explain(deepcopy(model).double(), inputs.double(), targets)
        return maps.to(inputs.dtype)


def scaled_widths(widths: Mapping[str, float], side: int) -> dict[str, float]:
    """Widths for pictures of 224 × 224 pixels, in proportion to another side.

    Args:
        widths: in pixels. Whole numbers are rounded, and are at least 1 or what `LEAST` says.
        side: the shorter one, in pixels.
    """
    scaled = {name: width * side / SIDE for name, width in widths.items()}
    return {
        name: max(LEAST.get(name, 1), round(value)) if isinstance(widths[name], int) else value
        for name, value in scaled.items()
    }
