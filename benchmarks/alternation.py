"""Timing peers side by side: short runs in turn, so that a busy machine slows all of them alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import torch

from saliency_audit.study.timing import timed


@dataclass(frozen=True)
class Peer:
    """One thing to time: `run` does `units` of work, such as evaluating so many gradients.

    `batch` and `layout` say how the gradients are batched and laid out in memory where the caller
    decides it, `steps` how many points a path has. Peers of one name are variants of one thing.
    """

    name: str
    units: int
    run: Callable[[], object]
    batch: int | str = "auto"
    layout: str = ""
    steps: int | None = None

    @property
    def label(self) -> str:
        """Name, batch size and memory format in one line."""
        return " ".join(str(part) for part in (self.name, self.batch, self.layout) if part)


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest value over the rounds.

    `of_fastest` is the value from each side's fastest round, the one that other work disturbed
    least.
    """

    median: float
    minimum: float
    maximum: float
    of_fastest: float


def seconds_per_unit(
    peers: Sequence[Peer], rounds: int, device: torch.device
) -> dict[str, list[float]]:
    """Wall-clock seconds per unit of work of every peer (by label) in every round.

    Each peer runs once untimed first. Every other round goes backwards, so that a drift of the
    machine's speed cancels in ratios.
    """
    for peer in peers:
        peer.run()
    seconds: dict[str, list[float]] = {peer.label: [] for peer in peers}
    for turn in range(rounds):
        for peer in peers if turn % 2 == 0 else reversed(peers):
            seconds[peer.label].append(timed(peer.run, device) / peer.units)
    return seconds


def fastest(peers: Sequence[Peer], seconds: dict[str, list[float]]) -> dict[str, Peer]:
    """Of the variants of each name the one with the fastest round; a name's only peer as it is."""
    best: dict[str, Peer] = {}
    for peer in peers:
        rival = best.get(peer.name)
        if rival is None or min(seconds[peer.label]) < min(seconds[rival.label]):
            best[peer.name] = peer
    return best


def spread(seconds: Sequence[float]) -> Spread:
    """Of a peer's seconds."""
    return Spread(median(seconds), min(seconds), max(seconds), min(seconds))


def ratio(numerator: Sequence[float], denominator: Sequence[float]) -> Spread:
    """Of two peers' seconds, divided round by round: both sides met the same machine."""
    quotients = [a / b for a, b in zip(numerator, denominator, strict=True)]
    of_fastest = min(numerator) / min(denominator)
    return Spread(median(quotients), min(quotients), max(quotients), of_fastest)
