"""Maps from three baselines, with and without the product: the rows behind §3 of the GGIG paper."""

from dataclasses import dataclass

import pandas as pd

from saliency_audit.attributions.baselines import BASELINES, baselines_for
from saliency_audit.errors import refuse_unknown
from saliency_audit.sanity import baseline_similarity
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.ggig_methods import (
    CLIMB,
    CONTROLS,
    PAPER,
    VARIANTS,
    WITH_PRODUCT,
    explainers_in,
)
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared
from saliency_audit.study.slices import network_tasks

# The library's methods that start at a baseline (Blur IG makes its own), and gradients and controls
# that have none: their maps are the same for every baseline.
WITHOUT_BASELINE = ("saliency", *CONTROLS)
METHODS = (
    *(WITH_PRODUCT, *(name for name in PAPER if name not in WITHOUT_BASELINE), *VARIANTS),
    *("ig+idgi", "gig", "gig+idgi", "deeplift"),
    *WITHOUT_BASELINE,
)
COLUMNS = (
    *shared("model", "images", "method", "sign"),
    *IMAGE,
    Column("first", "text", "", "baseline of the first map"),
    Column("second", "text", "", "baseline of the second, or input_difference: x − x′ instead"),
    *SIMILARITIES,
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment.

    `steps` are the points of the paths, both ends included, `climb_points` those of GGIG's line,
    `ascents` and `learning_rate` those of the climb at each.
    """

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    n_images: int = 28
    methods: tuple[str, ...] = METHODS
    baselines: tuple[str, ...] = tuple(BASELINES)
    steps: int = 21
    climb_points: int = 11
    ascents: int = 5
    learning_rate: float = 1e-4
    slice_size: int = 28

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.methods:
            refuse_unknown("method with a baseline", name, METHODS)
        for name in self.baselines:
            refuse_unknown("baseline", name, BASELINES)
        if len(set(self.baselines)) < 2:
            raise ValueError(f"two baselines are needed to compare, got {self.baselines}")


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> pd.DataFrame:
    """Rows of one task: image × method × sign × (pair of baselines, or baseline and x − x′)."""
    # In the library's order, whatever the order asked for, so that a pair has one name.
    baselines = {
        name: baselines_for(chosen.pictures, None, name)
        for name in BASELINES
        if name in given["baselines"]
    }
    return baseline_similarity(
        chosen.model,
        explainers_in(given),
        chosen.pictures,
        chosen.targets,
        baselines,
        input_difference=True,
    )


EXPERIMENT = Experiment(
    name="ggig_product",
    title="Maps from several baselines, with and without the product with the input",
    version=1,
    profiles={
        "embedded": {"small": Parameters()},
        "reference": {
            "small": Parameters(
                models=("mnist_cnn",),
                n_images=300,
                steps=51,
                climb_points=21,
                ascents=20,
                slice_size=10,
            ),
            "photographs": Parameters(
                models=("squeezenet1_0", "mobilenet_v2"),
                images="imagenet_sample",
                n_images=48,
                climb_points=26,
                ascents=2,
                slice_size=10,
            ),
        },
        "paper": {
            "photographs": Parameters(
                models=("inception_v3", "resnet101"),
                images="imagenet_val",
                n_images=1000,
                steps=51,
                climb_points=51,
                ascents=100,
            ),
        },
    },
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
)
