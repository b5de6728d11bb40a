"""Ten methods on wrongly classified images: does a map of the wrong class show the object?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from torch import Tensor

from saliency_audit.study.columns import Column
from saliency_audit.study.dre_methods import POOL, Effort, reads_objects
from saliency_audit.study.estimators import noting_estimators
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.experiments import dre_scores
from saliency_audit.study.image_rows import Given, Rows, per_image, plugged
from saliency_audit.study.object_measures import OBJECT_COLUMNS, object_measures
from saliency_audit.study.objects import with_objects
from saliency_audit.study.selection import Selection, balanced, select_task
from saliency_audit.study.shared_columns import PREDICTED, shared
from saliency_audit.study.slices import network_tasks

COLUMNS = (
    *shared("model", "images", "method"),
    Column("classified", "text", "", "how the network classifies the image: correctly or wrongly"),
    *shared("image", "image_name"),
    PREDICTED,
    Column("true_class", "integer", "", "class of the image"),
    *shared("confidence", "area"),
    *OBJECT_COLUMNS,
)


@dataclass(frozen=True)
class Parameters(dre_scores.Parameters):
    """Parameters of `dre_scores`, for the ten methods without variants.

    Of each slice of candidates the wrongly classified images are explained, and as many of the
    correctly classified ones, or fewer of both where a slice has fewer of the latter.

    The network for shapes errs on one picture in 240, so that the embedded profile goes through
    many; it has the estimators of `dre_scores`' embedded profile, and its iterations. The reference
    profile explains photographs, about half of which are classified wrongly, with the shipped
    estimators of `dre_pictures`. MPert and XPert take 100 iterations there in place of the paper's
    300, so that one core needs most of an hour for a network. The paper's profile takes the paper's
    effort.
    """

    images: str | None = "more_shapes"
    n_images: int = 14000
    slice_size: int = 1000
    explained: tuple[str, ...] = POOL


def choose(given: Given) -> tuple[Selection, Tensor]:
    """The images of a task, as many wrongly as correctly classified, and the masks of objects."""
    return with_objects(balanced(select_task(given, keep="both")))


@noting_estimators
@plugged(COLUMNS, choose)
def compute(chosen: Selection, masks: Tensor, given: Given) -> Rows:
    """Rows of one task: image × method."""
    regions = masks.cpu()
    about: dict[str, Sequence[Any]] = {
        "classified": ["correctly" if right else "wrongly" for right in chosen.correct.tolist()],
        "true_class": chosen.labels.tolist(),
        "area": regions.double().mean(dim=(1, 2)).tolist(),
    }
    for name, values in dre_scores.explained_maps(chosen, given).items():
        measured = object_measures(values.cpu(), regions)
        listed = {key: value.tolist() for key, value in measured.items()}
        yield from per_image({**about, **listed}, method=name)


PHOTOGRAPHS = Parameters(
    models=("efficientnet_lite0_tiny200",),
    images="tiny200_val",
    n_images=140,
    slice_size=20,
    n_train=10000,
    epochs=1,
    filter_epochs=3,
    **asdict(Effort(iterations=100)),
)

EXPERIMENT = Experiment(
    name="dre_misclassified",
    title="DRE and its nine competitors on wrongly classified images",
    version=2,
    profiles={
        "embedded": {"shapes": Parameters()},
        # MobileNetV2 has fewer slices with as many images of both kinds.
        "reference": {
            "photographs": PHOTOGRAPHS,
            "mobilenet": replace(PHOTOGRAPHS, models=("mobilenet_v2_tiny200",), n_images=180),
        },
        "paper": {
            "photographs": replace(
                PHOTOGRAPHS,
                models=("resnet50", "vgg19", "googlenet"),
                images="imagenet_val",
                n_images=2000,
                slice_size=100,
                n_train=1281167,
                epochs=10,
                filter_epochs=Parameters.filter_epochs,
                **asdict(Effort()),
            ),
        },
    },
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
    reads=reads_objects,
)
