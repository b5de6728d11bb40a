"""Run notebooks through papermill: checked parameters, stable cells, nothing run twice."""

import hashlib
import logging
import os
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from saliency_audit.locations import project_root
from saliency_audit.notebooks import (
    NotebookError,
    Source,
    content_key,
    sources,
    validate_parameters,
)
from saliency_audit.parameters import PROFILES, ParameterError
from saliency_audit.processes import environment, threads_each

CellProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Run:
    """The outcome of one notebook: `error` is empty unless a cell failed."""

    name: str
    path: Path
    skipped: bool
    error: str = ""


@dataclass(frozen=True)
class Plan:
    """A notebook with checked parameters and the place for its executed copy."""

    source: Source
    values: Mapping[str, Any]
    output: Path
    key: str

    def is_done(self) -> bool:
        """Whether the executed copy exists and still matches source, code and data."""
        try:
            notebook = nbformat.read(self.output, as_version=4)
        except (OSError, ValueError):
            return False
        return notebook.metadata.get("saliency_audit", {}).get("key") == self.key


def plan(names: list[str] | None, profile: str, given: Mapping[str, str]) -> list[Plan]:
    """Check every name and parameter before anything runs.

    Published runs (the embedded profile as it is) go to `runs/<name>.ipynb`; any other parameters
    to `runs/custom/`, so that they never stand in for the published numbers.
    """
    # A parameter like any other, it may be among them.
    chosen = given.get("profile", profile)
    if chosen not in PROFILES:
        raise ParameterError(f"unknown profile {chosen!r}; known: {', '.join(PROFILES)}")
    found = []
    for source in sources(names):
        values = validate_parameters(source, {"profile": profile, **given})
        _validate_experiment(source, values)
        custom = profile != "embedded" or bool(given)
        found.append(
            Plan(source, values, _output(source, values, custom), content_key(source, values))
        )
    return found


def _validate_experiment(source: Source, values: Mapping[str, Any]) -> None:
    """Refuse at once what the notebook's experiment would refuse a minute later, in its kernel.

    Raises:
        ParameterError: values that the experiment does not take.
    """
    named = re.search(r'^experiment = study\.get_experiment\("(\w+)"\)', source.text(), re.M)
    if named is None or len(values) == 1:
        return
    # Imported late, because it loads the computing packages.
    from saliency_audit.report.notebook.runs import chosen_parameters
    from saliency_audit.study import get_experiment

    experiment = get_experiment(named[1])
    experiment.configure(values["profile"], chosen_parameters(experiment, values))


def execute(
    plans: list[Plan],
    *,
    jobs: int = 1,
    force: bool = False,
    progress: CellProgress | None = None,
) -> list[Run]:
    """Run the notebooks that are not done yet, `jobs` at a time.

    A failing notebook does not stop the others; its executed part is kept in `runs/failed/`. Rows
    that several notebooks show are computed once: each task is locked while it is computed.
    """
    report = progress or (lambda name, done, total: None)

    def one(item: Plan) -> Run:
        if not force and item.is_done():
            return Run(item.source.name, item.output, skipped=True)
        return _run(item, report)

    here = Path.cwd()
    try:
        with environment(_of_kernels(jobs)), ThreadPoolExecutor(max_workers=jobs) as pool:
            runs = [pool.submit(one, item) for item in plans]
            try:
                return [run.result() for run in runs]
            except KeyboardInterrupt:
                # The threads wait for their kernels, which do not hear of Ctrl-C.
                pool.shutdown(wait=False, cancel_futures=True)
                _end_kernels()
                raise
    finally:
        # Papermill changes the working folder of the whole process. Of two threads, the second to
        # finish would restore the folder that the first had changed to.
        os.chdir(here)


