"""Which tests concern what changed against main: a file per line, for `make check`.

A test file is chosen if it changed, if it or a conftest above it imports a changed module itself
(through a facade counts, through another module does not), or if it names a changed file or the
folder that one lies in.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from saliency_audit.reach.code import parse
from saliency_audit.reach.walk import imported

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "src/"


def changed_files(base: str) -> list[str]:
    """Paths that differ from where this branch left another: committed, not yet, or untracked."""
    left = _git("merge-base", "HEAD", base)[0]
    return sorted(
        {
            *_git("diff", "--name-only", "--no-renames", left),
            *_git("ls-files", "--others", "--exclude-standard"),
        }
    )


def _git(*arguments: str) -> list[str]:
    command = ["git", "--no-optional-locks", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def concerned(changed: Iterable[str], root: Path = ROOT) -> Iterator[str]:
    """The test files below `root` that changed files concern, in order."""
    changed = list(changed)
    modules = {_module(path) for path in changed if path.startswith(PACKAGE)}
    words = {word for path in changed if not path.startswith(PACKAGE) for word in _words(path)}
    for path in sorted((root / "tests").rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        beside = [path, *_conftests(path, root)]
        texts = [file.read_text(encoding="utf-8") for file in beside]
        if (
            {file.relative_to(root).as_posix() for file in beside} & set(changed)
            or any(imported(text) & modules for text in texts)
            or parse(texts[0].encode()).strings & words
        ):
            yield name


def _module(path: str) -> str:
    parts = Path(path).relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _words(path: str) -> Iterator[str]:
    """By what a test may name a file: `data/claims/ggig.yml`, its name and its folder's."""
    yield path
    yield Path(path).name
    yield Path(path).parent.name


def _conftests(path: Path, root: Path) -> list[Path]:
    found = [folder / "conftest.py" for folder in path.parents if folder.is_relative_to(root)]
    return [file for file in found if file.is_file()]


if __name__ == "__main__":
    print("\n".join(concerned(changed_files(sys.argv[1] if len(sys.argv) > 1 else "main"))))
