"""Recompute everything that is published and compare."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from saliency_audit.ledger.audit import as_record, audit_all
from saliency_audit.locations import project_root
from saliency_audit.study import StoreError, get_experiment, recorded
from saliency_audit.study import available as experiments


def published_path() -> Path:
    """The published verdicts: what the site says, in one file under version control."""
    return project_root() / "data" / "verdicts.json"


def write_published() -> Path:
    """Write the verdicts as they follow now from printed numbers and recorded rows."""
    path = published_path()
    text = json.dumps([_published(record) for record in _records()], indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def faults() -> Iterator[str]:
    """Everything that does not hold: damaged rows, strangers among them, verdicts that moved."""
    yield from _row_faults()
    yield from _verdict_faults()


def _row_faults() -> Iterator[str]:
    root = project_root() / "data" / "results"
    try:
        manifests = recorded(root)
    except StoreError as error:
        yield str(error)
        return
    with_manifest = {rows for _, rows in manifests}
    yield from (
        f"{path}: rows without a manifest"
        for path in sorted(root.rglob("*.parquet"))
        if path not in with_manifest
    )
    for manifest, rows in manifests:
        profile, name = rows.relative_to(root).parts[:2]
        if name not in experiments():
            yield f"{rows}: no experiment {name!r}"
            continue
        if len(pd.read_parquet(rows)) != manifest["rows"]:
            yield f"{rows}: the manifest counts {manifest['rows']} rows"
        experiment = get_experiment(name)
        declared = {task.name for task in experiment.tasks(experiment.configure(profile))}
        if manifest["task"] not in declared:
            yield f"{rows}: task {manifest['task']} is not part of the {profile} profile"


def _verdict_faults() -> Iterator[str]:
    path = published_path()
    if not path.is_file():
        yield f"{path} is missing; write it with `saliency-audit verify --write`"
        return
    published = {record["id"]: record for record in json.loads(path.read_text(encoding="utf-8"))}
    current = {record["id"]: _published(record) for record in _records()}
    for claim in sorted(published.keys() | current.keys()):
        if claim not in published or claim not in current:
            yield f"claim {claim} is {'not ' if claim not in published else ''}in {path.name} only"
        elif not _same(published[claim], current[claim]):
            yield f"claim {claim}: recomputed {current[claim]}, published {published[claim]}"


def _records() -> list[dict[str, Any]]:
    return [as_record(audit) for audit in audit_all()]


def _published(record: dict[str, Any]) -> dict[str, Any]:
    names = ("verdict", "estimate", "ci_low", "ci_high", "n")
    return {
        "id": record["id"],
        "internal": record["internal"]["verdict"],
        "external": {
            profile: {name: result[name] for name in names}
            for profile, result in record["external"].items()
        },
    }


def _same(left: Any, right: Any) -> bool:
    """Equal, numbers to nine digits (summation order may differ between machines)."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)
    return bool(left == right)
