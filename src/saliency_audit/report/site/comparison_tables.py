"""The comparisons of an external test as tables: exceptions first, what holds folded away."""

import math
from collections.abc import Sequence

from saliency_audit.ledger import Comparison
from saliency_audit.report.in_print import in_print
from saliency_audit.report.site.markdown import escape, folded, page, table
from saliency_audit.report.words import (
    count,
    estimate,
    nearer_p,
    number,
    outcome,
    p_value,
    reported,
    significant_digits,
    three_figures,
)

SHOWN_AT_ONCE = 12
# In the order of the page.
OUTCOMES = {"no": "Against the claim", "undecided": "Undecided", "yes": "For the claim"}
MARKS = {"no": "[no]{.fails}", "undecided": "[undecided]{.undecided}", "yes": "[yes]{.holds}"}


def exceptions_first(items: Sequence[Comparison]) -> list[Comparison]:
    """What contradicts, then what is undecided, then what holds; last what does not decide."""
    order = list(OUTCOMES)
    return sorted(items, key=lambda item: (not item.decides, order.index(outcome(item))))


def tally(items: Sequence[Comparison]) -> str:
    """`30 of 36 comparisons hold, 4 undecided`."""
    answers = [outcome(item) for item in items]
    hold = "holds" if len(items) == 1 else "hold"
    parts = [f"{answers.count('yes')} of {count(len(items), 'comparison')} {hold}"]
    for answer in ("no", "undecided"):
        if found := answers.count(answer):
            parts.append(f"{found} {OUTCOMES[answer].lower()}")
    return ", ".join(parts)


def comparison_tables(title: str, items: Sequence[Comparison]) -> str:
    """Markdown of all comparisons of one result.

    Up to 12 stand in one table, exceptions first. Of more, each outcome has a table of its own:
    what holds is folded, exceptions only where there are more than 12 of them. Comparisons that do
    not decide are not counted and stand apart.
    """
    deciding = [item for item in items if item.decides]
    said = f"**{title}: {tally(deciding)}.**"
    apart = (_beside([item for item in items if not item.decides]), _extra(items))
    if len(deciding) <= SHOWN_AT_ONCE:
        return page(said, _table(exceptions_first(deciding), deciding), *apart)
    groups = [[item for item in deciding if outcome(item) == answer] for answer in OUTCOMES]
    return page(said, *(_group(group, deciding) for group in groups if group), *apart)


def _group(group: Sequence[Comparison], family: Sequence[Comparison]) -> str:
    """Comparisons of one outcome."""
    answer, rows = outcome(group[0]), _table(group, family)
    if answer != "yes" and len(group) <= SHOWN_AT_ONCE:
        return rows
    return folded(f"{OUTCOMES[answer]}: {count(len(group), 'comparison')}", rows)


def _beside(items: Sequence[Comparison]) -> str:
    """Comparisons that do not decide."""
    if not items:
        return ""
    rows = _table(exceptions_first(items), items)
    return folded(f"Not decisive: {count(len(items), 'comparison')}", rows)


def _table(items: Sequence[Comparison], family: Sequence[Comparison]) -> str:
    """The columns are the same for every part of a family."""
    names = list(family[0].keys)
    tested = not all(math.isnan(item.p_adjusted) for item in family)
    header = (
        "holds",
        *names,
        "base",
        "compared",
        f"{_quantity(family)} [95 % interval]",
        "n",
        *(["p of the nearer side (Holm)"] if tested else []),
        "expected",
    )
    rows = [_row(item, names, tested) for item in items]
    return table(header, rows, "l" * (1 + len(names)) + "rrrr" + "r" * tested)


def _quantity(family: Sequence[Comparison]) -> str:
    """A slope or a mean error is no difference of the two numbers before it."""
    return "compared − base" if all(map(_is_difference, family)) else "estimate"


def _is_difference(item: Comparison) -> bool:
    difference = item.other - item.base
    return math.isclose(difference, item.estimate.value, rel_tol=1e-6, abs_tol=1e-12)


def both_sides(item: Comparison) -> tuple[str, str]:
    """The statistic of the base and of what is compared with it.

    Where the estimate is their difference they have its decimals, else three figures.
    """
    base, other = item.base, item.other
    if not _is_difference(item):
        return three_figures(base), three_figures(other)
    digits = significant_digits(item.estimate)
    return number(base, digits), number(other, digits)


def _row(item: Comparison, names: Sequence[str], tested: bool) -> tuple[str, ...]:
    return (
        MARKS[outcome(item)],
        *(escape(in_print(str(item.keys.get(name, "")))) for name in names),
        *both_sides(item),
        estimate(item.estimate),
        str(item.estimate.n),
        *([p_value(nearer_p(item))] if tested else []),
        escape(item.expected),
    )


def _extra(items: Sequence[Comparison]) -> str:
    """What a test reports beside its comparisons; it does not decide."""
    chosen = [item for item in items if item.extra]
    if not chosen:
        return ""
    names = list(chosen[0].keys)
    further = list(dict.fromkeys(name for item in chosen for name in item.extra))
    rows = [
        (
            *(escape(in_print(str(item.keys.get(name, "")))) for name in names),
            *(reported(item.extra.get(name), item) for name in further),
        )
        for item in chosen
    ]
    aligned = "l" * len(names) + "r" * len(further)
    content = table((*names, *(escape(in_print(name)) for name in further)), rows, aligned)
    return folded("Also reported, not decisive [95 % interval]", content)
