"""Wall-clock time of work on a device, and the device's name."""

import platform
import time
from collections.abc import Callable
from typing import TypeVar

import torch

Found = TypeVar("Found")


def timed(work: Callable[[], object], device: torch.device) -> float:
    """Seconds that the work takes, including what it leaves in the device's queue."""
    synchronise(device)
    started = time.perf_counter()
    work()
    synchronise(device)
    return time.perf_counter() - started


def clocked(work: Callable[[], Found]) -> tuple[Found, float]:
    """What work on the CPU finds, and the seconds that it takes."""
    started = time.perf_counter()
    found = work()
    return found, time.perf_counter() - started


def quickest(
    work: Callable[[], object], device: torch.device, within: float = 0.5
) -> tuple[float, int]:
    """The smallest of several times, which other work on the machine disturbs least.

    Args:
        work: what to time; it runs at least once, and again until `within` seconds have passed.
        device: where it runs.
        within: seconds.

    Returns:
        Seconds of the quickest run, and the number of runs.
    """
    times = [timed(work, device)]
    while sum(times) < within:
        times.append(timed(work, device))
    return min(times), len(times)


def synchronise(device: torch.device) -> None:
    """Wait until the device has finished."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def device_name(device: torch.device) -> str:
    """The name of the device: "cpu (2 threads, x86_64)" or the GPU's."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"cpu ({threads} thread{'s' if threads > 1 else ''}, {platform.machine()})"
