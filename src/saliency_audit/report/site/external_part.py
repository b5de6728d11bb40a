"""The external audit on a claim's page: the declared test, its results, the rows behind them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from saliency_audit.ledger import Claim, ClaimAudit, ExternalResult, Scope
from saliency_audit.ledger.external.scope import wanted
from saliency_audit.ledger.schema import ExternalSpec
from saliency_audit.metrics.registry import METRICS
from saliency_audit.report.in_print import in_print
from saliency_audit.report.site.code_links import CodePlace, experiment_place, external_test_place
from saliency_audit.report.site.columns_table import columns_table
from saliency_audit.report.site.comparison_tables import comparison_tables
from saliency_audit.report.site.markdown import (
    code,
    detail,
    escape,
    folded,
    listed,
    page,
    sentence,
    table,
)
from saliency_audit.report.site.metrics_table import function_link
from saliency_audit.report.site.recorded_runs import RecordedRun, recorded_run
from saliency_audit.report.site.verdicts import badge
from saliency_audit.report.words import count, duration, estimate


def external_part(audit: ClaimAudit, root: Path) -> str:
    """Markdown of the external audit; says why where there is nothing to test."""
    claim = audit.claim
    if claim.external.nothing_to_test:
        return f"Nothing to test: {sentence(claim.external.nothing_to_test)}"
    tested = [
        (profile, scope, result)
        for profile, both in reversed(list(audit.external.items()))
        for scope in Scope
        if (result := both.of(scope)).comparisons
    ]
    return page(
        "### The declared test",
        _declared(claim),
        "### Results",
        _results(audit),
        *(
            comparison_tables(
                f"{str(scope).capitalize()} at the {code(profile)} profile", result.comparisons
            )
            for profile, scope, result in tested
        ),
        _rows(claim, list(audit.external), root),
    )


def _declared(claim: Claim) -> str:
    spec = claim.external
    parameters = yaml.safe_dump(
        spec.parameters, sort_keys=False, allow_unicode=True, default_flow_style=None, width=80
    )
    facts = [
        ("experiment", _named(str(spec.experiment), experiment_place(spec.experiment))),
        ("metrics", ", ".join(_metric(name, spec.planned) for name in spec.metrics) or "—"),
        ("comparison", escape(spec.comparison or "")),
        ("threshold", escape(spec.threshold or "")),
        ("test", _named(str(spec.test), external_test_place(spec.test))),
        ("replication", escape(in_print(_own(spec)))),
    ]
    return page(
        table(("what", "declared"), facts),
        folded("Parameters of the test", f"```yaml\n{parameters}```") if spec.parameters else "",
        listed("How the rule was changed since it was first declared:", spec.history),
    )


def _own(spec: ExternalSpec) -> str:
    """Which rows count for the replication; all others test whether it generalises."""
    own = spec.replication
    if own is None:
        return "—"
    what = wanted(own) or "any network and data"
    return f"{what} ({own.why})" if own.why else what


def _named(name: str, place: CodePlace | None) -> str:
    if place is None:
        return f"{code(name)} (planned)"
    return (
        f"{code(name)}: {{py:func}}`~{place.qualified}` "
        f'(<a href="../../{place.source_page}">{place.lines}</a>)'
    )


def _metric(name: str, planned: bool) -> str:
    """A link to the library's function, and the metric's better side.

    Some metrics are a column that the experiment computes.
    """
    if metric := METRICS.get(name):
        link = function_link(metric)
        return f"{link} {metric.arrow}" if metric.arrow else link
    return f"{code(name)} (planned)" if planned else code(name)


def _results(audit: ClaimAudit) -> str:
    """A line per profile and scope, then why."""
    results = [
        (f"{code(profile)}, {scope}", both.of(scope))
        for profile, both in audit.external.items()
        for scope in Scope
    ]
    rows = [(where, badge(result.verdict), *_headline(result)) for where, result in results]
    details: dict[str, list[str]] = {}
    for where, result in results:
        details.setdefault(result.detail, []).append(where)
    header = ("rows", "verdict", "what is estimated", "estimate [95 % interval]", "n")
    return page(
        "*Replication*: the claim's own networks and data. *Generalisation*: others.",
        table(header, rows, "lllrr"),
        "\n".join(
            f"- {'; '.join(names)}: {detail(in_print(why))}" for why, names in details.items()
        ),
    )


def _headline(result: ExternalResult) -> tuple[str, str, str]:
    found = result.headline
    if found is None:
        return "—", "—", "—"
    return escape(in_print(found.quantity)), estimate(found), f"{found.n} {found.unit}"


def _rows(claim: Claim, profiles: Sequence[str], root: Path) -> str:
    experiment = claim.external.experiment
    if claim.external.planned or not experiment:
        return ""
    found = [(profile, recorded_run(experiment, profile, root)) for profile in profiles]
    blocks = [recorded_block(profile, run) for profile, run in found if run]
    return page(
        "### Where the rows are",
        *(blocks or ["None are recorded yet."]),
        folded("Columns of the rows", columns_table(experiment)),
    )


def recorded_block(profile: str, run: RecordedRun) -> str:
    """Where the rows of one profile are, what their manifest says, and how to read them."""
    facts = [
        ("rows", f"{run.rows} from {count(run.tasks, 'task')}: {_file(run.path)}"),
        ("manifest", _file(run.path.removesuffix(".parquet") + ".json")),
        ("setting", escape(", ".join(f"{k} = {v}" for k, v in run.common.items()))),
        ("methods in the file", _renamed(run.former_methods)),
        ("device", escape(", ".join(run.devices) or "not noted")),
        ("commit", ", ".join(code(name[:12] + name[40:]) for name in run.commits) or "not noted"),
        ("computed", " to ".join(dict.fromkeys(run.computed))),
        ("computing time", duration(run.seconds)),
        ("packages", escape(", ".join(run.versions))),
    ]
    series = [
        (
            code(item.name),
            str(item.candidates),
            str(item.used),
            str(item.misclassified),
            _unreadable(item.unreadable),
        )
        for item in run.series
    ]
    header = ("tasks", "images tried", "used", "misclassified", "unreadable")
    return page(
        f"**Recorded at the {code(profile)} profile**",
        table(("fact", "from the manifest"), [line for line in facts if line[1]]),
        table(header, series, "lrrrl") if any(item.candidates for item in run.series) else "",
        f'```python\nimport pandas as pd\n\nrows = pd.read_parquet("{run.path}")\n```',
    )


def _renamed(methods: Mapping[str, str]) -> str:
    pairs = [f"{code(former)} is now {code(present)}" for former, present in methods.items()]
    return ", ".join(pairs)


def _file(path: str) -> str:
    return f"{{download}}`{path} <../../{path}>`"


def _unreadable(names: Sequence[str]) -> str:
    shown = ", ".join(code(name) for name in names[:5])
    return f"{len(names)}" + (f": {shown}" if names else "") + (" …" if len(names) > 5 else "")
