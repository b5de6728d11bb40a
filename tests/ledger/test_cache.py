"""Kept audits: used only while nothing that they depend on has changed."""

import ast
import dataclasses
import pickle
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

from saliency_audit.ledger import (
    Claim,
    ClaimAudit,
    ExternalResult,
    ScopedResult,
    Verdict,
    cache,
    verify,
)
from saliency_audit.ledger import audit as audit_module
from saliency_audit.ledger.audit import audit_all, audit_claim
from saliency_audit.ledger.external import TESTS, not_tested
from saliency_audit.ledger.internal import TESTS as INTERNAL_TESTS
from saliency_audit.parameters import PROFILES
from saliency_audit.reach import digests
from saliency_audit.reach.sources import LOADED


def claim(**changes):
    given = {
        "id": "AB-C",
        "title": "t",
        "location": "l",
        "statement": "s",
        "internal": {"nothing_to_test": "why not"},
        "external": {
            "experiment": "gains",
            "comparison": "paired",
            "threshold": "all",
            "test": "paired_difference",
            "planned": True,
        },
        "paper": "idgi",
    }
    return Claim(**{**given, **changes})


def audited(found, detail="found"):
    result = ScopedResult(ExternalResult(Verdict.PARTLY, detail), not_tested("none"))
    return ClaimAudit(found, None, dict.fromkeys(PROFILES, result))


@pytest.fixture(autouse=True)
def by_hand(monkeypatch):
    """Keys as at a desk: in continuous integration they cover everything."""
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def inputs(project):
    """Printed numbers and recorded rows of the claim, and of another paper and experiment."""
    for name in ("paper/idgi/table_01.csv", "results/embedded/gains.parquet"):
        path = project / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
    for paper in ("idgi", "dre", "another"):
        (project / "data" / "claims" / f"{paper}.yml").write_text(f"paper: {paper}\nclaims: []\n")
    return project / "data"


def test_what_was_kept_is_found_again(inputs):
    audit, key = audited(claim()), cache.audit_key(claim())
    assert cache.load(claim(), key) is None
    cache.store(claim(), key, audit)
    assert cache.load(claim(), key) == audit
    assert cache.load(claim(), key[::-1]) is None
    assert [path.name for path in (inputs.parent / "runs" / "cache").iterdir()] == ["AB-C.pickle"]


@pytest.mark.parametrize(
    "name",
    [
        "paper/idgi/table_01.csv",
        "paper/idgi/table_02.csv",
        "results/embedded/gains.parquet",
        "results/reference/gains.json",
    ],
)
def test_a_change_of_what_it_depends_on_changes_the_key(inputs, name):
    before = cache.audit_key(claim())
    assert cache.audit_key(claim()) == before
    path = inputs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("2")
    assert cache.audit_key(claim()) != before


def test_a_change_of_the_entry_changes_the_key(inputs):
    assert cache.audit_key(claim(statement="another")) != cache.audit_key(claim())


@pytest.mark.parametrize(
    ("module", "changes"),
    [
        ("saliency_audit.ledger.audit", True),
        ("saliency_audit.ledger.statistics", True),
        (TESTS["paired_difference"].__module__, True),
        (TESTS["taylor_order"].__module__, False),
        (INTERNAL_TESTS["DRE-PDF"].__module__, False),
        ("saliency_audit.report.site.claim_page", False),
    ],
)
def test_the_key_follows_the_code_that_the_audit_reaches(inputs, monkeypatch, module, changes):
    before = cache.audit_key(claim())
    texts = {**LOADED.texts, module: LOADED.texts[module] + b"\nX = 1\n"}
    monkeypatch.setattr(digests, "LOADED", dataclasses.replace(LOADED, texts=texts))
    assert (cache.audit_key(claim()) != before) == changes
    monkeypatch.setenv("CI", "true")
    in_full = cache.audit_key(claim())
    monkeypatch.setattr(digests, "LOADED", LOADED)
    assert cache.audit_key(claim()) != in_full


