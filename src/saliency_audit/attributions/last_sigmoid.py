"""Looks behind the sigmoid in which a network with one output may end."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from saliency_audit.attributions.substitution import spellings

SIGMOIDS = spellings("sigmoid") | {torch.special.expit, torch.ops.aten.sigmoid.default}


class LastSigmoid(TorchFunctionMode):
    """A context that keeps what the latest sigmoid with one value per image was given.

    Calls are watched, as in `Substitution`, so that modules, functions and in-place calls are all
    seen. Scripted and compiled code is not.

    Args:
        count: number of images.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.latest: tuple[Tensor, Tensor] | None = None

    def __torch_function__(
        self, func: Callable, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        options = kwargs or {}
        given = args[0] if args else options.get("input")
        if func not in SIGMOIDS or not isinstance(given, Tensor) or given.numel() != self.count:
            return func(*args, **options)
        # Copies: the call, or the model afterwards, may work in place.
        logit = given.clone()
        found = func(*args, **options)
        self.latest = logit, found.detach().clone()
        return found

    def logit(self, answers: Tensor) -> Tensor | None:
        """The logit `(N, 1)` behind the answers, or None where they are not a sigmoid's values.

        Args:
            answers: `(N, classes)`, what the network returned within this context.
        """
        if self.latest is None or answers.shape[1] != 1:
            return None
        logit, found = self.latest
        detached = logit.requires_grad and not answers.requires_grad
        if detached or not torch.equal(found.to(answers.dtype).flatten(), answers.flatten()):
            return None
        return logit.reshape(answers.shape).to(answers.dtype)
