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
        figure: what stands in large type, one or two numbers.
        text: one or two sentences of plain text.
    """

    claim: str
    figure: str
    text: str


def rows_of(experiment: str) -> pd.DataFrame | None:
    """Recorded rows of an experiment on real data; None without any."""
    rows = experiment_rows(experiment, PROFILE)
    return None if isinstance(rows, str) else rows


def result_of(audit: ClaimAudit, scope: Scope) -> ExternalResult:
    """The claim's outcome at the largest profile that tested it."""
    return audit.strongest_of(scope)[1]


def comparison(result: ExternalResult, *last: str) -> Comparison | None:
    """The first comparison whose last keys are these; None without one."""
    found = (item for item in result.comparisons if tuple(item.keys.values())[-len(last) :] == last)
    return next(found, None)


def curve_of(audit: ClaimAudit, scope: Scope) -> SpecificationCurve | None:
    """The claim under all settings of a scope on real data; None without rows."""
    return next((c for c in audit.curves if (c.scope, c.profile) == (scope, PROFILE)), None)


def seconds(value: float, digits: int) -> str:
    """A time as `0.7 s`, which no line breaks."""
    return f"{value:.{digits}f}\N{NO-BREAK SPACE}s"


def percent(share: float, digits: int = 1) -> str:
    """A share as `96.4 %`, which no line breaks."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"
