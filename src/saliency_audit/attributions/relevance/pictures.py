"""Training pictures and their classes, whatever they come from."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.scores import validate_inputs


class Pictures:
    """Pictures and classes by number.

    Items are read when they are asked for, so that a folder need not fit into memory.
    """

    def __init__(self, model: nn.Module, images: Any, targets: Tensor | None) -> None:
        weights = next(model.parameters(), torch.zeros(()))
        self._images, self._targets, self.device = images, targets, weights.device
        wanted = (len(images),)
        if targets is not None and (targets.shape != wanted or targets.dtype != torch.int64):
            raise ValueError(f"targets must be ({len(images)},) int64, got {tuple(targets.shape)}")

    def at(self, numbers: Sequence[int]) -> Tensor:
        """Pictures `(B, C, H, W)` on the model's device."""
        if isinstance(self._images, Tensor):
            found = self._images[list(numbers)]
        else:
            items = [self._images[number] for number in numbers]
            parts = [item[0] if isinstance(item, tuple | list) else item for item in items]
            if len({tuple(part.shape) for part in parts}) > 1:
                raise ValueError("pictures must have one size; resize and crop them to it")
            found = torch.stack(parts)
        found = found.to(self.device)
        validate_inputs(found)
        return found

    def classes(self, numbers: Sequence[int], answers: Tensor) -> Tensor:
        """Classes to explain `(B,)`: the given ones, else those that the model predicts."""
        if self._targets is None:
            return answers.argmax(dim=1)
        chosen = self._targets[list(numbers)].to(answers.device)
        if int(chosen.min()) < 0 or int(chosen.max()) >= answers.shape[1]:
            raise ValueError(f"targets must be classes of the model, 0..{answers.shape[1] - 1}")
        return chosen
