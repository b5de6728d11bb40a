"""A claim under all of its settings, in a notebook: figure, table and share."""

from collections.abc import Mapping, Sequence

import pandas as pd

from saliency_audit.ledger import Claim, SpecificationCurve, curves_of, experiment_rows, share
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import HERE
from saliency_audit.report.site.specification_figure import specification_figure
from saliency_audit.report.site.verdicts import html_badge
from saliency_audit.report.words import estimate

NOTHING = "no setting has rows"
# The curves of a claim, by what readers call the rows.
Curves = Mapping[str, Sequence[SpecificationCurve]]


def with_recorded(
    experiment: str, rows: pd.DataFrame, profile: str, name: str = HERE
) -> dict[str, tuple[pd.DataFrame, str]]:
    """Rows with their profile, by what readers call them: the recorded reference first, if any.

    Args:
        experiment: its name.
        rows: of this notebook, at `profile`.
        name: what to call them.
    """
    recorded = experiment_rows(experiment, "reference")
    found = (
        {"recorded, reference": (recorded, "reference")}
        if isinstance(recorded, pd.DataFrame)
        else {}
    )
    return found | {name: (rows, profile)}


def curves_by_run(claim: Claim, runs: Mapping[str, tuple[pd.DataFrame, str]]) -> Curves:
    """The curves of a claim on rows with their profile, by what readers call the rows."""
    return {name: curves_of(claim, rows, profile) for name, (rows, profile) in runs.items()}


def curve_figures(runs: Curves) -> str:
    """The figure of each run and scope under a line that says in how many settings it holds."""
    parts = [
        f"<p><strong>{name.capitalize()} ({curve.scope}): {share(curve)}.</strong></p>\n"
        f"{specification_figure(curve)}"
        for name, curves in runs.items()
        for curve in curves
    ]
    return "\n".join(parts) or f"<p>{NOTHING}</p>"


def settings_tables(runs: Curves) -> str:
    """Of each run, every setting with its verdict and estimate, the lowest estimate first."""
    parts = [
        f"<p><strong>{name.capitalize()}</strong></p>\n{_settings_table(curves)}"
        for name, curves in runs.items()
        if curves
    ]
    return "\n".join(parts) or f"<p>{NOTHING}</p>"


def _settings_table(curves: Sequence[SpecificationCurve]) -> str:
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
    return as_html(pd.DataFrame(rows))


def share_text(claims: Mapping[str, Curves]) -> str:
    """Markdown: a line per claim, scope and run.

    Args:
        claims: the runs of each claim.
    """
    lines = [
        f"- **{claim}**, {curve.scope} ({name}): {share(curve)}."
        for claim, runs in claims.items()
        for name, curves in runs.items()
        for curve in curves
    ]
    return "\n".join(lines) or f"{NOTHING}."
