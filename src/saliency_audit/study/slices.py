"""Cutting a study of networks × images, or networks × paths × images, into tasks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from saliency_audit.study.experiment import Task
from saliency_audit.study.image_parameters import ImageParameters, SliceParameters
from saliency_audit.study.selection import images_of

# Parameters that a task has in another form: one network, image set and path, a slice of images.
CUT = ("models", "images", "paths", "n_images", "slice_size")


def slice_tasks(
    parameters: SliceParameters,
    *,
    start: int = 0,
    without: Sequence[str] = (),
    more: Callable[[int], Mapping[str, Any]] = lambda first: {},
) -> list[Task]:
    """One task per slice of images, network and, where there are several, path, in this order.

    A task has all parameters of the experiment: what its rows depend on, and nothing else.

    Args:
        parameters: the experiment's.
        start: candidate that the first slice begins with.
        without: parameters that its rows do not depend on.
        more: from the first image of a slice to further parameters that they depend on.
    """
    shared = _without(parameters, without)
    found = []
    for first in range(start, parameters.n_images, parameters.slice_size):
        last = min(first + parameters.slice_size, parameters.n_images)
        of_slice = {**shared, **more(first), "first": first, "last": last}
        for model in parameters.models:
            for path in getattr(parameters, "paths", (None,)):
                name = f"{model}-{first:05d}" if path is None else f"{model}-{path}-{first:05d}"
                of_path = {} if path is None else {"path": path}
                found.append(Task(name, {**of_slice, **_of(model, parameters), **of_path}))
    return found


def network_tasks(
    parameters: SliceParameters, *, start: int = 0, without: Sequence[str] = ()
) -> list[Task]:
    """The tasks of `slice_tasks`, one network after the other."""
    return [
        task
        for model in parameters.models
        for task in slice_tasks(replace(parameters, models=(model,)), start=start, without=without)
    ]


def whole_tasks(
    parameters: ImageParameters,
    *,
    without: Sequence[str] = (),
    more: Mapping[str, Any] | None = None,
) -> list[Task]:
    """One task per network, on all of its images, so that what is compared runs in one process.

    Args:
        parameters: as for `slice_tasks`.
        without: the same.
        more: further parameters that the rows depend on.
    """
    shared = {**_without(parameters, without), **(more or {}), "n_images": parameters.n_images}
    return [Task(model, {**shared, **_of(model, parameters)}) for model in parameters.models]


def _without(parameters: ImageParameters, names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in vars(parameters).items() if name not in (*CUT, *names)}


def _of(model: str, parameters: ImageParameters) -> dict[str, str]:
    return {"model": model, "images": images_of(model, parameters.images)}
