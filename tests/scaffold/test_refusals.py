"""What `saliency-audit new` refuses, in one line and before anything is written."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def copy(copied: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, in which nothing may change."""
    return copied(tmp_path_factory.mktemp("copy") / "project")


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("claim GG-SPARSE --paper ggig", "claim GG-SPARSE exists already, and is not planned"),
        ("claim GG-SPARSE --paper ggig", "edit its entry in data/claims/ggig.yml"),
        ("claim GG-SPARSE --paper dre", "GG-SPARSE exists already, in data/claims/ggig.yml"),
        ("claim GG-NEW --paper gigi", "unknown paper 'gigi'; known: idgi, dre, mege, xmgd, ggig"),
        ("claim GG-NEW --paper ggig --test t", "unknown test 't'; known: paired_difference, own"),
        ("claim gg-new --paper ggig", "the id of a claim of ggig is GG- and capital letters"),
        ("claim MR-NEW --paper ggig", "the id of a claim of ggig is GG-"),
        ("claim GG- --paper ggig", "got 'GG-'"),
        (f"claim GG-{'N' * 22} --paper ggig", "at most 24 characters"),
        ("claim IDGI-SCORES --paper idgi", "idgi_scores belongs to claim IDGI-NE already"),
        ("claim MR-LONG-LONG-LONG-LONG-X --paper mege", "experiment names are lower case"),
        ("method ig", "the method 'ig' exists already: src/saliency_audit/attributions/registry"),
        ("method saliency", "the method 'saliency' exists already"),
        ("method rules", "src/saliency_audit/attributions/rules.py exists already"),
        ("method rISE", "method names are lower case letters, digits"),
        ("method lambda", "no keyword of Python; got 'lambda'"),
        ("method ../x", "got '../x'"),
        ("metric reco", "the metric 'reco' exists already"),
        ("metric top_pixels", "the metric 'top_pixels' exists already"),
        ("metric jpeg", "src/saliency_audit/metrics/jpeg.py exists already"),
        ("metric two__words", "metric names are"),
        ("metric new --needs luck", "unknown need of a metric 'luck'; known: map, pair, region"),
    ],
)
def test_refusals(
    copy: Path,
    new: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    message: str,
) -> None:
    before = contents(copy)
    assert new(copy, *arguments.split()) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert contents(copy) == before


def test_a_file_that_is_in_the_way_stops_everything(
    copied: Callable[[Path], Path],
    new: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = copied(tmp_path / "project")
    (folder / "tests/study/test_ggig_new.py").write_text("# mine\n")
    table = folder / "src/saliency_audit/study/registry.py"
    before = contents(folder)
    assert new(folder, "claim", "GG-NEW", "--paper", "ggig") == 2
    assert "tests/study/test_ggig_new.py exists already" in capsys.readouterr().err
    assert contents(folder) == before
    (folder / "tests/study/test_ggig_new.py").unlink()
    table.write_text(table.read_text().replace("_EXPERIMENTS:", "_ALL:"))
    before = contents(folder)
    assert new(folder, "claim", "GG-NEW", "--paper", "ggig") == 2
    message = "study/registry.py: no table _EXPERIMENTS is written out at the top level"
    assert message in capsys.readouterr().err
    assert contents(folder) == before


@pytest.mark.parametrize("arguments", ["claim GG-NEW --paper ggig", "method new", "metric new"])
def test_a_project_without_sources_is_no_checkout(
    project: Path, new: Callable[..., int], capsys: pytest.CaptureFixture[str], arguments: str
) -> None:
    assert new(project, *arguments.split()) == 2
    assert "has no src/saliency_audit: run this in a clone" in capsys.readouterr().err
