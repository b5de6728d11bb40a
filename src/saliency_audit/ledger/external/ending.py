"""What every external test ends in: effects are judged and become a verdict, by one rule."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Protocol, cast

import pandas as pd

from saliency_audit.ledger.external.effect import Effect, judged
from saliency_audit.ledger.external.result import Comparison, ExternalResult, Headline, not_tested
from saliency_audit.ledger.verdict import Verdict

Parameters = Mapping[str, Any]
NAMED = 8

# What every test takes: the level of the corrected p values, and the images (or other units of n)
# that a comparison must rest on to be decided.
COMMON = frozenset({"alpha", "images_per_comparison"})


@dataclass(frozen=True)
class Evidence:
    """What a test found in some rows.

    Attributes:
        effects: still to be judged.
        headline: the estimate to show first.
        missing: labels of what the claim declares and the rows lack; leaves at best partly.
        remarks: sentences for the reader.
        undecidable: the sentence on why these rows can decide nothing; the verdict is then
            inconclusive.
        nothing: why there is no comparison, where there is none.
        apart: keys that split the effects into families for Holm's correction.
    """

    effects: Sequence[Effect]
    headline: Headline | None = None
    missing: Sequence[str] = ()
    remarks: Sequence[str] = ()
    undecidable: str = ""
    nothing: str = "no row has the values of any declared comparison"
    apart: Sequence[str] = ()


Measure = Callable[[pd.DataFrame, Parameters], Evidence]


@dataclass(frozen=True)
class Declared:
    """What a test takes, so that an entry of the ledger can be checked before any row exists.

    Attributes:
        needs: parameters that it must be given.
        may: parameters that it may be given.
        columns: from parameters to the columns that rows must have.
        validate: raises a ValueError for parameters that contradict each other.
    """

    needs: frozenset[str]
    may: frozenset[str]
    columns: Callable[[Parameters], Iterable[str]]
    validate: Callable[[Parameters], None] = field(default=lambda parameters: None)

    def refuse(self, test: str, parameters: Parameters) -> None:
        """Refuse parameters that the test lacks or does not know.

        Raises:
            ValueError: names them.
        """
        if missing := self.needs - set(parameters):
            raise ValueError(f"{test}: missing parameters {sorted(missing)}")
        if unknown := set(parameters) - self.needs - self.may - COMMON:
            raise ValueError(f"{test}: unknown parameters {sorted(unknown)}")
        try:
            self.validate(parameters)
        except ValueError as error:
            raise ValueError(f"{test}: {error}") from None


class ExternalTest(Protocol):
    """A test of the ledger: from rows and declared parameters to an `ExternalResult`.

    Attributes:
        declared: what it takes.
    """

    declared: Declared
    __name__: str

    def __call__(self, rows: pd.DataFrame, parameters: Parameters) -> ExternalResult:
        """The outcome on some rows.

        Raises:
            ValueError: a parameter or column that is missing or unknown, or rows that cannot be
                compared: an image that appears twice, or that one of two methods lacks.
        """


def external_test(
    *,
    needs: Iterable[str],
    may: Iterable[str] = (),
    columns: Iterable[str] | Callable[[Parameters], Iterable[str]],
    validate: Callable[[Parameters], None] = lambda parameters: None,
) -> Callable[[Measure], ExternalTest]:
    """Make a test of a function that measures effects.

    Args:
        needs: parameters that it must be given, beside `COMMON`.
        may: parameters that it may be given.
        columns: that its rows must have, or a function of the parameters that says so.
        validate: raises a ValueError for parameters that contradict each other.
    """
    named = columns if callable(columns) else _always(tuple(columns))
    declared = Declared(frozenset(needs), frozenset(may), named, validate)

    def decorate(measure: Measure) -> ExternalTest:
        name = measure.__name__

        @wraps(measure)
        def test(rows: pd.DataFrame, parameters: Parameters) -> ExternalResult:
            declared.refuse(name, parameters)
            if rows.empty:
                return not_tested("no rows")
            require_columns(name, rows, declared.columns(parameters))
            return conclude(measure(rows, parameters), parameters)

        test.declared = declared  # type: ignore[attr-defined]
        return cast(ExternalTest, test)

    return decorate


def _always(columns: tuple[str, ...]) -> Callable[[Parameters], Iterable[str]]:
    return lambda parameters: columns


def require_columns(test: str, rows: pd.DataFrame, needed: Iterable[str]) -> None:
    """Refuse rows of another experiment.

    Raises:
        ValueError: names the columns that the rows lack.
    """
    if missing := [name for name in needed if name not in rows.columns]:
        raise ValueError(f"{test}: the rows lack the columns {', '.join(missing)}")


def family_verdict(comparisons: Sequence[Comparison], *, complete: bool = True) -> Verdict:
    """The verdict that comparisons lead to; those that do not decide are left out.

    Reproduced if all hold (partly if something declared was not computed), not reproduced if at
    least half contradict, inconclusive if at least half are undecided, otherwise partly.
    """
    deciding = [comparison for comparison in comparisons if comparison.decides]
    if not deciding:
        raise ValueError("there is no comparison to judge")
    total = len(deciding)
    if all(comparison.holds for comparison in deciding):
        return Verdict.REPRODUCED if complete else Verdict.PARTLY
    if 2 * sum(comparison.contradicts for comparison in deciding) >= total:
        return Verdict.NOT_REPRODUCED
    if 2 * sum(comparison.undecided for comparison in deciding) >= total:
        return Verdict.INCONCLUSIVE
    return Verdict.PARTLY


def conclude(evidence: Evidence, parameters: Parameters) -> ExternalResult:
    """Evidence with its verdict, and with everything that a reader should know beside it."""
    comparisons = judged(evidence.effects, parameters, evidence.apart)
    if evidence.undecidable:
        comparisons = [replace(each, holds=False, contradicts=False) for each in comparisons]
    if not any(item.decides for item in comparisons):
        if evidence.undecidable:
            why = sentences(evidence.undecidable, *evidence.remarks)
            return ExternalResult(Verdict.INCONCLUSIVE, why)
        return not_tested(evidence.nothing)
    verdict = family_verdict(comparisons, complete=not evidence.missing)
    detail = sentences(
        tally(comparisons),
        evidence.undecidable,
        f"Not computed: {named(evidence.missing)}." if evidence.missing else "",
        *evidence.remarks,
        f"Headline: {evidence.headline.quantity}." if evidence.headline else "",
    )
    return ExternalResult(verdict, detail, evidence.headline, tuple(comparisons))


def tally(comparisons: Sequence[Comparison]) -> str:
    """One sentence: how many comparisons hold, which contradict, which are undecided."""
    deciding = [item for item in comparisons if item.decides]
    holding = sum(item.holds for item in deciding)
    hold = "comparison holds" if len(deciding) == 1 else "comparisons hold"
    parts = [f"{holding} of {len(deciding)} {hold}"]
    if against := [item.label for item in deciding if item.contradicts]:
        verb = "contradicts" if len(against) == 1 else "contradict"
        parts.append(f"{len(against)} {verb} the claim ({named(against)})")
    if open_ones := [item.label for item in deciding if item.undecided]:
        parts.append(f"{len(open_ones)} undecided ({named(open_ones)})")
    return ", ".join(parts) + "."


def named(labels: Sequence[str]) -> str:
    """Labels in one line, the first few of many."""
    more = f"; and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return "; ".join(labels[:NAMED]) + more


def sentences(*parts: str) -> str:
    """The parts that say something, in one line."""
    return " ".join(part for part in parts if part)
