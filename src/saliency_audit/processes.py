"""Work side by side: environment variables and processes that share the cores."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """How many cores this machine has, 1 if unknown."""
    return os.cpu_count() or 1


def threads_each(jobs: int) -> str:
    """Threads for each of so many processes, at least 1, as environment variables have it."""
    return str(max(1, cores() // jobs))


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables that processes started meanwhile inherit."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], jobs: int
) -> list[Result]:
    """The function of every item, in order.

    Args:
        function: of a module, so that other processes find it.
        items: what it takes.
        jobs: processes; with 1, or with a single item, everything runs in this one. Others start
            afresh, which costs each its imports.
    """
    jobs = min(jobs, len(items))
    if jobs <= 1:
        return [function(item) for item in items]
    threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads_each(jobs))}
    with (
        environment(threads),
        ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool,
    ):
        return list(pool.map(function, items))
