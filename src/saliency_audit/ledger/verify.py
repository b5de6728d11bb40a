"""Recompute everything that is published and compare."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from saliency_audit.ledger.audit import as_record, audit_all
from saliency_audit.locations import project_root
from saliency_audit.models import CLASSIFIERS
from saliency_audit.study import SealedStore, Slice, StoreError, get_experiment, read_sealed
from saliency_audit.study import available as experiments

# Trained where they ran until their weights became part of the project: rows of earlier experiments
# come from earlier trainings.
RETRAINED = ("digits_cnn", "mnist_cnn")


def published_path() -> Path:
    """The published verdicts: what the site says, in one file under version control."""
    return project_root() / "data" / "verdicts.json"


def write_published(jobs: int = 1) -> Path:
    """Write the verdicts as they follow now from printed numbers and recorded rows.

    Args:
        jobs: processes that compute them.
    """
    path = published_path()
    records = [_published(record) for record in _records(jobs)]
    text = json.dumps(records, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def faults(jobs: int = 1) -> Iterator[str]:
    """Every fault: damaged rows, rows that belong to no task, verdicts that changed.

    Args:
        jobs: processes that compute the verdicts.
    """
    yield from row_faults()
    yield from _verdict_faults(jobs)


def recorded_files() -> list[Path]:
    """The files of recorded rows that have a manifest."""
    return sorted(path for path in _results().rglob("*.parquet") if _manifest(path).is_file())


def row_faults() -> Iterator[str]:
    """Recorded rows that are damaged, have no manifest, or belong to no task."""
    known = {file for path in recorded_files() for file in (path, _manifest(path))}
    for path in sorted(_results().rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path not in known:
            yield f"{path}: rows without a manifest, or a manifest without rows"
    weights: dict[str, dict[str, set[str]]] = {}
    for path in recorded_files():
        try:
            slices = read_sealed(path)
        except StoreError as error:
            yield str(error)
            continue
        profile, name = path.parent.name, path.stem
        yield from _sealed_faults(path, slices, profile, name)
        yield from _estimator_faults(path, slices)
        for found in slices.values():
            for model, digest in _networks(found.manifest).items():
                files = weights.setdefault(model, {})
                files.setdefault(digest, set()).add(f"{profile}/{name}")
    for model, files in weights.items():
        yield from _weights_faults(model, files)


def _networks(manifest: Mapping[str, Any]) -> Mapping[str, str]:
    """The digest of the weights of each network that a slice was computed with."""
    notes = manifest["notes"]
    several: Mapping[str, str] = notes.get("networks_sha256", {})
    one = notes.get("model_sha256")
    return {manifest["parameters"]["model"]: one} if one else several


def _sealed_faults(
    path: Path, slices: Mapping[str, Slice], profile: str, name: str
) -> Iterator[str]:
    if name not in experiments() or profile not in get_experiment(name).profiles:
        yield f"{path}: no experiment {name!r} with a profile {profile!r}"
        return
    experiment = get_experiment(name)
    store = SealedStore(path, experiment)
    declared = {task.name: task for task in experiment.tasks(experiment.configure(profile))}
    for task, found in slices.items():
        if task not in declared:
            yield f"{path}: task {task} is not part of the {profile} profile"
        elif fault := store.fault(declared[task]):
            yield f"{path}: task {task}: {fault}"
        if found.is_as_computed() is False:
            yield f"{path}: task {task}: the rows are not those that were computed (checksum)"


def _results() -> Path:
    return project_root() / "data" / "results"


def _manifest(path: Path) -> Path:
    return path.with_suffix(".json")


def _weights_faults(model: str, files: Mapping[str, set[str]]) -> Iterator[str]:
    """Rows of a network must come from one set of weights, and from the declared one.

    Of `RETRAINED` ones the rows of one experiment must.
    """
    declared = CLASSIFIERS[model].recorded if model in CLASSIFIERS else None
    by_experiment: dict[str, dict[str, set[str]]] = {}
    for digest, names in files.items():
        for name in names:
            experiment = name.partition("/")[2] if model in RETRAINED else ""
            by_experiment.setdefault(experiment, {}).setdefault(digest, set()).add(name)
    for found in by_experiment.values():
        if len(found) > 1:
            told = "; ".join(f"{key[:8]} ({', '.join(sorted(at))})" for key, at in found.items())
            yield f"{model} was recorded with {len(found)} different sets of weights: {told}"
    if declared and files.keys() != {declared.state_sha256}:
        yield f"{model} was recorded with other weights than the catalogue declares"


def _estimator_faults(path: Path, slices: Mapping[str, Slice]) -> Iterator[str]:
    """Tasks of one file that differ in their images only must come from the same estimators."""
    kinds: dict[str, dict[str, list[str]]] = {}
    for task, found in slices.items():
        if estimators := found.manifest["notes"].get("estimators"):
            given = found.manifest["parameters"].items()
            kind = str(sorted(item for item in given if item[0] not in ("first", "last")))
            kinds.setdefault(kind, {}).setdefault(str(sorted(estimators.items())), []).append(task)
    for tasks in kinds.values():
        if len(tasks) > 1:
            told = "; ".join(f"{names[0]} and {len(names) - 1} more" for names in tasks.values())
            yield f"{path}: rows of one setting come from {len(tasks)} sets of estimators: {told}"


def _verdict_faults(jobs: int) -> Iterator[str]:
    path = published_path()
    remedy = "write it with `saliency-audit verify --write`"
    if not path.is_file():
        yield f"{path} is missing; {remedy}"
        return
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        yield f"{path} is half-written or not JSON; {remedy}"
        return
    published = {record["id"]: record for record in records}
    current = {record["id"]: _published(record) for record in _records(jobs)}
    for claim in sorted(published.keys() | current.keys()):
        if claim not in published or claim not in current:
            lacking = path.name if claim in current else "the ledger"
            yield f"claim {claim} is not in {lacking}; {remedy}"
        elif not _same(published[claim], current[claim]):
            found = "; ".join(_differences(published[claim], current[claim]))
            yield f"claim {claim}: {found}"


def _records(jobs: int = 1) -> list[dict[str, Any]]:
    return [as_record(audit) for audit in audit_all(fresh=True, jobs=jobs)]


def _published(record: dict[str, Any]) -> dict[str, Any]:
    names = ("verdict", "scope", "estimate", "ci_low", "ci_high", "n")
    return {
        "id": record["id"],
        "internal": record["internal"]["verdict"],
        "released": record["released"]["verdict"],
        **{
            scope: {
                profile: {name: result[name] for name in names}
                for profile, result in record[scope].items()
            }
            for scope in ("external", "generalisation")
        },
        "settings": record["settings"],
    }


def _differences(published: Any, current: Any, where: str = "") -> Iterator[str]:
    if isinstance(published, dict) and isinstance(current, dict):
        for key in {**published, **current}:
            yield from _differences(published.get(key), current.get(key), f"{where} {key}")
    elif not _same(published, current):
        yield f"{where.strip()} is published as {published}, recomputed {current}"


def _same(left: Any, right: Any) -> bool:
    """Equal, numbers to nine digits (summation order may differ between machines)."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)
    return bool(left == right)
