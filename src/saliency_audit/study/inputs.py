"""What a task reads that may not be on this machine, as far as its parameters tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

# Parameters of tasks that name image sets, and those that name classifiers.
IMAGE_SETS = ("images", "training_images", "test_images")
CLASSIFIERS = ("model", "models")

# The classifier that masks are trained for, and the number of its training pictures.
Training = tuple[str, int]


@dataclass(frozen=True)
class Inputs:
    """What a task reads.

    Attributes:
        images: image sets of the catalogue.
        models: classifiers of the catalogue.
        training: mask generators that are trained on the way.
        objects: whether masks or boxes of the images are read.
    """

    images: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    training: tuple[Training, ...] = ()
    objects: bool = False


def named_inputs(
    given: Mapping[str, Any],
    *,
    training: Sequence[Training] = (),
    objects: bool = False,
) -> Inputs:
    """What the parameters of a task name, one or several: `IMAGE_SETS` and `CLASSIFIERS`.

    Args:
        given: parameters of the task.
        training: see `Inputs`.
        objects: the same.
    """
    return Inputs(
        images=_named(given, IMAGE_SETS),
        models=_named(given, CLASSIFIERS),
        training=tuple(training),
        objects=objects,
    )


def _named(given: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    values = [given[name] for name in names if name in given]
    return tuple(
        name for value in values for name in ((value,) if isinstance(value, str) else value)
    )


# Of experiments that compare maps with the objects in the images.
named_inputs_and_objects = partial(named_inputs, objects=True)


def only_images(given: Mapping[str, Any]) -> Inputs:
    """Of experiments whose `model` is an architecture that they train themselves."""
    return Inputs(images=named_inputs(given).images)
