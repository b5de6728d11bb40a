"""The methods that search a mask, with their papers' backgrounds in place of DRE's."""

from dataclasses import asdict, dataclass, replace

from torch import Tensor

from saliency_audit.metrics import faithfulness
from saliency_audit.study.columns import Column
from saliency_audit.study.dre_methods import WIDTHS, Effort, reads_objects
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.experiments import dre_scores
from saliency_audit.study.image_rows import Given, Rows, per_image
from saliency_audit.study.object_measures import OBJECT_COLUMNS, object_measures
from saliency_audit.study.objects import on_objects
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import network_tasks

COLUMNS = (
    *shared("model", "images", "method"),
    *IMAGE,
    *shared("area"),
    Column("faithfulness", "number", "0 to 1", "M_F: mean probability as the pixels come back"),
    *OBJECT_COLUMNS,
)


@dataclass(frozen=True)
class Parameters(dre_scores.Parameters):
    """Parameters of `dre_scores`, which explains the same images with DRE's backgrounds.

    Rows of both are compared image by image, so that all that they share must be equal there. A
    search takes a core 20 seconds for a photograph, so that the reference profile has the first of
    them only.
    """

    n_images: int = 10
    explained: tuple[str, ...] = tuple(WIDTHS)


@on_objects(COLUMNS)
def compute(chosen: Selection, masks: Tensor, given: Given) -> Rows:
    """Rows of one task: image × method."""
    regions = masks.cpu()
    area = regions.double().mean(dim=(1, 2)).tolist()
    for name, values in dre_scores.explained_maps(chosen, given).items():
        score = faithfulness(*chosen.inputs[:2], values, chosen.targets, seeds=chosen.seeds)
        measured = {"faithfulness": score.value, **object_measures(values.cpu(), regions)}
        listed = {key: value.tolist() for key, value in measured.items()}
        yield from per_image({"area": area, **listed}, method=name)


EXPERIMENT = Experiment(
    name="dre_backgrounds",
    title="Methods that search a mask, with their own backgrounds",
    version=1,
    profiles={
        "embedded": {"shapes": Parameters()},
        "reference": {
            "EfficientNet-Lite0": Parameters(
                models=("efficientnet_lite0_tiny200",),
                n_images=60,
                slice_size=10,
                n_train=10000,
                epochs=1,
                filter_epochs=3,
                **asdict(Effort()),
            ),
        },
        "paper": {
            "photographs": replace(
                Parameters(),
                models=("resnet50", "vgg19", "googlenet"),
                images="imagenet_val",
                n_images=10000,
                n_train=1281167,
                epochs=10,
                **asdict(Effort()),
            ),
        },
    },
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
    reads=reads_objects,
)
