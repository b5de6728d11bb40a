"""In how many settings a claim holds: on its page, and on one page for all claims."""

from collections.abc import Sequence

from saliency_audit.ledger import (
    Choice,
    Claim,
    ClaimAudit,
    Comparison,
    SpecificationCurve,
    Verdict,
    share,
)
from saliency_audit.report.in_print import in_print
from saliency_audit.report.site.markdown import (
    code,
    document,
    escape,
    folded,
    listed,
    page,
    sentence,
    table,
)
from saliency_audit.report.site.specification_figure import estimated, specification_figure
from saliency_audit.report.site.verdicts import badge
from saliency_audit.report.words import count, estimate

RULE = (
    "The main setting follows from one rule for all papers: the text decides; where it is silent "
    "or says two things, the authors' released code; where both are silent, this project's choice."
)


def robustness_part(audit: ClaimAudit) -> str:
    """The specification curves of a claim; a sentence where none is declared or recorded."""
    spec = audit.claim.external.settings
    if spec is None:
        return "No settings are declared: this claim is tested under one reading so far."
    if not audit.curves:
        return f"No rows of {code(spec.experiment)} are recorded yet."
    return page(
        f"{RULE} A ring marks it.",
        *(_curve(curve, spec.choices) for curve in audit.curves),
        sentence(spec.left_out) if spec.left_out else "",
    )


def _curve(curve: SpecificationCurve, choices: Sequence[Choice]) -> str:
    main = curve.main
    where = f"{str(curve.scope).capitalize()}, {code(curve.profile)} profile"
    decided = f" In the main setting: {badge(main.result.verdict)}" if main else ""
    return page(
        f"**{where}: {share(curve)}.**{decided}",
        specification_figure(curve),
        " ".join(badge(verdict) for verdict in Verdict if curve.counts[verdict]),
        f"The figure shows {escape(estimated(curve))}; verdicts rest on all comparisons.",
        "Which choice changes the verdict, where all others stay: "
        + "; ".join(
            f"{escape(choice.name)} in {changed} of {pairs}"
            for place, choice in enumerate(choices)
            for changed, pairs in [curve.moved_by(place)]
        )
        + ".",
        _networks(curve),
        folded("All settings", _listed(curve)),
    )


def _networks(curve: SpecificationCurve) -> str:
    """Which networks the settings are compared on: those that all have, maybe fewer than above."""
    found = {
        item.keys["model"]: None
        for outcome in curve.outcomes
        for item in outcome.result.comparisons
        if "model" in item.keys
    }
    names = ", ".join(escape(in_print(name)) for name in found)
    return f"Compared on the networks that every setting has: {names}." if names else ""


def _listed(curve: SpecificationCurve) -> str:
    names = [choice.name for choice in curve.outcomes[0].setting.choices]
    rows = [
        (
            *(escape(option.means) for option in item.setting.options),
            badge(item.result.verdict),
            estimate(item.result.headline),
            _held(item.result.comparisons),
        )
        for item in curve.sorted
    ]
    header = (*map(escape, names), "verdict", "estimate [95 %]", "comparisons that hold")
    return table(header, rows, "l" * (len(names) + 1) + "rr")


def _held(comparisons: Sequence[Comparison]) -> str:
    deciding = [item for item in comparisons if item.decides]
    return f"{sum(item.holds for item in deciding)} of {len(deciding)}"


def robustness_page(audits: Sequence[ClaimAudit]) -> str:
    """The page "How robust is each verdict": a line per claim and scope with settings."""
    rows = []
    without = []
    left_out = [
        f"{audit.claim.id}: {spec.left_out}"
        for audit in audits
        if (spec := audit.claim.external.settings) and spec.left_out
    ]
    for audit in audits:
        rows += [_line(audit.claim, curve) for curve in audit.curves]
        if not audit.curves:
            without.append(audit.claim.id)
    return page(
        "# How robust is each verdict",
        "A paper leaves choices open, and its code makes them. Each claim below was tested under "
        f"every combination of the choices that its rows have. {RULE} A verdict that turns with a "
        "choice of the last kind says little about the paper.",
        table(
            ("claim", "rows", "main setting", "holds", "contradicted", "moved most by"),
            rows,
            "lllrrl",
        )
        if rows
        else "No rows of any claim's settings are recorded yet.",
        listed("Open choices without rows:", left_out),
        f"{count(len(without), 'claim')} without rows of other settings: {', '.join(without)}.",
        document("What the released code does", "book/generated/released"),
    )


def _line(claim: Claim, curve: SpecificationCurve) -> tuple[str, ...]:
    counts, main, spec = curve.counts, curve.main, claim.external.settings
    assert spec is not None
    moved = [(choice, *curve.moved_by(place)) for place, choice in enumerate(spec.choices)]
    most, changed, pairs = max(moved, key=lambda item: item[1] / max(item[2], 1))
    headline = main.result.headline if main else None
    return (
        claim.id,
        f"{curve.scope}, {curve.profile}"
        + (f", n = {headline.n} {headline.unit}" if headline else ""),
        badge(main.result.verdict) if main else "—",
        f"{counts[Verdict.REPRODUCED]} of {counts.total()}",
        str(counts[Verdict.NOT_REPRODUCED]),
        f"{escape(most.name)} ({changed} of {pairs})" if changed else "no choice",
    )
