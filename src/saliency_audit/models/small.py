"""Small networks that train in seconds, for the embedded profile."""

from collections import OrderedDict

import torch
from torch import Tensor, nn


class DigitsCNN(nn.Module):
    """Two 3×3 convolutions and a linear layer for 8×8 grey digits; about 12,000 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.head = nn.Linear(32 * 4 * 4, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, 10)` of images `(N, 1, 8, 8)` in [0, 1]."""
        return self.head(self.features(images).flatten(1))


class ShapesCNN(nn.Module):
    """Four convolutions for 64×64 colour shapes; about 62,000 parameters.

    `features.conv4` is the last convolution: 64 maps of 8×8. The linear `head` gets the maximum of
    each map over all positions. Unlike the mean, the maximum does not dilute small objects, and the
    network learns in fewer epochs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(3, 16, 5, stride=2, padding=2),
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(2),
                conv2=nn.Conv2d(16, 32, 3, padding=1),
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(2),
                conv3=nn.Conv2d(32, 64, 3, padding=1),
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(64, 64, 3, padding=1),
                relu4=nn.ReLU(),
            )
        )
        self.pool = nn.MaxPool2d(8)
        self.head = nn.Linear(64, 8)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, 8)` of images `(N, 3, 64, 64)`, centred and scaled."""
        return self.head(self.pool(self.features(images)).flatten(1))


class NormedShapesCNN(nn.Module):
    """`ShapesCNN` with batch normalisation after each convolution, for pictures of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(3, 16, 5, stride=2, padding=2, bias=False),
                norm1=nn.BatchNorm2d(16),
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(2),
                conv2=nn.Conv2d(16, 32, 3, padding=1, bias=False),
                norm2=nn.BatchNorm2d(32),
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(2),
                conv3=nn.Conv2d(32, 64, 3, padding=1, bias=False),
                norm3=nn.BatchNorm2d(64),
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(64, 64, 3, padding=1, bias=False),
                norm4=nn.BatchNorm2d(64),
                relu4=nn.ReLU(),
            )
        )
        self.pool = nn.AdaptiveMaxPool2d(1)
        self.head = nn.Linear(64, 8)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, 8)` of images `(N, 3, H, W)`, centred and scaled."""
        return self.head(self.pool(self.features(images)).flatten(1))


class MnistCNN(nn.Module):
    """Two 5×5 convolutions without padding and one linear layer, for 28×28 grey digits.

    32 and 64 filters, each followed by a maximum over 2×2 pixels and a ReLU, then 1024 inputs to 10
    classes; about 62,000 parameters.

    Source: GGIG paper, §5.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(1, 32, 5),
                pool1=nn.MaxPool2d(2),
                relu1=nn.ReLU(),
                conv2=nn.Conv2d(32, 64, 5),
                pool2=nn.MaxPool2d(2),
                relu2=nn.ReLU(),
            )
        )
        self.head = nn.Linear(1024, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, 10)` of images `(N, 1, 28, 28)`."""
        return self.head(self.features(images).flatten(1))


class FacesCNN(nn.Module):
    """Three convolutions for faces of any size, real or manipulated; about 4,100 parameters.

    `features.conv3` is the last convolution: 16 maps at an eighth of the resolution. The first
    convolution sees every pixel, since what betrays a manipulation is fine.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(3, 8, 5, stride=2, padding=2),
                norm1=nn.BatchNorm2d(8),
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(2),
                conv2=nn.Conv2d(8, 16, 3, padding=1),
                norm2=nn.BatchNorm2d(16),
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(2),
                conv3=nn.Conv2d(16, 16, 3, padding=1),
                norm3=nn.BatchNorm2d(16),
                relu3=nn.ReLU(),
            )
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(16, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, 2)` of faces `(N, 3, H, W)`, centred."""
        return self.head(self.pool(self.features(images)).flatten(1))


class Branches(nn.Module):
    """3×3 convolutions side by side, whose cells are 1, 2 and 3 pixels apart; outputs are joined.

    Source: the modules of MesoInception4, Afchar et al. 2018, without their 1×1 convolutions.
    """

    DILATIONS = (1, 2, 3)

    def __init__(self, inputs: int, outputs: int) -> None:
        """Args: channels of the input, and of the output of each branch."""
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, padding=apart, dilation=apart) for apart in self.DILATIONS
        )

    def forward(self, images: Tensor) -> Tensor:
        """`(N, inputs, H, W)` -> `(N, 3 · outputs, H, W)`."""
        return torch.cat([branch(images) for branch in self.branches], dim=1)


class BranchedFacesCNN(nn.Module):
    """Two layers of `Branches` and a convolution for faces of any size; about 5,000 parameters.

    Another design than `FacesCNN`, for comparisons of detectors: full resolution in the first
    layer, and neighbourhoods of three sizes in each. `features.conv3` is the last convolution: 16
    maps at a quarter of the resolution.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                branches1=Branches(3, 4),
                norm1=nn.BatchNorm2d(12),
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(2),
                branches2=Branches(12, 6),
                norm2=nn.BatchNorm2d(18),
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(2),
                conv3=nn.Conv2d(18, 16, 3, padding=1),
                norm3=nn.BatchNorm2d(16),
                relu3=nn.ReLU(),
            )
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(16, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, 2)` of faces `(N, 3, H, W)`, centred."""
        return self.head(self.pool(self.features(images)).flatten(1))


class SeparableFacesCNN(nn.Module):
    """Separable convolutions for faces of any size; about 2,300 parameters.

    A third design: each filter sees one channel, and pixels are mixed over channels alone, as in
    MobileNet and Xception. `features.mix4` is the last convolution: 24 maps at a quarter of the
    resolution.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv1=nn.Conv2d(3, 12, 3, padding=1), norm1=nn.BatchNorm2d(12), relu1=nn.ReLU()
        )
        for number, (inputs, outputs) in enumerate(((12, 16), (16, 24), (24, 24)), start=2):
            layers |= {
                f"space{number}": nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs),
                f"mix{number}": nn.Conv2d(inputs, outputs, 1),
                f"norm{number}": nn.BatchNorm2d(outputs),
                f"relu{number}": nn.ReLU(),
                f"pool{number}": nn.MaxPool2d(2),
            }
        self.features = nn.Sequential(layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(24, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, 2)` of faces `(N, 3, H, W)`, centred."""
        return self.head(self.pool(self.features(images)).flatten(1))
