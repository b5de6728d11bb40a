"""`verify` finds whatever was changed behind its back."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from saliency_audit.ledger import audit
from saliency_audit.ledger.verify import faults
from saliency_audit.locations import project_root

ROWS = Path("data/results/embedded/idgi_insertion")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the ledger with its embedded rows."""
    root = project_root()
    for folder in ("data/claims", "data/paper", "data/results", "notebooks"):
        shutil.copytree(root / folder, tmp_path / folder)
    shutil.copy(root / "data" / "verdicts.json", tmp_path / "data")
    monkeypatch.setenv("SALIENCY_PROJECT", str(tmp_path))
    audit.audit_claim.cache_clear()
    yield tmp_path
    audit.audit_claim.cache_clear()


def _edit_manifest(path: Path, **changes: object) -> None:
    manifest = json.loads(path.read_text())
    for name, value in changes.items():
        if isinstance(value, dict):
            manifest[name].update(value)
        else:
            manifest[name] = value
    path.write_text(json.dumps(manifest))


def _change_rows(root: Path) -> None:
    path = next((root / ROWS).glob("*.parquet"))
    rows = pd.read_parquet(path)
    rows.loc[0, "value"] += 0.5
    rows.to_parquet(path, index=False)


def _cut_manifest(root: Path) -> None:
    path = next((root / ROWS).glob("*.json"))
    path.write_text(path.read_text()[:40])


def _lose_manifest(root: Path) -> None:
    next((root / ROWS).glob("*.json")).unlink()


def _strange_task(root: Path) -> None:
    for suffix in (".json", ".parquet"):
        path = root / ROWS / f"digits_cnn-ig-00000{suffix}"
        shutil.copy(path, path.with_name(f"digits_cnn-ig-09999{suffix}"))


def _other_parameters(root: Path) -> None:
    _edit_manifest(root / ROWS / "digits_cnn-ig-00000.json", parameters={"steps": 7})


def _other_weights(root: Path) -> None:
    folder = root / "data/results/reference/idgi_insertion"
    path = folder / "mobilenet_v2-ig-00000.json"
    _edit_manifest(path, notes={"model_sha256": "0" * 64})


def _moved_verdict(root: Path) -> None:
    path = root / "data" / "verdicts.json"
    path.write_text(path.read_text().replace('"not reproduced"', '"reproduced"', 1))


def _cut_verdicts(root: Path) -> None:
    path = root / "data" / "verdicts.json"
    path.write_text(path.read_text()[:100])


def _no_verdicts(root: Path) -> None:
    (root / "data" / "verdicts.json").unlink()


def test_a_faithful_copy_has_no_fault(copy: Path) -> None:
    assert list(faults()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_change_rows, "half-written or changed"),
        (_cut_manifest, "half-written or not JSON"),
        (_lose_manifest, "rows without a manifest"),
        (_strange_task, "is not part of the embedded profile"),
        (_other_parameters, "made from other parameters"),
        (_other_weights, "2 different sets of weights"),
        (_moved_verdict, "is published as reproduced, recomputed not reproduced"),
        (_cut_verdicts, "verdicts.json is half-written"),
        (_no_verdicts, "verdicts.json is missing"),
    ],
)
def test_every_change_is_found(copy: Path, change: Callable[[Path], None], message: str) -> None:
    change(copy)
    assert any(message in fault for fault in faults()), list(faults())


def test_all_damaged_files_are_named_at_once(copy: Path) -> None:
    for path in (copy / ROWS).glob("*.parquet"):
        path.write_bytes(b"")
    named = [fault for fault in faults() if "half-written or changed" in fault]
    assert len(named) == 2
