"""What a number depends on besides its parameters: code, packages, device."""

import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from saliency_audit.study.experiment import ParameterError

PACKAGES = (
    *("torch", "torchvision", "numpy", "scipy", "pandas", "pyarrow"),
    *("scikit-learn", "scikit-image", "pillow"),
)
COMPUTING = ("attributions", "metrics", "models", "datasets", "study")


@cache
def source_digest() -> str:
    """SHA-256 over the package's computing modules: which code made a number."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for folder in COMPUTING:
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def commit() -> str | None:
    """The checked-out commit, "+changes" if the package's files differ; None outside git."""
    here = Path(__file__).resolve().parents[1]
    try:
        head = _git(here, "rev-parse", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no", "--", ".")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{head}+changes" if changed else head


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def default_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_threads_from_environment() -> None:
    """Give torch as many CPU threads as `SALIENCY_THREADS` says; its own choice if unset.

    Raises:
        ParameterError: the variable is no positive number.
    """
    if threads := os.environ.get("SALIENCY_THREADS"):
        if not threads.isdecimal() or int(threads) < 1:
            raise ParameterError(f"SALIENCY_THREADS must be a positive number, got {threads!r}")
        torch.set_num_threads(int(threads))


def environment() -> dict[str, Any]:
    """Packages, Python, device and threads of this process."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "absent"
    device = default_device()
    return {
        "python": platform.python_version(),
        "packages": packages,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
    }
