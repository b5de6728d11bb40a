"""Training pictures and their classes, whatever they come from."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.scores import validate_inputs
from saliency_audit.errors import AuditError, refuse_non_tensor

# Pictures that are read twice, to see whether they are the same both times.
SAMPLED = 8


class Pictures:
    """Pictures and classes by number.

    Items are read when they are asked for, so that a folder need not fit into memory.
    """

    def __init__(self, model: nn.Module, images: Any, targets: Any) -> None:
        if not isinstance(model, nn.Module):
            raise ValueError("the model must be a torch.nn.Module: its layers feed the masks")
        if isinstance(images, str) or not hasattr(images, "__getitem__"):
            raise ValueError(
                "images must be a tensor (N, C, H, W) or a data set such as ImageFolder(path, "
                f"transform), not its path or its loader; got {type(images).__name__}"
            )
        weights = next(model.parameters(), torch.zeros(()))
        self._images, self.device = images, weights.device
        self._targets = None if targets is None else _as_classes(targets, len(images))

    def digest(self) -> str:
        """SHA-256 of the given classes and of all pictures, which are read for it one by one.

        Raises:
            ValueError: pictures that are others each time they are read.
        """
        count = len(self._images)
        for number in torch.linspace(0, count - 1, min(count, SAMPLED)).round().long().tolist():
            if not torch.equal(self._read([number]), self._read([number])):
                raise ValueError(
                    f"picture {number} is another each time it is read, as after a random crop: a "
                    "killed training could not go on with the same pictures; take a transform that "
                    "draws nothing, or train without a checkpoint"
                )
        found = hashlib.sha256(str(count).encode())
        if self._targets is not None:
            found.update(self._targets.cpu().numpy().tobytes())
        for number in range(count):
            picture = self._read([number]).detach()
            found.update(f"{picture.dtype} {tuple(picture.shape)}".encode())
            found.update(picture.cpu().numpy().tobytes())
        return found.hexdigest()

    def at(self, numbers: Sequence[int]) -> Tensor:
        """Pictures `(B, C, H, W)` on the model's device."""
        return self._read(numbers).to(self.device)

    def _read(self, numbers: Sequence[int]) -> Tensor:
        """Pictures `(B, C, H, W)` where the data set puts them."""
        if isinstance(self._images, Tensor):
            found = self._images[list(numbers)]
        else:
            items = [self._item(number) for number in numbers]
            parts = [item[0] if isinstance(item, tuple | list) else item for item in items]
            for part in parts:
                refuse_non_tensor("pictures (torchvision's ToTensor makes tensors)", part)
            if len({tuple(part.shape) for part in parts}) > 1:
                raise ValueError("pictures must have one size; resize and crop them to it")
            found = torch.stack(parts)
        validate_inputs(found)
        return found

    def _item(self, number: int) -> Any:
        """An item of the data set; whatever goes wrong is said with its number and its file."""
        try:
            return self._images[number]
        except AuditError:  # which names its file
            raise
        except Exception as error:
            file = _file_of(self._images, number)
            raise ValueError(
                f"picture {number}{file} cannot be read ({type(error).__name__}: {error}); put a "
                "sound copy in its place, or leave it out of the data set"
            ) from error

    def classes(self, numbers: Sequence[int], answers: Tensor) -> Tensor:
        """Classes to explain `(B,)`: the given ones, else those that the model predicts."""
        if self._targets is None:
            return answers.argmax(dim=1)
        chosen = self._targets[list(numbers)].to(answers.device)
        if int(chosen.min()) < 0 or int(chosen.max()) >= answers.shape[1]:
            raise ValueError(f"targets must be classes of the model, 0..{answers.shape[1] - 1}")
        return chosen


def _file_of(images: Any, number: int) -> str:
    """In a message: the file of an item, if a data set lists its files as torchvision's do."""
    while isinstance(images, torch.utils.data.Subset):
        images, number = images.dataset, images.indices[number]
    files = getattr(images, "samples", None)
    try:
        file = files[number][0]  # type: ignore[index]
    except (TypeError, IndexError, KeyError):
        return ""
    return f", {file}," if isinstance(file, str | Path) else ""


def _as_classes(targets: Any, count: int) -> Tensor:
    try:
        found = torch.as_tensor(targets)
    except (TypeError, ValueError, RuntimeError):
        found = torch.empty(0)
    if found.shape != (count,) or found.dtype != torch.int64:
        raise ValueError(
            f"targets must be ({count},) whole numbers (int64), got {tuple(found.shape)} of "
            f"{found.dtype}"
        )
    return found
