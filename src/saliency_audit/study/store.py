"""Recorded rows on disk: a parquet file and a manifest per task, whole or not at all."""

import io
import json
from collections.abc import Iterator, Mapping
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
from saliency_audit.study.former_names import present_parameters, present_rows
from saliency_audit.study.provenance import (
    commit,
    environment,
    inputs_digest,
    packages,
    source_digest,
)
from saliency_audit.study.sealed import StoreError, as_file, digest


@dataclass(frozen=True)
class ResultStore:
    """Rows of one experiment at one profile, below one folder.

    `same_code` makes rows count as done only if the computing modules, the packages, the weights
    and the images are unchanged; recorded runs do without (their manifest says which code and
    packages made them, and nothing of where files lie on one computer).
    """

    folder: Path
    experiment: Experiment
    same_code: bool = False

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
        """Why the rows of a task cannot be used; None if they can."""
        try:
            manifest = json.loads(self.manifest_path(task).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return "no manifest"
        except ValueError:
            return "the manifest is half-written or not JSON"
        if not isinstance(manifest, dict) or "rows_sha256" not in manifest:
            return "the manifest is incomplete"
        if present_parameters(manifest) != _plain(task.parameters):
            return "made from other parameters"
        if manifest.get("version") != self.experiment.version:
            return f"made by version {manifest.get('version')} of the experiment"
        if self.same_code and (fault := _making_fault(task, manifest)):
            return fault
        return file_fault(self.rows_path(task), manifest)

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
            "version": self.experiment.version,
            "task": task.name,
            "parameters": _plain(task.parameters),
            "rows": len(outcome.rows),
            "rows_sha256": digest(content),
            "notes": _plain(outcome.notes),
            "source_sha256": source_digest(),
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

    def read(self, tasks: list[Task]) -> pd.DataFrame:
        """The rows of several tasks under each other, with the experiment's labels as columns.

        Raises:
            StoreError: a task's rows are missing or damaged; names the task and the remedy.
        """
        frames = []
        for task in tasks:
            if fault := self.fault(task):
                raise StoreError(
                    f"{self.experiment.name}: rows of task {task.name} cannot be used ({fault}); "
                    f"run `saliency-audit compute {self.experiment.name}` again"
                )
            rows = present_rows(pd.read_parquet(self.rows_path(task)))
            frames.append(rows.assign(**self.experiment.labels(task.parameters)))
        # An empty frame has no types of its own and would turn every column into objects.
        filled = [frame for frame in frames if len(frame)] or frames[:1]
        return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _making_fault(task: Task, manifest: Mapping[str, Any]) -> str | None:
    """What has changed since the rows were made; None if nothing has."""
    if manifest.get("source_sha256") != source_digest():
        return "made by other code"
    if manifest.get("packages") != packages():
        return "made with other packages"
    if manifest.get("inputs_sha256") != inputs_digest(task.parameters):
        return "made from other weights or images"
    return None


def file_fault(path: Path, manifest: Mapping[str, Any]) -> str | None:
    """Why a row file does not match its manifest; None if it does."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "the rows are missing"
    if digest(content) != manifest["rows_sha256"]:
        return "the rows are half-written or changed (checksum)"
    return None


def recorded(folder: Path) -> list[tuple[dict[str, Any], Path]]:
    """Every manifest below a results folder with the path of its rows.

    Raises:
        StoreError: a manifest that cannot be read, or rows that do not match it.
    """
    found = []
    for path in sorted(folder.rglob("*.json")):
        manifest, fault = read_manifest(path)
        if fault:
            raise StoreError(fault)
        found.append((manifest, path.with_suffix(".parquet")))
    return found


def read_manifest(path: Path) -> tuple[dict[str, Any], str | None]:
    """A manifest, and what is wrong with it or its rows (with the remedy); None if nothing is."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}, f"{path}: half-written or not JSON; delete it and compute again"
    if not isinstance(manifest, dict) or "rows_sha256" not in manifest:
        return {}, f"{path}: the manifest is incomplete; delete it and compute again"
    rows = path.with_suffix(".parquet")
    if fault := file_fault(rows, manifest):
        return manifest, f"{rows}: {fault}; delete it and compute again"
    return manifest, None


def _plain(value: Any) -> Any:
    """The value as JSON gives it back (tuples become lists)."""
    return json.loads(json.dumps(value, ensure_ascii=False, default=str))
