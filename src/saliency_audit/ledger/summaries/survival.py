"""Which decided differences between distances stay decided under other choices."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from saliency_audit.ledger.statistics import Estimate, bootstrap_mean, holm, signed_rank_p

ALPHA = 0.05


@dataclass(frozen=True)
class Survival:
    """What another choice does to the differences that are decided without it.

    Attributes:
        kept: how many of them are decided the same way.
        undecided: how many are no longer decided.
        turned: how many are decided the other way.
        fresh: how many are decided that were not.
        ratio: mean over images of the distances' mean, as a multiple of that without the choice.
    """

    kept: int
    undecided: int
    turned: int
    fresh: int
    ratio: Estimate


@dataclass(frozen=True)
class Joint:
    """What becomes of the decided differences under several choices, each counted once.

    Attributes:
        kept: how many are decided the same way under every one of them.
        undecided: how many are undecided under one at least, and the other way under none.
        turned: how many are decided the other way under one at least.
        farthest: the method whose distances to the others have the largest mean, first with nothing
            changed; then whatever others take its place.
    """

    kept: int
    undecided: int
    turned: int
    farthest: tuple[str, ...]


def joint_survival(rows: pd.DataFrame, nothing: str) -> dict[str, Joint]:
    """How many decided differences survive all values of a choice; see `survival`.

    Args:
        rows: of `xmgd_sensitivity`, of one network and image set.
        nothing: what rows are called in which no choice is changed.

    Returns:
        By what is changed, in the order of the rows; under "" all choices together.
    """
    tables: dict[str, list[pd.DataFrame]] = {}
    for (changed, _), table in _tables(rows):
        tables.setdefault(changed, []).append(table)
    (base,) = tables.pop(nothing)
    usual = _signs(base)
    signs = {changed: [_signs(table) for table in group] for changed, group in tables.items()}
    signs[""] = [each for group in signs.values() for each in group]
    tables[""] = [table for group in tables.values() for table in group]
    was = usual != 0
    found = {}
    for changed, group in signs.items():
        kept = np.all([each == usual for each in group], axis=0)
        turned = np.any([each == -usual for each in group], axis=0)
        found[changed] = Joint(
            kept=int((was & kept).sum()),
            undecided=int((was & ~kept & ~turned).sum()),
            turned=int((was & turned).sum()),
            farthest=tuple(dict.fromkeys(map(_farthest, [base, *tables[changed]]))),
        )
    return found


def survival(rows: pd.DataFrame, nothing: str) -> tuple[int, dict[tuple[str, str], Survival]]:
    """How many differences between pairs of methods are decided, and which choices they survive.

    A difference is that of the distances of two pairs of methods, on the same images; six distances
    have fifteen. It is decided if the two-sided Wilcoxon signed-rank p, by Holm over the
    differences of one choice, is below 0.05.

    Args:
        rows: of `xmgd_sensitivity`, of one network and image set.
        nothing: what rows are called in which no choice is changed.

    Returns:
        The number decided with no choice changed, and by what is changed and its value what that
        does, in the order of the rows.
    """
    tables = dict(_tables(rows))
    base = next(table for (changed, _), table in tables.items() if changed == nothing)
    usual = _signs(base)
    decided = int(np.count_nonzero(usual))
    found = {}
    for choice, table in tables.items():
        if choice[0] == nothing:
            continue
        signs = _signs(table)
        was = usual != 0
        ratio = (table.mean(axis=1) / base.mean(axis=1)).to_numpy(dtype=float)
        found[choice] = Survival(
            kept=int((was & (signs == usual)).sum()),
            undecided=int((was & (signs == 0)).sum()),
            turned=int((was & (signs == -usual)).sum()),
            fresh=int((~was & (signs != 0)).sum()),
            ratio=bootstrap_mean(ratio),
        )
    return decided, found


def _tables(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """A choice, and a table of images × pairs of methods."""
    for (changed, value), group in rows.groupby(["changed", "value"], sort=False):
        table = group.pivot(index="image", columns=["method", "other_method"], values="xmgd")
        yield (str(changed), str(value)), table


def _farthest(table: pd.DataFrame) -> str:
    """The method whose distances to the others have the largest mean."""
    means = table.mean()
    methods = dict.fromkeys(name for pair in table.columns for name in pair)
    return max(methods, key=lambda name: means[[name in pair for pair in table.columns]].mean())


def _signs(table: pd.DataFrame) -> np.ndarray:
    """1 or −1 for each difference of two columns that is decided, 0 for the others."""
    signs, chances = [], []
    for first, second in combinations(range(table.shape[1]), 2):
        differences = (table.iloc[:, first] - table.iloc[:, second]).to_numpy(dtype=float)
        sides = [signed_rank_p(differences, side) for side in ("greater", "less")]
        chances.append(min(1.0, 2 * min(sides)))
        signs.append(1 if sides[0] < sides[1] else -1)
    decided = np.array(holm(chances)) < ALPHA
    return np.where(decided, np.array(signs), 0)
