"""Networks that are trained here: once on a machine, and then kept under a key of what made them.

A file that is missing, damaged or with another key is not an error: the network is trained again.
"""

import hashlib
import io
import json
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn

from saliency_audit.datasets import CATALOG
from saliency_audit.files import held, replace
from saliency_audit.locations import ProjectNotFoundError, project_root
from saliency_audit.models.training import TrainingPlan, train

PACKAGES = ("numpy", "scikit-learn", "torch", "torchvision")


@dataclass(frozen=True)
class Recipe:
    """All that a trained network follows from.

    Attributes:
        build: makes the untrained network.
        training_set: images `(N, C, H, W)` in [0, 1] and labels `(N,)`.
        plan: of the training.
        images: the image set that the training set is read from, where it is not embedded.
    """

    build: Callable[[], nn.Module]
    training_set: Callable[[], tuple[Tensor, Tensor]]
    plan: TrainingPlan
    images: str | None = None


def trained(name: str, recipe: Recipe) -> nn.Module:
    """The network of a recipe in evaluation mode: shipped, else kept, else trained now and kept.

    Shipped weights lie in the repository: another processor would train others.
    A process that asks while another one trains waits for its weights. Outside a project, or where
    nothing can be written, nothing is kept.

    Args:
        name: what the file is called.
        recipe: network, images and plan.

    Raises:
        MissingDataError: the training set is not here.
        ValueError: the shipped weights are not of this network.
    """
    weights = shipped(name)
    if weights is not None:
        return _open(weights, recipe)
    path = _path(name)
    if path is None:
        return _train(recipe)
    with ExitStack() as waiting:
        with suppress(OSError):
            waiting.enter_context(held(path.with_suffix(".lock"), wait=True))
        key = _key(recipe)
        network = _load(path, key, recipe)
        if network is None:
            network = _train(recipe)
            with suppress(OSError):
                _store(path, key, network)
    return network


def folder() -> Path | None:
    """Where networks are kept: `runs/cache/networks` of the project; None outside one."""
    try:
        return project_root() / "runs" / "cache" / "networks"
    except ProjectNotFoundError:
        return None


def shipped(name: str) -> Path | None:
    """The weights of a network that are part of the project; None if there are none."""
    try:
        path = project_root() / "data" / "networks" / f"{name}.pth"
    except ProjectNotFoundError:
        return None
    return path if path.is_file() else None


def _open(weights: Path, recipe: Recipe) -> nn.Module:
    try:
        return _filled(recipe, torch.load(weights, map_location="cpu", weights_only=True))
    except Exception as error:
        raise ValueError(
            f"{weights.name} in data/networks has no weights of this network "
            f"({type(error).__name__}); restore it from version control, or delete it and the "
            "network is trained here"
        ) from error


def _filled(recipe: Recipe, state: Mapping[str, Tensor]) -> nn.Module:
    """The network of a recipe with these weights, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        network = recipe.build()
    network.load_state_dict(state)
    return network.eval()


def _path(name: str) -> Path | None:
    found = folder()
    return None if found is None else found / f"{name}.pth"


def _train(recipe: Recipe) -> nn.Module:
    images, labels = recipe.training_set()
    with one_thread():
        return train(recipe.build, images, labels, recipe.plan)


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread: the same weights whatever the number of threads outside.

    Batches of a small network gain little from a second thread, and lose much on a busy machine.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _load(path: Path, key: str, recipe: Recipe) -> nn.Module | None:
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        if stored["key"] != key:
            return None
        return _filled(recipe, stored["state"])
    except Exception:
        return None


def _store(path: Path, key: str, network: nn.Module) -> None:
    content = io.BytesIO()
    torch.save({"key": key, "state": network.state_dict()}, content)
    replace(path, content.getvalue())


def _key(recipe: Recipe) -> str:
    """SHA-256 over the code, the packages, the processor, the plan and the images' files."""
    digest = hashlib.sha256(_PROGRAM)
    digest.update(repr(recipe.plan).encode())
    digest.update(json.dumps(_files(recipe.images)).encode())
    return digest.hexdigest()


def _files(images: str | None) -> list[tuple[str, int, int]]:
    """Name, size and time of change of an image set's files."""
    place = CATALOG[images].location() if images else None
    found = sorted(path for path in place.rglob("*") if path.is_file()) if place else []
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in found]


def _program() -> bytes:
    """Digest of the modules of networks and images, of packages and of the kind of processor."""
    digest = hashlib.sha256(f"{sys.version} {platform.machine()}".encode())
    digest.update(torch.backends.cpu.get_cpu_capability().encode())
    for name in PACKAGES:
        digest.update(f"{name} {version(name)}".encode())
    package = Path(__file__).resolve().parents[1]
    for room in ("datasets", "models"):
        for path in sorted((package / room).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.digest()


# Taken when the code is loaded: a process that outlives a change of the files must not store what
# its old code trained under the key of the new.
_PROGRAM = _program()
