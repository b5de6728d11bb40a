"""The end of a claim's notebook: the declared rule and what it says about each source."""

from saliency_audit.ledger import ClaimAudit, Scope, ScopedResult
from saliency_audit.report.in_print import in_print
from saliency_audit.report.site.markdown import detail, escape, page


def verdict_text(
    audit: ClaimAudit, here: ScopedResult, profile: str, rows: str = "This execution"
) -> str:
    """Markdown: the threshold, then a line per source: paper, recorded rows, this execution.

    Rows of the claim's own networks and data have one line, all others another.

    Args:
        audit: the claim with its verdicts.
        here: outcome of the test on the rows of this execution.
        profile: the profile of this execution.
        rows: what to call the rows of this execution, which may be recorded ones.
    """
    lines = [("The paper's own numbers", str(audit.internal_verdict), audit.internal_detail)]
    for scope in Scope:
        recorded_at, recorded = audit.strongest_of(scope)
        who = f"Our recorded rows ({recorded_at}), {scope}"
        lines.append((who, str(recorded.verdict), recorded.detail))
    for scope in [scope for scope in Scope if here.of(scope).tested] or [Scope.REPLICATION]:
        who, found = f"{rows} ({profile}), {scope}", here.of(scope)
        lines.append((who, str(found.verdict), found.detail))
    spec = audit.claim.external
    changes = [f"> - {escape(change)}" for change in spec.history]
    quoted = [f"> {escape(str(spec.threshold))}"]
    if changes:
        quoted += [">", "> How it was changed since it was first declared:", ">", *changes]
    return page(
        "\n".join(quoted),
        "*Replication*: the claim's own networks and data. *Generalisation*: others.",
        "\n".join(
            f"- **{who}: {verdict}.** {detail(in_print(why))}" for who, verdict, why in lines
        ),
    )
