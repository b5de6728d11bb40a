"""The command `saliency-audit`: a thin layer over the library."""

import errno
import functools
import http.server
import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from saliency_audit.errors import AuditError
from saliency_audit.locations import data_root, project_root
from saliency_audit.processes import cores

if TYPE_CHECKING:
    from saliency_audit.scaffold import Skeleton

app = typer.Typer(
    help="Audit claims about saliency maps: run notebooks, compute rows, read and verify verdicts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Image sets and weights: what is here, what is missing, how to get it.")
app.add_typer(data_app, name="data", no_args_is_help=True)
new_app = typer.Typer(help="Skeletons of a new claim, method or metric, to be filled in.")
app.add_typer(new_app, name="new", no_args_is_help=True)

console = Console()
errors = Console(stderr=True)

Profile = Annotated[str, typer.Option(help="embedded, reference or paper")]
Settings = Annotated[
    list[str] | None, typer.Option("--parameter", "-p", help="key=value, may be given again")
]


class Refusal(AuditError):
    """A request that cannot be met; the message tells the user all there is to know."""


@app.command()
def run(
    notebook: Annotated[list[str] | None, typer.Argument(help="names; all if none")] = None,
    profile: Profile = "embedded",
    parameter: Settings = None,
    jobs: Annotated[int, typer.Option(min=1, help="notebooks at a time")] = 1,
    force: Annotated[bool, typer.Option(help="run although nothing changed")] = False,
) -> None:
    """Execute notebooks; unchanged ones are skipped, a failing one is saved and reported."""
    from saliency_audit.runner import execute, plan

    plans = plan(notebook, profile, _pairs(parameter))
    with _progress("cells") as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)
            if done == total and not errors.is_terminal:
                # In a log, the bars appear only at the very end.
                errors.print(f"{name}: {total} of {total} cells", highlight=False)

        runs = execute(plans, jobs=jobs, force=force, progress=show)
    root = project_root()
    for item in runs:
        state = "unchanged" if item.skipped else "[red]failed[/red]" if item.error else "executed"
        console.print(f"{item.name}: {state} → {item.path.relative_to(root)}", highlight=False)
    failed = [item for item in runs if item.error]
    if failed:
        raise Refusal("; ".join(f"{item.name} failed ({item.error})" for item in failed))


@app.command()
def compute(
    experiment: str,
    profile: Profile = "embedded",
    parameter: Settings = None,
    record: Annotated[
        bool, typer.Option(help="compute the published rows, sealed in data/results once complete")
    ] = False,
    executor: Annotated[str, typer.Option(help="local or dask://HOST:PORT")] = "local",
) -> None:
    """Compute the rows of an experiment; existing rows are kept, and a killed run resumes."""
    from saliency_audit import study

    found = study.get_experiment(experiment)
    overrides = _pairs(parameter)
    with _progress("tasks") as bars:
        bar: list[TaskID] = []

        def show(done: int, total: int, name: str) -> None:
            bar[:] = bar or [bars.add_task(experiment, total=total)]
            bars.update(bar[0], completed=done, total=total, description=f"{experiment} {name}")

        with _logged_to(bars.console):
            rows = study.compute(
                found, profile, overrides, record=record, executor=executor, progress=show
            )
    place = (
        study.recorded_path(experiment, profile)
        if record
        else study.local_folder(experiment, profile, overrides)
    )
    console.print(f"{len(rows)} rows in {place.relative_to(project_root())}", highlight=False)


@app.command()
def seal(experiment: str, profile: Profile = "embedded") -> None:
    """Seal the recorded rows that are done so far, where `compute --record` was not finished."""
    from saliency_audit import study

    sealed, of = study.seal(study.get_experiment(experiment), profile)
    place = study.recorded_path(experiment, profile).relative_to(project_root())
    console.print(f"{sealed} of {of} tasks are sealed in {place}", highlight=False)


@app.command()
def claims(
    paper: Annotated[str | None, typer.Option(help="idgi, dre, mege, xmgd or ggig")] = None,
    verdict: Annotated[
        str | None, typer.Option(help="reproduced, deviates, …: in any of the four verdicts")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="plain data instead of a table")] = False,
) -> None:
    """List the claims with their verdicts."""
    from saliency_audit.ledger import (
        PAPERS,
        ReleasedVerdict,
        Scope,
        Verdict,
        as_record,
        audit_claim,
        load_claims,
        verdicts_of,
    )

    if paper and paper not in PAPERS:
        raise Refusal(f"unknown paper {paper!r}; known: {', '.join(PAPERS)}")
    if verdict and verdict not in (known := [*Verdict, *ReleasedVerdict]):
        raise Refusal(f"unknown verdict {verdict!r}; known: {'; '.join(known)}")
    asked = [name for name, claim in load_claims().items() if not paper or claim.paper == paper]
    with _progress("claims") as bars:
        audited = [audit_claim(name) for name in bars.track(asked, description="auditing")]
    # What deviates and matters deviates.
    wanted = {verdict, *([ReleasedVerdict.MATTERS] if verdict == ReleasedVerdict.DEVIATES else [])}
    audits = [audit for audit in audited if not verdict or wanted & set(verdicts_of(audit))]
    if as_json:
        print(json.dumps([as_record(audit) for audit in audits], indent=1, ensure_ascii=False))
        return
    table = _table(
        "claim", "internal", "released code", "replication", "generalisation", "statement"
    )
    for audit in audits:
        internal, released, *_ = verdicts_of(audit)
        external = (audit.strongest_of(scope) for scope in Scope)
        found = (f"{r.verdict} ({at})" if r.tested else r.verdict for at, r in external)
        table.add_row(audit.claim.id, internal, released, *found, audit.claim.title)
    console.print(table)


