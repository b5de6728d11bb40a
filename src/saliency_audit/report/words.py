"""How verdicts, estimates and papers read on the page."""

import math

from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.report.markdown import span

INTERNAL_MEANING = {
    Verdict.REPRODUCED: "Every statement of the claim follows from what the paper itself prints.",
    Verdict.PARTLY: "Part of it follows from what the paper itself prints; the rest does not.",
    Verdict.NOT_REPRODUCED: "What the paper itself prints contradicts the claim.",
    Verdict.INCONCLUSIVE: "What the paper prints cannot settle it either way.",
    Verdict.NOT_TESTED: "The paper prints nothing that the claim could be held against.",
}

EXTERNAL_MEANING = {
    Verdict.REPRODUCED: "Our own rows pass the declared test in every comparison.",
    Verdict.PARTLY: "Our own rows pass the declared test in part.",
    Verdict.NOT_REPRODUCED: "Our own rows fail the declared test.",
    Verdict.INCONCLUSIVE: "Our own rows are too few or too noisy for the declared test to decide.",
    Verdict.NOT_TESTED: "There are no rows of ours to decide from yet.",
}


def css_class(verdict: Verdict) -> str:
    """The CSS class of a verdict: `verdict-not-reproduced`."""
    return f"verdict-{str(verdict).replace(' ', '-')}"


def badge(verdict: Verdict) -> str:
    """A verdict as a Markdown span; the style sheet adds a mark and a tint to the word."""
    return span(str(verdict), "verdict", css_class(verdict))


def html_badge(verdict: Verdict) -> str:
    """A verdict as HTML, for raw tables."""
    return f'<span class="verdict {css_class(verdict)}">{verdict}</span>'


def number(value: float, digits: int = 3) -> str:
    """A number with a real minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")


def estimate(found: Estimate | None) -> str:
    """Mean with its 95 % interval, to the digits that the interval supports; "—" without one."""
    if found is None:
        return "—"
    digits = significant_digits(found)
    return (
        f"{number(found.mean, digits)} [{number(found.low, digits)}, {number(found.high, digits)}]"
    )


def significant_digits(found: Estimate) -> int:
    """Decimals that show two digits of the interval's width, between 2 and 6."""
    width = found.high - found.low
    if not width > 0:
        return 3
    return min(6, max(2, 1 - math.floor(math.log10(width))))


def p_value(value: float) -> str:
    """A p value; very small ones as a bound."""
    return "< 0.0001" if value < 0.0001 else number(value, 4)


def count(n: int, noun: str, plural: str | None = None) -> str:
    """`1 claim`, `3 claims`."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}".replace(",", " ")


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def table_title(name: str) -> str:
    """`table_04` -> `Table 4`, `section_5` -> `Section 5`."""
    kind, _, place = name.partition("_")
    return f"{kind.capitalize()} {place.lstrip('0')}"
