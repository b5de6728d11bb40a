"""The internal audit on a claim's page: question, finding, checks, printed tables, code."""

from collections.abc import Sequence

from saliency_audit.ledger import Check, Claim, ClaimAudit, Verdict
from saliency_audit.report.site.code_links import CodePlace, internal_test_place
from saliency_audit.report.site.markdown import (
    anchor,
    code,
    escape,
    folded,
    listed,
    page,
    sentence,
    table,
)
from saliency_audit.report.words import count, table_title

SHOWN_AT_ONCE = 12


def internal_part(audit: ClaimAudit) -> str:
    """Markdown of the internal audit; says why where there is nothing to test."""
    claim = audit.claim
    printed = _printed(claim)
    question = f"*Question.* {escape(claim.internal.question or '')}"
    if claim.internal.planned:
        return page(question, sentence(audit.internal_detail), printed)
    if audit.internal is None:
        return page(f"Nothing to test: {sentence(audit.internal_detail)}", printed)
    audited = audit.internal
    undecidable = audited.undecidable
    return page(
        question,
        f"*{_open(audited.verdict)}.* {sentence(undecidable)}" if undecidable else "",
        f"*Finding.* {sentence(audited.detail)}",
        _checks(audited.deciding),
        _noted([check for check in audited.checks if not check.deciding]),
        printed,
        _code(internal_test_place(claim.id)),
        listed("Changed since the first audit:", claim.internal.history),
    )


def _checks(checks: Sequence[Check]) -> str:
    if not checks:
        return ""
    failed = [check for check in checks if not check.holds]
    held = [check for check in checks if check.holds]
    if len(checks) <= SHOWN_AT_ONCE:
        return page(_heading(checks, failed), _check_table([*failed, *held]))
    return page(
        _heading(checks, failed),
        _check_table(failed) if failed else "",
        folded(f"The {count(len(held), 'check')} that {_hold(held)}", _check_table(held))
        if held
        else "",
    )


def _open(verdict: Verdict) -> str:
    """What fails still fails, so a reason may stand beside a verdict other than inconclusive."""
    return "Why it stays open" if verdict is Verdict.INCONCLUSIVE else "What stays open"


def _noted(checks: Sequence[Check]) -> str:
    """The checks that the claim does not state, apart from those that decide."""
    if not checks:
        return ""
    held = [check for check in checks if check.holds]
    failed = [check for check in checks if not check.holds]
    held_of = f"{len(held)} of {len(checks)} {_hold(checks)}"
    title = f"**Also noted (does not decide the verdict):** {held_of}."
    if len(checks) <= SHOWN_AT_ONCE:
        return page(title, _check_table([*failed, *held]))
    return page(
        title,
        _check_table(failed) if failed else "",
        folded(f"The {count(len(held), 'noted check')} that {_hold(held)}", _check_table(held))
        if held
        else "",
    )


def _heading(checks: Sequence[Check], failed: Sequence[Check]) -> str:
    held = f"{len(checks) - len(failed)} of {count(len(checks), 'check')} {_hold(checks)}"
    return f"**{held}.**" + (" Exceptions first:" if failed else "")


def _hold(checks: Sequence[Check]) -> str:
    return "holds" if len(checks) == 1 else "hold"


def _check_table(checks: Sequence[Check]) -> str:
    rows = [
        (
            "[yes]{.holds}" if check.holds else "[no]{.fails}",
            escape(check.name) + (" (decisive)" if check.decisive else ""),
            escape(check.expected),
            escape(check.found),
        )
        for check in checks
    ]
    return table(("holds", "statement", "expected", "found"), rows)


def _printed(claim: Claim) -> str:
    if not claim.printed:
        return "*Printed numbers used.* None; the audit works on formulas and sentences."
    links = [
        anchor(table_title(name), f"printed-{claim.paper}-{name}".replace("_", "-"))
        for name in claim.printed
    ]
    files = code(f"data/paper/{claim.paper}/")
    return f"*Printed numbers used.* {', '.join(links)} (CSV files in {files})."


def _code(place: CodePlace | None) -> str:
    if place is None:
        return ""
    # A fixed folder depth: claim pages lie in book/claims.
    listing = (
        f":::{{literalinclude}} ../../{place.path}\n"
        f":pyobject: {place.name}\n:lineno-match:\n:language: python\n:::"
    )
    return page(
        f"*The code that decided.* {{py:func}}`~{place.qualified}` "
        f'(<a href="../../{place.source_page}">{place.lines}</a>).',
        folded("Show the test", listing),
    )
