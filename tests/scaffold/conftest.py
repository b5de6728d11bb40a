"""A copy of the repository without its rows, to write into."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from saliency_audit import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def copied() -> Callable[[Path], Path]:
    """Copies what git knows of the repository, and what it would, into a new folder."""

    def copy(folder: Path) -> Path:
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        found = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True).stdout
        for name in filter(None, found.decode().split("\0")):
            source, target = ROOT / name, folder / name
            if source.is_file() and not name.startswith(("data/results/", "docs/")):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        return folder

    return copy


@pytest.fixture(scope="session")
def new() -> Callable[..., int]:
    """`saliency-audit new ARGUMENTS` in this process and a project folder; its exit status."""

    def run(folder: Path, *arguments: str) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SALIENCY_PROJECT", str(folder))
            patch.setattr(sys, "argv", ["saliency-audit", "new", *arguments])
            with pytest.raises(SystemExit) as stop:
                cli.main()
        return int(stop.value.code or 0)

    return run
