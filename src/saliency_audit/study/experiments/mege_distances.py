"""The six candidate distances on pictures whose difference is known: shift, noise, area, time."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from saliency_audit.metrics.similarity import DISTANCES
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.validation import validate_counts, validate_fields

SHAPES = ("disc", "blob")
PARTS = ("shift", "noise", "area", "time")

COLUMNS = (
    Column("part", "text", "", "what changes between the pictures: shift, noise, area or time"),
    Column("shape", "text", "", "of the region of interest: disc or blob"),
    Column("distance", "text", "", "which of the six"),
    Column("level", "number", "", "shift (share of the way), σ of the noise or area (share)"),
    Column("draw", "integer", "", "of the noise, or repeat of the timing, from 0"),
    Column("value", "number", "", "the distance; in the part time, the seconds that it took"),
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the pictures.

    A region of interest of `radius` pixels on a square of `side`: a disc whose edge is blurred over
    one pixel, or a blob (a Gaussian of that standard deviation), which is flat nowhere. It moves in
    `shifts` steps along the upper edge from the left corner to the right one. Noise N(0, σ²), with
    each of `sigmas` in units of the region's brightest value, is added `draws` times. All distances
    take the magnitude of the noisy pictures, since some need values ≥ 0. To test its size, the disc
    covers each share in `areas` of the picture, at the middle σ. A distance is timed `repeats`
    times.
    """

    side: int = 32
    radius: float = 5.0
    shifts: int = 25
    sigmas: tuple[float, ...] = (0.1, 0.2, 0.4)
    draws: int = 8
    areas: tuple[float, ...] = (0.01, 0.1)
    repeats: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        validate_counts(shifts=self.shifts)
        validate_fields(self)
        if self.side < 11:
            raise ValueError(f"SSIM needs pictures of at least 11 pixels per side, got {self.side}")
        if not 0 < 2 * self.radius < self.side:
            raise ValueError(f"a region of radius {self.radius} does not fit on {self.side} pixels")
        if min(self.sigmas, default=0) <= 0 or not all(0 < area < 0.5 for area in self.areas):
            raise ValueError("sigmas must be above 0 and areas between 0 and a half")


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per part."""
    return [Task(part, {"part": part, **asdict(parameters)}) for part in PARTS]


def compute(task: Task) -> Outcome:
    """Rows of one part: shape × distance × level × draw."""
    given: dict[str, Any] = dict(task.parameters)
    parts = {"shift": _shift, "noise": _noise, "area": _area, "time": _time}
    frame = pd.DataFrame(list(parts[given["part"]](given)))
    return Outcome(frame.astype({"level": "float64", "value": "float64"}))


def region(side: int, shape: str, radius: float, row: float, column: float) -> Tensor:
    """A picture `(side, side)` in [0, 1] with a region around a place; float64."""
    places = torch.arange(side, dtype=torch.float64)
    squared = (places[:, None] - row) ** 2 + (places[None] - column) ** 2
    if shape == "disc":
        return (radius + 0.5 - squared.sqrt()).clamp(0, 1)
    return torch.exp(-squared / (2 * radius**2))


def _rows(part: str, shape: str, level: float, first: Tensor, others: Tensor) -> Iterator[dict]:
    """Rows of every distance between a picture and others `(D, H, W)`."""
    base = first.expand_as(others)
    for name, distance in DISTANCES.items():
        for draw, value in enumerate(distance(base, others).tolist()):
            yield {
                "part": part,
                "shape": shape,
                "distance": name,
                "level": level,
                "draw": draw,
                "value": value,
            }


def _shift(given: dict[str, Any]) -> Iterator[dict]:
    side, radius, shifts = given["side"], given["radius"], given["shifts"]
    for shape in SHAPES:
        first = region(side, shape, radius, radius, radius)
        for step in range(1, shifts + 1):
            column = radius + step / shifts * (side - 1 - 2 * radius)
            moved = region(side, shape, radius, radius, column)
            yield from _rows("shift", shape, step / shifts, first, moved[None])


def _noisy(picture: Tensor, sigma: float, draws: int, seed: int) -> Tensor:
    """Magnitudes of copies with noise: `(draws, H, W)`; the same noise at every σ."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(draws, *picture.shape, dtype=torch.float64, generator=generator)
    return (picture + sigma * noise).abs()


def _noise(given: dict[str, Any]) -> Iterator[dict]:
    middle = (given["side"] - 1) / 2
    for shape in SHAPES:
        first = region(given["side"], shape, given["radius"], middle, middle)
        for sigma in given["sigmas"]:
            noisy = _noisy(first, sigma, given["draws"], given["seed"])
            yield from _rows("noise", shape, sigma, first, noisy)


def _area(given: dict[str, Any]) -> Iterator[dict]:
    side, middle = given["side"], (given["side"] - 1) / 2
    sigma = sorted(given["sigmas"])[len(given["sigmas"]) // 2]
    for area in given["areas"]:
        radius = (area * side**2 / torch.pi) ** 0.5
        first = region(side, "disc", radius, middle, middle)
        yield from _rows(
            "area", "disc", area, first, _noisy(first, sigma, given["draws"], given["seed"])
        )


def _time(given: dict[str, Any]) -> Iterator[dict]:
    """Seconds of one distance between two pictures, every distance in turn."""
    middle = (given["side"] - 1) / 2
    first = region(given["side"], "disc", given["radius"], middle, middle)[None]
    noisy = _noisy(first[0], sorted(given["sigmas"])[0], 1, given["seed"])
    for draw in range(-1, given["repeats"]):  # the first round warms up
        for name, distance in DISTANCES.items():
            started = time.perf_counter()
            distance(first, noisy)
            seconds = time.perf_counter() - started
            if draw >= 0:
                yield {
                    "part": "time",
                    "shape": "disc",
                    "distance": name,
                    "level": 0.0,
                    "draw": draw,
                    "value": seconds,
                }


# The steps and draws are the paper's; it prints no σ.
LARGE = Parameters(
    shifts=100,
    sigmas=(0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    draws=50,
    areas=(0.01, 0.03, 0.1, 0.3),
)

EXPERIMENT = Experiment(
    name="mege_distances",
    title="Six distances between maps under shift, noise and falling area, and their time",
    version=1,
    profiles={"embedded": Parameters(), "reference": LARGE, "paper": LARGE},
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
)
