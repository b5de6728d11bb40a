"""The mask generator: a spatial filter of the class, upsampling cells, and a head."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saliency_audit.attributions.controller import (
    RELEASED_EPS,
    DistributionController,
    standardise,
)
from saliency_audit.errors import is_finite, refuse_unknown

UPSAMPLERS = ("transposed", "shuffle")
HEADS = ("controller", "square", "sigmoid", "two_channels")
# The least channels of a cell's middle, where few-channel maps would leave next to nothing.
LEAST = 8


@dataclass(frozen=True)
class Design:
    """What a mask generator is made of; the fields are its whole configuration.

    Attributes:
        head: what turns the last maps into a mask in (0, 1). "controller" is DRE's; "sigmoid" the
            same convolution without a controller; "two_channels" |a| / (|a| + |b|) of two maps, as
            MGnet's released code has it; "square" (2 sigmoid(ηy) − 1)², a map that is not monotonic
            and stands for the paper's x² (Figure 4).
        eta: η of the controller.
        h: exponent of the controller.
        eps: added to the variance of the scores, so that a flat map ends no training.
        share: channels of a cell as a share of those of the layer it meets: the paper takes a
            quarter for ResNet50, a half for VGG19 and GoogLeNet.
        upsampler: "transposed" convolutions, as in the text, or "shuffle", a convolution and
            `nn.PixelShuffle`, as in the released code.
        confidence: added to the similarity within the gate's sigmoid; MGnet's released test has 6.
    """

    head: str = "controller"
    eta: float = 1.5
    h: float = 2.5
    eps: float = RELEASED_EPS
    share: float = 0.5
    upsampler: str = "transposed"
    confidence: float = 0.0

    def __post_init__(self) -> None:
        refuse_unknown("head", self.head, HEADS)
        refuse_unknown("upsampler", self.upsampler, UPSAMPLERS)
        DistributionController(self.eta, self.h, self.eps)  # refuses what it cannot take
        if not is_finite(self.share) or not 0 < self.share <= 1:
            raise ValueError(f"share must lie in (0, 1], got {self.share!r}")
        if not is_finite(self.confidence):
            raise ValueError(f"confidence must be a finite number, got {self.confidence!r}")


class SpatialFilter(nn.Module):
    """Attenuates places whose features are unlike the embedding of the class.

    F̂ = F · sigmoid(Fᵀ V_t + confidence) at every place.

    Source: DRE paper, Eq. 3; start values N(0, 1/√K) of the released code.
    """

    def __init__(self, classes: int, channels: int, confidence: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, channels)
        nn.init.normal_(self.embedding.weight, std=channels**-0.5)
        self.confidence = confidence

    def similarity(self, features: Tensor, classes: Tensor) -> Tensor:
        """Fᵀ V of each place: `(N, K, h, w)` and `(N,)` -> `(N, h, w)`."""
        return torch.einsum("nkhw,nk->nhw", features, self.embedding(classes))

    def forward(self, features: Tensor, classes: Tensor) -> Tensor:
        """The attenuated maps `(N, K, h, w)`."""
        gate = torch.sigmoid(self.similarity(features, classes) + self.confidence)
        return features * gate[:, None]


class Cell(nn.Module):
    """Upsamples maps by two and joins them with those of a larger layer in a bottleneck block.

    Source: DRE paper, §3.2.2; its released code: the middle has a quarter of the channels.
    """

    def __init__(self, coarse: int, fine: int, channels: int, upsampler: str) -> None:
        super().__init__()
        if upsampler == "transposed":
            up: list[nn.Module] = [
                nn.ConvTranspose2d(coarse, channels, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            ]
        else:
            up = [
                nn.Conv2d(coarse, 4 * channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(4 * channels),
                nn.ReLU(),
                nn.PixelShuffle(2),
            ]
        self.up = nn.Sequential(*up)
        joined, middle = channels + fine, max(LEAST, channels // 4)
        self.block = nn.Sequential(
            nn.Conv2d(joined, middle, 1, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU(),
            nn.Conv2d(middle, middle, 3, padding=1, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU(),
            nn.Conv2d(middle, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.shortcut = nn.Conv2d(joined, channels, 1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """`(N, coarse, h, w)` and `(N, fine, 2h, 2w)` -> `(N, channels, 2h, 2w)`."""
        raised = _fitted(self.up(coarse), fine)
        joined = torch.cat([raised, fine], dim=1)
        return F.relu(self.block(joined) + self.shortcut(joined))


def _fitted(raised: Tensor, fine: Tensor) -> Tensor:
    """The upsampled maps in the size of the larger layer, which differs by one where it is odd."""
    height, width = fine.shape[2:]
    below, beside = height - raised.shape[2], width - raised.shape[3]
    if below > 0 or beside > 0:
        raised = F.pad(raised, (0, max(beside, 0), 0, max(below, 0)), mode="replicate")
    return raised[:, :, :height, :width]


class MaskGenerator(nn.Module):
    """From feature maps of a classifier and a class to a mask in (0, 1).

    A spatial filter on the smallest maps, one cell for each larger layer, and a head. With the four
    layers of the papers' networks the mask has a quarter of the picture's side.

    Source: DRE paper, §3.2.2, Eq. 3, 5–7; after Dabkowski and Gal 2017.
    """

    def __init__(self, classes: int, channels: Sequence[int], design: Design) -> None:
        """`channels` are those of the layers, from the largest maps to the smallest."""
        super().__init__()
        self.design = design
        self.channels = tuple(channels)
        *fine, coarse = channels
        self.filter = SpatialFilter(classes, coarse, design.confidence)
        cells = []
        for size in reversed(fine):
            width = max(LEAST, round(design.share * size))
            cells.append(Cell(coarse, size, width, design.upsampler))
            coarse = width
        self.cells = nn.ModuleList(cells)
        if design.head == "two_channels":
            self.last = nn.Conv2d(coarse, 2, 1)
        else:
            self.last = nn.Conv2d(coarse, 1, 3, padding=1)
        self.controller = DistributionController(design.eta, design.h, design.eps)

    def scores(self, maps: Sequence[Tensor], classes: Tensor) -> Tensor:
        """X, the last maps before the head: `(N, 1, h, w)`, or two channels."""
        *fine, coarse = maps
        found = self.filter(coarse, classes)
        for cell, larger in zip(self.cells, reversed(fine), strict=True):
            found = cell(found, larger)
        return self.last(found)

    def forward(self, maps: Sequence[Tensor], classes: Tensor) -> Tensor:
        """The mask at the size of the largest maps: `(N, 1, h, w)` in [0, 1].

        Raises:
            ValueError: constant scores, which a controller cannot normalise.
        """
        return self.head(self.scores(maps, classes))

    def head(self, scores: Tensor) -> Tensor:
        """The mask of the last maps; see `Design.head`."""
        if self.design.head == "controller":
            return self.controller(scores)
        if self.design.head == "square":
            return (
                2 * torch.sigmoid(self.design.eta * standardise(scores, self.design.eps)) - 1
            ).square()
        if self.design.head == "sigmoid":
            return torch.sigmoid(scores)
        parts = scores.abs()
        return parts[:, :1] / parts.sum(dim=1, keepdim=True).clamp(
            min=torch.finfo(parts.dtype).tiny
        )


def enlarged(mask: Tensor, size: Sequence[int]) -> Tensor:
    """The mask at the size of the pictures, bilinear, corners not aligned."""
    return F.interpolate(mask, size=tuple(size), mode="bilinear", align_corners=False)