@app.command()
def audit(
    claim: str,
    whole: Annotated[
        bool, typer.Option("--all", help="every check and comparison, not the first of many")
    ] = False,
) -> None:
    """One claim from sentence to code: printed numbers, our rows, test, verdict."""
    from saliency_audit.ledger import audit_claim
    from saliency_audit.report.trace import trace

    print(trace(audit_claim(claim.upper()), whole=whole))


@app.command()
def released(
    about: Annotated[
        str | None, typer.Argument(help="a paper (idgi, dre, mege, xmgd, ggig) or a claim's id")
    ] = None,
    relation: Annotated[
        str | None, typer.Option(help="only these: as described, deviates, not released, …")
    ] = None,
) -> None:
    """What the authors' released code does: findings of a paper or claim, or how many there are."""
    from saliency_audit.ledger import PAPERS, Relation, load_claims
    from saliency_audit.report.released_text import counted, listed

    known = {name.casefold(): name for name in (*PAPERS, *load_claims())}
    if about and about.casefold() not in known:
        raise Refusal(
            f"unknown paper or claim {about!r}; papers: {', '.join(PAPERS)}; "
            "`saliency-audit claims` lists the claims"
        )
    relation = relation and relation.casefold()
    if relation and relation not in list(Relation):
        raise Refusal(f"unknown relation {relation!r}; known: {'; '.join(Relation)}")
    if about or relation:
        chosen = known[about.casefold()] if about else None
        print(listed(chosen, Relation(relation) if relation else None))
    else:
        print(counted())


@app.command()
def verify(
    write: Annotated[
        bool, typer.Option(help="publish the recomputed verdicts in data/verdicts.json")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="processes side by side")] = cores(),
) -> None:
    """Recompute every verdict from the recorded rows; check every manifest and checksum."""
    from saliency_audit.ledger import load_claims
    from saliency_audit.ledger.verify import faults, recorded_files, row_faults, write_published
    from saliency_audit.study import read_manifests

    if write:
        console.print(f"wrote {write_published(jobs).relative_to(project_root())}")
    # Verdicts that were written just now are those recomputed.
    found = list(row_faults() if write else faults(jobs))
    for fault in found:
        errors.print(f"fault: {fault}", highlight=False, markup=False, soft_wrap=True)
    if found:
        raise Refusal(f"{len(found)} faults")
    files = recorded_files()
    tasks = [manifest for path in files for manifest in read_manifests(path)]
    console.print(
        f"{len(load_claims())} verdicts recomputed as published; {len(files)} files with "
        f"{sum(manifest['rows'] for manifest in tasks)} recorded rows of {len(tasks)} tasks "
        "match their manifests",
        highlight=False,
    )


@app.command()
def build(
    strict: Annotated[bool, typer.Option(help="warnings are errors")] = True,
) -> None:
    """Build the site from ledger, prose and executed notebooks."""
    from saliency_audit.report.site.build import build_site

    def tell(text: str) -> None:
        errors.print(text, highlight=False)

    console.print(f"site: {build_site(strict=strict, tell=tell)}", highlight=False, soft_wrap=True)


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 8000,
) -> None:
    """Serve the built site on this machine."""
    folder = project_root() / "_build" / "html"
    if not (folder / "index.html").is_file():
        raise Refusal(f"no site in {folder}; run `make book` first")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    try:
        listening = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise Refusal(f"port {port}: {error.strerror}; choose another with --port") from None
    with listening as server:
        console.print(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends)")
        server.serve_forever()


@data_app.command("list")
def data_list() -> None:
    """Every image set and weight file the study knows, and whether it is here."""
    from saliency_audit.datasets import CATALOG
    from saliency_audit.models import CLASSIFIERS, weights_path

    console.print(f"data root: {data_root()} (SALIENCY_DATA)", highlight=False)
    table = _table("image set", "here", "what", "terms")
    for images in CATALOG.values():
        table.add_row(images.name, _state(images.name), images.title, images.terms)
    console.print(table)
    table = _table("classifier", "weights here", "file", "source")
    for name, entry in CLASSIFIERS.items():
        path = weights_path(name)
        here = "trained here" if path is None else "yes" if path.is_file() else "no"
        file = "" if path is None else path.name
        source = "trained here" if path is None else entry.source
        table.add_row(name, here, file, entry.recorded.source if entry.recorded else source)
    console.print(table)