def _end_kernels() -> None:
    """End the kernels that this process has started; their notebooks are kept as failed."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "ipykernel" in " ".join(child.cmdline()):
                child.kill()


def _of_kernels(jobs: int) -> dict[str, str]:
    """Variables of the kernels: each gets as many threads as there are cores for it."""
    threads = os.environ.get("SALIENCY_THREADS") or threads_each(jobs)
    return {
        "SALIENCY_THREADS": threads,
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads),
        "IPYTHONDIR": str(_quiet_ipython()),
        # Whatever the user has set: figures go into the notebook, no start-up file runs, and the
        # kernel is that of this environment.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONSTARTUP": "",
        "JUPYTER_PREFER_ENV_PATH": "1",
    }


def _quiet_ipython() -> Path:
    """A settings folder for the kernels: no user start-up files, no notice about transport."""
    folder = project_root() / "runs" / ".work" / "ipython"
    settings = folder / "profile_default" / "ipython_kernel_config.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("c.IPKernelApp.log_level = 'CRITICAL'\n", encoding="utf-8")
    return folder


def _output(source: Source, values: Mapping[str, Any], custom: bool) -> Path:
    folder = project_root() / "runs"
    if not custom:
        return folder / f"{source.name}.ipynb"
    tag = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:8]
    return folder / "custom" / f"{source.name}-{values['profile']}-{tag}.ipynb"


def _run(item: Plan, report: CellProgress) -> Run:
    import papermill
    from papermill.exceptions import PapermillExecutionError

    _register_engine()
    # Our own check has passed; papermill cannot read annotations such as `int | None`.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    root = project_root()
    work = root / "runs" / ".work"
    for folder in (work, item.output.parent, root / "runs" / "failed"):
        folder.mkdir(parents=True, exist_ok=True)
    mark = f"{item.output.stem}.{os.getpid()}"  # two commands may run the same notebook
    prepared = work / f"{mark}.in.ipynb"
    executing = work / f"{mark}.out.ipynb"
    notebook = _prepare(item.source)
    nbformat.write(notebook, prepared)
    report(item.source.name, 0, len(notebook.cells))
    failed = ""
    try:
        papermill.execute_notebook(
            _literal(prepared),
            _literal(executing),
            parameters=_plain(item.values),
            cwd=str(root),
            engine_name="saliency_audit",
            progress_bar=False,
            report=lambda done, total: report(item.source.name, done, total),
        )
    except PapermillExecutionError as error:
        failed = f"{error.ename}: {error.evalue}"
    except (RuntimeError, TimeoutError) as error:  # a kernel that died or hung
        failed = f"{type(error).__name__}: {error}"
    found = executing if executing.is_file() else prepared
    executed = _with_stable_ids(nbformat.read(found, as_version=4), item.source)
    executed.metadata["saliency_audit"] = {
        "key": item.key,
        "source_sha256": item.source.sha256(),
        "profile": item.values["profile"],
        "parameters": {name: value for name, value in item.values.items() if name != "profile"},
    }
    # Papermill records local paths of this machine, which must not be published.
    for name in ("input_path", "output_path"):
        executed.metadata.get("papermill", {}).pop(name, None)
    target = root / "runs" / "failed" / item.output.name if failed else item.output
    nbformat.write(executed, work / f"{mark}.done")
    os.replace(work / f"{mark}.done", target)
    for path in (prepared, executing):
        path.unlink(missing_ok=True)
    return Run(item.source.name, target, skipped=False, error=failed)


def _literal(path: Path) -> str:
    """The path as papermill reads it, which fills in parameters between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as papermill can write them: with lists in place of tuples."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }


def _prepare(source: Source) -> nbformat.NotebookNode:
    """The percent source as a notebook; cell ids do not change from run to run."""
    import jupytext

    try:
        notebook = jupytext.reads(source.text(), fmt="py:percent")
    except Exception as error:  # jupytext raises whatever its parsers raise
        raise NotebookError(f"{source.path}: not a percent notebook: {error}") from error
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return _with_stable_ids(notebook, source)


def _with_stable_ids(notebook: nbformat.NotebookNode, source: Source) -> nbformat.NotebookNode:
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{source.name[:56]}-{number:03d}"
    return notebook


def _register_engine() -> None:
    """Papermill's own engine, but reporting each finished cell to our progress display."""
    from papermill.engines import NBClientEngine, papermill_engines

    class Engine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, report: Any = None, **kwargs: Any
        ) -> None:
            nb_man.pbar = _Bar(len(nb_man.nb.cells), report)
            super().execute_managed_notebook(nb_man, kernel_name, **kwargs)

    papermill_engines.register("saliency_audit", Engine)


class _Bar:
    """The part of a tqdm bar that papermill uses."""

    def __init__(self, total: int, report: Callable[[int, int], None]) -> None:
        self.n = 0
        self._total, self._done, self._report = total, 0, report

    def update(self, count: int = 1) -> None:
        self._done += count
        self._report(self._done, self._total)

    def set_description(self, *_: Any) -> None:
        pass

    def refresh(self) -> None:
        pass

    def close(self) -> None:
        pass
