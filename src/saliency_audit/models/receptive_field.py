"""How much of the picture a unit of a network's last feature maps can see."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

# A network of which a unit sees this many pixels and more sees everything: it has a global layer.
WIDEST = 4096
# Pictures need not be higher for what a unit sees to the left and right.
HEIGHT = 96


class _Reached(Exception):
    """The last feature maps, so that no head sees a picture of a size that it cannot take."""

    def __init__(self, maps: Tensor) -> None:
        self.maps = maps


def receptive_field(model: nn.Module, picture: Tensor) -> int:
    """Pixels from side to side that can change a unit in the middle of the last feature maps.

    These are the last output of a module with more than one place, before any adaptive pooling:
    what is averaged, flattened or maximised over all places afterwards. It is the theoretical
    receptive field, found by asking: not-a-number spreads to every unit that sees it, so the field
    ends where it no longer arrives.

    Args:
        model: a convolutional network, in any mode; it is copied.
        picture: `(1, C, H, W)` of a size that it takes.

    Returns:
        The width of the field on a picture that is wide enough; borders do not cut it.

    Raises:
        ValueError: no feature maps, or units that see more than 4096 pixels, as after a global
            layer.
    """
    network = copy.deepcopy(model).eval()
    with torch.no_grad():
        last = _last_maps(network, picture.detach())
        width = 2 * picture.shape[3]
        while width <= WIDEST:
            blank = picture.new_zeros(1, picture.shape[1], min(HEIGHT, picture.shape[2]), width)
            reaches = partial(_reaches, network, last, blank)
            left, after = _edge(reaches, width), _edge(partial(reaches, from_right=True), width)
            right = width - after
            if left > 0 and right < width:
                return right - left
            width *= 2
    raise ValueError(f"units see {WIDEST} pixels or more: the network has a global layer")


def _edge(reaches: Callable[[int], bool], width: int) -> int:
    """How many columns can be lost without reaching the unit: the largest number that does not."""
    safe, lost = 0, width
    while lost - safe > 1:
        middle = (safe + lost) // 2
        safe, lost = (safe, middle) if reaches(middle) else (middle, lost)
    return safe


def _reaches(
    network: nn.Module, last: int, blank: Tensor, count: int, *, from_right: bool = False
) -> bool:
    """Whether not-a-number in so many columns, from the left or the right, reaches the unit."""
    picture = blank.clone()
    picture[..., -count if from_right else 0 : None if from_right else count] = torch.nan
    maps = _maps_of(network, picture, last)
    unit = maps[0, :, maps.shape[2] // 2, maps.shape[3] // 2]
    return bool(unit.isnan().any())


def _last_maps(network: nn.Module, picture: Tensor) -> int:
    """Which output of a module, in the order in which they come, are the last feature maps."""
    places: list[int] = []
    ended = False

    def note(module: nn.Module, given: Any, output: Any) -> None:
        nonlocal ended
        ended |= isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d)
        maps = isinstance(output, Tensor) and output.ndim == 4 and not ended
        places.append(output.shape[2] * output.shape[3] if maps else 0)

    _with_hooks(network, picture, note)
    found = [number for number, count in enumerate(places) if count > 1]
    if not found:
        raise ValueError("the network has no feature maps")
    return found[-1]


def _maps_of(network: nn.Module, picture: Tensor, last: int) -> Tensor:
    outputs = iter(range(last + 1))

    def stop(module: nn.Module, given: Any, output: Tensor) -> None:
        if next(outputs) == last:
            raise _Reached(output)

    try:
        _with_hooks(network, picture, stop)
    except _Reached as reached:
        return reached.maps
    raise AssertionError("a network has as many outputs on a picture of another size")


def _with_hooks(network: nn.Module, picture: Tensor, hook: Callable[..., None]) -> None:
    handles = [module.register_forward_hook(hook) for module in network.modules()]
    try:
        network(picture)
    finally:
        for handle in handles:
            handle.remove()
