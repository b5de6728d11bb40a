"""What is missing for the tasks of an experiment, found before the first of them is computed."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from saliency_audit.datasets import MissingDataError, open_images
from saliency_audit.locations import data_root
from saliency_audit.models.catalog import look_for_weights
from saliency_audit.study.estimators import look_for_training_pictures
from saliency_audit.study.experiment import ParameterError
from saliency_audit.study.inputs import Inputs


def refuse_missing(needed: Iterable[Inputs]) -> None:
    """Open what tasks read, once each, without reading a picture.

    Weights come last, and only if nothing else is missing: those that are neither in the data root
    nor in torchvision's cache are downloaded.

    Args:
        needed: by all tasks that are to be computed.

    Raises:
        MissingDataError: names all that is not here and how to get it.
        ParameterError: more training pictures are asked for than there are.
    """
    inputs = tuple(dict.fromkeys(needed))
    for looks in (_local, _weights):
        once = dict.fromkeys(look for each in inputs for look in looks(each))
        faults = dict.fromkeys(fault for look in once if (fault := _fault_of(*look)))
        if faults:
            raise MissingDataError("\n".join((*_root_fault(), *faults)))


# What opens an input, and its arguments.
Look = tuple[Callable[..., object], tuple[Any, ...]]


def _local(inputs: Inputs) -> Iterator[Look]:
    for name in inputs.images:
        yield open_images, (name,)
        if inputs.objects:
            yield _look_for_objects, (name,)
    for training in inputs.training:
        yield look_for_training_pictures, training


def _weights(inputs: Inputs) -> Iterator[Look]:
    for name in inputs.models:
        yield look_for_weights, (name,)


def _fault_of(look: Callable[..., object], arguments: tuple[Any, ...]) -> str | None:
    try:
        look(*arguments)
    except MissingDataError as error:
        return str(error)
    except ParameterError:
        raise
    except ValueError as error:
        raise ParameterError(str(error)) from None
    return None


def _look_for_objects(name: str) -> None:
    try:
        lacking = open_images(name).regions_missing
    except MissingDataError:
        return  # which is said already
    if lacking:
        raise MissingDataError(f"image set {name!r}: {lacking}")


def _root_fault() -> list[str]:
    root = data_root()
    if root.is_dir():
        return []
    why = "as SALIENCY_DATA says" if os.environ.get("SALIENCY_DATA") else "SALIENCY_DATA is not set"
    return [
        f"there is no data root {root} ({why}): set SALIENCY_DATA to the folder of image sets and "
        "weights, or create this one."
    ]
