"""Replication and generalisation: whose rows they are."""

import pandas as pd
import pytest

from saliency_audit.ledger import Scope, ScopedResult, Verdict, evaluate, load_claims
from saliency_audit.ledger.audit import as_record, audit_claim
from saliency_audit.ledger.external import ExternalResult, not_tested
from saliency_audit.ledger.external.scope import described, own_rows, wanted
from saliency_audit.ledger.schema import ReplicationSpec


def rows(**columns):
    return pd.DataFrame({"model": ["a", "a", "b", "b"], "images": ["x", "y", "x", "y"], **columns})


@pytest.mark.parametrize(
    ("declared", "own"),
    [
        ({}, [True] * 4),
        ({"networks": ["a"]}, [True, True, False, False]),
        ({"images": ["y"]}, [False, True, False, True]),
        ({"networks": ["a", "c"], "images": ["x"]}, [True, False, False, False]),
        ({"networks": ["*"]}, [True] * 4),
        ({"least": {"steps": 128}}, [False, True, False, True]),
        ({"accuracy": {"x": [70, 80]}}, [True, True, False, True]),
        ({"networks": ["a"], "accuracy": {"x": [76, 80]}}, [False, True, False, False]),
    ],
)
def test_a_network_on_an_image_set_is_the_claims_own(declared, own):
    table = rows(steps=[32, 128, 32, 256], accuracy=[0.75, 0.1, 0.9, 0.2])
    assert own_rows(table, ReplicationSpec(**declared)).tolist() == own


def test_rows_of_one_network_and_image_set_stay_together():
    table = pd.DataFrame({"model": ["m"] * 4, "images": "x", "steps": [8, 32, 64, 128]})
    assert own_rows(table, ReplicationSpec(least={"steps": 128})).all()
    assert not own_rows(table, ReplicationSpec(least={"steps": 256})).any()


def test_degraded_predictors_do_not_count_for_the_accuracy():
    table = pd.DataFrame(
        {
            "model": "resnet18-16",
            "images": "x",
            "degradation": ["none", "labels"],
            "accuracy": [0.78, 0.4],
        }
    )
    spec = ReplicationSpec(networks=["resnet18-*"], accuracy={"x": [74, 82]})
    assert own_rows(table, spec).all()
    assert not own_rows(table.assign(accuracy=[0.66, 0.78]), spec).any()


def test_rows_without_networks_count_unless_one_is_asked_for():
    table = pd.DataFrame({"value": [1.0, 2.0]})
    assert own_rows(table, ReplicationSpec()).all()
    with pytest.raises(ValueError, match="the rows lack the columns model"):
        own_rows(table, ReplicationSpec(networks=["a"]))


def test_what_is_asked_for_and_what_there_is_are_said():
    spec = ReplicationSpec(networks=["a"], images=["x"], least={"steps": 128})
    assert wanted(spec) == "networks a; images of x; steps of at least 128"
    by_set = ReplicationSpec(least={"seen": {"x": 10, "y": 20}})
    assert wanted(by_set) == "seen of at least 10 on x, 20 on y"
    assert described(rows()[:2]) == "Rows of a (x); a (y)."
    of_two = ReplicationSpec(networks=["a", "c"])
    assert described(rows()[:2], of_two).endswith(": 1 of the claim's 2 networks.")


def climbed(model, ascents):
    """Rows of GG-MNIST in which GGIG is best by every measure."""
    questions = load_claims()["GG-MNIST"].external.parameters["questions"]
    return pd.DataFrame(
        [
            {"model": model, "images": "mnist_test", "method": method, "sign": sign}
            | {"image": image, "climb_points": 51, "climb_ascents": ascents}
            | dict.fromkeys(questions[0]["value"], 0.1 * image / 30 + (method == "ggig"))
            for method in ("ggig", "saliency", "ig_without_product")
            for sign in ("absolute", "signed")
            for image in range(30)
        ]
    )


