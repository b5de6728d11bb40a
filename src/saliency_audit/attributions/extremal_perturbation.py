"""Extremal Perturbation: the mask of a given area under which the class score is highest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from saliency_audit.attributions.arguments import Method
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import differentiable_scores
from saliency_audit.attributions.gaussian import GaussianBlur
from saliency_audit.attributions.mask_search import (
    descend,
    drawn,
    mask_by_mask,
    validate_perturbation,
)
from saliency_audit.attributions.relevance.background import preserved
from saliency_audit.attributions.scores import validate_output
from saliency_audit.attributions.seeding import image_generator
from saliency_audit.attributions.smooth_maximum import SmoothMasks
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import is_finite, refuse_numbers


@dataclass(frozen=True)
class ExtremalPerturbation(Method):
    """argmax_m f_c(m ⊗ x) − λ ‖sort(m) − r_a‖², summed over the areas a, by gradient descent.

    r_a is 0 for the share 1 − a of the smallest values and 1 for the others, and the norm is a mean
    over pixels, with λ = `weight` · `growth`^t at step t. m is a `SmoothMasks` of lattice points
    `step` pixels apart under a kernel of width `sigma`. SGD starts at 1 with `learning_rate` and
    `momentum`, which also dampens the gradient; parameters are clipped to [0, 1] after each step.
    With `flip` the perturbed picture is mirrored at every other step, the first included.

    m ⊗ x is the image under a Gaussian blur of width `blur` · (1 − m) at each pixel, read linearly
    between `levels` widths ("native"), or the image where m is 1 and a background of DRE's §4.1
    where it is 0, drawn anew at every step for all areas of an image from its `seed` ("shared").

    Of values that tie, as all do at first, rounding decides which count as higher, and the search
    enlarges such differences. An image can therefore get another mask in another batch or on
    another machine, in double precision too, as in TorchRay; with `batch_size=1` its mask does not
    depend on the other images.

    Values lie in [0, number of areas], before a last Gaussian blur of width `smooth` times the
    shorter side; a pixel with a high value is kept by most masks. Each area costs `iterations`
    passes forward and backward.

    Where paper and code differ, or are silent:

    - Defaults are those of the authors' TorchRay except for `iterations`, for which the DRE paper
      has 300 (TorchRay: 800). λ then ends at 2.9 times its first value, not at 16 times.
    - TorchRay's `max_iter` counts one pass more than its map has steps.
    - Its benchmark sums `areas=(0.025, 0.05, 0.1, 0.2)` with `smooth=0.09`.
    - f_c is the logit there, which has no softmax; the paper writes of the response of a channel.
    - Beyond its border a blurred picture is continued by `border`. TorchRay has zeros, in pixels
      from which the mean colour has been subtracted; hence a middle grey.
    - λ‖·‖² counts the margin of the mask beyond the picture too, as in TorchRay.

    Source: Fong et al. 2019, Eq. 3 to 6; facebookresearch/TorchRay at 6a198ee,
    torchray/attribution/extremal_perturbation.py.
    """

    areas: tuple[float, ...] = (0.1,)
    iterations: int = 300
    step: int = 7
    sigma: float = 21.0
    weight: float = 300.0
    growth: float = 1.0035
    learning_rate: float = 0.01
    momentum: float = 0.9
    flip: bool = True
    smooth: float = 0.0
    perturbation: str = "native"
    blur: float = 20.0
    levels: int = 8
    border: float = 0.5
    seed: int = 0
    output: str = "logit"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_numbers(
            self,
            whole=("iterations", "step", "levels"),
            positive=("sigma", "growth", "learning_rate", "blur"),
            not_negative=("weight", "momentum", "smooth"),
        )
        validate_perturbation(self.perturbation)
        validate_output(self.output)
        if isinstance(self.areas, list):
            object.__setattr__(self, "areas", tuple(self.areas))
        areas = self.areas
        if not isinstance(areas, tuple) or not areas or not all(map(_is_share, areas)):
            raise ValueError(f"areas must be numbers in (0, 1), such as (0.1, 0.2), got {areas!r}")
        if self.momentum >= 1 or self.levels < 2:
            raise ValueError(
                f"momentum must be below 1 and levels at least 2, got {self.momentum!r} and "
                f"{self.levels!r}"
            )
        if not is_finite(self.border):
            raise ValueError(f"border must be a finite number, got {self.border!r}")

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, 1, H, W)`: one value per location.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size.
        """
        with self.asked(model, inputs, targets) as call:
            height, width = call.inputs.shape[2:]
            masks = SmoothMasks(height, width, self.step, self.sigma, call.inputs)

            def search(images: Tensor, classes: Tensor, size: int) -> Tensor:
                parts = [self.areas[i : i + size] for i in range(0, len(self.areas), size)]
                found = [self._masks(call.model, images, classes, part, masks) for part in parts]
                return torch.cat(found, dim=1).sum(dim=1, keepdim=True)

            maps = mask_by_mask(search, call, self.batch_size, len(self.areas))
        if self.smooth and len(maps):
            width_of_blur = np.array([self.smooth * min(height, width)])
            maps = GaussianBlur(maps, width_of_blur, 1.0).images()[:, 0]
        return maps

    def _masks(
        self,
        model: nn.Module,
        images: Tensor,
        classes: Tensor,
        areas: tuple[float, ...],
        masks: SmoothMasks,
    ) -> Tensor:
        """The mask of each image and area: `(B, A, H, W)`."""
        count, each = len(images), len(areas)
        repeated = classes.repeat_interleave(each)
        perturbation = self._perturbation(images, each)

        def losses(step: int) -> Callable[[Tensor], Tensor]:
            perturb = perturbation()
            flipped = self.flip and step % 2 == 0
            weight = self.weight * self.growth**step

            def loss(points: Tensor) -> Tensor:
                extended = masks.extended(points)
                pictures = perturb(masks.cropped(extended))
                pictures = pictures.flip(3) if flipped else pictures
                scores = differentiable_scores(model, pictures, repeated, self.output)
                excess = area_loss(extended.unflatten(0, (count, each)), areas)
                return weight * excess.flatten() - scores

            return loss

        found = descend(
            model,
            images.new_ones(count * each, 1, *masks.lattice),
            losses,
            partial(
                torch.optim.SGD,
                lr=self.learning_rate,
                momentum=self.momentum,
                dampening=self.momentum,
            ),
            self.iterations,
            (0.0, 1.0),
        )
        return masks.cropped(masks.extended(found)).reshape(count, each, *images.shape[2:])

    def _perturbation(self, images: Tensor, each: int) -> Callable[[], Callable[[Tensor], Tensor]]:
        """What gives, once for each step, the way from masks `(B·A, 1, H, W)` to pictures."""
        if self.perturbation == "native":
            sigmas = np.linspace(self.blur, 0, self.levels)
            blurs = GaussianBlur(images - self.border, sigmas, 1.0).images() + self.border
            return lambda: partial(blurred_by, blurs)
        generators = [image_generator(image, self.seed) for image in images]
        repeated = images.repeat_interleave(each, dim=0)

        def perturbation() -> Callable[[Tensor], Tensor]:
            background = drawn(images, generators).repeat_interleave(each, dim=0)
            return lambda masks: preserved(repeated, masks, background)

        return perturbation


