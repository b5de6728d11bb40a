"""The end of a claim's notebook: the declared rule and what it says about each source."""

from saliency_audit.ledger import ClaimAudit, ExternalResult
from saliency_audit.report.site.markdown import escape, page, sentence


def verdict_text(audit: ClaimAudit, here: ExternalResult, profile: str) -> str:
    """Markdown: the threshold, then a line per source: paper, recorded rows, this execution.

    Args:
        audit: the claim with its verdicts.
        here: outcome of the test on the rows of this execution.
        profile: the profile of this execution.
    """
    recorded_at, recorded = audit.strongest
    lines = (
        ("The paper's own numbers", str(audit.internal_verdict), audit.internal_detail),
        (f"Our recorded rows ({recorded_at})", str(recorded.verdict), recorded.detail),
        (f"This execution ({profile})", str(here.verdict), here.detail),
    )
    spec = audit.claim.external
    changes = [f"> - {escape(change)}" for change in spec.history]
    quoted = [f"> {escape(str(spec.threshold))}"]
    if changes:
        quoted += [">", "> Changed after rows existed:", ">", *changes]
    return page(
        "\n".join(quoted),
        "\n".join(f"- **{who}: {verdict}.** {sentence(why)}" for who, verdict, why in lines),
    )
