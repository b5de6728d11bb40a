"""A claim as plain text, from its sentence down to code and rows: `saliency-audit audit`."""

import math
from collections.abc import Iterator

from saliency_audit.ledger import (
    Claim,
    ClaimAudit,
    Comparison,
    ExternalResult,
    Scope,
    printed_table,
    share,
)
from saliency_audit.ledger.external import TESTS
from saliency_audit.ledger.internal import TESTS as INTERNAL_TESTS
from saliency_audit.locations import project_root
from saliency_audit.report.in_print import in_print
from saliency_audit.report.site.code_links import locate
from saliency_audit.report.site.comparison_tables import both_sides, exceptions_first
from saliency_audit.report.site.recorded_runs import recorded_run
from saliency_audit.report.words import estimate, nearer_p, outcome, printed_label, reported
from saliency_audit.study import get_experiment

# Checks of an internal test, and comparisons of an external one, unless all are asked for.
MOST = 12
MARKS = {"yes": "holds", "no": "FAILS", "undecided": "open "}


def trace(audit: ClaimAudit, *, whole: bool = False) -> str:
    """Sentence → printed numbers → our rows → test → verdict → code and notebook, as text.

    Args:
        audit: of the claim.
        whole: whether every check and comparison is shown. Otherwise the first `MOST` of each list
            are, exceptions before what holds, and a line says how many there are besides.
    """
    return "\n".join(_lines(audit, None if whole else MOST))


def _lines(audit: ClaimAudit, most: int | None) -> Iterator[str]:
    claim = audit.claim
    yield f"{claim.id}  {claim.title}"
    yield f"  paper      {claim.paper}, {claim.location}"
    yield f"  statement  {claim.statement}"
    yield ""
    yield f"INTERNAL: {audit.internal_verdict}"
    yield f"  {audit.internal_detail}"
    yield from _printed(claim)
    yield from _checks(audit, most)
    yield ""
    yield from _released(audit)
    yield ""
    yield "EXTERNAL"
    yield from _declaration(claim)
    for profile, both in audit.external.items():
        for scope in Scope:
            result = both.of(scope)
            yield f"  {profile}, {scope}: {result.verdict}"
            yield from _result(result, most)
        yield from _rows(claim, profile)
    yield from _settings(audit, most)
    yield ""
    yield "WHERE"
    yield f"  ledger     data/claims/{claim.paper}.yml"
    if claim.notebook:
        planned = " (planned)" if claim.notebook_planned else ""
        yield f"  notebook   notebooks/{claim.notebook}.py{planned}"


def _printed(claim: Claim) -> Iterator[str]:
    for name in claim.printed:
        cells = len(printed_table(claim.paper, name))
        yield f"  printed    data/paper/{claim.paper}/{name}.csv ({cells} cells)"
    if not claim.internal.nothing_to_test:
        yield f"  test       {locate(INTERNAL_TESTS[claim.id]).lines}"
    for change in claim.internal.history:
        yield f"  changed    {change}"


def _checks(audit: ClaimAudit, most: int | None) -> Iterator[str]:
    if audit.internal is None:
        return
    ordered = [*audit.internal.exceptions, *(c for c in audit.internal.checks if c.holds)]
    for check in ordered[:most]:
        mark = "holds" if check.holds else "FAILS" if check.deciding else "noted"
        yield f"    {mark}  {check.name}: expected {check.expected}; found {check.found}"
    yield from _hidden("checks", len(ordered), most)
    for erratum in audit.internal.errata:
        yield f"    erratum  {erratum.location}. {printed_label(erratum)}: {erratum.printed}"
        yield f"             {erratum.problem}"


def _released(audit: ClaimAudit) -> Iterator[str]:
    yield f"RELEASED CODE: {audit.released_verdict}"
    for finding in audit.findings:
        yield f"    {finding.relation}  {finding.topic} ({finding.certainty}): {finding.code}"
    paper = audit.claim.paper
    yield f"  ledger     data/released/{paper}.yml; saliency-audit released {paper}"


def _settings(audit: ClaimAudit, most: int | None) -> Iterator[str]:
    """In how many settings the claim holds, and what the test says under each."""
    if audit.claim.external.settings is None:
        return
    yield ""
    yield "SETTINGS"
    if not audit.curves:
        yield f"  no rows of {audit.claim.external.settings.experiment} have their values"
    for curve in audit.curves:
        yield f"  {curve.profile}, {curve.scope}: {share(curve)}"
        for item in curve.outcomes[:most]:
            name = "main" if item.setting.is_main else "    "
            told = ", ".join(option.means for option in item.setting.options)
            found = estimate(item.result.headline)
            yield f"    {name}  {item.result.verdict}: {found} ({told})"
        yield from _hidden("settings", len(curve.outcomes), most)


def _declaration(claim: Claim) -> Iterator[str]:
    spec = claim.external
    if spec.nothing_to_test:
        return
    yield f"  declared   {spec.comparison}"
    yield f"  threshold  {spec.threshold}"
    for change in spec.history:
        yield f"  changed    {change}"
    if spec.planned:
        return
    experiment = get_experiment(str(spec.experiment))
    yield f"  experiment {spec.experiment}: {locate(experiment.compute).lines}"
    yield f"  test       {locate(TESTS[str(spec.test)]).lines}"


def _result(result: ExternalResult, most: int | None) -> Iterator[str]:
    yield f"    {in_print(result.detail)}"
    if result.headline:
        first = result.headline
        yield f"    {in_print(first.quantity)}: {estimate(first)}, n = {first.n} {first.unit}"
    ordered = exceptions_first(result.comparisons)
    for item in ordered[:most]:
        mark = MARKS[outcome(item)] if item.decides else "noted"
        yield f"    {mark}  {_comparison(item)}"
        for name, found in item.extra.items():
            yield f"             {in_print(name)}: {reported(found, item)}"
    yield from _hidden("comparisons", len(ordered), most)


def _hidden(what: str, count: int, most: int | None) -> Iterator[str]:
    if most is not None and count > most:
        yield f"    … and {count - most} more {what}; --all shows all {count}"


def _comparison(item: Comparison) -> str:
    base, other = both_sides(item)
    # The name of what is compared comes before that of what it is compared with.
    sides = f"{other} against {base}" if "against" in item.keys else f"{base} → {other}"
    text = (
        f"{in_print(item.label)}: {sides}, "
        f"{estimate(item.estimate)}, n = {item.estimate.n}, expected {item.expected}"
    )
    p = nearer_p(item)
    return text if math.isnan(p) else f"{text}, Holm p = {p:.2g}"


def _rows(claim: Claim, profile: str) -> Iterator[str]:
    if claim.external.planned or claim.external.nothing_to_test:
        return
    run = recorded_run(str(claim.external.experiment), profile, project_root())
    if run:
        yield f"    rows       {run.path} ({run.rows} rows)"
