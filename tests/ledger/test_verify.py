"""`verify` finds whatever was changed behind its back."""

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from saliency_audit.ledger.verify import _weights_faults, faults, write_published
from saliency_audit.locations import project_root
from saliency_audit.models import CLASSIFIERS
from saliency_audit.study import Outcome, Slice, Task, get_experiment, read_sealed, recording_store
from saliency_audit.study.sealed import write_sealed

CLAIMS = ("IDGI-JPEG", "IDGI-COST", "IDGI-XCEPTION")
JPEG = Path("data/results/embedded/idgi_jpeg.parquet")
COST = Path("data/results/reference/idgi_cost.parquet")


def _jpeg_rows(task: Task) -> Outcome:
    """Stability of 25 images, higher under IDGI."""
    given = task.parameters
    generator = np.random.default_rng(len(task.name))
    rows = [
        {
            **{name: given[name] for name in ("model", "images", "path", "steps")},
            "method": f"{given['path']}{suffix}",
            "scale": scale,
            "image": image,
            "image_name": f"{image}.png",
            "target": 1,
            "confidence": 0.5,
            "uncancelled": 0.5,
            "value": 5 + gain + generator.normal(),
        }
        for suffix, gain in (("", 0), ("+idgi", 4))
        for scale in ("raw", "unit_norm")
        for image in range(25)
    ]
    return Outcome(pd.DataFrame(rows), {"model_sha256": "d" * 64})


def _cost_rows(task: Task) -> Outcome:
    """Five timed batches of one method, by weights that the catalogue declares."""
    row = {"model": task.parameters["model"], "method": "ig", "images": 4, "steps": 128}
    rows = pd.DataFrame(
        [
            {**row, "points": 512, "repeat": i, "seconds": 1.0 + i, "raw_seconds": 1.0}
            for i in range(5)
        ]
    )
    recorded = CLASSIFIERS[task.parameters["model"]].recorded
    assert recorded is not None
    return Outcome(rows.assign(device="cpu"), {"model_sha256": recorded.state_sha256})


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of three claims, rows for two of them, and its published verdicts."""
    root, folder = project_root(), tmp_path_factory.mktemp("original")
    for name in ("data/claims", "data/errata", "data/paper", "notebooks"):
        shutil.copytree(root / name, folder / name)
    (folder / "data" / "released").mkdir()
    for path in (folder / "data" / "claims").glob("*.yml"):
        text = f"paper: {path.stem}\nabout: Nothing was released.\n"
        (folder / "data" / "released" / path.name).write_text(text, encoding="utf-8")
    for path in (folder / "data/claims").glob("*.yml"):
        paper = yaml.safe_load(path.read_text(encoding="utf-8"))
        paper["claims"] = [claim for claim in paper["claims"] if claim["id"] in CLAIMS]
        for claim in paper["claims"]:
            claim["external"].pop("settings", None)  # they name what was released
        path.write_text(yaml.safe_dump(paper), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALIENCY_PROJECT", str(folder))
        for name, profile, rows in (
            ("idgi_jpeg", "embedded", _jpeg_rows),
            ("idgi_cost", "reference", _cost_rows),
        ):
            experiment = get_experiment(name)
            store = recording_store(experiment, profile)
            tasks = list(experiment.tasks(experiment.configure(profile)))
            for task in tasks:
                store.write(task, rows(task), 1.0)
            store.seal(tasks)
        write_published()
    return folder


@pytest.fixture
def copy(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a test may damage."""
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    monkeypatch.setenv("SALIENCY_PROJECT", str(folder))
    return folder


def _edit_slices(path: Path, change: Callable[[dict[str, Slice]], None]) -> None:
    """Seal the file's slices again, changed."""
    slices = dict(read_sealed(path))
    change(slices)
    write_sealed(path, list(slices.values()))


def _edit_manifest(path: Path, task: str, /, **changes: Any) -> None:
    def change(slices: dict[str, Slice]) -> None:
        manifest = dict(slices[task].manifest)
        for name, value in changes.items():
            manifest[name] = {**manifest[name], **value} if isinstance(value, dict) else value
        slices[task] = replace(slices[task], manifest=manifest)

    _edit_slices(path, change)


def _change_rows(root: Path) -> None:
    rows = pd.read_parquet(root / JPEG)
    rows.loc[0, "value"] += 0.5
    rows.to_parquet(root / JPEG, index=False)


def _exchange_rows(root: Path) -> None:
    """Rows that are not those computed, sealed with a checksum that is right."""

    def exchange(slices: dict[str, Slice]) -> None:
        rows = slices["digits_cnn-ig-00000"].rows()
        rows.loc[0, "value"] += 0.5
        changed = replace(slices["digits_cnn-ig-00000"], table=pa.Table.from_pandas(rows))
        slices["digits_cnn-ig-00000"] = changed

    _edit_slices(root / JPEG, exchange)


def _cut_manifest(root: Path) -> None:
    path = (root / JPEG).with_suffix(".json")
    path.write_text(path.read_text()[:40])


def _lose_manifest(root: Path) -> None:
    (root / JPEG).with_suffix(".json").unlink()


def _lose_rows(root: Path) -> None:
    (root / JPEG).unlink()


def _slice_among_them(root: Path) -> None:
    path = (root / JPEG).with_suffix("") / "digits_cnn-ig-00000.json"
    path.parent.mkdir()
    path.write_text("{}")


def _lose_task(root: Path) -> None:
    _edit_slices(root / JPEG, lambda slices: slices.pop("digits_cnn-gig-00000"))


def _strange_task(root: Path) -> None:
    _edit_manifest(root / JPEG, "digits_cnn-ig-00000", task="digits_cnn-ig-09999")


