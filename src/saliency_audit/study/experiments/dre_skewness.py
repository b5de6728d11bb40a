"""Skewness of scores before and after the controller, for the inputs of the paper's Appendix B."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from torch import Tensor

from saliency_audit.attributions import DistributionController
from saliency_audit.attributions.controller import validate_settings
from saliency_audit.metrics import pearson_skewness
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.score_maps import DRAWN, Scores, appendix, validate_maps
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.validation import validate_fields

BEFORE, AFTER = "before", "after"
COLUMNS = (
    *shared("model"),
    Column("distribution", "text", "", "of the scores before the controller"),
    Column("map", "integer", "", "which of the drawn maps, from 0"),
    Column("method", "text", "", "before or after the controller"),
    Column("pearson_skewness", "number", "−3 to 3", "3(mean − median)/deviation of the map"),
    Column("above_half", "number", "share", "of the map's scores above 1/2; NaN before"),
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment.

    Maps of `side`² independent scores are drawn from a uniform distribution, from skew normal ones
    with each of `shapes` and from mixtures N(0, 1), N(μ₂, 1) with each μ₂ of `means` and each share
    r₁ of `shares`: `maps` of each.
    """

    eta: float = 1.5
    h: float = 2.5
    shapes: tuple[float, ...] = tuple(float(a) for a in range(-20, 21))
    means: tuple[float, ...] = (2.0, 4.0, 8.0, 16.0)
    shares: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    maps: int = 50
    side: int = 56
    seed: int = 0

    def __post_init__(self) -> None:
        validate_maps(self.maps, self.side)
        validate_fields(self)
        validate_settings(self.eta, self.h)
        appendix(self.shapes, self.means, self.shares)


def tasks(parameters: Parameters) -> Sequence[Task]:
    """All distributions together: they take seconds."""
    return [Task("all", vars(parameters))]


def compute(task: Task) -> Outcome:
    """Rows of all distributions: distribution × map × before or after."""
    given = dict(task.parameters)
    rows: list[dict[str, Any]] = []
    for scores in appendix(given["shapes"], given["means"], given["shares"]):
        rows += _rows(scores, given)
    return Outcome(pd.DataFrame(rows))


def _rows(scores: Scores, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    maps = scores.maps(given["maps"], given["side"], given["seed"])
    controlled = DistributionController(given["eta"], given["h"])(maps)
    above = (controlled > 0.5).double().mean(dim=(1, 2, 3)).tolist()
    nothing = [float("nan")] * len(maps)
    for method, values, shares in ((BEFORE, maps, nothing), (AFTER, controlled, above)):
        for number, (skewness, share) in enumerate(zip(_skewness(values), shares, strict=True)):
            yield {
                "model": DRAWN,
                "distribution": scores.name,
                "map": number,
                "method": method,
                "pearson_skewness": skewness,
                "above_half": share,
            }


def _skewness(maps: Tensor) -> list[float]:
    found: list[float] = pearson_skewness(maps[:, 0]).tolist()
    return found


MANY = Parameters(maps=200)

EXPERIMENT = Experiment(
    name="dre_skewness",
    title="Skewness of drawn scores before and after the controller",
    version=1,
    profiles={"embedded": Parameters(), "reference": MANY, "paper": MANY},
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
)
