"""What stands in for the pixels that a mask removes: the blurred picture, or noise on a colour."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saliency_audit.errors import refuse_numbers

# Taps of the blur on either side, in standard deviations.
REACH = 3


@dataclass(frozen=True)
class Background:
    """Random backgrounds; each picture gets one of two kinds with probability ½.

    Sizes of colours and noise, on which the text is silent, are those of the released code, halved:
    they are given there for pixels in [−1, 1].

    Attributes:
        blur: σ of the Gaussian blur in pixels; the text's "variance of 10" is √10, the released
            code has 11.
        colour: largest distance of the random colour's channels from mid-grey.
        noise: σ of the noise added to the colour.

    Source: DRE paper, §4.1.
    """

    blur: float = 10**0.5
    colour: float = 0.165
    noise: float = 0.055

    def __post_init__(self) -> None:
        refuse_numbers(self, not_negative=("blur", "colour", "noise"))

    def draw(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """A background of each picture: `(N, C, H, W)` in [0, 1].

        Args:
            images: `(N, C, H, W)` in [0, 1].
            generator: of the CPU; equal states give equal backgrounds on every device.
        """
        count, channels = images.shape[:2]
        single = torch.float32  # whatever torch's default type: equal states give equal draws
        blurs = torch.rand(count, generator=generator, dtype=single) < 0.5
        colours = torch.rand(count, channels, 1, 1, generator=generator, dtype=single)
        colours = 0.5 + self.colour * (2 * colours - 1)
        noise = torch.randn(images.shape, generator=generator, dtype=single)
        found = (colours + self.noise * noise).clamp(0, 1).to(images)
        chosen = blurs.to(images.device)
        if chosen.any():  # a blur costs more than a pass through a small network
            found[chosen] = gaussian_blurred(images[chosen], self.blur)
        return found


def gaussian_blurred(images: Tensor, sigma: float) -> Tensor:
    """The pictures under a Gaussian blur, mirrored at the border: `(N, C, H, W)`.

    Args:
        images: `(N, C, H, W)`.
        sigma: in pixels; 0 for none. The kernel reaches three σ, at most to the mirrored border.
    """
    from torchvision.transforms.functional import gaussian_blur  # slow to import

    taps = min(round(REACH * sigma), min(images.shape[2:]) - 1)
    if taps < 1:
        return images
    return gaussian_blur(images, [2 * taps + 1, 2 * taps + 1], [sigma, sigma])


def preserved(images: Tensor, mask: Tensor, background: Tensor) -> Tensor:
    """ψ(I, M): the picture where the mask is 1, the background where it is 0.

    Args:
        images: `(N, C, H, W)`.
        mask: `(N, 1, H, W)` in [0, 1].
        background: `(N, C, H, W)`.

    Source: DRE paper, Eq. 1.
    """
    return torch.lerp(background, images, mask.expand_as(images))
