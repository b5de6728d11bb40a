"""Controls: maps that do not depend on the model. Any useful method must do better."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from saliency_audit.attributions.arguments import Method
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.scores import validate_inputs
from saliency_audit.attributions.seeding import image_generator
from saliency_audit.attributions.targets import Targets, class_indices
from saliency_audit.errors import refuse_unknown

DISTRIBUTIONS = {"uniform": torch.rand, "normal": torch.randn}


@dataclass(frozen=True)
class Edge(Method):
    """Magnitude of the image's own Sobel gradient: what an edge detector would call salient.

    In [0, 1] for images in [0, 1], zero where a channel is constant: √((h² + v²)/2) of the
    horizontal and vertical Sobel responses, scaled as in scikit-image and mirrored at the border.
    Each channel has its own edges; with `gray`, those of the mean over the channels are divided
    equally among them, so that the sum over channels gives them back. The model is not used.

    Source: the GGIG paper's "Edge Detector", which it does not define; its code takes one mixed
    derivative of a blurred image. The usual gradient magnitude is used here instead.
    """

    gray: bool = False

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, C, H, W)`, on the device and in the type of the inputs.

        Raises:
            ValueError: malformed inputs or targets.
        """
        from skimage.filters import sobel

        validate_inputs(inputs, check_range=self.check_range)
        if targets is not None:
            class_indices(targets, inputs)
        images = inputs.detach().cpu().double()
        if self.gray:
            images = images.mean(dim=1, keepdim=True)
        edges = np.empty(images.shape)
        for image, channel in np.ndindex(*images.shape[:2]):
            edges[image, channel] = sobel(images[image, channel].numpy())
        maps = torch.from_numpy(edges).to(inputs.detach())
        return (maps / inputs.shape[1]).expand_as(inputs).clone() if self.gray else maps


@dataclass(frozen=True)
class RandomMap(Method):
    """Independent noise for every value: uniform in [0, 1) or standard normal.

    The map of an image depends only on the image and `seed` (`image_generator`), not on batch,
    order or device. The model is not used: to compare the random maps of two models, give each its
    own seed, or they agree perfectly.

    Source: the control called "Random" in the MeGe/ReCo and GGIG papers.
    """

    distribution: str = "uniform"
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_unknown("distribution", self.distribution, DISTRIBUTIONS)

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, C, H, W)`, on the device and in the type of the inputs.

        Raises:
            ValueError: malformed inputs or targets.
        """
        validate_inputs(inputs, check_range=self.check_range)
        if targets is not None:
            class_indices(targets, inputs)
        draw = DISTRIBUTIONS[self.distribution]
        maps = torch.empty_like(inputs, requires_grad=False)
        for index, image in enumerate(inputs):
            maps[index] = draw(
                image.shape, generator=image_generator(image, self.seed), dtype=torch.float32
            )
        return maps
