"""The controller's output for normal scores against its density in closed form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saliency_audit.attributions import DistributionController
from saliency_audit.attributions.controlled_scores import ControlledScores, normal_scores
from saliency_audit.attributions.controller import validate_settings
from saliency_audit.metrics import pearson_skewness
from saliency_audit.study import score_maps
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.validation import validate_fields

COLUMNS = (
    Column("eta", "number", "", "η of the controller"),
    Column("h", "number", "", "exponent of the controller"),
    Column("draw", "integer", "", "which of the repeated draws, from 0"),
    Column("maps", "integer", "maps", "in a draw, each normalised by itself, then pooled"),
    Column("scores", "integer", "scores", "in a draw"),
    Column("ks_distance", "number", "0 to 1", "largest distance from the distribution of Eq. 8"),
    Column("pearson_skewness", "number", "−3 to 3", "3(mean − median)/deviation of the scores"),
    Column("above_half", "number", "share", "of the scores that are above 1/2"),
    Column("middle_third", "number", "share", "of the scores between 1/3 and 2/3"),
    Column("upper_third", "number", "share", "of the scores above 2/3"),
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment.

    `eta` and `h` are settings of the controller, one beside the other; a single value goes with
    all of the other list. A draw is `maps` of `side`² independent normal scores in float32.
    """

    eta: tuple[float, ...] = (0.5, 1.5, 1.5, 2.5, 1.5)
    h: tuple[float, ...] = (2.5, 2.5, 1.5, 2.5, 0.5)
    draws: int = 10
    maps: int = 1000
    side: int = 56
    seed: int = 0

    def __post_init__(self) -> None:
        score_maps.validate_maps(self.maps, self.side)
        validate_fields(self)
        for eta, h in self.settings:
            validate_settings(eta, h)

    @property
    def settings(self) -> list[tuple[float, float]]:
        """The pairs (η, h).

        Raises:
            ValueError: lists of different lengths.
        """
        longest = max(len(self.eta), len(self.h))
        both = [values * longest if len(values) == 1 else values for values in (self.eta, self.h)]
        if not longest or len(both[0]) != len(both[1]):
            raise ValueError(
                f"eta and h need as many values as each other, or one: got {len(self.eta)} and "
                f"{len(self.h)}"
            )
        return list(dict.fromkeys(zip(*both, strict=True)))


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per setting of the controller."""
    shared = {name: value for name, value in vars(parameters).items() if name not in ("eta", "h")}
    return [
        Task(f"eta{eta:g}-h{h:g}", {"eta": eta, "h": h, **shared}) for eta, h in parameters.settings
    ]


def compute(task: Task) -> Outcome:
    """Rows of one setting, one per draw."""
    return Outcome(pd.DataFrame(list(_rows(dict(task.parameters)))))


def _rows(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    eta, h = given["eta"], given["h"]
    controller = DistributionController(eta, h)
    expected = ControlledScores(normal_scores(), eta, h)
    # settings have draws of their own: distances of the same scores would all be the same
    setting = np.array([eta, h]).view(np.uint64).tolist()
    for draw in range(given["draws"]):
        maps = score_maps.normal().maps(given["maps"], given["side"], given["seed"], draw, *setting)
        controlled = controller(maps)
        scores = controlled.numpy().ravel()
        yield {
            "eta": eta,
            "h": h,
            "draw": draw,
            "maps": given["maps"],
            "scores": scores.size,
            "ks_distance": kolmogorov_distance(scores, expected),
            "pearson_skewness": float(pearson_skewness(controlled.reshape(1, 1, -1))),
            "above_half": float(np.mean(scores > 1 / 2)),
            "middle_third": float(np.mean((scores > 1 / 3) & (scores <= 2 / 3))),
            "upper_third": float(np.mean(scores > 2 / 3)),
        }


def kolmogorov_distance(scores: NDArray[Any], expected: ControlledScores) -> float:
    """Largest distance between the scores' distribution function and the expected one, in [0, 1].

    Args:
        scores: `(n,)`, at least one.
        expected: in closed form.
    """
    ordered = np.sort(scores).astype(np.float64)
    shares = expected.share_below(ordered)
    below = np.arange(len(ordered)) / len(ordered)
    return float(max(np.max(shares - below), np.max(below + 1 / len(ordered) - shares)))


MANY = Parameters(draws=50)

EXPERIMENT = Experiment(
    name="dre_density",
    title="The controller's output for normal scores against its closed form",
    version=1,
    profiles={"embedded": Parameters(), "reference": MANY, "paper": MANY},
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
)
