"""What the manifest of recorded rows says of all tasks, added up for readers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saliency_audit.study import StoreError, read_manifests, recorded_path
from saliency_audit.study.former_names import former_methods, present_parameters

_SLICE = re.compile(r"-\d+$")


@dataclass(frozen=True)
class Series:
    """Tasks that differ only in their slice of images: counts of images, names of corrupt ones."""

    name: str
    candidates: int
    used: int
    misclassified: int
    unreadable: tuple[str, ...]


@dataclass(frozen=True)
class RecordedRun:
    """The recorded rows of one experiment at one profile.

    `path` of the rows starts at the project folder; `common` holds the parameters that all tasks
    share; `former_methods` the present names of methods that the file has under others.
    """

    path: str
    tasks: int
    rows: int
    series: tuple[Series, ...]
    common: Mapping[str, Any]
    devices: tuple[str, ...]
    commits: tuple[str, ...]
    computed: tuple[str, str]
    seconds: float
    versions: tuple[str, ...]
    former_methods: Mapping[str, str]


def recorded_run(experiment: str, profile: str, root: Path) -> RecordedRun | None:
    """What the manifest of an experiment's recorded rows says, added up; None if there are none.

    A manifest that cannot be read counts as none: whether rows may be used is the ledger's to say.
    """
    path = recorded_path(experiment, profile)
    try:
        manifests = read_manifests(path)
    except StoreError:
        return None
    if not manifests:
        return None
    dates = sorted(str(manifest["computed"])[:10] for manifest in manifests)
    return RecordedRun(
        path=path.relative_to(root).as_posix(),
        tasks=len(manifests),
        rows=sum(int(manifest["rows"]) for manifest in manifests),
        series=tuple(_series(manifests)),
        common=_common([present_parameters(manifest) for manifest in manifests]),
        devices=_distinct(manifest.get("device") for manifest in manifests),
        commits=_distinct(manifest.get("commit") for manifest in manifests),
        computed=(dates[0], dates[-1]),
        seconds=sum(float(manifest["seconds"]) for manifest in manifests),
        versions=_distinct(
            f"torch {manifest.get('packages', {}).get('torch')}" for manifest in manifests
        ),
        former_methods={
            former: present
            for manifest in manifests
            for former, present in former_methods(manifest).items()
        },
    )


def _series(manifests: list[dict[str, Any]]) -> Iterable[Series]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for manifest in manifests:
        groups.setdefault(_SLICE.sub("", manifest["task"]), []).append(manifest.get("notes", {}))
    for name, notes in groups.items():
        yield Series(
            name=name,
            candidates=sum(int(note.get("candidates", 0)) for note in notes),
            used=sum(int(note.get("used", 0)) for note in notes),
            misclassified=sum(int(note.get("misclassified", 0)) for note in notes),
            unreadable=tuple(str(item) for note in notes for item in note.get("unreadable", [])),
        )


def _common(parameters: list[Mapping[str, Any]]) -> dict[str, Any]:
    first, *others = parameters
    return {
        name: value
        for name, value in first.items()
        if all(other.get(name) == value for other in others) and name not in ("first", "last")
    }


def _distinct(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value) for value in values if value))
