"""From the images of a task to its rows: what all experiments on images share."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Outcome, Task
from saliency_audit.study.selection import Selection, select_task

Given = Mapping[str, Any]
Rows = Iterable[Mapping[str, Any]]
Compute = Callable[[Task], Outcome]
RowsOf = Callable[..., pd.DataFrame | Rows]


def on_images(columns: Sequence[Column]) -> Callable[[RowsOf], Compute]:
    """Turn a function from images to rows into the computation of a task.

    The function gets the `Selection` of the task and the task's parameters; it is not called if no
    image is left. Each of its rows names its image by `position`. Columns that describe the image,
    the network and the image set are added here.

    Args:
        columns: of the rows, in order.
    """
    return plugged(columns, lambda given: (select_task(given),))


def plugged(
    columns: Sequence[Column], choose: Callable[[Given], tuple[Any, ...]]
) -> Callable[[RowsOf], Compute]:
    """`on_images` with another choice of images.

    Args:
        columns: of the rows, in order.
        choose: takes the parameters of a task; returns its `Selection` and any further arguments
            of the function, which come before the parameters.
    """

    def plug(rows_of: RowsOf) -> Compute:
        @functools.wraps(rows_of)
        def compute(task: Task) -> Outcome:
            given = task.parameters
            chosen, *more = choose(given)
            rows = rows_of(chosen, *more, given) if chosen.indices else ()
            return Outcome(described(rows, chosen, given, columns), chosen.notes)

        return compute

    return plug


def per_image(values: Mapping[str, Sequence[Any]], **keys: Any) -> Iterator[dict[str, Any]]:
    """One row per image: the keys, and the image's entry in every sequence of values."""
    for position, entries in enumerate(zip(*values.values(), strict=True)):
        yield {"position": position, **keys, **dict(zip(values, entries, strict=True))}


def described(
    rows: pd.DataFrame | Rows, chosen: Selection, given: Given, columns: Sequence[Column]
) -> pd.DataFrame:
    """Rows with columns added for their image, network and image set, in the declared order.

    Args:
        rows: each with the `position` of an image in the selection.
        chosen: the images.
        given: parameters of the task.
        columns: of the rows; undeclared ones come last, and the store refuses them by name.
    """
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    order = names(columns)
    if frame.empty:
        return pd.DataFrame(columns=order)
    about = pd.DataFrame([chosen.describe(position) for position in range(len(chosen.indices))])
    task = {name: given[name] for name in ("model", "images", "path") if name in given}
    whole = frame.join(about, on="position").assign(**task).drop(columns="position")
    return whole[sorted(whole, key=lambda name: order.index(name) if name in order else len(order))]
