"""How many things are worked on at once, by what a device holds."""

from collections.abc import Iterator, Mapping

import torch


def blocks(
    count: int, numbers: int, together: Mapping[str, int], device: torch.device
) -> Iterator[slice]:
    """Slices of things with so many numbers each, by how many a device treats together.

    Args:
        count: of the things.
        numbers: of each.
        together: numbers at once by kind of device; one that is not named counts as "cpu".
        device: where they are.
    """
    size = max(1, together.get(device.type, together["cpu"]) // numbers)
    for first in range(0, count, size):
        yield slice(first, first + size)