def test_stand_ins_neither_acquit_nor_convict():
    claim = load_claims()["GG-MNIST"]
    own, short, other = climbed("mnist_cnn", 200), climbed("mnist_cnn", 5), climbed("other", 200)
    found = evaluate(claim, own)
    assert found.replication.verdict is Verdict.REPRODUCED
    assert found.generalisation.verdict is Verdict.NOT_TESTED
    for stand_in in (short, other):
        found = evaluate(claim, stand_in)
        assert found.replication.verdict is Verdict.NOT_TESTED
        command = "`saliency-audit compute ggig_mnist --profile reference --record`"
        assert command in found.replication.detail
        assert found.generalisation.verdict is Verdict.REPRODUCED
        assert found.scope is Scope.GENERALISATION
        assert found.beside is None
    measures = claim.external.parameters["questions"][0]["value"]
    worse = other.assign(**{name: -other[name] for name in measures})
    both = evaluate(claim, pd.concat([own, worse]))
    assert both.replication.verdict is Verdict.REPRODUCED
    assert both.beside.verdict is Verdict.NOT_REPRODUCED
    assert both.main is both.replication
    assert len(both.comparisons) == 16


def test_one_result_stands_for_both_where_one_is_asked_for():
    tested, absent = ExternalResult(Verdict.PARTLY, "some"), not_tested("no rows")
    assert ScopedResult(tested, absent).verdict is Verdict.PARTLY
    assert ScopedResult(absent, tested).detail == "some"
    assert ScopedResult(absent, absent).scope is Scope.REPLICATION
    assert not ScopedResult(absent, absent).tested


def test_the_record_says_the_scope_of_every_profile_and_puts_the_other_beside():
    record = as_record(audit_claim("IDGI-INS"))
    assert {p: r["scope"] for p, r in record["external"].items()} == {
        "embedded": "generalisation",
        "reference": "replication",
        "paper": "replication",
    }
    assert set(record["generalisation"]) == {"reference"}
    assert set(record["generalisation"]["reference"]) == set(record["external"]["reference"])
    assert record["external"]["reference"]["unit"] == "images"


def test_every_tested_claim_has_a_headline():
    for claim, entry in load_claims().items():
        if entry.external.planned or entry.external.nothing_to_test:
            continue
        audit = audit_claim(claim)
        for profile, both in audit.external.items():
            for scope in Scope:
                result = both.of(scope)
                where = f"{claim} {profile} {scope}"
                if result.tested:
                    assert result.headline is not None, where
                    assert result.headline.quantity, where
                    assert result.headline.unit, where


def test_what_must_be_reached_may_differ_by_image_set():
    table = pd.DataFrame({"model": "a", "images": ["x", "y", "z"], "seen": 15})
    by_set = ReplicationSpec(least={"seen": {"x": 10, "y": 20}})
    assert own_rows(table, by_set).tolist() == [True, False, True]


def test_a_network_trained_on_too_few_images_is_no_replication():
    claim = load_claims()["MR-ACC"]
    rows = pd.DataFrame(
        {"images": "cifar10_train", "model": "resnet18-32", "degradation": "none"}
        | {"fold": range(5), "correct": 80, "held_out": 200, "seen": 800}
    )
    found = evaluate(claim, rows)
    assert found.replication.verdict is Verdict.NOT_TESTED
    assert "seen of at least 48000 on fashion_mnist_train" in found.replication.detail
    full = evaluate(claim, rows.assign(correct=7800, held_out=10000, seen=40000))
    assert full.replication.verdict is Verdict.REPRODUCED
    assert full.generalisation.verdict is Verdict.NOT_TESTED


def test_what_is_not_tested_names_the_command_that_would_test_it():
    claims = load_claims()
    for name, profile, command in (
        ("GG-MNIST", "embedded", "compute ggig_mnist --profile reference --record"),
        ("IDGI-JPEG", "reference", "compute idgi_jpeg --profile paper --record"),
        ("IDGI-INS", "embedded", "compute idgi_settings --profile reference --record"),
    ):
        result = audit_claim(name).external[profile].replication
        assert result.verdict is Verdict.NOT_TESTED
        assert f"`saliency-audit {command}` would make them" in result.detail, claims[name].id
    other = audit_claim("GG-MNIST").external["reference"].generalisation
    assert (
        "`saliency-audit run ggig_mnist -p models=NAME` tests the claim on another" in other.detail
    )
    # an experiment without networks has no such command
    drawn = audit_claim("DRE-SKEW").external["embedded"].generalisation
    assert drawn.detail == "no rows of other networks or data at the embedded profile"
