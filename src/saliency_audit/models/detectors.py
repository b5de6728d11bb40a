"""Detectors of manipulated faces beside MesoNet's: known architectures with one output.

Each takes faces `(N, 3, H, W)` in [0, 1] of any size from 64 × 64 and returns the logit of "real",
class 1, `(N, 1)`. None comes with weights; the training loop takes the output as two classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from saliency_audit.models.normalized import IMAGENET_MEAN, IMAGENET_STD, Normalized

# InceptionV3 cannot shrink smaller pictures as often as it wants to.
LEAST_INCEPTION = 96


@dataclass(frozen=True)
class Detector:
    """An architecture.

    Attributes:
        title: as in the XMGD paper.
        build: makes it, untrained, with one output and pixels standardised.
    """

    title: str
    build: Callable[[], nn.Module]


def _standardised(build: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: Normalized(build(), IMAGENET_MEAN, IMAGENET_STD)


def _resnet() -> nn.Module:
    from torchvision.models import resnet18  # slow to import

    network: nn.Module = resnet18(weights=None, num_classes=1)
    return network


def _xception() -> nn.Module:
    import timm  # only these networks need it

    network: nn.Module = timm.create_model("legacy_xception", pretrained=False, num_classes=1)
    return network


def _inception() -> nn.Module:
    """InceptionV3, the paper's reference; smaller pictures are enlarged to 96 × 96."""
    from torchvision.models import inception_v3

    network = inception_v3(weights=None, num_classes=1, aux_logits=False, init_weights=False)
    return nn.Sequential(AtLeast(LEAST_INCEPTION), network)


def _mobilenet() -> nn.Module:
    """MobileNet as first published, with ReLU; timm's later default is ReLU6.

    Guided backpropagation is defined for the former only.
    """
    import timm

    network: nn.Module = timm.create_model(
        "mobilenetv1_100",
        pretrained=False,
        num_classes=1,
        act_layer=nn.ReLU,
    )
    return network


def _squeezenet() -> nn.Module:
    """SqueezeNet 1.1 without the ReLU behind its last convolution: a logit can be negative."""
    from torchvision.models import squeezenet1_1

    network: nn.Module = squeezenet1_1(weights=None, num_classes=1)
    network.classifier = nn.Sequential(
        nn.Dropout(0.5), nn.Conv2d(512, 1, 1), nn.AdaptiveAvgPool2d(1)
    )
    return network


class AtLeast(nn.Module):
    """Enlarges pictures with a smaller side, bilinearly, to a square of this side."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side
        self.enlarge = nn.Upsample((side, side), mode="bilinear", align_corners=False)

    def forward(self, images: Tensor) -> Tensor:
        """`(N, C, H, W)` -> the same, or `(N, C, side, side)`."""
        if min(images.shape[2:]) >= self.side:
            return images
        enlarged: Tensor = self.enlarge(images)
        return enlarged


DETECTORS: Mapping[str, Detector] = {
    "resnet": Detector("ResNet", _standardised(_resnet)),
    "xception": Detector("Xception", _standardised(_xception)),
    "inception": Detector("Inception", _standardised(_inception)),
    "mobilenet": Detector("MobileNet", _standardised(_mobilenet)),
    "squeezenet": Detector("SqueezeNet", _standardised(_squeezenet)),
}
