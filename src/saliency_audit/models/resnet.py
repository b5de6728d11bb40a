"""ResNet-18 for small pictures, with a chosen width and dropout."""

import torch
from torch import Tensor, nn


class ResNet18(nn.Module):
    """ResNet-18 whose first convolution has `filters` maps, doubled from each stage to the next.

    For pictures of 28 to 64 pixels: the first convolution is 3×3 and keeps the size, and no pooling
    follows it. Dropout comes before the linear layer. The MeGe/ReCo paper states its rate and the
    filters for every image set (Appendix E), but neither its position nor the first layers.

    Args:
        classes: number of classes.
        channels: of the pictures.
        filters: maps of the first convolution.
        dropout: share of the features that is dropped in training.

    Source: He et al. 2016; MeGe/ReCo paper, Appendix E.
    """

    def __init__(
        self, classes: int, channels: int = 3, filters: int = 64, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, filters, 3, padding=1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(),
        )
        widths = [filters * 2**depth for depth in range(4)]
        self.layers = nn.Sequential(
            *(
                nn.Sequential(_block(before, width, stride), _block(width, width, 1))
                for before, width, stride in zip(
                    [filters, *widths], widths, (1, 2, 2, 2), strict=False
                )
            )
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)` of images `(N, channels, H, W)`, centred and scaled."""
        features: Tensor = self.layers(self.stem(images))
        return self.head(self.dropout(torch.mean(features, dim=(2, 3))))


def _block(before: int, width: int, stride: int) -> nn.Module:
    """Two convolutions and a shortcut, which is a 1×1 convolution where sizes differ."""
    from torchvision.models.resnet import BasicBlock  # slow to import

    shortcut = None
    if stride != 1 or before != width:
        shortcut = nn.Sequential(
            nn.Conv2d(before, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
        )
    return BasicBlock(before, width, stride, shortcut)
