"""Replication or generalisation: which rows are of the claim's own networks and data.

Stand-ins neither acquit nor convict a paper. A claim's entry says which networks and image sets are
its own and which settings it rests on; rows of others, or of fewer steps, go into a second verdict
of their own. Rows are told apart by network and image set, never one by one: what a network did on
an image set stays together.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saliency_audit.ledger.external.ending import NAMED, named

if TYPE_CHECKING:
    from saliency_audit.ledger.schema import ReplicationSpec


def needed_columns(own: "ReplicationSpec") -> list[str]:
    """The columns that tell the claim's own rows from others."""
    return [
        *(["model"] if own.networks else []),
        *(["images"] if own.images or own.accuracy or _by_set(own) else []),
        *own.least,
        *(["accuracy"] if own.accuracy else []),
    ]


def _by_set(own: "ReplicationSpec") -> bool:
    return any(not isinstance(least, float) for least in own.least.values())


def own_rows(rows: pd.DataFrame, own: "ReplicationSpec") -> NDArray[np.bool_]:
    """Which rows count for the replication.

    A network on an image set counts if both are declared, if every column of `least` reaches the
    declared number, and if its mean accuracy lies in the paper's range where one is declared
    (that of sound predictors, where others are degraded).

    Args:
        rows: of the claim's experiment.
        own: the entry's `replication`.

    Returns:
        `(rows,)`.

    Raises:
        ValueError: a column that the entry refers to and the rows lack.
    """
    if missing := [name for name in needed_columns(own) if name not in rows.columns]:
        raise ValueError(f"replication: the rows lack the columns {', '.join(missing)}")
    by = [name for name in ("model", "images") if name in rows.columns]
    if not by:
        return np.ones(len(rows), dtype=bool)
    found = np.zeros(len(rows), dtype=bool)
    for places in rows.groupby(by, sort=False).indices.values():
        found[places] = _is_own(rows.iloc[places], own)
    return found


def _is_own(group: pd.DataFrame, own: "ReplicationSpec") -> bool:
    first = group.iloc[0]
    if own.networks and not is_named(str(first["model"]), own.networks):
        return False
    if own.images and first["images"] not in own.images:
        return False
    if any(
        group[column].max() < (least if isinstance(least, float) else least[first["images"]])
        for column, least in own.least.items()
        if isinstance(least, float) or first["images"] in least
    ):
        return False
    if own.accuracy:
        low, high = own.accuracy.get(str(first["images"]), (0.0, 100.0))
        sound = group[group["degradation"] == "none"] if "degradation" in group else group
        return low <= 100 * float(sound["accuracy"].mean()) <= high
    return True


def is_named(model: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns names a network."""
    return any(fnmatchcase(model, pattern) for pattern in patterns)


def described(rows: pd.DataFrame, own: "ReplicationSpec | None" = None) -> str:
    """The networks and image sets of some rows, in one sentence; empty without such columns.

    Args:
        rows: that were tested.
        own: the claim's replication, where these are its own rows: says how many of its networks
            are there.
    """
    by = [name for name in ("model", "images") if name in rows.columns and _is_text(rows[name])]
    if not by or rows.empty:
        return ""
    pairs = rows[by].drop_duplicates().astype(str).itertuples(index=False)
    found = [" ".join((first, *(f"({name})" for name in more))) for first, *more in pairs]
    text = f"Rows of {named(sorted(found))}"
    if own is not None and len(own.networks) > 1 and not any("*" in name for name in own.networks):
        here = sum(name in set(rows["model"]) for name in own.networks)
        text += f": {here} of the claim's {len(own.networks)} networks"
    return text + "."


def _is_text(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column)


def wanted(own: "ReplicationSpec") -> str:
    """The claim's own networks, data and settings in words."""
    parts = []
    if own.networks:
        parts.append(f"networks {_listed(own.networks)}")
    if own.images:
        parts.append(f"images of {_listed(own.images)}")
    for column, least in own.least.items():
        of = {"": least} if isinstance(least, float) else least
        each = [f"{number:g}{f' on {name}' if name else ''}" for name, number in of.items()]
        parts.append(f"{column.replace('_', ' ')} of at least {', '.join(each)}")
    if own.accuracy:
        ranges = [f"{name} {low:g} to {high:g} %" for name, (low, high) in own.accuracy.items()]
        parts.append(f"the paper's accuracy ({', '.join(ranges)})")
    return "; ".join(parts)


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
