"""Cutting a study of models × images, or models × paths × images, into tasks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from saliency_audit.study.experiment import Task
from saliency_audit.study.selection import OWN_IMAGES, images_of


def tasks_by_model(
    parameters: Any,
    names: Sequence[str],
    images: Callable[[str, str | None], str] = images_of,
) -> list[Task]:
    """One task per slice of images and model, in this order.

    Args:
        parameters: the experiment's; its fields models, images, n_images and slice_size are used.
        names: of its other fields that a task's rows depend on.
        images: the image set of a model, given the one asked for.
    """
    common = {name: getattr(parameters, name) for name in names}
    return [
        Task(
            f"{model}-{first:05d}",
            {
                **common,
                "model": model,
                "images": images(model, parameters.images),
                "first": first,
                "last": min(first + parameters.slice_size, parameters.n_images),
            },
        )
        for first in range(0, parameters.n_images, parameters.slice_size)
        for model in parameters.models
    ]


def tasks_by_size(parameters: Any, names: Sequence[str], own: Sequence[str]) -> list[Task]:
    """One task per model and slice of images, where photographs have settings of their own.

    A photograph costs a thousand times as much as a digit. Photographs are all images but those
    that the small networks were made for; networks without such a set see `photographs`.

    Args:
        parameters: the experiment's; its fields models, images, n_images, photographs,
            n_photographs and slice_size are used.
        names: of its other fields that a task's rows depend on, whatever the network.
        own: of fields x that they depend on too, with a field `photograph_x` beside each.
    """
    shared = {name: getattr(parameters, name) for name in names}
    found = []
    for model in parameters.models:
        images = parameters.images or OWN_IMAGES.get(model, parameters.photographs)
        is_small = images in OWN_IMAGES.values()
        prefix = "" if is_small else "photograph_"
        count = parameters.n_images if is_small else parameters.n_photographs
        given = {
            **shared,
            **{name: getattr(parameters, prefix + name) for name in own},
            "model": model,
            "images": images,
        }
        for first in range(0, count, parameters.slice_size):
            last = min(first + parameters.slice_size, count)
            found.append(Task(f"{model}-{first:05d}", {**given, "first": first, "last": last}))
    return found


def sliced_tasks(parameters: Any, settings: Callable[[int], Mapping[str, Any]]) -> list[Task]:
    """One task per slice of images, model and path, in this order.

    Args:
        parameters: the experiment's; its fields models, images, paths, n_images and slice_size
            are used.
        settings: the first image of a slice -> everything else that the task's rows depend on.
    """
    found = []
    for first in range(0, parameters.n_images, parameters.slice_size):
        last = min(first + parameters.slice_size, parameters.n_images)
        for model in parameters.models:
            for path in parameters.paths:
                given = {
                    **settings(first),
                    "model": model,
                    "images": images_of(model, parameters.images),
                    "path": path,
                    "first": first,
                    "last": last,
                }
                found.append(Task(f"{model}-{path}-{first:05d}", given))
    return found
