"""From recorded rows to the external verdict of a claim."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import (
    Check,
    Claim,
    ClaimAudit,
    ExternalResult,
    InternalAudit,
    Scope,
    ScopedResult,
    Verdict,
    evaluation,
)
from saliency_audit.ledger.audit import (
    _recorded_result,
    as_record,
    evaluate,
    recorded_rows,
    unfinished,
)
from saliency_audit.study import Column, Experiment, Outcome, Task, recording_store
from saliency_audit.study.shared_columns import shared


@dataclass(frozen=True)
class Parameters:
    """None."""


def tasks(parameters):
    return [Task(f"t-{i}", {"i": i}) for i in range(3)]


def outcome(task):
    gains = np.linspace(0.1, 0.2, 10)
    start = 10 * task.parameters["i"]
    return Outcome(
        pd.DataFrame(
            [
                ("m", "ig", method, 128, start + image, 0.5 + value)
                for image, gain in enumerate(gains)
                for method, value in (("ig", 0.0), ("ig+idgi", gain))
            ],
            columns=["model", "path", "method", "steps", "image", "probability"],
        )
    )


COLUMNS = (
    *shared("model", "path", "method", "steps", "image"),
    Column("probability", "number", "", "score"),
)
EXPERIMENT = Experiment("gains", "Gains", 1, {"embedded": Parameters()}, tasks, outcome, COLUMNS)


def claim(**external):
    spec = {
        "experiment": "gains",
        "comparison": "paired",
        "threshold": "all",
        "test": "paired_difference",
        "parameters": {
            "questions": [
                {
                    "value": ["probability"],
                    "where": {"steps": 128},
                    "pairs": [["ig+idgi", "ig"]],
                    "expected": "higher",
                }
            ]
        },
        "replication": {"networks": ["m"]},
        **external,
    }
    return Claim(
        id="AB-C",
        title="t",
        location="l",
        statement="s",
        internal={"nothing_to_test": "why not"},
        external=spec,
        paper="idgi",
    )


@pytest.fixture
def store(project, monkeypatch):
    monkeypatch.setattr(evaluation, "get_experiment", lambda name: EXPERIMENT)
    return recording_store(EXPERIMENT, "embedded")


NO_ROWS = (
    "no rows recorded at the embedded profile; "
    "`saliency-audit compute gains --profile embedded --record` makes them"
)


def record(store, count):
    for task in tasks(None)[:count]:
        store.write(task, outcome(task), 0)
    store.seal(tasks(None)[:count])


def test_complete_rows_are_read_and_judged(store):
    record(store, 3)
    rows = recorded_rows(claim(), "embedded")
    assert len(rows) == 60
    assert evaluate(claim(), rows).verdict is Verdict.REPRODUCED


def test_incomplete_rows_are_not_judged(store):
    assert recorded_rows(claim(), "embedded") == NO_ROWS
    record(store, 2)
    reason = recorded_rows(claim(), "embedded")
    assert reason.startswith("only 2 of 3 tasks are recorded at embedded (t-2: no manifest); ")
    assert reason.endswith(" --profile embedded --record` makes the others")


@dataclass(frozen=True)
class Batch(Parameters):
    """A setting of some tasks."""

    wanted: tuple[int, ...] = ()


@pytest.fixture
def batches(project, monkeypatch):
    """The store of an experiment with two settings, of one task and of two."""
    settings = {"first": Batch((0,)), "second": Batch((1, 2))}
    experiment = replace(
        EXPERIMENT,
        profiles={"embedded": settings},
        split=lambda given: [tasks(None)[i] for i in given.wanted],
    )
    monkeypatch.setattr(evaluation, "get_experiment", lambda name: experiment)
    return recording_store(experiment, "embedded")


def test_a_complete_setting_is_judged_and_the_others_are_named(batches):
    record(batches, 2)
    assert len(recorded_rows(claim(), "embedded")) == 20
    lacking = "Left out until they are recorded: second (1 of 2 tasks)."
    assert unfinished("gains", "embedded") == lacking
    result = _recorded_result(claim(), "embedded").replication
    assert result.verdict is Verdict.REPRODUCED
    assert result.detail.endswith(lacking)
    record(batches, 3)
    assert len(recorded_rows(claim(), "embedded")) == 60
    assert unfinished("gains", "embedded") == ""
    assert lacking not in _recorded_result(claim(), "embedded").replication.detail


def test_settings_with_rows_of_other_parameters_are_not_left_out(batches, monkeypatch):
    record(batches, 3)
    changed = replace(
        batches.experiment,
        split=lambda given: [
            Task("t-2", {"i": 3}) if task.name == "t-2" else task
            for task in batches.experiment.split(given)
        ],
    )
    monkeypatch.setattr(evaluation, "get_experiment", lambda name: changed)
    reason = recorded_rows(claim(), "embedded")
    assert "only 2 of 3 tasks are recorded at embedded (t-2: made from other parameters)" in reason
    assert unfinished("gains", "embedded") == ""


def test_rows_that_are_not_sealed_yet_are_not_judged(store):
    for task in tasks(None):
        store.write(task, outcome(task), 0)
    assert recorded_rows(claim(), "embedded") == NO_ROWS


def test_damaged_rows_are_not_taken_for_no_rows(store):
    record(store, 3)
    store.sealed.path.write_bytes(b"")
    reason = recorded_rows(claim(), "embedded")
    assert "only 0 of 3 tasks are recorded at embedded" in reason
    assert "(t-0: embedded/gains.parquet: the rows are half-written" in reason
    store.sealed.path.with_suffix(".json").write_bytes(b"{")
    assert "only 0 of 3 tasks are recorded" in recorded_rows(claim(), "embedded")


def test_reasons_for_no_rows(store):
    assert "no paper profile" in recorded_rows(claim(), "paper")
    assert "is planned" in recorded_rows(claim(planned=True), "embedded")
    nothing = claim(experiment=None, nothing_to_test="a matter of taste")
    assert recorded_rows(nothing, "embedded") == "a matter of taste"


def audited(internal=None, **verdicts):
    nothing = ExternalResult(Verdict.NOT_TESTED, "none")
    external = {
        profile: ScopedResult(
            ExternalResult(verdicts.get(profile, Verdict.NOT_TESTED), profile), nothing
        )
        for profile in ("embedded", "reference", "paper")
    }
    return ClaimAudit(claim(), internal, external)


@pytest.mark.parametrize(
    ("tested", "strongest"),
    [
        ((), "reference"),
        (("embedded",), "embedded"),
        (("embedded", "reference"), "reference"),
        (("embedded", "paper"), "paper"),
    ],
)
def test_the_strongest_result_is_that_of_the_largest_profile_tested(tested, strongest):
    audit = audited(**dict.fromkeys(tested, Verdict.PARTLY))
    assert audit.strongest == (strongest, audit.external[strongest])
    assert audit.strongest_of(Scope.REPLICATION) == (
        strongest,
        audit.external[strongest].replication,
    )
    assert audit.strongest_of(Scope.GENERALISATION)[0] == strongest
    assert audit.tested == bool(tested)


def test_the_internal_half_of_an_audit():
    check = Check("c", True, "x", "y")
    assert audited().internal_verdict is Verdict.NOT_TESTED
    assert audited().internal_detail == "why not"
    found = audited(InternalAudit((check,), "one of one"))
    assert (found.internal_verdict, found.internal_detail) == (Verdict.REPRODUCED, "one of one")
    open_question = audited(InternalAudit((check,), "one of one", undecidable="not printed"))
    assert open_question.internal_verdict is Verdict.INCONCLUSIVE
    assert open_question.internal_detail == "not printed"


def test_the_record_carries_estimate_interval_and_number(store):
    record(store, 3)
    result = evaluate(claim(), recorded_rows(claim(), "embedded"))
    nothing = ScopedResult(*[ExternalResult(Verdict.NOT_TESTED, "none")] * 2)
    audit = ClaimAudit(claim(), None, {"embedded": result, "reference": nothing, "paper": nothing})
    record_of = as_record(audit)
    assert record_of["generalisation"] == {}
    external = record_of["external"]
    found = external["embedded"]
    assert found["verdict"] == "reproduced"
    assert found["estimate"] == pytest.approx(0.15)
    assert 0.1 < found["ci_low"] < 0.15 < found["ci_high"] < 0.2
    assert found["n"] == 30
    assert (found["scope"], found["unit"]) == ("replication", "images")
    assert external["paper"] == {
        "verdict": "not tested",
        "scope": "replication",
        "estimate": None,
        "ci_low": None,
        "ci_high": None,
        "n": None,
        "unit": None,
        "quantity": None,
        "detail": "none",
    }
