"""Wrappers of classifiers: input normalisation inside, and fewer classes."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Normalized(nn.Module):
    """`model((x − mean) / std)` for x in [0, 1]: baselines and blurs then live in pixel space."""

    mean: Tensor
    std: Tensor

    def __init__(self, model: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", torch.tensor(mean).reshape(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)` of images `(N, C, H, W)` in [0, 1]."""
        return self.model((images - self.mean) / self.std)


class Restricted(nn.Module):
    """A classifier that chooses among some of its classes, renumbered in the order given."""

    classes: Tensor

    def __init__(self, model: nn.Module, classes: Sequence[int]) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("classes", torch.tensor(classes))

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, len(classes))` of images `(N, C, H, W)`."""
        return self.model(images).index_select(1, self.classes)
