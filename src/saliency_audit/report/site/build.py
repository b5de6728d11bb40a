"""Build the site: pages from the ledger, then a strict Jupyter Book build from a clean state."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from saliency_audit.errors import AuditError
from saliency_audit.locations import project_root

INPUTS = ("_config.yml", "_toc.yml", "book", "notebooks", "data", "src", "requirements.lock")
GENERATED = ("book/claims", "book/generated")
TAIL = 40


class SiteError(AuditError, RuntimeError):
    """The site could not be built; the message ends with what the build said."""


def build_site(strict: bool = True) -> Path:
    """Build the site unless it is there already, made from the same inputs.

    Args:
        strict: start from a clean state and let every warning fail the build.

    Returns:
        Path of the site's first page.

    Raises:
        SiteError: a warning (strict) or an error; the whole log is `_build/build.log`.
    """
    root = project_root()
    output = root / "_build"
    first_page = output / "html" / "index.html"
    marker = output / "site-key.txt"
    key = f"{'strict' if strict else 'lenient'} {content_key(root)}"
    if first_page.is_file() and marker.is_file() and marker.read_text(encoding="utf-8") == key:
        return first_page
    marker.unlink(missing_ok=True)
    # Only now: the ledger's tests need the scientific packages, which take seconds to import.
    from saliency_audit.report.site.pages import write_pages

    write_pages()
    if strict:
        # An incremental build does not repeat the warnings of pages that it does not read again.
        shutil.rmtree(output / "html", ignore_errors=True)
        shutil.rmtree(output / ".doctrees", ignore_errors=True)
    _run_jupyter_book(root, output / "build.log", strict)
    marker.write_text(key, encoding="utf-8")
    return first_page


def content_key(root: Path) -> str:
    """SHA-256 over everything that the site is made from."""
    digest = hashlib.sha256(f"{sys.version} {sys.prefix}".encode())
    for path in _inputs(root):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


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
    if not complaints:
        parts += lines[-TAIL:]
    return "\n".join([*parts, f"whole log: {log}"])