@data_app.command("check")
def data_check(
    name: Annotated[list[str] | None, typer.Argument(help="image sets; all if none")] = None,
) -> None:
    """Check image sets; says what is missing and how to get it, and fails if one is."""
    from saliency_audit.datasets import CATALOG

    missing = []
    for chosen in name or list(CATALOG):
        if chosen not in CATALOG:
            raise Refusal(f"unknown image set {chosen!r}; known: {', '.join(CATALOG)}")
        entry = CATALOG[chosen]
        console.print(f"{chosen}: {_state(chosen)}", highlight=False)
        if _state(chosen).startswith("no"):
            console.print(f"  {entry.how_to_get}", highlight=False, markup=False, soft_wrap=True)
            missing.append(chosen)
    if missing:
        raise Refusal(f"not complete below {data_root()}: {', '.join(missing)}")


@data_app.command("path")
def data_path(name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Folder of the data root, or of one image set."""
    from saliency_audit.datasets import CATALOG

    if name is None:
        print(data_root())
        return
    if name not in CATALOG:
        raise Refusal(f"unknown image set {name!r}; known: {', '.join(CATALOG)}")
    print(CATALOG[name].location() or "embedded")


@new_app.command("claim")
def new_claim(
    claim: Annotated[str, typer.Argument(help="id, such as GG-SPARSE")],
    paper: Annotated[str, typer.Option(help="idgi, dre, mege, xmgd or ggig")],
    test: Annotated[
        str | None, typer.Option(help="paired_difference (questions in the ledger, no code) or own")
    ] = None,
    internal: Annotated[
        bool, typer.Option(help="whether the paper's own numbers or formulas can be tested")
    ] = True,
) -> None:
    """Entry, tests, experiment and notebook of a claim; of a planned one, what it lacks."""
    from saliency_audit import scaffold

    _show(scaffold.new_claim(claim, paper, test, internal=internal))


@new_app.command("method")
def new_method(name: str) -> None:
    """An explanation method, its names in the registry and its tests."""
    from saliency_audit import scaffold

    _show(scaffold.new_method(name))


@new_app.command("metric")
def new_metric(
    name: str,
    needs: Annotated[str, typer.Option(help="map, pair, region or model")] = "map",
) -> None:
    """A metric, its names in the registry and its tests."""
    from saliency_audit import scaffold

    _show(scaffold.new_metric(name, needs))


def _table(first: str, *others: str) -> Table:
    """A table that is whole in a narrow terminal, too: its first column holds names on one line."""
    return Table(Column(first, no_wrap=True), *(Column(name, overflow="fold") for name in others))


def _show(skeleton: "Skeleton") -> None:
    lines = [f"wrote    {path}" for path in skeleton.created]
    lines += [f"changed  {path}" for path in skeleton.changed]
    lines += ["", "to fill in, in this order (CONTRIBUTING.md says more):"]
    lines += [f"{number:2}. {step}" for number, step in enumerate(skeleton.todo, start=1)]
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


def _state(name: str) -> str:
    from saliency_audit.datasets import CATALOG

    entry = CATALOG[name]
    if entry.folder is None:
        return "embedded"
    found = entry.count_files()
    return "yes" if found >= entry.files else f"no ({found} of {entry.files} files)"


def _pairs(settings: list[str] | None) -> dict[str, str]:
    pairs = {}
    for setting in settings or []:
        key, separator, value = setting.partition("=")
        if not separator or not key:
            raise Refusal(f"-p takes key=value, got {setting!r}")
        if not value.strip():
            raise Refusal(f"-p {key}: the value is missing; leave it out for the profile's own")
        pairs[key] = value
    return pairs


def _progress(unit: str) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} " + unit),
        TimeElapsedColumn(),
        console=errors,
    )


@contextmanager
def _logged_to(place: Console) -> Iterator[None]:
    """Show what the library logs, such as the progress of a training, between the bars."""
    logger = logging.getLogger("saliency_audit")
    handler = RichHandler(console=place, show_path=False, show_level=False)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def main() -> None:
    """Entry point: an error that a user can fix is one line with exit status 2, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character gets "?"
            stream.reconfigure(errors="replace")
    try:
        app()
    except AuditError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        _fail(f"{error.filename or 'a file'}: {error.strerror}; {UNWRITABLE[error.errno]}")


# What to do where a file cannot be written, by the system's error.
UNWRITABLE = {
    errno.EACCES: "make the folder writable, or work in a copy of the project",
    errno.EPERM: "make the folder writable, or work in a copy of the project",
    errno.EROFS: "work in a copy of the project that can be written",
    errno.ENOSPC: "make room on the disk; what is complete is kept",
    errno.EDQUOT: "make room within your quota; what is complete is kept",
}


def _fail(message: str) -> None:
    errors.print("error:", style="red", end=" ")
    errors.print(message, highlight=False, markup=False, soft_wrap=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
