"""Rows on disk, whole or not at all: a file and a manifest per task, or one pair for all tasks.

Rows begin as slices, a parquet file and a manifest per task, and are sealed when an experiment is
finished: see `sealed`.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from saliency_audit.files import held, replace
from saliency_audit.study.columns import column_faults
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.former_names import VERSION, present_parameters, present_rows
from saliency_audit.study.provenance import (
    commit,
    environment,
    inputs_digest,
    packages,
    source_digest,
)
from saliency_audit.study.sealed import (
    Slice,
    StoreError,
    as_file,
    digest,
    read_sealed,
    write_sealed,
)

# The fault of a task that was not computed yet.
ABSENT = "no manifest"


@dataclass(frozen=True)
class SealedStore:
    """Sealed rows of one experiment at one profile: the published ones.

    Attributes:
        path: of the rows; the manifest lies beside it under the same name.
        experiment: whose rows they are.
    """

    path: Path
    experiment: Experiment

    def slices(self) -> Mapping[str, Slice]:
        """The sealed slices by task.

        Raises:
            StoreError: the files are damaged.
        """
        return read_sealed(self.path)

    def fault(self, task: Task) -> str | None:
        """Why the rows of a task cannot be used; None if they can."""
        try:
            found = self.slices().get(task.name)
        except StoreError as error:
            return str(error)
        return _task_fault(found.manifest, task, self.experiment) if found else ABSENT

    def read(self, tasks: Sequence[Task]) -> pd.DataFrame:
        """The rows of several tasks under each other, with the experiment's labels as columns.

        Raises:
            StoreError: a task's rows are missing or damaged; names the task and the remedy.
        """
        return _stacked(self.experiment, tasks, self.fault, lambda task: self.slices()[task.name])


@dataclass(frozen=True)
class ResultStore:
    """Slices of one experiment at one profile, below one folder.

    Attributes:
        folder: of the slices.
        experiment: whose rows they are.
        same_code: rows count as done only if the computing modules, the packages, the weights and
            the images are unchanged. Recorded runs do not need this: their manifest says which code
            and packages made them, and names no local paths.
        sealed: where the slices are sealed once they are done. Sealed rows count as done, and are
            used in preference to a slice of the same task.
    """

    folder: Path
    experiment: Experiment
    same_code: bool = False
    sealed: SealedStore | None = None

    def rows_path(self, task: Task) -> Path:
        """Where the rows of a task lie."""
        return self.folder / f"{task.name}.parquet"

    def manifest_path(self, task: Task) -> Path:
        """Where the manifest of a task lies."""
        return self.folder / f"{task.name}.json"

    def done(self, task: Task) -> bool:
        """Whether the rows of a task are here, whole, and made from these parameters."""
        return self.fault(task) is None

    def fault(self, task: Task) -> str | None:
        """Why the rows of a task cannot be used; None if they can.

        Raises:
            StoreError: the files of the sealed rows are damaged.
        """
        return None if self._is_sealed(task) else self._slice_fault(task)

    def write(
        self, task: Task, outcome: Outcome, seconds: float, inputs: str | None = None
    ) -> None:
        """Store the rows, then the manifest; each appears whole or not at all.

        Args:
            task: whose rows they are.
            outcome: the rows and notes.
            seconds: how long they took.
            inputs: `inputs_digest` from before the work; taken now if not given.

        Raises:
            StoreError: the rows do not have the columns that the experiment declares.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        content = self._as_parquet(task, outcome.rows)
        manifest = {
            "experiment": self.experiment.name,
            "names": VERSION,
            "version": self.experiment.version,
            "task": task.name,
            "parameters": _plain(task.parameters),
            "rows": len(outcome.rows),
            "rows_sha256": digest(content),
            "notes": _plain(outcome.notes),
            "source_sha256": source_digest(self.experiment.name),
            "commit": commit(),
            "computed": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(seconds, 2),
            **environment(),
        }
        if self.same_code:
            manifest["inputs_sha256"] = inputs or inputs_digest(task.parameters)
        replace(self.rows_path(task), content)
        text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
        replace(self.manifest_path(task), (text + "\n").encode())

    def _as_parquet(self, task: Task, rows: pd.DataFrame) -> bytes:
        content = as_file(rows)
        schema = pq.read_schema(io.BytesIO(content))
        if faults := list(column_faults(schema, len(rows), self.experiment.recorded)):
            raise StoreError(
                f"{self.experiment.name}: rows of task {task.name} are not as declared: "
                f"{'; '.join(faults)}"
            )
        return content

    @contextmanager
    def claim(self, task: Task, wait: bool) -> Iterator[bool]:
        """Hold a task so that two runs do not compute it at once; yields whether it is held.

        The lock dies with its process, so a killed run never blocks the next one.
        """
        with held(self.folder / f".{task.name}.lock", wait=wait) as mine:
            yield mine

    def read(self, tasks: Sequence[Task]) -> pd.DataFrame:
        """The rows of several tasks under each other, with the experiment's labels as columns.

        Raises:
            StoreError: a task's rows are missing or damaged; names the task and the remedy.
        """
        return _stacked(self.experiment, tasks, self.fault, self._slice)

    def seal(self, tasks: Sequence[Task]) -> list[Task]:
        """Seal the tasks that are done, in this order, and delete their slices.

        Tasks that were sealed before stay sealed; those that are not among `tasks` are dropped.

        Args:
            tasks: all of the profile.

        Returns:
            The tasks that are sealed now.

        Raises:
            StoreError: none is done, or one file cannot hold their rows without changing them.
        """
        if self.sealed is None:
            raise StoreError(f"{self.experiment.name}: rows of this machine are not sealed")
        with held(self.folder / ".seal.lock", wait=True):
            done = [task for task in tasks if self.done(task)]
            if not done:
                raise StoreError(f"{self.experiment.name}: no task is done, nothing to seal")
            names = [task.name for task in done]
            if names != list(self.sealed.slices()) or not all(map(self._is_sealed, done)):
                write_sealed(self.sealed.path, [self._slice(task) for task in done])
            for task in done:
                self.manifest_path(task).unlink(missing_ok=True)
                self.rows_path(task).unlink(missing_ok=True)
        return done

    def _is_sealed(self, task: Task) -> bool:
        if self.sealed is None:
            return False
        found = self.sealed.slices().get(task.name)
        return found is not None and _task_fault(found.manifest, task, self.experiment) is None

    def _slice(self, task: Task) -> Slice:
        if self.sealed is not None and self._is_sealed(task):
            return self.sealed.slices()[task.name]
        manifest = json.loads(self.manifest_path(task).read_text(encoding="utf-8"))
        return Slice(manifest, pq.read_table(self.rows_path(task)))

    def _slice_fault(self, task: Task) -> str | None:
        try:
            manifest = json.loads(self.manifest_path(task).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ABSENT
        except ValueError:
            return "the manifest is half-written or not JSON"
        if not isinstance(manifest, dict) or "rows_sha256" not in manifest:
            return "the manifest is incomplete"
        if fault := _task_fault(manifest, task, self.experiment):
            return fault
        if self.same_code and (fault := _making_fault(self.experiment.name, task, manifest)):
            return fault
        return _file_fault(self.rows_path(task), manifest)


def _stacked(
    experiment: Experiment,
    tasks: Sequence[Task],
    fault_of: Callable[[Task], str | None],
    slice_of: Callable[[Task], Slice],
) -> pd.DataFrame:
    frames = []
    for task in tasks:
        if fault := fault_of(task):
            raise StoreError(
                f"{experiment.name}: rows of task {task.name} cannot be used ({fault}); "
                f"run `saliency-audit compute {experiment.name}` again"
            )
        found = slice_of(task)
        rows = present_rows(found.rows(), found.manifest)
        frames.append(rows.assign(**experiment.labels(task.parameters)))
    # An empty frame has no column types and would turn every column into objects.
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _task_fault(manifest: Mapping[str, Any], task: Task, experiment: Experiment) -> str | None:
    """Why rows do not belong to this task as it is declared now; None if they do."""
    if present_parameters(manifest) != _plain(task.parameters):
        return "made from other parameters"
    if manifest.get("version") != experiment.version:
        return f"made by version {manifest.get('version')} of the experiment"
    return None


def _making_fault(experiment: str, task: Task, manifest: Mapping[str, Any]) -> str | None:
    """What has changed since the rows were made; None if nothing has."""
    if manifest.get("source_sha256") != source_digest(experiment):
        return "made by other code"
    if manifest.get("packages") != packages():
        return "made with other packages"
    if manifest.get("inputs_sha256") != inputs_digest(task.parameters):
        return "made from other weights or images"
    return None


def _file_fault(path: Path, manifest: Mapping[str, Any]) -> str | None:
    """Why a row file does not match its manifest; None if it does."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "the rows are missing"
    if digest(content) != manifest["rows_sha256"]:
        return "the rows are half-written or changed (checksum)"
    return None


def _plain(value: Any) -> Any:
    """The value as JSON gives it back (tuples become lists)."""
    return json.loads(json.dumps(value, ensure_ascii=False, default=str))