def area_loss(masks: Tensor, areas: Sequence[float]) -> Tensor:
    """Mean squared distance of a mask's values from 0 and 1, the nearest such mask of an area.

    The share `area` of the highest values counts from 1, the others from 0; of equal values later
    ones count as higher.

    Args:
        masks: `(B, A, H, W)`.
        areas: A numbers in (0, 1).

    Returns:
        `(B, A)`, differentiable.

    Source: Fong et al. 2019, Eq. 5, divided by the number of pixels as in TorchRay.
    """
    values = masks.flatten(2)
    found = values.detach()
    nearest = torch.stack([_highest(found[:, i], area) for i, area in enumerate(areas)], dim=1)
    return (values - nearest.to(values)).square().mean(dim=2)


def _highest(values: Tensor, area: float) -> Tensor:
    """Which of values `(B, P)` are among the share of the highest, as a sort would order them."""
    size = values.shape[1]
    others = min(int(size * (1 - area)), size - 1)
    least = values.kthvalue(others + 1, dim=1, keepdim=True).values
    above, equal = values > least, values == least
    wanted = size - others - above.sum(dim=1, keepdim=True)
    from_the_end = equal.flip(1).cumsum(dim=1).flip(1)
    return above | (equal & (from_the_end <= wanted))


def blurred_by(blurs: Tensor, masks: Tensor) -> Tensor:
    """Pictures blurred from pixel to pixel as a mask says: `(B·A, C, H, W)`, differentiable.

    Args:
        blurs: `(B, L, C, H, W)`, from the most blurred picture to the sharp one.
        masks: `(B·A, 1, H, W)` in [0, 1], A of them for each picture; 1 is sharp. Between two
            levels pictures are mixed linearly.
    """
    count, levels, *shape = blurs.shape
    places = masks.reshape(count, -1, 1, *masks.shape[2:]) * (levels - 1)
    lower = places.detach().floor().clamp(max=levels - 2)
    index = lower.long().expand(-1, -1, *shape)
    sharper = blurs.gather(1, index + 1)
    blurred = blurs.gather(1, index)
    return torch.lerp(blurred, sharper, (places - lower).expand_as(blurred)).flatten(0, 1)


def _is_share(value: object) -> bool:
    return is_finite(value) and 0 < value < 1
