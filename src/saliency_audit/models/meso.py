"""MesoNet's two detectors of manipulated faces, each with one output: the logit of "real"."""

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn

# Keras' default, with which the published weights were trained; torch's is 1e-5.
EPS = 1e-3
SLOPE = 0.1


class Inception(nn.Module):
    """Four branches side by side, with dilations 1, 2 and 3; a rectifier follows each convolution.

    Source: Afchar et al. 2018, Figure 5, in the variant of the published code.
    """

    def __init__(self, channels: int, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        one, *dilated = widths
        self.b1 = nn.Conv2d(channels, one, 1)
        self.rectify1 = nn.ReLU()
        for number, width in enumerate(dilated, start=2):
            reach = number - 1
            self.add_module(f"b{number}_reduce", nn.Conv2d(channels, width, 1))
            self.add_module(f"rectify{number}_reduce", nn.ReLU())
            wide = nn.Conv2d(width, width, 3, padding=reach, dilation=reach)
            self.add_module(f"b{number}", wide)
            self.add_module(f"rectify{number}", nn.ReLU())

    def forward(self, maps: Tensor) -> Tensor:
        """`(N, channels, H, W)` -> `(N, sum of widths, H, W)`."""
        found = [self.rectify1(self.b1(maps))]
        for name in ("2", "3", "4"):
            reduced = self._rectified(f"{name}_reduce", maps)
            found.append(self._rectified(name, reduced))
        return torch.cat(found, dim=1)

    def _rectified(self, name: str, maps: Tensor) -> Tensor:
        rectify, convolve = (self.get_submodule(f"{kind}{name}") for kind in ("rectify", "b"))
        found: Tensor = rectify(convolve(maps))
        return found


def meso4() -> nn.Sequential:
    """Meso4, untrained: faces `(N, 3, 256, 256)` in [0, 1] -> logit of "real" `(N, 1)`.

    Source: Afchar et al. 2018, Figure 4.
    """
    first = (
        ("conv1", nn.Conv2d(3, 8, 3, padding=1)),
        ("rectify1", nn.ReLU()),
        ("bn1", nn.BatchNorm2d(8, eps=EPS)),
        ("pool1", nn.MaxPool2d(2)),
        ("conv2", nn.Conv2d(8, 8, 5, padding=2)),
        ("rectify2", nn.ReLU()),
        ("bn2", nn.BatchNorm2d(8, eps=EPS)),
        ("pool2", nn.MaxPool2d(2)),
    )
    return _with_the_end(first, 8)


def meso_inception4() -> nn.Sequential:
    """MesoInception4, untrained; as `meso4`."""
    first = (
        ("inc1", Inception(3, (1, 4, 4, 2))),
        ("bn1", nn.BatchNorm2d(11, eps=EPS)),
        ("pool1", nn.MaxPool2d(2)),
        ("inc2", Inception(11, (2, 4, 4, 2))),
        ("bn2", nn.BatchNorm2d(12, eps=EPS)),
        ("pool2", nn.MaxPool2d(2)),
    )
    return _with_the_end(first, 12)


def _with_the_end(first: tuple[tuple[str, nn.Module], ...], channels: int) -> nn.Sequential:
    """The stages that both have, and the dense layers on 16 maps of 8 × 8."""
    end: Mapping[str, nn.Module] = {
        "conv3": nn.Conv2d(channels, 16, 5, padding=2),
        "rectify3": nn.ReLU(),
        "bn3": nn.BatchNorm2d(16, eps=EPS),
        "pool3": nn.MaxPool2d(2),
        "conv4": nn.Conv2d(16, 16, 5, padding=2),
        "rectify4": nn.ReLU(),
        "bn4": nn.BatchNorm2d(16, eps=EPS),
        "pool4": nn.MaxPool2d(4),
        "flatten": nn.Flatten(),
        "dropout1": nn.Dropout(0.5),
        "fc1": nn.Linear(1024, 16),
        "leak": nn.LeakyReLU(SLOPE),
        "dropout2": nn.Dropout(0.5),
        "fc2": nn.Linear(16, 1),
    }
    return nn.Sequential(OrderedDict([*first, *end.items()]))
