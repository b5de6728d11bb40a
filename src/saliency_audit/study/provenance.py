"""What a number depends on besides its parameters: code, packages, weights, images, device."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from saliency_audit.datasets import CATALOG
from saliency_audit.models import CLASSIFIERS, weights_path
from saliency_audit.reach import experiment_digest
from saliency_audit.study.experiment import ParameterError

PACKAGES = (
    *("torch", "torchvision", "numpy", "scipy", "pandas", "pyarrow"),
    *("scikit-learn", "scikit-image", "pillow", "POT", "deel-torchlip"),
)


@cache
def source_digest(experiment: str) -> str:
    """SHA-256 over the modules that an experiment reaches, as they were loaded."""
    return experiment_digest(experiment)


def commit() -> str | None:
    """The commit that was loaded, "+changes" if the package's files differed; None outside git."""
    return _COMMIT


def packages() -> dict[str, str]:
    """Versions of `PACKAGES` as they were loaded; "absent" for one that is not installed."""
    return dict(_VERSIONS)


def inputs_digest(parameters: Mapping[str, Any]) -> str:
    """SHA-256 over the location and age of the weights and the images that a task reads.

    Cheap, and therefore no proof that nothing changed. Weights count by path, size and modification
    time, an image set by the path and modification time of its folder. File contents and subfolders
    are not read. Networks trained here and embedded image sets have none of these.

    Args:
        parameters: the task's; `model` or `models`, and `images` are used where it has them.
    """
    weights: Any = _weights_state(parameters.get("model"))
    if "models" in parameters:
        weights = [_weights_state(model) for model in parameters["models"]]
    found = [weights, _images_state(parameters.get("images"))]
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


# Once per process, because the network is loaded once: if the weights are replaced meanwhile, this
# process still computes with the old ones.
@cache
def _weights_state(model: str | None) -> list[str | int] | None:
    path = weights_path(model) if model in CLASSIFIERS else None
    if path is None:
        return None
    if not path.is_file():
        return [str(path)]
    return [str(path), path.stat().st_size, path.stat().st_mtime_ns]


def _images_state(images: str | None) -> list[str | int] | None:
    path = CATALOG[images].location() if images in CATALOG else None
    if path is None:
        return None
    return [str(path), path.stat().st_mtime_ns] if path.is_dir() else [str(path)]


def _commit() -> str | None:
    here = Path(__file__).resolve().parents[1]
    try:
        head = _git(here, "rev-parse", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no", "--", ".")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{head}+changes" if changed else head


def _git(folder: Path, *arguments: str) -> str:
    # The query must not take git's lock: a commit made at the same moment would fail.
    command = ["git", "--no-optional-locks", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def default_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_threads_from_environment() -> None:
    """Give torch as many CPU threads as `SALIENCY_THREADS` says; its own choice if unset.

    Raises:
        ParameterError: the variable is not a positive number.
    """
    if threads := os.environ.get("SALIENCY_THREADS"):
        if not threads.isdecimal() or int(threads) < 1:
            raise ParameterError(f"SALIENCY_THREADS must be a positive number, got {threads!r}")
        torch.set_num_threads(int(threads))


def environment() -> dict[str, Any]:
    """Packages, Python, device and threads of this process."""
    device = default_device()
    return {
        "python": platform.python_version(),
        "packages": packages(),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
    }


# Taken when the code is loaded: files that change later did not make the rows of this process.
_COMMIT = _commit()
_VERSIONS = {name: _version(name) for name in PACKAGES}
