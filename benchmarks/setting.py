"""What every benchmark needs: networks, images, and a description of the machine."""

import argparse
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torchvision.models import get_model

from saliency_audit.attributions.engine import frozen
from saliency_audit.models import load_classifier, weights_path
from saliency_audit.models.normalized import IMAGENET_MEAN, IMAGENET_STD, Normalized
from saliency_audit.study.provenance import commit

SIZE = 224
# What a benchmark that compares them runs with, one after the other.
THREADS = (1, 2)
PACKAGES = ("torch", "torchvision", "numpy", "captum", "saliency", "torchray", "grad-cam")


def argument_parser(about: str | None, name: str, rounds: int) -> argparse.ArgumentParser:
    """The options of a benchmark of peers: how often they are timed, and where the rows go.

    Args:
        about: what the benchmark is.
        name: of its CSV file.
        rounds: times that every peer is timed, if not said otherwise.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--rounds", type=int, default=rounds, help=f"times that every peer is timed ({rounds})"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help=f"CSV file (data/benchmarks/{name}); a JSON header is put beside it",
    )
    return parser


def use_threads() -> int:
    """As many torch threads as OMP_NUM_THREADS says, 2 if it is unset."""
    threads = int(os.environ.get("OMP_NUM_THREADS", 2))
    torch.set_num_threads(threads)
    return threads


def with_threads(numbers: Sequence[int]) -> Iterator[int]:
    """Each number of torch threads in turn.

    numpy and scipy get one thread for linear algebra: PAIR's triangulations solve a 2×2 system per
    triangle, and with a second thread each of them would wait at a barrier.
    """
    with threadpool_limits(1, user_api="blas"):
        for number in numbers:
            torch.set_num_threads(number)
            yield number


def has_weights(name: str) -> bool:
    """Whether the data root has trained weights of a network."""
    path = weights_path(name)
    return path is not None and path.is_file()


@contextmanager
def network(name: str, device: torch.device) -> Iterator[nn.Module]:
    """A network in evaluation mode whose parameters need no gradient.

    Its weights are trained ones if the data root has them; random ones are as fast.
    """
    if has_weights(name):
        model = load_classifier(name)
    else:
        model = Normalized(get_model(name, weights=None), IMAGENET_MEAN, IMAGENET_STD)
    with frozen(model.to(device)) as still:
        yield still


def random_images(count: int, device: torch.device) -> Tensor:
    """Always the same uniform noise `(count, 3, 224, 224)`."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, 3, SIZE, SIZE, generator=generator).to(device)


def description(models: list[str], device: torch.device) -> dict[str, object]:
    """What the numbers depend on besides the code."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "device": _device_name(device),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "omp_wait_policy": os.environ.get("OMP_WAIT_POLICY", "not set"),
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in PACKAGES},
        "weights": {name: "trained" if has_weights(name) else "random" for name in models},
        "image_size": SIZE,
        "commit": commit(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
