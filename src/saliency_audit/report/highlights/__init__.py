"""The findings that surprised us most, for the front page: each computed from audits and rows.

A finding is a function of the audits. It returns None where its rows are missing, or where they no
longer say what its sentence says: the page then has one finding less, and never a wrong one.
"""

from collections.abc import Callable, Sequence

from saliency_audit.ledger import ClaimAudit
from saliency_audit.report.highlights import dre, ggig, idgi, mege, xmgd
from saliency_audit.report.highlights.finding import Audits, Highlight

FINDINGS: tuple[Callable[[Audits], Highlight | None], ...] = (
    idgi.insertion_by_signs,
    idgi.steps_by_setting,
    idgi.stability_by_size,
    ggig.constant_map_wins,
    ggig.training_falls_short,
    ggig.class_behind_the_board,
    mege.two_definitions,
    dre.area_constraint,
    xmgd.minute_or_second,
    xmgd.spread_against_ssim,
)


def highlights(audits: Sequence[ClaimAudit]) -> list[Highlight]:
    """The findings that today's rows support, in the order of `FINDINGS`.

    Args:
        audits: of all claims.
    """
    by_id = {audit.claim.id: audit for audit in audits}
    return [found for finding in FINDINGS if (found := finding(by_id))]
