"""Build the site: pages from the ledger, then a strict Jupyter Book build.

After a strict build without a warning Sphinx keeps the pages as it has read them. The next one
reads and writes only those that changed, or writes all if what can be linked to changed
(`rewritten_pages`), so that a link into a changed page is checked wherever it stands. A build that
fails keeps nothing: the next one reads every page.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from saliency_audit.errors import AuditError
from saliency_audit.locations import project_root

INPUTS = ("_config.yml", "_toc.yml", "book", "notebooks", "data", "src", "requirements.lock")
GENERATED = ("book/claims", "book/generated")
# What may change without every page being read again, apart from pages themselves.
PAGES = ("notebooks", "data", "src", "runs")
EXTENSION = "src/saliency_audit/report/site"
TAIL = 40


class SiteError(AuditError, RuntimeError):
    """The site could not be built; the message ends with what the build said."""


def build_site(strict: bool = True, tell: Callable[[str], None] = lambda text: None) -> Path:
    """Build the site unless it is there already, made from the same inputs.

    Args:
        strict: let every warning fail the build, also those of pages that did not change.
        tell: takes what is going to be done, in words.

    Returns:
        Path of the site's first page.

    Raises:
        SiteError: a warning (strict) or an error; the whole log is `_build/build.log`.
    """
    root = project_root()
    output = root / "_build"
    first_page = output / "html" / "index.html"
    marker, kept = output / "site-key.txt", output / "read-key.txt"
    key = f"{'strict' if strict else 'lenient'} {content_key(root)}"
    if first_page.is_file() and _holds(marker, key):
        tell("the site is up to date")
        return first_page
    marker.unlink(missing_ok=True)
    # Only now: the ledger's tests need the scientific packages, which take seconds to import.
    from saliency_audit.report.site.pages import write_pages

    write_pages()
    frame = frame_key(root)
    again = _holds(kept, frame)
    kept.unlink(missing_ok=True)
    tell("the site: pages that changed" if again else "the site: about two minutes")
    if strict and not again:
        for folder in ("html", ".doctrees"):
            shutil.rmtree(output / folder, ignore_errors=True)
    _run_jupyter_book(root, output / "build.log", strict)
    if strict:
        kept.write_text(frame, encoding="utf-8")
    marker.write_text(key, encoding="utf-8")
    return first_page


def content_key(root: Path) -> str:
    """SHA-256 over everything that the site is made from."""
    return _digest(root, _inputs(root))


def frame_key(root: Path) -> str:
    """SHA-256 over what every page depends on: settings, packages, which pages there are.

    A text, a notebook, data and the code that pages document are no part of it: Sphinx knows which
    pages they concern.
    """
    extension = root / EXTENSION
    texts = sorted((root / "book").rglob("*.md"))
    pages = [*texts, *sorted((root / "notebooks").rglob("*.py"))]
    whole = [
        path
        for path in _inputs(root)
        if path.relative_to(root).parts[0] not in PAGES or path.is_relative_to(extension)
    ]
    names = [path.relative_to(root).as_posix() for path in pages]
    return _digest(root, (path for path in whole if path not in texts), *names)


def _digest(root: Path, paths: Iterable[Path], *names: str) -> str:
    digest = hashlib.sha256(f"{sys.version} {sys.prefix} {names}".encode())
    for path in paths:
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _inputs(root: Path) -> Iterator[Path]:
    generated = tuple(root / name for name in GENERATED)
    for name in INPUTS:
        top = root / name
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            skipped = "__pycache__" in path.parts or ".egg-info" in path.as_posix()
            made_here = any(path.is_relative_to(folder) for folder in generated)
            if path.is_file() and not skipped and not made_here:
                yield path
    yield from sorted((root / "runs").glob("*.ipynb"))


def _run_jupyter_book(root: Path, log: Path, strict: bool) -> None:
    # Through this interpreter: the script `jupyter-book` need not be on the path.
    entry = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", entry, "build", "."]
    command += ["-W", "--keep-going", "-n"] if strict else []
    log.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    log.write_text(said, encoding="utf-8")
    if done.returncode != 0:
        raise SiteError(failure_message(said, log))


def failure_message(output: str, log: Path) -> str:
    """What a failed build said: its warnings and errors, then the end of its log."""
    lines = output.splitlines()
    complaints = [line for line in lines if "WARNING" in line or "ERROR" in line]
    parts = ["the site could not be built", *complaints[:TAIL]]
    if len(complaints) > TAIL:
        parts.append(f"… and {len(complaints) - TAIL} more")
    if not complaints:
        parts += lines[-TAIL:]
    return "\n".join([*parts, f"whole log: {log}"])
