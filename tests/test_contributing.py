"""The checklist of CONTRIBUTING.md names places that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`([\w<>./-]+/[\w<>./-]*|\w+\.(?:md|yml|cff))`", TEXT)))
# Made by a run, or a branch of git.
ELSEWHERE = {"src/saliency_audit/", "runs/recording/", ".venv/bin/pre-commit"}


@pytest.mark.parametrize("path", [path for path in PATHS if path not in ELSEWHERE])
def test_the_places_of_the_checklist_exist(path: str) -> None:
    # `data/claims/<paper>.yml`: some file of that form.
    form = re.sub(r"<\w+>", "*", path).rstrip("/")
    found = [*ROOT.glob(form), *(ROOT / "src" / "saliency_audit").glob(form)]
    assert found, f"{path}: neither in the repository nor in the package"
