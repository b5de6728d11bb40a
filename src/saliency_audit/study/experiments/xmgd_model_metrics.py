"""Metrics that ask the model, of the XMGD paper's four methods: the rows behind its Table 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saliency_audit.attributions.scores import validate_output
from saliency_audit.datasets.standins import FAMILIES
from saliency_audit.metrics import insertion_correlation, masked_confidence
from saliency_audit.study.columns import Column
from saliency_audit.study.detector_maps import MESO, MESO_DEEPFAKES, MethodParameters, maps_of
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_rows import Given, Rows, per_image, plugged
from saliency_audit.study.selection import Selection, select_task
from saliency_audit.study.shared_columns import PREDICTED, shared
from saliency_audit.study.slices import slice_tasks

COLUMNS = (
    *shared("model", "images", "method", "image", "image_name"),
    PREDICTED,
    Column("true_class", "integer", "", "class of the image: 0 is forged, 1 is real"),
    *shared("confidence"),
    Column("kept", "number", "probability", "of the target when only the salient part is shown"),
    Column("deleted", "number", "probability", "of the target when the salient part is hidden"),
    Column("increase_in_confidence", "number", "0 or 1", "whether `kept` exceeds `confidence`"),
    Column("average_drop", "number", "share", "of the confidence that is lost in `kept`; ≥ 0"),
    Column("average_drop_in_deletion", "number", "share", "that is lost in `deleted`; signed"),
    Column("insertion_correlation", "number", "−1 to 1", "of saliency and rise, step by step"),
)


@dataclass(frozen=True)
class Parameters(MethodParameters):
    """Parameters of the experiment.

    The decision of the network is explained, right or wrong: the paper compares explanations of
    what detectors do. All networks see the same images, so that a mean over them is one value per
    image: the sets of stand-ins hold the same faces, which must not count as several.

    `output` is the score that methods explain: the logit, since a detector that is sure has a
    probability without a gradient. `points` are the steps of insertion correlation; its source
    takes 196.
    """

    models: tuple[str, ...] = tuple(f"small_faces_cnn_{family}" for family in FAMILIES)
    images: str | None = "small_standin_swap"
    n_images: int = 80
    slice_size: int = 80
    output: str = "logit"
    points: int = 49

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_output(self.output)
        if len(self.explained) < 2:
            raise ValueError("at least two methods are compared")


def choose(given: Given) -> tuple[Selection]:
    """The images of a task, however they are classified."""
    return (select_task(given, keep="both"),)


@plugged(COLUMNS, choose)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: image × method."""
    about: dict[str, Sequence[Any]] = {"true_class": chosen.labels.tolist()}
    for method, maps in maps_of(chosen, given):
        asked = (chosen.model, chosen.pictures, maps, chosen.targets)
        found = masked_confidence(*asked)
        correlation = insertion_correlation(*asked, points=given["points"], seeds=chosen.seeds)
        measured = {
            "kept": found.kept,
            "deleted": found.deleted,
            "increase_in_confidence": found.increase,
            "average_drop": found.drop,
            "average_drop_in_deletion": found.drop_in_deletion,
            "insertion_correlation": correlation,
        }
        values = {name: value.tolist() for name, value in measured.items()}
        yield from per_image({**about, **values}, method=method)


EXPERIMENT = Experiment(
    name="xmgd_model_metrics",
    title="Increase in confidence, average drops and insertion correlation of four methods",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=MESO, images="faces_easy", n_images=100, slice_size=10, points=16
        ),
        "paper": Parameters(
            models=MESO_DEEPFAKES,
            images="deepfakes",
            n_images=2000,
            steps=50,
            points=196,
        ),
    },
    split=slice_tasks,
    compute=compute,
    recorded=COLUMNS,
)
