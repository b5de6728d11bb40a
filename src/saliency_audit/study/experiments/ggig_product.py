"""Maps from three baselines, with and without the product: the rows behind §3 of the GGIG paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saliency_audit.attributions.baselines import BASELINES, baselines_for, validate_baseline
from saliency_audit.errors import refuse_unknown
from saliency_audit.sanity import baseline_similarity
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.ggig_methods import (
    CLIMB,
    CONTROLS,
    PAPER,
    VARIANTS,
    WITH_PRODUCT,
    effort_in,
    explainers,
)
from saliency_audit.study.selection import select
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared
from saliency_audit.study.slices import tasks_by_size
from saliency_audit.study.validation import (
    validate_counts,
    validate_models,
    validate_rate,
    validate_steps,
)

# Of the library's methods those that begin at a baseline; Blur IG makes its own. Beside them stand
# gradients and the controls, which have none: they agree with themselves from any.
WITHOUT_BASELINE = ("saliency", *CONTROLS)
METHODS = (
    *(WITH_PRODUCT, *(name for name in PAPER if name not in WITHOUT_BASELINE), *VARIANTS),
    *("ig+idgi", "gig", "gig+idgi", "deeplift"),
    *WITHOUT_BASELINE,
)
SETTINGS = ("methods", "baselines", "learning_rate", "seed")
EFFORT = ("steps", "climb_points", "ascents")
COLUMNS = (
    *shared("model", "images", "method", "sign"),
    *IMAGE,
    Column("first", "text", "", "baseline of the one map"),
    Column("second", "text", "", "baseline of the other, or input_difference: x − x′ in its place"),
    *SIMILARITIES,
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; numbers of images count candidates, before classification.

    `steps` are the points of the paths, both ends included, `climb_points` those of GGIG's line,
    `ascents` and `learning_rate` those of the climb at each. Networks without an image set of their
    own see `photographs`, which have settings of their own: those that begin with `photograph_`.
    """

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    images: str | None = None
    n_images: int = 28
    methods: tuple[str, ...] = METHODS
    baselines: tuple[str, ...] = tuple(BASELINES)
    steps: int = 21
    climb_points: int = 11
    ascents: int = 5
    learning_rate: float = 1e-4
    photographs: str = "imagenet_sample"
    n_photographs: int = 36
    photograph_steps: int = 21
    photograph_climb_points: int = 26
    photograph_ascents: int = 2
    seed: int = 0
    slice_size: int = 28

    def __post_init__(self) -> None:
        validate_models(self.models, self.images or self.photographs)
        validate_rate(self.learning_rate)
        validate_steps(
            *(self.steps, self.climb_points, self.photograph_steps, self.photograph_climb_points)
        )
        validate_counts(
            n_images=self.n_images,
            n_photographs=self.n_photographs,
            slice_size=self.slice_size,
            ascents=self.ascents,
            photograph_ascents=self.photograph_ascents,
        )
        for name in self.methods:
            refuse_unknown("method with a baseline", name, METHODS)
        for name in self.baselines:
            validate_baseline(name)
        if len(set(self.baselines)) < 2:
            raise ValueError(f"two baselines are needed to compare, got {self.baselines}")


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per model and slice of images."""
    return tasks_by_size(parameters, SETTINGS, EFFORT)


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method × sign × (pair of baselines, or baseline and x − x′)."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], given["first"], given["last"])
    if not chosen.indices:
        return Outcome(pd.DataFrame([], columns=names(COLUMNS)), chosen.notes)
    # In the order of the library, whatever the order asked for: a pair has one name.
    baselines = {
        name: baselines_for(chosen.pictures, None, name)
        for name in BASELINES
        if name in given["baselines"]
    }
    made = explainers(given["methods"], effort_in(given), given["seed"])
    found = baseline_similarity(
        chosen.model,
        made,
        chosen.pictures,
        chosen.targets,
        baselines,
        input_difference=True,
    )
    keys = {"model": given["model"], "images": given["images"]}
    rows = [{**keys, **row, **chosen.describe(row["position"])} for row in found.to_dict("records")]
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), chosen.notes)


EXPERIMENT = Experiment(
    name="ggig_product",
    title="Maps from several baselines, with and without the product with the input",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("mnist_cnn", "squeezenet1_0", "mobilenet_v2"),
            "n_images": 300,
            "n_photographs": 48,
            "steps": 51,
            "climb_points": 21,
            "ascents": 20,
            "slice_size": 10,
        },
        "paper": {
            "models": ("inception_v3", "resnet101"),
            "photographs": "imagenet_val",
            "n_photographs": 1000,
            "photograph_steps": 51,
            "photograph_climb_points": 51,
            "photograph_ascents": 100,
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
