"""What the IDGI study left out: localisation of objects, and Xception."""

from dataclasses import dataclass

from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.datasets import read_regions
from saliency_audit.metrics import box_iou, explainability, region_iou
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, on_images, per_image
from saliency_audit.study.paths import KEYS, PATHS, both_rules, insertion_columns
from saliency_audit.study.selection import Selection
from saliency_audit.study.slices import slice_tasks

LOCALISATION = {"explainability": explainability, "region_iou": region_iou, "box_iou": box_iou}

COLUMNS = (
    *KEYS,
    Column("score", "text", "", "which score of the map"),
    Column("value", "number", "0 to 1", "its value; ratio may exceed 1"),
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment; images without boxes or masks get insertion scores only."""

    n_images: int = 100
    paths: tuple[str, ...] = PATHS
    steps: int = 32
    reduction: str = "sum_abs"
    reveal: int = 1
    slice_size: int = 50


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: image × method × score."""
    for method, attribution in both_rules(chosen, given["path"], given["steps"]).items():
        salient = saliency(attribution, given["reduction"])
        for score, values in _scores(chosen, salient, given["reveal"]).items():
            keys = {"method": method, "steps": given["steps"], "score": score}
            yield from per_image({"value": values}, **keys)


def _scores(chosen: Selection, salient: Tensor, reveal: int) -> dict[str, list[float]]:
    scores = insertion_columns(chosen, salient, reveal)
    if chosen.source.region is not None and chosen.indices:
        regions = read_regions(chosen.source, chosen.indices)
        for name, measure in LOCALISATION.items():
            scores[name] = measure(salient.cpu(), regions).tolist()
    return scores


EXPERIMENT = Experiment(
    name="idgi_beyond",
    title="Localisation of objects by six path methods, and Xception",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("squeezenet1_0", "mobilenet_v2"),
            images="tiny_imagenet_val",
            n_images=600,
            reveal=4,
            slice_size=60,
        ),
        "paper": Parameters(
            models=("xception",),
            images="imagenet_val",
            n_images=50000,
            steps=128,
            slice_size=100,
        ),
    },
    split=slice_tasks,
    compute=compute,
    recorded=COLUMNS,
)
