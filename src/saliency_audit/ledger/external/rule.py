"""The rule that all tests of differences share: three outcomes of a comparison, four verdicts."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.verdict import Verdict

NAMED = 8

Item = TypeVar("Item")


def judge(
    estimate: Estimate, expected: str, *, significant: bool = True, margin: float = 0.0
) -> tuple[bool, bool]:
    """Whether a difference holds, and whether it contradicts; neither is undecided.

    Args:
        estimate: the difference with its interval.
        expected: "higher", "lower" or "equal".
        significant: whether the corrected p value is below alpha; asked of what shall hold only.
        margin: for "equal": how far from zero counts as equal.

    Returns:
        holds: the interval lies wholly on the expected side of zero and the p value passes, or
        wholly within the margin. contradicts: it lies wholly on the other side, or wholly outside
        the margin. Neither with fewer than two images.

    Raises:
        ValueError: another expectation.
    """
    if estimate.n < 2:
        # The interval of a single image is a point, which proves nothing.
        return False, False
    low, high = estimate.low, estimate.high
    if expected == "higher":
        return significant and low > 0, high < 0
    if expected == "lower":
        return significant and high < 0, low > 0
    if expected == "equal":
        return low >= -margin and high <= margin, low > margin or high < -margin
    raise ValueError(f"expected must be higher, lower or equal, got {expected!r}")


def family_verdict(comparisons: Sequence[Comparison], *, complete: bool = True) -> Verdict:
    """The verdict that a family of comparisons leads to.

    Reproduced if all hold (partly if something declared was not computed), not reproduced if at
    least half contradict, inconclusive if at least half are undecided, otherwise partly.
    """
    if not comparisons:
        raise ValueError("there is no comparison to judge")
    total = len(comparisons)
    if all(comparison.holds for comparison in comparisons):
        return Verdict.REPRODUCED if complete else Verdict.PARTLY
    if 2 * sum(comparison.contradicts for comparison in comparisons) >= total:
        return Verdict.NOT_REPRODUCED
    if 2 * sum(comparison.undecided for comparison in comparisons) >= total:
        return Verdict.INCONCLUSIVE
    return Verdict.PARTLY


def unless_too_few(
    verdict: Verdict, comparisons: Sequence[Comparison], parameters: Mapping[str, Any]
) -> tuple[Verdict, str]:
    """The verdict, or inconclusive where a comparison has too few images; and the sentence for it.

    Args:
        verdict: what the rule says.
        comparisons: at least one.
        parameters: `minimum_images`, where declared.
    """
    fewest = min(comparison.estimate.n for comparison in comparisons)
    needed = parameters.get("minimum_images", 0)
    if fewest >= needed:
        return verdict, ""
    return Verdict.INCONCLUSIVE, f"Too few images to decide: {fewest}, {needed} needed."


def where_gains_are_due(items: Sequence[Item], sides: Sequence[str]) -> tuple[list[Item], str]:
    """What a headline averages: the items where a gain is expected, all where none is.

    Where it expects a loss, a gain is no evidence for it: the two must not be averaged.

    Args:
        items: one per comparison.
        sides: "higher", "lower" or "equal", what is expected of each.

    Returns:
        The items, and words for what was left out.
    """
    gains = [item for item, side in zip(items, sides, strict=True) if side == "higher"]
    if not gains or len(gains) == len(items):
        return list(items), ""
    return gains, ", declared exceptions left out"


def tally(comparisons: Sequence[Comparison]) -> str:
    """One sentence: how many comparisons hold, which contradict, which are undecided."""
    holding = sum(comparison.holds for comparison in comparisons)
    parts = [f"{holding} of {len(comparisons)} comparisons hold"]
    if against := [c.label for c in comparisons if c.contradicts]:
        verb = "contradicts" if len(against) == 1 else "contradict"
        parts.append(f"{len(against)} {verb} the claim ({named(against)})")
    if open_ones := [c.label for c in comparisons if c.undecided]:
        parts.append(f"{len(open_ones)} undecided ({named(open_ones)})")
    return ", ".join(parts) + "."


def named(labels: Sequence[str]) -> str:
    """Labels in one line, the first few of many."""
    more = f"; and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return "; ".join(labels[:NAMED]) + more


def unless_other_steps(verdict: Verdict, differ: bool) -> tuple[Verdict, str]:
    """The verdict, or inconclusive where the declared steps were not computed; and its sentence."""
    if not differ:
        return verdict, ""
    return Verdict.INCONCLUSIVE, "Undecided: the declared number of steps was not computed."


def is_complete(
    models: Sequence[str], parameters: Mapping[str, Any], missing: Sequence[str]
) -> bool:
    """Whether nothing declared is missing and at least one of the claim's networks was computed.

    Args:
        models: the networks that have rows.
        parameters: `networks`, the claim's own, where declared.
        missing: what the claim declares and the rows lack.
    """
    claimed = parameters.get("networks", [])
    return not missing and (not claimed or any(name in models for name in claimed))


def coverage(models: Sequence[str], parameters: Mapping[str, Any], missing: Sequence[str]) -> str:
    """Which networks were computed, how many of the claim's are missing, and what else is.

    Args:
        models: the networks that have rows.
        parameters: `networks`, the claim's own, where declared.
        missing: what the claim declares and the rows lack.
    """
    text = f"Networks: {', '.join(models)}"
    claimed = parameters.get("networks", [])
    absent = [name for name in claimed if name not in models]
    if len(claimed) == 1 and absent:
        text += f"; the claim's {absent[0]} is not computed"
    elif len(absent) == len(claimed) > 1:
        text += f"; none of the claim's {len(claimed)} is computed"
    elif absent:
        text += f"; {len(absent)} of the claim's {len(claimed)} are not computed"
    if missing:
        text += f". Not computed yet: {named(missing)}"
    return text + "."


def sentences(*parts: str) -> str:
    """The parts that say something, in one line."""
    return " ".join(part for part in parts if part)


def family_result(
    comparisons: Sequence[Comparison],
    parameters: Mapping[str, Any],
    headline: Estimate | None,
    *,
    models: Sequence[str],
    missing: Sequence[str] = (),
    left_out: int = 0,
    remarks: Sequence[str] = (),
) -> ExternalResult:
    """`family_verdict` of the comparisons, with everything that a reader should know beside it.

    Args:
        comparisons: of all families; without any the result is "not tested".
        parameters: `minimum_images` and `networks`, the claim's own, where declared.
        headline: the estimate to show first.
        models: the networks that have rows; none of the claim's leave at best partly.
        missing: labels of declared comparisons without values; they leave at best partly.
        left_out: how often an image had no value.
        remarks: further sentences.
    """
    if not comparisons:
        return not_tested("no image has the values of any declared comparison")
    complete = is_complete(models, parameters, missing)
    verdict = family_verdict(comparisons, complete=complete)
    verdict, too_few = unless_too_few(verdict, comparisons, parameters)
    detail = sentences(
        tally(comparisons),
        too_few,
        coverage(models, parameters, []),
        f"Without values: {named(missing)}." if missing else "",
        f"{left_out} times an image had no value and was left out." if left_out else "",
        *remarks,
    )
    return ExternalResult(verdict, detail, headline, tuple(comparisons))
