"""Signs, ranks and orders of printed numbers, shared by the papers' internal audits.

Printed numbers are short decimals. Differences smaller than `TOLERANCE` are float noise and count
as equality, so that `.3 - .1` and `.2` compare as a reader would compare them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import pandas as pd

from saliency_audit.ledger.verdict import Check

Values = Mapping[str, float]

TOLERANCE = 1e-9

_SIGNS = {1: "> 0", 0: "= 0", -1: "< 0"}


def values_by(frame: pd.DataFrame, label: str, **where: str) -> dict[str, float]:
    """Printed values by the key `label`, of the cells that have a number and these other keys."""
    for key, wanted in where.items():
        frame = frame[frame[key] == wanted]
    frame = frame.dropna(subset="value")
    return dict(zip(frame[label].astype(str), frame["value"].astype(float), strict=True))


def sign(value: float) -> int:
    """Sign of a printed number: 1, 0 or -1. Raises ValueError for NaN (a cell without a number)."""
    if value != value:
        raise ValueError("a cell without a number has no sign")
    if abs(value) <= TOLERANCE:
        return 0
    return 1 if value > 0 else -1


def sign_check(
    name: str, value: float, expected: int = 1, digits: int = 3, deciding: bool = True
) -> Check:
    """Check that `value` (usually a difference of two cells) has the sign `expected` (1, 0, -1).

    `digits` is the number of decimals shown.
    """
    return Check(
        name=name,
        holds=sign(value) == expected,
        expected=_SIGNS[expected],
        found=f"{value:+.{digits}f}" if sign(value) else f"{0:.{digits}f}",
        deciding=deciding,
    )


class Statement(Protocol):
    """What a paper says of one column of printed values."""

    def check(self, column: str, values: Values, digits: int) -> Check:
        """Hold the statement against the values of the column, by label."""


@dataclass(frozen=True)
class First:
    """`label` alone holds the best value: the highest, or the lowest. A tie for it fails.

    In `name`, as in that of every statement, `{column}` stands for the column.
    """

    label: str
    name: str
    lowest: bool = False

    def check(self, column: str, values: Values, digits: int) -> Check:
        """Hold the statement against one column."""
        place, ties = rank_of(values, self.label, not self.lowest)
        holds = place == 1 and ties == 1
        where = f" ({self.label} {ordinal(place)}{', tied' if ties > 1 else ''})"
        return Check(
            name=self.name.format(column=column),
            holds=holds,
            expected=f"{self.label} {'lowest' if self.lowest else 'highest'} of {len(values)}",
            found=ranking(values, not self.lowest, digits) + ("" if holds else where),
        )


@dataclass(frozen=True)
class Above:
    """The value of `first` is higher than that of `second`."""

    first: str
    second: str
    name: str

    def check(self, column: str, values: Values, digits: int) -> Check:
        """Hold the statement against one column."""
        gap = values[self.first] - values[self.second]
        return sign_check(self.name.format(column=column), gap, digits=digits)


def hold(
    statements: Sequence[Statement],
    columns: Mapping[str, Values],
    digits: int = 3,
    deciding: bool = True,
) -> tuple[Check, ...]:
    """Every statement held against every column, column by column, `digits` decimals shown."""
    return tuple(
        replace(statement.check(column, values, digits), deciding=deciding)
        for column, values in columns.items()
        for statement in statements
    )


def rank_of(values: Values, label: str, higher_is_better: bool = True) -> tuple[int, int]:
    """Place of `label` among `values` and how many share it.

    1 is best; labels with equal values share the better place.
    """
    flip = 1 if higher_is_better else -1
    signs = [sign(flip * (value - values[label])) for value in values.values()]
    return 1 + signs.count(1), signs.count(0)


def ranking(values: Values, higher_is_better: bool = True, digits: int = 3) -> str:
    """The labels from best to worst with their values, such as `ig .3 > random .1 = edge .1`."""
    ordered = sorted(values, key=lambda label: values[label], reverse=higher_is_better)
    relation = ">" if higher_is_better else "<"
    text = f"{ordered[0]} {values[ordered[0]]:.{digits}f}" if ordered else ""
    for before, label in pairwise(ordered):
        link = relation if sign(values[before] - values[label]) else "="
        text += f" {link} {label} {values[label]:.{digits}f}"
    return text


def ordinal(place: int) -> str:
    """A place in words for short texts: 1 -> 1st, 2 -> 2nd, 11 -> 11th."""
    teens = place % 100 in (11, 12, 13)
    return f"{place}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th')}"


def count_held(checks: Sequence[Check]) -> str:
    """How many checks hold, as `58 of 60`."""
    return f"{sum(check.holds for check in checks)} of {len(checks)}"


def list_exceptions(checks: Sequence[Check], limit: int = 12) -> str:
    """The failing checks by name with what was found, as one short text; `none` if all hold."""
    failed = [f"{check.name} ({check.found})" for check in checks if not check.holds]
    if not failed:
        return "none"
    rest = f"; and {len(failed) - limit} more" if len(failed) > limit else ""
    return "; ".join(failed[:limit]) + rest
