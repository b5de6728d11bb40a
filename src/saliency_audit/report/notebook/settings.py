"""A claim under all of its settings, in a notebook: figure, table and share."""

from collections.abc import Mapping, Sequence

import pandas as pd

from saliency_audit.ledger import SpecificationCurve, share
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.site.specification_figure import specification_figure
from saliency_audit.report.site.verdicts import html_badge
from saliency_audit.report.words import estimate

NOTHING = "no setting has rows"


def curve_figures(curves: Sequence[SpecificationCurve]) -> str:
    """The figure of each scope under a line that says in how many settings the claim holds."""
    parts = [
        f"<p><strong>{str(curve.scope).capitalize()}: {share(curve)}.</strong></p>\n"
        f"{specification_figure(curve)}"
        for curve in curves
    ]
    return "\n".join(parts) or f"<p>{NOTHING}</p>"


def settings_table(curves: Sequence[SpecificationCurve]) -> str:
    """Every setting with its verdict and estimate, the lowest estimate first."""
    rows = [
        {
            **{
                choice.name: option.means
                for choice, option in zip(item.setting.choices, item.setting.options, strict=True)
            },
            "verdict": html_badge(item.result.verdict),
            "estimate [95 %]": estimate(item.result.headline),
            "n": str(item.result.headline.n) if item.result.headline else "—",
        }
        for curve in curves
        for item in curve.sorted
    ]
    return as_html(pd.DataFrame(rows)) if rows else f"<p>{NOTHING}</p>"


def share_text(curves: Mapping[str, Sequence[SpecificationCurve]], rows: str) -> str:
    """Markdown: a line per claim and scope.

    Args:
        curves: by claim.
        rows: what to call the rows.
    """
    lines = [
        f"- **{claim}**, {curve.scope} ({rows}): {share(curve)}."
        for claim, found in curves.items()
        for curve in found
    ]
    return "\n".join(lines) or f"{NOTHING}."
