"""Many manifests in one: what they share once, and the rest as a table with a line for each."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

OWN = ("task", "rows", "rows_sha256", "computed", "seconds")
"""Entries that the table gives for every task, even if all agree."""


def split(
    manifests: Sequence[Mapping[str, Any]], own: Sequence[str] = OWN
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What all manifests share, and what is left of each; the same for parameters and notes.

    Args:
        manifests: as read from JSON, at least one.
        own: names that are never shared.
    """
    shared: dict[str, Any] = {}
    rest: list[dict[str, Any]] = [{} for _ in manifests]
    names = dict.fromkeys(name for manifest in manifests for name in manifest)
    for name in names:
        values = [manifest[name] for manifest in manifests if name in manifest]
        everywhere = len(values) == len(manifests) and name not in own
        if everywhere and len({json.dumps(value, sort_keys=True) for value in values}) == 1:
            shared[name] = values[0]
        elif everywhere and all(isinstance(value, dict) for value in values):
            shared[name], parts = split(values, ())
            for line, part in zip(rest, parts, strict=True):
                line.update({name: part} if part else {})
        else:
            for line, manifest in zip(rest, manifests, strict=True):
                line.update({name: manifest[name]} if name in manifest else {})
    return shared, rest


def merged(shared: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest put together again from the shared part and its line."""
    found = {**shared, **line}
    for name in shared.keys() & line.keys():
        found[name] = merged(shared[name], line[name])
    return found


def as_text(manifest: Mapping[str, Any]) -> str:
    """JSON of a manifest whose `tasks` are such a table, with one line of text per task."""
    head = {name: value for name, value in manifest.items() if name != "tasks"}
    lines = [json.dumps(line, sort_keys=True, ensure_ascii=False) for line in manifest["tasks"]]
    opened = json.dumps(head, indent=1, sort_keys=True, ensure_ascii=False).removesuffix("\n}")
    table = ",\n  ".join(lines)
    return f'{opened},\n "tasks": [\n  {table}\n ]\n}}\n'