def _strange_experiment(root: Path) -> None:
    for path in (root / JPEG, (root / JPEG).with_suffix(".json")):
        shutil.copy(path, path.with_stem("idgi_insertion"))


def _strange_profile(root: Path) -> None:
    for path in (root / JPEG, (root / JPEG).with_suffix(".json")):
        (root / "data/results/huge").mkdir(exist_ok=True)
        shutil.copy(path, root / "data/results/huge" / path.name)


def _other_parameters(root: Path) -> None:
    _edit_manifest(root / JPEG, "digits_cnn-ig-00000", parameters={"steps": 7})


def _mixed_weights(root: Path) -> None:
    _edit_manifest(root / JPEG, "digits_cnn-ig-00000", notes={"model_sha256": "0" * 64})


def _mixed_estimators(root: Path) -> None:
    """Two tasks that differ in their images only."""
    for number, path in enumerate(("ig", "gig")):
        _edit_manifest(
            root / JPEG,
            f"digits_cnn-{path}-00000",
            parameters={"path": "ig", "first": number},
            notes={"estimators": {"digits_cnn-controller.pt": str(number)}},
        )


def _undeclared_weights(root: Path) -> None:
    _edit_manifest(root / COST, "mobilenet_v2", notes={"model_sha256": "0" * 64})


def _edit_verdicts(root: Path, change: Callable[[list], None]) -> None:
    path = root / "data" / "verdicts.json"
    records = json.loads(path.read_text())
    change(records)
    path.write_text(json.dumps(records))


def _moved_internal(root: Path) -> None:
    _edit_verdicts(root, lambda records: records[0].update(internal="inconclusive"))


def _moved_external(root: Path) -> None:
    def move(records: list) -> None:
        (record,) = [record for record in records if record["id"] == "IDGI-JPEG"]
        record["external"]["embedded"]["verdict"] = "not tested"

    _edit_verdicts(root, move)


def _lost_claim(root: Path) -> None:
    _edit_verdicts(root, lambda records: records.pop())


def _cut_verdicts(root: Path) -> None:
    path = root / "data" / "verdicts.json"
    path.write_text(path.read_text()[:100])


def _no_verdicts(root: Path) -> None:
    (root / "data" / "verdicts.json").unlink()


def test_a_faithful_copy_has_no_fault(copy: Path) -> None:
    assert list(faults()) == []
    published = {
        record["id"]: record for record in json.loads((copy / "data/verdicts.json").read_text())
    }
    assert published["IDGI-JPEG"]["external"]["embedded"]["verdict"] != "not tested"
    assert published["IDGI-COST"]["external"]["reference"]["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_change_rows, "half-written or changed"),
        (_cut_manifest, "half-written or not JSON"),
        (_lose_manifest, "rows without a manifest"),
        (_lose_rows, "a manifest without rows"),
        (_slice_among_them, "a manifest without rows"),
        (_exchange_rows, "are not those that were computed"),
        (_lose_task, "claim IDGI-JPEG: external embedded"),
        (_strange_task, "is not part of the embedded profile"),
        (_strange_experiment, "no experiment 'idgi_insertion'"),
        (_strange_profile, "no experiment 'idgi_jpeg' with a profile 'huge'"),
        (_other_parameters, "made from other parameters"),
        (_mixed_weights, "2 different sets of weights"),
        (_mixed_estimators, "rows of one setting come from 2 sets of estimators"),
        (_undeclared_weights, "other weights than the catalogue declares"),
        (_moved_internal, "internal is published as inconclusive, recomputed"),
        (_moved_external, "external embedded verdict is published as not tested, recomputed"),
        (_lost_claim, "claim IDGI-XCEPTION is not in verdicts.json; write it with"),
        (_cut_verdicts, "verdicts.json is half-written"),
        (_no_verdicts, "verdicts.json is missing"),
    ],
)
def test_every_change_is_found(copy: Path, change: Callable[[Path], None], message: str) -> None:
    change(copy)
    found = list(faults())
    assert any(message in fault for fault in found), found


@pytest.mark.parametrize(
    ("model", "places", "is_fault"),
    [
        # Trained where it ran: another training in another experiment, not within one.
        ("digits_cnn", ("embedded/idgi_jpeg", "embedded/ggig_mnist"), False),
        ("digits_cnn", ("embedded/idgi_jpeg", "reference/idgi_jpeg"), True),
        ("squeezenet1_0", ("reference/idgi_jpeg", "reference/idgi_scores"), True),
        ("shapes_cnn", ("embedded/idgi_jpeg", "embedded/ggig_mnist"), True),
    ],
)
def test_weights_may_differ_between_trainings_only(
    model: str, places: tuple[str, str], is_fault: bool
) -> None:
    files = {letter * 64: {place} for letter, place in zip("ab", places, strict=True)}
    found = [fault for fault in _weights_faults(model, files) if "sets of weights" in fault]
    assert bool(found) is is_fault


def test_processes_side_by_side_find_the_same(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything goes there and back as between processes; each real one would import for seconds.

    `make test` runs `saliency-audit verify` in real ones, and a test of `processes` starts some.
    """
    asked = []

    def sent(function: Callable, items: list, jobs: int) -> list:
        asked.append(jobs)
        function, items = pickle.loads(pickle.dumps((function, items)))
        return [pickle.loads(pickle.dumps(function(item))) for item in items]

    _moved_external(copy)
    here = list(faults())
    monkeypatch.setattr("saliency_audit.ledger.audit.in_processes", sent)
    assert list(faults(jobs=2)) == here != []
    assert asked == [2]


def test_all_damaged_files_are_named_at_once(copy: Path) -> None:
    for path in (JPEG, COST):
        (copy / path).write_bytes(b"")
    named = [fault for fault in faults() if "half-written or changed" in fault]
    assert len(named) == 2
