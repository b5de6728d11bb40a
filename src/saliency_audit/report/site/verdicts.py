"""How the verdicts of a claim read on the pages."""

from saliency_audit.ledger.verdict import Verdict
from saliency_audit.report.site.markdown import span

INTERNAL_MEANING = {
    Verdict.REPRODUCED: "Every statement of the claim follows from what the paper itself prints.",
    Verdict.PARTLY: "Part of it follows from what the paper itself prints; the rest does not.",
    Verdict.NOT_REPRODUCED: "What the paper itself prints contradicts the claim.",
    Verdict.INCONCLUSIVE: "What the paper prints cannot settle it either way.",
    Verdict.NOT_TESTED: "The paper prints nothing to hold the claim against.",
}

EXTERNAL_MEANING = {
    Verdict.REPRODUCED: "Our own rows pass the declared test in every comparison.",
    Verdict.PARTLY: "Our own rows pass the declared test in part.",
    Verdict.NOT_REPRODUCED: "Our own rows fail the declared test.",
    Verdict.INCONCLUSIVE: "Our own rows cannot decide it: few, noisy or from another setting.",
    Verdict.NOT_TESTED: "We have no rows to decide from yet.",
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
