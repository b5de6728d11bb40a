"""Values of several methods on the same images: any two of them, paired."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from saliency_audit.ledger.external.paired import PairedValues, compare
from saliency_audit.ledger.external.result import Comparison
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean


@dataclass(frozen=True)
class Family:
    """Comparisons that share Holm's correction.

    Attributes:
        comparisons: of the pairs that have values, in the order given.
        missing: labels of the pairs without any.
        left_out: how often an image lacked a finite value of one of the two.
    """

    comparisons: tuple[Comparison, ...]
    missing: tuple[str, ...]
    left_out: int


def by_method(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """One value of every method: image × method.

    Args:
        rows: of one network and setting, columns image, method and the value.
        value: name of its column.

    Raises:
        ValueError: a method that stands twice for an image.
    """
    if rows.duplicated(["image", "method"]).any():
        raise ValueError(f"duplicate rows of {value} for the same image and method")
    return rows.pivot(index="image", columns="method", values=value)


def pair(
    values: pd.DataFrame, keys: dict[str, str], base: str, other: str, expected: str
) -> PairedValues:
    """Two columns of `by_method`, empty if one is not there.

    Args:
        values: image × method.
        keys: what is compared.
        base: the method compared with.
        other: the method in question.
        expected: "higher" or "lower".
    """
    if not {base, other} <= set(values.columns):
        values = pd.DataFrame({base: [], other: []}, dtype=float)
    return PairedValues(keys, values[base], values[other], expected)


def compare_present(pairs: Iterable[PairedValues], alpha: float) -> Family:
    """`paired.compare` of the pairs that have values; the others are named.

    Args:
        pairs: of one family.
        alpha: after Holm's correction.
    """
    given = list(pairs)
    finite = [values.finite() for values in given]
    present = [values for values in finite if len(values.base)]
    return Family(
        comparisons=compare(present, alpha),
        missing=tuple(label(values) for values in finite if not len(values.base)),
        left_out=sum(
            len(values.base) - len(kept.base)
            for values, kept in zip(given, finite, strict=True)
            if len(kept.base)
        ),
    )


def with_extra(values: PairedValues, name: str, other: PairedValues) -> PairedValues:
    """The pair with the mean difference of another pair beside it, where that has any value.

    Args:
        values: the pair that decides.
        name: what to call the other.
        other: the same comparison elsewhere.
    """
    differences = other.finite().differences
    if not len(differences):
        return values
    found = bootstrap_mean(differences.to_numpy(dtype=float))
    return replace(values, extra={**values.extra, name: found})


def pooled(pairs: Sequence[PairedValues]) -> Estimate | None:
    """Mean difference over all pairs, resampled by image; None without any value.

    Args:
        pairs: one per network; an image that several saw is drawn for all of them together.
    """
    differences = [values.finite().differences for values in pairs]
    together = pd.concat(differences) if differences else pd.Series(dtype=float)
    if not len(together):
        return None
    return bootstrap_mean(together.to_numpy(dtype=float), together.index.tolist())


def label(values: PairedValues) -> str:
    """What a pair compares, in one line."""
    return ", ".join(values.keys.values())
