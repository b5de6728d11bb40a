"""The classes that are explained: given in one of several forms, or predicted by the model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from saliency_audit.attributions.engine import halving_on_oom, refuse_non_finite
from saliency_audit.attributions.scores import logits
from saliency_audit.errors import is_whole

#: Class indices `(N,)` as a tensor or array of any integer type, or as a list or tuple; one integer
#: for all images; None for the classes that the model predicts.
Targets = Tensor | NDArray[np.integer] | Sequence[int] | int | None
LARGEST = 2**63


def class_indices(targets: Any, inputs: Tensor) -> Tensor:
    """Class indices as `(N,)` int64 on the device of the inputs; the model's scores show its range.

    Args:
        targets: any form of `Targets` but None.
        inputs: `(N, C, H, W)`.

    Raises:
        ValueError: not integers (True and False are none), or neither one nor one per image; names
            the remedy.
    """
    found = _integers(targets)
    if found is None or found.shape not in ((), (len(inputs),)):
        raise ValueError(
            f"targets must be class indices, {len(inputs)} integers or one for all images, or None "
            f"for the predicted classes, got {_described(targets)}{_remedy(targets, len(inputs))}"
        )
    return found.to(inputs.device).expand(len(inputs)).contiguous()


def _integers(targets: Any) -> Tensor | None:
    """The numbers as int64 in the shape that they have; None if they are no integers."""
    if isinstance(targets, Tensor):
        real = targets.is_floating_point() or targets.is_complex() or targets.dtype == torch.bool
        return None if real else targets.detach().to(torch.int64)
    if isinstance(targets, list | tuple | range):
        items = [_plain(item) for item in targets]
        return torch.tensor(items, dtype=torch.int64) if all(map(_is_index, items)) else None
    if _is_index(targets):
        return torch.tensor(int(targets))
    if hasattr(targets, "__array__"):  # of numpy, or a column of a table
        values = np.asarray(targets)
        return torch.from_numpy(values.astype(np.int64)) if values.dtype.kind in "iu" else None
    return None


def _plain(item: Any) -> Any:
    """A number out of its array without axes; anything else as it is."""
    return item.item() if isinstance(item, Tensor | np.ndarray) and item.ndim == 0 else item


def _is_index(item: Any) -> bool:
    return is_whole(item) and -LARGEST <= item < LARGEST


def _described(targets: Any) -> str:
    if isinstance(targets, Tensor):
        return f"{targets.dtype} {tuple(targets.shape)}"
    if isinstance(targets, np.ndarray):
        return f"an array of {targets.dtype} {targets.shape}"
    if isinstance(targets, list | tuple | range):
        kinds = sorted({type(item).__name__ for item in targets})
        return f"{type(targets).__name__} of {len(targets)} ({', '.join(kinds)})"
    return f"{type(targets).__name__} {targets!r}"


def _remedy(targets: Any, count: int) -> str:
    shape = tuple(getattr(targets, "shape", ()))
    if shape == (count, 1):
        return "; flatten them: targets.flatten()"
    if len(shape) == 2:
        return "; of one value per class take the largest: targets.argmax(1)"
    if isinstance(targets, str):
        return "; look the name up among the classes of the model"
    return ""


@torch.no_grad()
def predicted_classes(model: nn.Module, inputs: Tensor, batch_size: int | str) -> Tensor:
    """The class of the largest logit of each image, the first of equal ones: `(N,)` int64.

    Args:
        model: a `frozen` model, hence in evaluation mode.
        inputs: `(N, C, H, W)`.
        batch_size: images per forward pass, or "auto".

    Raises:
        ValueError: malformed model output, or NaN in it.
    """

    def run(size: int) -> Tensor:
        return torch.cat([_top(logits(model, part)) for part in inputs.split(size)])

    if len(inputs) == 0:
        return torch.empty(0, dtype=torch.int64, device=inputs.device)
    return halving_on_oom(run, batch_size, inputs, gradients=False)


def _top(found: Tensor) -> Tensor:
    largest, classes = found.max(dim=1)
    refuse_non_finite("scores", largest)  # −∞ only rules a class out
    return classes
