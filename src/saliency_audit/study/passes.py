"""Counting by hooks: pictures that pass through a network, and the steps of optimisers."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook


@contextmanager
def counted_passes(model: nn.Module) -> Iterator[Counter[str]]:
    """Count the pictures that pass through the model, "forward" and "backward".

    A batch of k pictures counts k. A picture passes back where a gradient reaches the scores or the
    picture: the loss may be of the scores or of a layer, and its gradient may end at a layer. A
    copy of the model that is made meanwhile counts too. The hook is removed afterwards, also after
    an exception.
    """
    passes: Counter[str] = Counter()

    def count(module: nn.Module, given: tuple[Any, ...], scores: Tensor) -> None:
        passes["forward"] += len(scores)
        counted = False

        def count_back(gradient: Tensor) -> None:
            nonlocal counted
            passes["backward"] += 0 if counted else len(gradient)
            counted = True

        for end in (*given, scores):
            if isinstance(end, Tensor) and end.requires_grad:
                end.register_hook(count_back)

    handle = model.register_forward_hook(count)
    try:
        yield passes
    finally:
        handle.remove()


@contextmanager
def counted_steps() -> Iterator[Counter[str]]:
    """Count the "steps" of all optimisers of torch; the hook is removed afterwards."""
    found: Counter[str] = Counter()
    handle = register_optimizer_step_post_hook(lambda *given: found.update(steps=1))
    try:
        yield found
    finally:
        handle.remove()
