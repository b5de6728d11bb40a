"""Maps as layers are re-initialised: the rows behind Figures 7 and 21–23 of the GGIG paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saliency_audit.errors import refuse_unknown
from saliency_audit.models.randomization import Randomisation
from saliency_audit.sanity import randomised_layers
from saliency_audit.study.changed_models import (
    ChangedModels,
    described,
    model_tasks,
    sanity_explainers,
)
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.ggig_methods import CLIMB
from saliency_audit.study.selection import select
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared

# Whether the layers that were re-initialised before stay so.
WAYS: Mapping[str, bool] = {"cascade": False, "independent": True}
COLUMNS = (
    *shared("model", "images", "method", "sign"),
    *IMAGE,
    Column("how", "text", "", "layers from the output down (cascade) or each alone (independent)"),
    Column("stage", "integer", "", "re-initialised layers from the output; or which one alone"),
    Column("layer", "text", "", "the layer re-initialised last"),
    *shared("draw", "probability"),
    *SIMILARITIES,
)


@dataclass(frozen=True)
class Parameters(ChangedModels):
    """Parameters of the experiment: those of `ChangedModels`, which layers, and how.

    `ways`: "cascade", from the output down, or "independent", each layer alone. `most_stages` are
    explained at most, all if None; see `sanity.randomised_layers`. `initialiser` and `statistics`
    are those of `Randomisation`; the default is the authors' way.
    """

    ways: tuple[str, ...] = ("cascade", "independent")
    large_ways: tuple[str, ...] = ("cascade",)
    most_stages: int | None = None
    large_most_stages: int | None = None
    initialiser: str = "truncated_normal"
    statistics: str = "keep"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.ways and self.large_ways):
            raise ValueError("no way given: ways or large_ways is empty")
        for way in (*self.ways, *self.large_ways):
            refuse_unknown("way", way, WAYS)
        for most in (self.most_stages, self.large_most_stages):
            if most is not None and most < 2:
                raise ValueError(f"most_stages must be at least 2, got {most}")
        Randomisation(self.initialiser, self.statistics)


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per network and slice of images."""
    how = {"initialiser": parameters.initialiser, "statistics": parameters.statistics}
    return model_tasks(
        parameters,
        {**how, "ways": parameters.ways, "most_stages": parameters.most_stages},
        {**how, "ways": parameters.large_ways, "most_stages": parameters.large_most_stages},
    )


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method × sign × way × stage × draw."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    if not chosen.indices:
        return Outcome(pd.DataFrame(columns=names(COLUMNS)), chosen.notes)
    on = (chosen.model, sanity_explainers(given), chosen.pictures, chosen.targets)
    found = []
    for way in given["ways"]:
        for draw in range(given["draws"]):
            seed = 1000 * given["seed"] + draw
            how = Randomisation(given["initialiser"], given["statistics"], seed)
            most = given["most_stages"]
            rows = randomised_layers(*on, how=how, independent=WAYS[way], most_stages=most)
            found.append(rows.assign(how=way, draw=draw))
    rows = pd.concat(found, ignore_index=True)
    return Outcome(described(rows, chosen, given, names(COLUMNS)), chosen.notes)


EXPERIMENT = Experiment(
    name="ggig_randomization",
    title="Maps as layers are re-initialised",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("mnist_cnn",),
            "n_images": 100,
            "draws": 5,
            "steps": 21,
            "ascents": 5,
            "samples": 50,
            "masks": 500,
            "slice_size": 16,
            # Unlike SqueezeNet's its logits pass no ReLU, behind which maps are often constant.
            "large_models": ("mobilenet_v2",),
            "large_images": "imagenet_sample",
            "large_n_images": 40,
            "large_draws": 4,
            "large_steps": 26,
            "large_ascents": 2,
            "large_most_stages": 6,
        },
        "paper": {
            "models": (),
            "large_models": ("inception_v3",),
            "large_images": "imagenet_val",
            "large_n_images": 100,
            "large_draws": 4,
            "large_steps": 51,
            "large_ascents": 200,
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
