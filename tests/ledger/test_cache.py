"""Kept audits: used only while nothing that they depend on has changed."""

import pickle

import pytest

from saliency_audit.ledger import Claim, ClaimAudit, ExternalResult, Verdict, cache, verify
from saliency_audit.ledger import audit as audit_module
from saliency_audit.ledger.audit import audit_all, audit_claim
from saliency_audit.study.experiment import PROFILES


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
            "test": "paired_improvement",
            "planned": True,
        },
        "paper": "idgi",
    }
    return Claim(**{**given, **changes})


def audited(found, detail="found"):
    result = ExternalResult(Verdict.PARTLY, detail)
    return ClaimAudit(found, None, dict.fromkeys(PROFILES, result))


@pytest.fixture
def inputs(project):
    """Printed numbers and recorded rows of the claim, and of another paper and experiment."""
    for name in ("paper/idgi/table_01.csv", "results/embedded/gains/t.parquet"):
        path = project / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
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
        "results/embedded/gains/t.parquet",
        "results/reference/gains/t.json",
    ],
)
def test_a_change_of_what_it_depends_on_changes_the_key(inputs, name):
    before = cache.audit_key(claim())
    assert cache.audit_key(claim()) == before
    path = inputs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("2")
    assert cache.audit_key(claim()) != before


def test_a_change_of_the_entry_or_the_code_changes_the_key(inputs, monkeypatch):
    before = cache.audit_key(claim())
    assert cache.audit_key(claim(statement="another")) != before
    monkeypatch.setattr(cache, "_PROGRAM", b"other code")
    assert cache.audit_key(claim()) != before


def test_a_change_elsewhere_does_not(inputs):
    before = cache.audit_key(claim())
    for name in ("paper/dre/table_01.csv", "results/embedded/other/t.parquet"):
        path = inputs / name
        path.parent.mkdir(parents=True)
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
    audit_claim.cache_clear()
    yield done
    audit_claim.cache_clear()


def test_an_audit_is_computed_once_until_its_rows_change(computed, inputs):
    assert audit_all() == audit_all()
    assert audit_claim("AB-C").external["paper"].detail == "number 1"
    assert computed == ["AB-C"]
    (inputs / "results" / "embedded" / "gains" / "t.parquet").write_text("2")
    (audit,) = audit_all()
    assert audit.external["paper"].detail == "number 2"


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
