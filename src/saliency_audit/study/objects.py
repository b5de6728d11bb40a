"""Images with a known object, for the checks that ask where in a picture a map lies."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from saliency_audit.datasets import read_regions
from saliency_audit.study.columns import Column
from saliency_audit.study.image_rows import Compute, Given, RowsOf, plugged
from saliency_audit.study.selection import Selection, select_task

# It has boxes, and its 200 classes are among the 1,000 of networks trained on ImageNet.
BOXED_IMAGES = "tiny_imagenet_val"


def on_objects(columns: Sequence[Column]) -> Callable[[RowsOf], Compute]:
    """`on_images` for images with a known object; the function gets their masks too.

    It gets the `Selection`, the masks and the task's parameters: see `with_objects`.

    Args:
        columns: of the rows, in order.
    """
    return plugged(columns, lambda given: with_objects(select_task(given)))


def on_objects_or_scenes(columns: Sequence[Column]) -> Callable[[RowsOf], Compute]:
    """`on_objects` that also takes sets of scenes, which have no objects: the masks are then None.

    Sets whose boxes are only missing here are refused.

    Args:
        columns: of the rows, in order.
    """

    def choose(given: Given) -> tuple[Selection, Tensor | None]:
        chosen = select_task(given)
        source = chosen.source
        is_scene = source.region is None and not source.regions_missing
        return (chosen, None) if is_scene else with_objects(chosen)

    return plugged(columns, choose)


def all_with_objects(given: Given) -> tuple[Selection, Tensor]:
    """The images of a task, however they are classified, and the masks of their objects."""
    return with_objects(select_task(given, keep="both"))


def with_objects(chosen: Selection) -> tuple[Selection, Tensor]:
    """The images that have an object and some background, and their masks or filled boxes.

    Images without an object, and those that it covers entirely, are left out and counted in the
    notes.

    Args:
        chosen: the images of a slice.

    Returns:
        The selection without those images, and `(N, H, W)` bool on the device of the pictures.

    Raises:
        MissingDataError: the boxes are not here, or damaged.
        ValueError: the image set has neither masks nor boxes.
    """
    device = chosen.pictures.device
    if not chosen.indices:
        return chosen, torch.zeros(0, *chosen.pictures.shape[2:], dtype=torch.bool, device=device)
    masks = read_regions(chosen.source, chosen.indices)
    kept = masks.flatten(1).any(dim=1) & ~masks.flatten(1).all(dim=1)
    left_out = int((~kept).sum())
    return chosen.only(kept, object_or_background_missing=left_out), masks[kept].to(device)