def imported_by(folder):
    """Installed packages that the modules of a folder import, at any depth of their code."""
    installed = packages_distributions()
    found = set()
    for path in (Path(cache.__file__).parents[1] / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            found |= {installed[name][0] for n in names if (name := n.split(".")[0]) in installed}
    return found - {"saliency-audit"}


def test_the_key_knows_the_packages_that_audits_compute_with():
    # The ledger's entries count as they were read: how YAML was parsed makes no difference.
    needed = imported_by("ledger") | imported_by("metrics") | imported_by("attributions")
    assert needed - {"PyYAML"} <= set(cache.PACKAGES)


def test_another_version_of_a_package_changes_the_key(inputs, monkeypatch):
    found = {cache.audit_key(claim())}
    for changed in ("POT", "scikit-image", "scikit-learn"):
        monkeypatch.setattr(
            cache, "version", lambda name, c=changed: version(name) + "1" * (name == c)
        )
        found.add(cache.audit_key(claim()))
    assert len(found) == 4


def test_a_change_elsewhere_does_not(inputs):
    before = cache.audit_key(claim())
    # Real papers are named after methods or metrics, whose names the audited code has.
    for name in ("paper/another/table_01.csv", "results/embedded/idgi_jpeg.parquet"):
        path = inputs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("2")
    assert cache.audit_key(claim()) == before


@pytest.mark.parametrize("content", [b"", b"nonsense", pickle.dumps(7), pickle.dumps((1, 2, 3))])
def test_a_damaged_file_is_no_fault(inputs, content):
    key = cache.audit_key(claim())
    cache.store(claim(), key, audited(claim()))
    (inputs.parent / "runs" / "cache" / "AB-C.pickle").write_bytes(content)
    assert cache.load(claim(), key) is None


def test_a_folder_that_cannot_be_written_is_no_fault(inputs):
    (inputs.parent / "runs").write_text("a file where the folder should be")
    key = cache.audit_key(claim())
    cache.store(claim(), key, audited(claim()))
    assert cache.load(claim(), key) is None


@pytest.fixture
def computed(inputs, monkeypatch):
    """A ledger of one claim; returns the list that grows with every audit computed."""
    done = []

    def compute(item):
        done.append(item.id)
        return audited(item, f"number {len(done)}")

    monkeypatch.setattr(audit_module, "load_claims", lambda: {"AB-C": claim()})
    monkeypatch.setattr(audit_module, "_audit", compute)
    return done


def test_an_audit_is_computed_once_until_its_rows_change(computed, inputs):
    assert audit_all() == audit_all()
    assert audit_claim("AB-C").external["paper"].detail == "number 1"
    assert computed == ["AB-C"]
    (inputs / "results" / "embedded" / "gains.parquet").write_text("2")
    (audit,) = audit_all()
    assert audit.external["paper"].detail == "number 2"


def test_one_audit_follows_its_rows_too(computed, inputs):
    assert audit_claim("AB-C").external["paper"].detail == "number 1"
    assert audit_claim("AB-C") == audit_claim("AB-C")
    (inputs / "results" / "embedded" / "gains.parquet").write_text("2")
    assert audit_claim("AB-C").external["paper"].detail == "number 2"
    assert computed == ["AB-C"] * 2


def test_an_audit_is_not_kept_if_its_rows_change_meanwhile(computed, inputs, monkeypatch):
    rows = inputs / "results" / "embedded" / "gains.parquet"
    compute = audit_module._audit

    def slowly(item):
        found = compute(item)
        rows.write_text(f"recorded during {found.external['paper'].detail}")
        return found

    monkeypatch.setattr(audit_module, "_audit", slowly)
    audit_claim("AB-C")
    assert not (inputs.parent / "runs" / "cache" / "AB-C.pickle").exists()
    # Rows that come back as they were when the audit began must not bring it back.
    rows.write_text("1")
    monkeypatch.setattr(audit_module, "_audit", compute)
    assert audit_claim("AB-C").external["paper"].detail == "number 2"


def test_a_fresh_audit_takes_nothing_that_was_kept(computed):
    audit_all()
    (audit,) = audit_all(fresh=True)
    assert audit.external["paper"].detail == "number 2"
    assert computed == ["AB-C"] * 2


def test_a_kept_object_of_another_kind_is_computed_anew(computed):
    cache.store(claim(), cache.audit_key(claim()), "an audit?")
    audit_all()
    assert computed == ["AB-C"]


def test_verify_recomputes_whatever_was_kept(computed):
    audit_all()
    (record,) = verify._records()
    assert record["external"]["paper"]["detail"] == "number 2"
