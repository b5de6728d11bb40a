"""GGIG of fewer points and steps in the checks that change the network: is the answer the same?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saliency_audit.models.degradation import with_sigma_noise
from saliency_audit.models.randomization import Randomisation, all_anew
from saliency_audit.sanity import similarity_rows
from saliency_audit.study.columns import names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.experiments.ggig_climb import climbs, validate_points
from saliency_audit.study.selection import select
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared
from saliency_audit.study.slices import tasks_by_model
from saliency_audit.study.validation import (
    validate_counts,
    validate_models,
    validate_rate,
    validate_steps,
)

NOISE, UNRELATED = "noise", "unrelated"
COLUMNS = (
    *shared("model", "images", "against", "draw", "points", "ascents", "sign"),
    *IMAGE,
    *SIMILARITIES,
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; `n_images` counts candidates, before classification.

    `points` of the line, both ends included, and `ascents` at each are the settings; `draws` are
    networks with noise of 1 σ on every weight, and as many with all layers re-initialised.
    """

    models: tuple[str, ...] = ("digits_cnn",)
    images: str | None = None
    n_images: int = 24
    points: tuple[int, ...] = (6, 11, 26, 51)
    ascents: tuple[int, ...] = (1, 2, 5, 10, 20)
    learning_rate: float = 1e-4
    draws: int = 4
    seed: int = 0
    slice_size: int = 24

    def __post_init__(self) -> None:
        validate_models(self.models, self.images)
        validate_steps(*self.points)
        validate_points(self.points)
        validate_rate(self.learning_rate)
        validate_counts(
            n_images=self.n_images,
            slice_size=self.slice_size,
            draws=self.draws,
            ascents=min(self.ascents, default=0),
        )


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per model and slice of images."""
    return tasks_by_model(parameters, ("points", "ascents", "learning_rate", "draws", "seed"))


def compute(task: Task) -> Outcome:
    """Rows of one task: image × sign × changed network × setting.

    Each is the similarity of a setting's map on the changed network to that of the same setting on
    the trained one; noise and unrelated networks are drawn as in `ggig_sigma`.
    """
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    if not chosen.indices:
        return Outcome(pd.DataFrame([], columns=names(COLUMNS)), chosen.notes)
    on = (chosen.pictures, chosen.targets)
    settings = {name: given[name] for name in ("points", "ascents", "learning_rate")}
    trained = climbs(chosen.model, *on, **settings)
    rows: list[dict[str, Any]] = []
    for draw in range(given["draws"]):
        seed = 1000 * given["seed"] + draw
        changed = {
            NOISE: with_sigma_noise(chosen.model, 1.0, seed=seed),
            UNRELATED: all_anew(chosen.model, chosen.pictures[:1], Randomisation(seed=seed)),
        }
        for against, model in changed.items():
            for (points, ascents), maps in climbs(model, *on, **settings).items():
                keys = {"model": given["model"], "images": given["images"], "against": against}
                keys |= {"draw": draw, "points": points, "ascents": ascents}
                found = similarity_rows(maps, trained[points, ascents], keys)
                rows += [{**row, **chosen.describe(row["position"])} for row in found]
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), chosen.notes)


EXPERIMENT = Experiment(
    name="ggig_climb_checks",
    title="The checks that change the network, with GGIG of fewer points and steps",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("mnist_cnn",),
            "ascents": (1, 2, 5, 10, 20, 50, 100, 200),
            "slice_size": 6,
        },
        "paper": {
            "models": ("mnist_cnn",),
            "n_images": 100,
            "ascents": (1, 2, 5, 10, 20, 50, 100, 200),
            "draws": 10,
            "slice_size": 6,
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
)
