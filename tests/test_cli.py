"""The command line as a user meets it: output, one-line errors, exit status."""

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from saliency_audit import cli
from saliency_audit.datasets import CATALOG
from saliency_audit.models import CLASSIFIERS


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit status of `saliency-audit ARGUMENTS`, run in this process."""
    monkeypatch.setattr(sys, "argv", ["saliency-audit", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nope"), "unknown notebook 'nope'; known: "),
        (("run", "-p", "stepz=3"), "no parameter 'stepz'; known: profile: str"),
        (("run", "idgi_insertion", "-p", "steps=many"), "steps takes int | None, got 'many'"),
        (("run", "-p", "steps"), "-p takes key=value"),
        (("run", "-p", "steps="), "-p steps: the value is missing"),
        (("run", "--jobs", "0"), "--jobs"),
        (("compute", "idgi_scores", "-p", "steps=[1"), "steps takes int, got '[1'"),
        (("serve", "--port", "99999"), "--port"),
        (("serve", "--port", "-1"), "--port"),
        (("run", "--profile", "huge"), "unknown profile 'huge'"),
        (
            ("run", "-p", "profile=huge"),
            "unknown profile 'huge'; known: embedded, reference, paper",
        ),
        (("compute", "nope"), "unknown experiment 'nope'; known: "),
        (("compute", "idgi_scores", "-p", "stepz=3"), "no parameter stepz; known: models"),
        (("compute", "idgi_scores", "-p", "steps=1"), "steps must be at least 2"),
        (
            ("compute", "idgi_jpeg", "-p", "models=nope", "-p", "images=digits"),
            "unknown classifiers",
        ),
        (("compute", "idgi_scores", "-p", "images=nope"), "unknown image set 'nope'"),
        (("compute", "idgi_scores", "--record", "-p", "steps=8"), "drop the overrides"),
        (("compute", "idgi_scores", "--profile", "huge"), "has no profile 'huge'"),
        (("seal", "nope"), "unknown experiment 'nope'; known: "),
        (("seal", "idgi_scores", "--profile", "huge"), "has no profile 'huge'"),
        (("audit", "nope"), "unknown claim 'NOPE'; known: IDGI-INS"),
        (("claims", "--paper", "nope"), "unknown paper 'nope'"),
        (("claims", "--verdict", "maybe"), "unknown verdict 'maybe'"),
        (("released", "nope"), "unknown paper or claim 'nope'"),
        (("released", "--relation", "maybe"), "unknown relation 'maybe'; known: as described; "),
        (("data", "check", "nope"), "unknown image set 'nope'"),
        (("data", "path", "nope"), "unknown image set 'nope'"),
    ],
)
def test_what_cannot_be_done_is_one_line_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    assert call(monkeypatch, *arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err + shown.out


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EACCES, "make the folder writable"),
        (errno.EROFS, "work in a copy"),
        (errno.ENOSPC, "make room on the disk"),
    ],
)
def test_what_cannot_be_written_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, remedy: str
) -> None:
    def refuse() -> None:
        raise OSError(number, os.strerror(number), "runs/rows.parquet")

    monkeypatch.setattr(cli, "app", refuse)
    assert call(monkeypatch) == 2
    shown = capsys.readouterr().err
    assert "runs/rows.parquet" in shown
    assert remedy in shown
    assert "Traceback" not in shown


def test_other_errors_of_the_system_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError(errno.EBADF, "bad")

    monkeypatch.setattr(cli, "app", refuse)
    with pytest.raises(OSError, match="bad"):
        cli.main()


def test_a_terminal_that_lacks_a_character_is_written_to() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "saliency_audit", "data", "path", "ψ"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"unknown image set '?'" in done.stderr


def test_missing_data_says_which_command_and_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    asked = ("compute", "idgi_scores", "-p", "images=imagenet_sample", "-p", "n_images=1")
    assert call(monkeypatch, *asked) == 2
    shown = capsys.readouterr().err
    assert str(tmp_path) in shown
    assert "saliency-audit data check imagenet_sample" in shown
    assert call(monkeypatch, "data", "check", "imagenet_sample") == 2
    assert "0 of 1000 files" in capsys.readouterr().out
    assert call(monkeypatch, "data", "check", "digits") == 0
    assert call(monkeypatch, "data", "path") == 0
    assert str(tmp_path) in capsys.readouterr().out


def test_claims_as_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "claims", "--paper", "idgi", "--json") == 0
    records = json.loads(capsys.readouterr().out)
    assert [record["id"] for record in records][:2] == ["IDGI-INS", "IDGI-NE"]
    first = records[0]
    assert {"id", "paper", "location", "statement", "internal", "external", "notebook"} <= set(
        first
    )
    assert set(first["internal"]) == {"verdict", "detail"}
    assert set(first["released"]) == {"verdict", "findings"}
    assert set(first["external"]) == {"embedded", "reference", "paper"}
    for result in first["external"].values():
        numbers = {"estimate", "ci_low", "ci_high", "n", "unit", "quantity"}
        assert set(result) == {"verdict", "scope", "detail", *numbers}
        assert result["scope"] in ("replication", "generalisation")
    assert set(first["generalisation"]) <= set(first["external"])


@pytest.mark.parametrize("width", [80, 120])
def test_a_narrow_terminal_cuts_nothing_off_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setattr(cli.console, "width", width)
    assert call(monkeypatch, "data", "list") == 0
    shown = capsys.readouterr().out
    assert "…" not in shown
    for name in (*CATALOG, *CLASSIFIERS):
        assert f"│ {name} " in shown


def test_claims_filtered_by_what_the_released_code_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "claims", "--verdict", "deviates", "--json") == 0
    records = json.loads(capsys.readouterr().out)
    assert "IDGI-STEPS" in [record["id"] for record in records]
    assert {record["released"]["verdict"] for record in records} == {"deviates"}


def test_claims_filtered_by_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "claims", "--verdict", "not reproduced", "--json") == 0
    records = json.loads(capsys.readouterr().out)
    assert "MR-DEF" in [record["id"] for record in records]
    for record in records:
        verdicts = [record["internal"]["verdict"]]
        verdicts += [result["verdict"] for result in record["external"].values()]
        assert "not reproduced" in verdicts


def test_audit_leads_from_the_sentence_to_rows_and_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "audit", "idgi-ins") == 0
    shown = capsys.readouterr().out
    for part in (
        "data/paper/idgi/table_01.csv (120 cells)",
        "src/saliency_audit/ledger/internal/idgi",
        "src/saliency_audit/study/experiments/idgi_settings.py, lines ",
        "src/saliency_audit/ledger/external/tests/paired_difference.py, lines ",
        "data/claims/idgi.yml",
        "notebooks/idgi_insertion.py",
    ):
        assert part in shown, part
    assert call(monkeypatch, "audit", "idgi-ins", "--all") == 0
    whole = capsys.readouterr().out.splitlines()
    told = [line for line in shown.splitlines() if line not in whole]
    hidden = [
        re.fullmatch(r"    … and (\d+) more (checks|settings); --all shows all \d+", line)
        for line in told
    ]
    assert [found and found[2] for found in hidden] == ["checks", "settings", "settings"]
    more = sum(int(found[1]) for found in hidden if found)
    assert len(whole) == len(shown.splitlines()) - len(told) + more


def test_a_training_tells_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    few = {"predictors": "digits_train:small", "n_train": 60, "folds": 2, "epochs": 2}
    given = [part for key, value in few.items() for part in ("-p", f"{key}={value}")]
    asked = ("compute", "mege_accuracy", *given, "-p", "degraded=[]")
    assert call(monkeypatch, *asked) == 0
    shown = capsys.readouterr()
    assert "fold 1: epoch 2 of 2, loss" in " ".join(shown.err.split())
    assert "2 rows in runs/rows/custom/mege_accuracy-embedded-" in shown.out


def test_recorded_rows_are_sealed_in_one_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    assert call(monkeypatch, "seal", "idgi_illustration") == 2
    assert "idgi_illustration: no task is done, nothing to seal" in capsys.readouterr().err
    assert call(monkeypatch, "compute", "idgi_illustration", "--record") == 0
    place = "data/results/embedded/idgi_illustration.parquet"
    assert f"rows in {place}" in capsys.readouterr().out
    before = (project / place).read_bytes()
    assert call(monkeypatch, "seal", "idgi_illustration") == 0
    assert f"1 of 1 tasks are sealed in {place}" in capsys.readouterr().out
    assert (project / place).read_bytes() == before
