"""Running notebooks: what is kept, what is skipped, what a failure leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from saliency_audit.runner import execute, plan
from saliency_audit.study.experiment import ParameterError

GOOD = """\
# %% [markdown]
# # Good

# %% tags=["parameters"]
profile: str = "embedded"
steps: int = 2

# %%
print("steps", steps, "profile", profile)
"""
BAD = GOOD + '\n# %%\nraise RuntimeError("broken on purpose")\n\n# %%\nprint("never")\n'
# Three slow tasks of an experiment, which note in a file that they were computed.
SHARED = (
    GOOD
    + """
# %%
import os
import time
from dataclasses import dataclass
import pandas as pd
from saliency_audit import study

@dataclass(frozen=True)
class Parameters:
    steps: int = 2

def computed(task):
    with open("computed.txt", "a") as log:
        log.write(task.name + "\\n")
    time.sleep(0.3)
    return study.Outcome(pd.DataFrame({"value": [1.0]}))

experiment = study.Experiment(
    "shared", "", 1, {"embedded": Parameters()},
    split=lambda given: [study.Task(name, {"steps": given.steps}) for name in ("a", "b", "c")],
    compute=computed,
    recorded=(study.Column("value", "number", "", ""),),
)
print(len(study.compute(experiment, profile)), "rows")
print("threads", os.environ["OMP_NUM_THREADS"], os.environ["SALIENCY_THREADS"])
"""
)
DEAD = GOOD + "\n# %%\nimport os\nos._exit(1)\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("data/claims", "notebooks", "src"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "notebooks" / "good.py").write_text(GOOD)
    monkeypatch.setenv("SALIENCY_PROJECT", str(tmp_path))
    return tmp_path


def _printed(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))


def test_a_run_is_kept_and_not_repeated_until_something_changes(project: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    (run,) = execute(plan(None, "embedded", {}), progress=lambda *item: seen.append(item))
    assert run.path == project / "runs" / "good.ipynb"
    assert not run.error
    assert "steps 2 profile embedded" in _printed(run.path)
    assert seen[-1][1] == seen[-1][2] > 0, "the progress display reaches the last cell"
    ids = [cell.id for cell in nbformat.read(run.path, as_version=4).cells]
    assert ids == [f"good-{i:03d}" for i in range(len(ids))], "ids do not change from run to run"
    assert str(project) not in run.path.read_text(), "no path of this machine in the run"

    (again,) = execute(plan(None, "embedded", {}))
    assert again.skipped

    source = project / "notebooks" / "good.py"
    source.write_text(source.read_text().replace('"steps"', '"points"'))
    (changed,) = execute(plan(None, "embedded", {}))
    assert not changed.skipped
    assert "points 2" in _printed(changed.path)


def test_a_notebook_runs_whatever_the_folder_and_the_users_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "br{ace}s" / "{profile}"
    for folder in ("data/claims", "notebooks", "src", "kernels/python3"):
        (project / folder).mkdir(parents=True)
    figure = "\n# %%\nimport matplotlib.pyplot as plt\nplt.plot([0, 1]);\n"
    (project / "notebooks" / "good.py").write_text(GOOD + figure)
    (project / "start.py").write_text("raise SystemExit('the start-up file ran')")
    spec = {"argv": ["/nonexistent", "{connection_file}"], "display_name": "foreign"}
    (project / "kernels/python3/kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("SALIENCY_PROJECT", str(project))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(project))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("PYTHONSTARTUP", str(project / "start.py"))
    (run,) = execute(plan(["good"], "embedded", {}))
    assert not run.error
    assert "steps 2 profile embedded" in _printed(run.path)
    assert "image/png" in run.path.read_text()
    assert os.environ["MPLBACKEND"] == "agg"


def test_lists_reach_the_notebook_as_lists(project: Path) -> None:
    text = GOOD.replace("steps: int = 2", "steps: tuple[str, ...] | None = None")
    (project / "notebooks" / "many.py").write_text(text)
    (run,) = execute(plan(["many"], "embedded", {"steps": "a,b"}))
    assert not run.error
    assert "steps ['a', 'b']" in _printed(run.path)


def test_custom_parameters_never_replace_the_published_run(project: Path) -> None:
    (custom,) = execute(plan(["good"], "embedded", {"steps": "7"}))
    assert custom.path.parent == project / "runs" / "custom"
    assert "steps 7" in _printed(custom.path)
    assert not (project / "runs" / "good.ipynb").exists()
    other = plan(["good"], "reference", {})[0].output
    assert other.parent.name == "custom"
    assert other != custom.path


def test_failing_and_dying_notebooks_are_saved_and_do_not_stop_the_others(project: Path) -> None:
    (project / "notebooks" / "bad.py").write_text(BAD)
    (project / "notebooks" / "dead.py").write_text(DEAD)
    runs = {run.name: run for run in execute(plan(None, "embedded", {}), jobs=2)}
    assert not runs["good"].error
    assert "broken on purpose" in runs["bad"].error
    assert runs["dead"].error
    assert runs["bad"].path == project / "runs" / "failed" / "bad.ipynb"
    assert "steps 2" in _printed(runs["bad"].path)
    assert not (project / "runs" / "bad.ipynb").exists()
    (retried,) = execute(plan(["bad"], "embedded", {}))
    assert not retried.skipped, "a failed run never counts as done"


def test_notebooks_side_by_side_share_rows_and_cores(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    for name in ("SALIENCY_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("one", "two"):
        (project / "notebooks" / f"{name}.py").write_text(SHARED)
    before = dict(os.environ)
    for run in execute(plan(["one", "two"], "embedded", {}), jobs=2):
        assert not run.error
        assert "3 rows\nthreads 3 3" in _printed(run.path)
    assert sorted((project / "computed.txt").read_text().split()) == ["a", "b", "c"]
    assert dict(os.environ) == before


def test_the_working_directory_stays(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (project / "notebooks" / "again.py").write_text(GOOD)
    execute(plan(["good", "again"], "embedded", {}), jobs=2)
    assert Path.cwd() == elsewhere


def test_nothing_runs_when_a_parameter_is_wrong(project: Path) -> None:
    with pytest.raises(ParameterError, match="no parameter 'stepz'"):
        plan(["good"], "embedded", {"stepz": "3"})
    with pytest.raises(ParameterError, match="unknown profile 'huge'"):
        plan(["good"], "huge", {})
    with pytest.raises(ParameterError, match="unknown profile 'huge'; known: embedded, refer"):
        plan(["good"], "embedded", {"profile": "huge"})
    experiment = (
        'from saliency_audit import study\nexperiment = study.get_experiment("idgi_theorem")\n'
    )
    (project / "notebooks" / "good.py").write_text(GOOD + "\n# %%\n" + experiment)
    with pytest.raises(ParameterError, match="steps must be at least 2"):
        plan(["good"], "embedded", {"steps": "1"})
    assert not (project / "runs").exists()


# A shell starts what runs in its background with Ctrl-C ignored, and children inherit that.
HEARS_CTRL_C = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("saliency_audit", run_name="__main__")
"""


def test_ctrl_c_ends_the_kernels_in_the_middle_of_a_cell(project: Path) -> None:
    (project / "notebooks" / "slow.py").write_text(GOOD + "\n# %%\nimport time\ntime.sleep(120)\n")
    command = [sys.executable, "-c", HEARS_CTRL_C, "run", "slow", "good"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        deadline = time.monotonic() + 60
        while not _sleeping(project) and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(2)  # the cell has begun
        running.send_signal(signal.SIGINT)
        running.wait(timeout=100)  # the cell takes longer
    assert running.returncode == 130
    work = project / "runs" / ".work"
    assert not list(work.glob("*.ipynb"))
    assert not (project / "runs" / "slow.ipynb").exists()


def _sleeping(project: Path) -> bool:
    """Whether papermill has written that the last cell of the slow notebook runs."""
    found = list((project / "runs" / ".work").glob("slow*.out.ipynb"))
    return bool(found) and '"status": "running"' in found[0].read_text()
