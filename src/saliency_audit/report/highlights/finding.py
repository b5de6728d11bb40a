"""One finding, and how a finding asks the audits."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from saliency_audit.ledger import ClaimAudit, Comparison, ExternalResult, Scope, SpecificationCurve
from saliency_audit.ledger.evaluation import experiment_rows

Audits = Mapping[str, ClaimAudit]
PROFILE = "reference"


@dataclass(frozen=True)
class Highlight:
    """One finding of the front page.

    Attributes:
        claim: the id of the claim whose page has the rows and the test.
        scope: whether the rows are of the claim's own networks and data.
        figure: what stands in large type, one or two numbers.
        text: a few sentences of plain text.
    """

    claim: str
    scope: Scope
    figure: str
    text: str


def rows_of(experiment: str) -> pd.DataFrame | None:
    """Recorded rows of an experiment on real data; None without any."""
    rows = experiment_rows(experiment, PROFILE)
    return None if isinstance(rows, str) else rows


def comparison(result: ExternalResult, *last: str) -> Comparison | None:
    """The first comparison whose last keys are these; None without one."""
    found = (item for item in result.comparisons if tuple(item.keys.values())[-len(last) :] == last)
    return next(found, None)


def curve_of(audit: ClaimAudit, scope: Scope) -> SpecificationCurve | None:
    """The claim under all settings of a scope on real data; None without rows."""
    return next((c for c in audit.curves if (c.scope, c.profile) == (scope, PROFILE)), None)


def under(
    curve: SpecificationCurve | None, option: str, replaced: str, *last: str
) -> Comparison | None:
    """See `comparison`, in the main setting but for one option; None without rows of it.

    Args:
        curve: the claim under all settings.
        option: value of a choice.
        replaced: the main value of that choice; the same as `option` for the main setting itself.
        last: keys of the comparison.
    """
    if curve is None or curve.main is None:
        return None
    key = tuple(option if value == replaced else value for value in curve.main.setting.key)
    found = (item.result for item in curve.outcomes if item.setting.key == key)
    return next((comparison(result, *last) for result in found), None)
