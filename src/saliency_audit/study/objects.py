"""Images with a known object, for the checks that ask where in a picture a map lies."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from saliency_audit.datasets import read_regions
from saliency_audit.study.selection import Selection, select

# With boxes, and of classes that networks trained on ImageNet know: its 200 are among their 1,000.
BOXED_IMAGES = "tiny_imagenet_val"


def select_objects(given: Mapping[str, Any]) -> tuple[Selection, Tensor]:
    """The images of a task, and where their objects are: see `with_objects`."""
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    return with_objects(chosen)


def with_objects(chosen: Selection) -> tuple[Selection, Tensor]:
    """The images that have an object and some background, and their masks or filled boxes.

    Images without an object, and those that it covers altogether, are left out and counted in
    the notes.

    Args:
        chosen: the correctly classified images of a slice.

    Returns:
        The selection without those images, and `(N, H, W)` bool on the device of the pictures.

    Raises:
        ValueError: the image set has neither masks nor boxes.
    """
    device = chosen.pictures.device
    if not chosen.indices:
        return chosen, torch.zeros(0, *chosen.pictures.shape[2:], dtype=torch.bool, device=device)
    masks = read_regions(chosen.source, chosen.indices)
    kept = masks.flatten(1).any(dim=1) & ~masks.flatten(1).all(dim=1)
    return _only(chosen, kept), masks[kept].to(device)


def _only(chosen: Selection, kept: Tensor) -> Selection:
    """The selection with the images of a mask `(N,)`."""
    positions = kept.nonzero().flatten().tolist()
    on_device = kept.to(chosen.pictures.device)
    left_out = len(chosen.indices) - len(positions)
    return replace(
        chosen,
        pictures=chosen.pictures[on_device],
        targets=chosen.targets[on_device],
        indices=tuple(chosen.indices[i] for i in positions),
        confidence=chosen.confidence[on_device],
        seeds=[chosen.seeds[i] for i in positions],
        notes={**chosen.notes, "object_or_background_missing": left_out, "used": len(positions)},
    )
