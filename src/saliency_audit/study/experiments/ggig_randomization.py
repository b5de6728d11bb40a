"""Maps as layers are re-initialised: the rows behind Figures 7 and 21–23 of the GGIG paper."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from saliency_audit.errors import refuse_unknown
from saliency_audit.models.randomization import Randomisation
from saliency_audit.sanity import randomised_layers
from saliency_audit.study.changed_models import (
    ChangedModels,
    changed_model_tasks,
    rounded,
    sanity_explainers,
)
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.ggig_methods import CLIMB, CONTROLS, PAPER
from saliency_audit.study.image_rows import Given, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared

# Whether each layer is re-initialised alone, the ones before it being restored.
WAYS: Mapping[str, bool] = {"cascade": False, "independent": True}
COLUMNS = (
    *shared("model", "images", "method", "sign"),
    *IMAGE,
    Column("how", "text", "", "layers from the output down (cascade) or each alone (independent)"),
    Column("stage", "integer", "", "layers re-initialised, from the output; or which one alone"),
    Column("layer", "text", "", "the layer re-initialised last"),
    *shared("draw", "probability"),
    *SIMILARITIES,
)


@dataclass(frozen=True)
class Parameters(ChangedModels):
    """Parameters of the experiment: those of `ChangedModels`, which layers, and how.

    `ways`: "cascade", from the output down, or "independent", each layer alone. At most
    `most_stages` are explained (None: all); see `sanity.randomised_layers`. `initialiser` and
    `statistics` are those of `Randomisation`; the defaults are the authors' choice.
    """

    ways: tuple[str, ...] = ("cascade", "independent")
    most_stages: int | None = None
    initialiser: str = "truncated_normal"
    statistics: str = "keep"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.ways:
            raise ValueError("no way given: ways is empty")
        for way in self.ways:
            refuse_unknown("way", way, WAYS)
        if self.most_stages is not None and self.most_stages < 2:
            raise ValueError(f"most_stages must be at least 2, got {self.most_stages}")
        Randomisation(self.initialiser, self.statistics)


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> pd.DataFrame:
    """Rows of one task: image × method × sign × way × stage × draw."""
    on = (chosen.model, sanity_explainers(given), chosen.pictures, chosen.targets)
    found = []
    for way in given["ways"]:
        for draw in range(given["draws"]):
            seed = 1000 * given["seed"] + draw
            how = Randomisation(given["initialiser"], given["statistics"], seed)
            most = given["most_stages"]
            rows = randomised_layers(*on, how=how, independent=WAYS[way], most_stages=most)
            found.append(rows.assign(how=way, draw=draw))
    return rounded(pd.concat(found, ignore_index=True))


EXPERIMENT = Experiment(
    name="ggig_randomization",
    title="Maps as layers are re-initialised",
    version=1,
    profiles={
        "embedded": {
            "digits": Parameters(),
            "shapes": Parameters(
                models=("shapes_cnn",),
                methods=(*PAPER, *CONTROLS),
                ways=("cascade",),
                steps=5,
                ascents=3,
            ),
        },
        "reference": {
            "digits": Parameters(
                models=("mnist_cnn",),
                n_images=100,
                draws=5,
                steps=21,
                ascents=5,
                samples=50,
                masks=500,
                slice_size=16,
            ),
            # Unlike SqueezeNet's, its logits pass through no ReLU, which often makes maps constant.
            "photographs": Parameters(
                models=("mobilenet_v2",),
                images="imagenet_sample",
                n_images=40,
                methods=(*PAPER, *CONTROLS),
                ways=("cascade",),
                most_stages=6,
                steps=26,
                ascents=2,
                samples=50,
                masks=500,
                slice_size=16,
            ),
        },
        "paper": {
            "photographs": Parameters(
                models=("inception_v3",),
                images="imagenet_val",
                n_images=100,
                methods=(*PAPER, *CONTROLS),
                ways=("cascade",),
                steps=51,
                ascents=200,
            ),
        },
    },
    split=changed_model_tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
