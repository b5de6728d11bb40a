"""Notebook sources: parameters, their types, content keys."""

import dataclasses
from pathlib import Path

import pytest

from saliency_audit.notebooks import (
    NotebookError,
    content_key,
    parameters,
    sources,
    validate_parameters,
)
from saliency_audit.reach import digests
from saliency_audit.reach.sources import LOADED
from saliency_audit.study.experiment import ParameterError

NOTEBOOK = """\
# %% [markdown]
# # A title

# %% tags=["parameters"]
profile: str = "embedded"  # which profile
steps: int | None = None  # path points
names: tuple[str, ...] = ("a",)
rate: float = 0.5

# %%
print(steps)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("data/claims", "notebooks", "src"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "requirements.lock").write_text("torch==2.15.0\n")
    (tmp_path / "notebooks" / "one.py").write_text(NOTEBOOK)
    monkeypatch.setenv("SALIENCY_PROJECT", str(tmp_path))
    return tmp_path


def test_sources_are_found_by_name_path_or_not_at_all(project: Path) -> None:
    assert [source.name for source in sources()] == ["one"]
    assert sources(["notebooks/one.py"])[0].path == project / "notebooks" / "one.py"
    with pytest.raises(NotebookError, match="unknown notebook 'two'; known: one"):
        sources(["two"])


def test_parameters_carry_type_default_and_help(project: Path) -> None:
    found = parameters(sources(["one"])[0])
    assert found["steps"].type == "int | None"
    assert found["steps"].default is None
    assert found["steps"].help == "path points"
    assert found["names"].default == ("a",)


def test_values_are_typed_as_declared(project: Path) -> None:
    given = {"steps": "64", "names": "a,b", "rate": "1", "profile": "reference"}
    values = validate_parameters(sources(["one"])[0], given)
    assert values == {"steps": 64, "names": ("a", "b"), "rate": 1.0, "profile": "reference"}
    assert isinstance(values["rate"], float)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"step": "1"}, r"no parameter 'step'; known: .*steps: int \| None"),
        ({"steps": "many"}, r"steps takes int \| None, got 'many'"),
        ({"steps": "1.5"}, r"steps takes int \| None, got '1.5'"),
        ({"rate": "[1"}, "known: "),
    ],
)
def test_unknown_or_ill_typed_parameters_are_refused(
    project: Path, given: dict[str, str], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        validate_parameters(sources(["one"])[0], given)


@pytest.mark.parametrize("line", ["steps = 3", "steps: int", "print(3)"])
def test_a_parameters_cell_holds_typed_literals_only(project: Path, line: str) -> None:
    text = f'# %% tags=["parameters"]\n{line}\n'
    (project / "notebooks" / "bad.py").write_text(text)
    with pytest.raises(NotebookError, match="every line must read"):
        parameters(sources(["bad"])[0])


def test_a_notebook_without_parameters_cell_is_refused(project: Path) -> None:
    (project / "notebooks" / "bare.py").write_text("# %%\nprint(1)\n")
    with pytest.raises(NotebookError, match="no cell tagged"):
        parameters(sources(["bare"])[0])


def change(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + "\n# changed\n")


@pytest.mark.parametrize("changed", ["notebooks/one.py", "data/notes.txt", "requirements.lock"])
def test_the_content_key_covers_source_data_and_lock(project: Path, changed: str) -> None:
    source = sources(["one"])[0]
    before = content_key(source, {"steps": 3})
    assert before == content_key(source, {"steps": 3})
    assert before != content_key(source, {"steps": 4})
    change(project / changed)
    assert content_key(source, {"steps": 3}) != before


@pytest.mark.parametrize(
    ("module", "reached"), [("report.figures.maps", True), ("report.figures.mege.distances", False)]
)
def test_the_content_key_covers_the_modules_that_are_reached_and_in_ci_all(
    project: Path, monkeypatch: pytest.MonkeyPatch, module: str, reached: bool
) -> None:
    script = "\n# %%\nfrom saliency_audit.report.figures.maps import show_maps\n"
    (project / "notebooks" / "one.py").write_text(NOTEBOOK + script)
    source = sources(["one"])[0]
    name = f"saliency_audit.{module}"
    texts = {**LOADED.texts, name: LOADED.texts[name] + b"\nX = 1\n"}
    keys = []
    for ci in ("", "true"):
        monkeypatch.setenv("CI", ci)
        for loaded in (LOADED, dataclasses.replace(LOADED, texts=texts)):
            monkeypatch.setattr(digests, "LOADED", loaded)
            keys.append(content_key(source, {}))
    assert (keys[0] != keys[1]) == reached
    assert keys[2] != keys[3]


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ("data/results/embedded/idgi_cost/rows.parquet", True),
        ("data/results/reference/idgi_cost.parquet", True),
        ("data/results/embedded/idgi_theorem/rows.parquet", False),
        ("data/verdicts.json", False),
    ],
)
def test_the_content_key_covers_the_rows_of_its_experiment_and_in_ci_all(
    project: Path, monkeypatch: pytest.MonkeyPatch, changed: str, counts: bool
) -> None:
    script = "\n# %%\nfrom saliency_audit import study\nstudy.get_experiment('idgi_cost')\n"
    (project / "notebooks" / "one.py").write_text(NOTEBOOK + script)
    source = sources(["one"])[0]
    monkeypatch.setenv("CI", "")
    before = content_key(source, {})
    monkeypatch.setenv("CI", "true")
    in_ci = content_key(source, {})
    change(project / changed)
    assert content_key(source, {}) != in_ci
    monkeypatch.setenv("CI", "")
    assert (content_key(source, {}) != before) == counts


def test_every_notebook_of_the_project_declares_its_profile() -> None:
    for source in sources():
        assert parameters(source)["profile"].default == "embedded", source.name
