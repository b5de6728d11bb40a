"""How numbers, estimates and answers read on a page."""

import math

from saliency_audit.ledger.external.result import Comparison
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.verdict import Erratum

MOST_DIGITS = 6
# Below this an exponent is easier to read than zeros.
SMALL = 1e-4
# CSS classes of the answers.
CLASSES = {"yes": "holds", "no": "fails", "undecided": "undecided"}


def printed_label(erratum: Erratum) -> str:
    """What stands before the printed words: it says where they are paraphrased, not quoted."""
    return "Printed" if erratum.quoted else "Printed, in our words"


def number(value: float, digits: int = 3) -> str:
    """A number with a real minus sign, never rounded to zero unless it is zero.

    Where `digits` decimals would show nothing of it, it is given to its first significant digit
    or, below 0.0001, with an exponent. NaN, where there is nothing to say, becomes "—".
    """
    if math.isnan(value):
        return "—"
    if value and abs(value) < 0.5 * 10**-digits:
        if abs(value) < SMALL:
            return with_exponent(value)
        digits = -math.floor(math.log10(abs(value)))
    return f"{value:.{digits}f}".replace("-", "−")


def three_figures(value: float) -> str:
    """A number to three significant digits where decimals are needed for them."""
    if not math.isfinite(value) or value == 0:
        return number(value, 2)
    if abs(value) < SMALL:
        return with_exponent(value)
    return number(value, max(0, 2 - math.floor(math.log10(abs(value)))))


def with_exponent(value: float) -> str:
    """Two significant digits: `1.2e−8`; zero is `0`."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")


def estimate(found: Estimate | None) -> str:
    """Mean with its 95 % interval, to the digits that the interval supports; "—" without one.

    An interval without a width (what was computed and not sampled) is left out. NaN, a score of an
    empty set, is "undefined".
    """
    if found is None:
        return "—"
    if math.isnan(found.value):
        return "undefined"
    digits = significant_digits(found)
    values = (found.value, found.low, found.high)
    small = max(abs(value) for value in values) < SMALL
    mean, low, high = (with_exponent(v) if small else number(v, digits) for v in values)
    return mean if found.low == found.value == found.high else f"{mean} [{low}, {high}]"


def estimate_below(found: Estimate) -> str:
    """Mean and, on a line below, its 95 % interval: each to three significant digits."""
    value, low, high = map(three_figures, (found.value, found.low, found.high))
    return f"{value}<br>[{low}, {high}]"


def significant_digits(found: Estimate) -> int:
    """Decimals that show two digits of the interval's width, between 2 and 6."""
    width = found.high - found.low
    if not width > 0:
        return 3
    return min(MOST_DIGITS, max(2, 1 - math.floor(math.log10(width))))


def reported(found: Estimate | None, item: Comparison) -> str:
    """What a comparison reports beside itself: the estimate, and n where it is another."""
    if found is None or found.n == item.estimate.n:
        return estimate(found)
    return f"{estimate(found)}, n = {found.n}"


def outcome(item: Comparison) -> str:
    """Does it hold: "yes", "no" (the data contradict it) or "undecided"."""
    if item.holds:
        return "yes"
    return "no" if item.contradicts else "undecided"


def mark(item: Comparison) -> str:
    """Whether a comparison holds, as HTML that does not rely on colour."""
    answer = outcome(item)
    return f'<span class="{CLASSES[answer]}">{answer}</span>'


def nearer_p(item: Comparison) -> float:
    """The corrected p of the side that the data are nearer to; NaN where the rule uses none."""
    return min(item.p_adjusted, item.p_opposite)  # the first where the second is NaN


def p_value(value: float) -> str:
    """A p value; very small ones as a bound, "—" where the rule uses none."""
    return "< 0.0001" if value < 0.0001 else number(value, 4)


def percent(share: float, digits: int = 1) -> str:
    """A share as `96.4 %`."""
    return f"{100 * share:.{digits}f} %"


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
