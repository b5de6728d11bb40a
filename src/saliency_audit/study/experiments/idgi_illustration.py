"""A score of two variables, three paths across it and the exact projection point of every step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from scipy.optimize import brentq
from torch import Tensor, nn

from saliency_audit.attributions import BlurPath, GuidedPath, Path, StraightPath
from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.walking import blocks, visits
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.shared_columns import shared

INPUT = (0.9, 0.7)

COLUMNS = (
    *shared("path"),
    Column("point", "integer", "", "of the path, from 0; the last is the input, if it is a point"),
    Column("alpha", "number", "0 to 1", "share of the path's points that lie before it"),
    Column("x1", "number", "", "first variable"),
    Column("x2", "number", "", "second variable"),
    Column("score", "number", "probability", "of the first class at the point"),
    Column("projected_x1", "number", "", "first variable of the projection point; NaN at the end"),
    Column("projected_x2", "number", "", "second variable of the projection point"),
    Column("projected_score", "number", "probability", "at the projection point"),
    Column("next_score", "number", "probability", "at the next point of the path"),
)


class Landscape(nn.Module):
    """Two classes over pictures of two pixels `(N, 1, 1, 2)`; the first one's logit is curved."""

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits `(N, 2)`."""
        first, second = pictures.flatten(1).unbind(dim=1)
        logit = 5 * first + 2 * second + 3 * torch.sin(3 * first) * second - 5
        return torch.stack([logit, torch.zeros_like(logit)], dim=1)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the picture: the number of points on each path before the input."""

    steps: int = 16

    def __post_init__(self) -> None:
        if self.steps < 3:
            raise ValueError(f"steps must be at least 3 to show a curve, got {self.steps}")


def paths(steps: int) -> dict[str, Path]:
    """The three paths; on two pixels, a wide neighbourhood and a narrow blur show their course."""
    return {
        "ig": StraightPath(steps, "left"),
        "gig": GuidedPath(steps, fraction=0.25, max_dist=0.3),
        "blurig": BlurPath(steps, max_sigma=4.0),
    }


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task."""
    return [Task("landscape", {"steps": parameters.steps})]


def compute(task: Task) -> Outcome:
    """Rows of the picture: one per point of each path."""
    rows: list[dict[str, Any]] = []
    for name, path in paths(task.parameters["steps"]).items():
        rows.extend(_points_of(name, path))
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), {"input": INPUT})


def _points_of(name: str, path: Path) -> list[dict[str, Any]]:
    picture = torch.tensor(INPUT, dtype=torch.float64).reshape(1, 1, 1, 2)
    points, scores, gradients = _walked(path, picture)
    rows = []
    for position, (point, score) in enumerate(zip(points, scores, strict=True)):
        row: dict[str, Any] = {
            "path": name,
            "point": position,
            "alpha": position / (len(points) - 1),
            "x1": point[0],
            "x2": point[1],
            "score": score,
        }
        if position + 1 < len(points):
            projected, reached = project(point, gradients[position], score, scores[position + 1])
            row |= {
                "projected_x1": projected[0],
                "projected_x2": projected[1],
                "projected_score": reached,
                "next_score": scores[position + 1],
            }
        rows.append(row)
    return rows


def _walked(
    path: Path, picture: Tensor
) -> tuple[list[list[float]], list[float], list[list[float]]]:
    """Points (with the input as the last one), their scores and their gradients."""
    first = torch.zeros(1, dtype=torch.int64)
    (block,) = blocks(path, picture, torch.zeros_like(picture), first, size=1)
    points, gradients = [], []
    with frozen(Landscape()) as model:
        for visit in visits(model, block, path, "probability", increments=False):
            points.append(visit.points.flatten().tolist())
            gradients.append(visit.gradients.flatten().tolist())
    if block.walker.end is not None:
        points.append(block.walker.end.flatten().tolist())
    return points, [landscape_score(point) for point in points], gradients


def landscape_score(point: Sequence[float]) -> float:
    """Probability of the first class at (x1, x2), which may lie outside [0, 1]."""
    picture = torch.tensor(point, dtype=torch.float64).reshape(1, 1, 1, 2)
    return float(Landscape()(picture).softmax(dim=1)[0, 0])


def project(
    point: Sequence[float], gradient: Sequence[float], score: float, wanted: float
) -> tuple[list[float], float]:
    """The nearest point along the gradient that has the wanted score, and its score.

    Found by bracketing outwards from the first-order step and then Brent's method: the projection
    point that Theorem 1 speaks of, not its first-order estimate.
    """
    slope = sum(part * part for part in gradient)

    def at(length: float) -> list[float]:
        return [x + length * part for x, part in zip(point, gradient, strict=True)]

    def excess(length: float) -> float:
        return landscape_score(at(length)) - wanted

    if score == wanted:
        return list(point), score
    bound = next(
        length for length in _outwards((wanted - score) / slope) if excess(0) * excess(length) <= 0
    )
    length = brentq(excess, min(0, bound), max(0, bound), xtol=1e-15, rtol=1e-14)
    return at(length), landscape_score(at(length))


def _outwards(length: float) -> Iterator[float]:
    for doubling in range(60):
        yield length * 1.5**doubling


EXPERIMENT = Experiment(
    name="idgi_illustration",
    title="Three paths across a score of two variables, with exact projection points",
    version=1,
    profiles={"embedded": Parameters()},
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
)
