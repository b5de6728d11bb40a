"""Methods that take a gradient or a trained generator, on photographs with exact masks."""

from dataclasses import asdict, dataclass, replace

from torch import Tensor

from saliency_audit.study.dre_methods import METHODS, WIDTHS, Effort, reads_objects
from saliency_audit.study.estimators import noting_estimators
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.experiments import dre_scores
from saliency_audit.study.image_rows import Given, Rows, per_image, plugged
from saliency_audit.study.object_measures import OBJECT_COLUMNS, object_measures
from saliency_audit.study.objects import all_with_objects
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import PREDICTED, shared
from saliency_audit.study.slices import network_tasks

COLUMNS = (
    *shared("model", "images", "method", "image", "image_name"),
    PREDICTED,
    *shared("confidence", "area"),
    *OBJECT_COLUMNS,
)
# Seven of the ten: a search of 300 steps for every picture takes hours.
WITHOUT_SEARCH = tuple(name for name in METHODS if name not in WIDTHS)


@dataclass(frozen=True)
class Parameters(dre_scores.Parameters):
    """Parameters of `dre_scores`.

    The photographs have names and no classes, so that every one is kept and explained for the
    network's own answer. IG takes 64 steps in place of the paper's 200, so that two cores need
    minutes.
    """

    explained: tuple[str, ...] = WITHOUT_SEARCH


@noting_estimators
@plugged(COLUMNS, all_with_objects)
def compute(chosen: Selection, masks: Tensor, given: Given) -> Rows:
    """Rows of one task: image × method."""
    regions = masks.cpu()
    area = regions.double().mean(dim=(1, 2)).tolist()
    for name, values in dre_scores.explained_maps(chosen, given).items():
        measured = object_measures(values.cpu(), regions)
        listed = {key: value.tolist() for key, value in measured.items()}
        yield from per_image({"area": area, **listed}, method=name)


LITE0 = Parameters(
    models=("efficientnet_lite0_tiny200",),
    images="cutouts",
    n_images=187,
    n_train=10000,
    epochs=1,
    filter_epochs=3,
    slice_size=20,
)

EXPERIMENT = Experiment(
    name="dre_cutouts",
    title="DRE and its quick competitors on photographs with exact masks",
    version=1,
    profiles={
        "embedded": {"shapes": Parameters()},
        "reference": {
            "EfficientNet-Lite0": LITE0,
            "MobileNetV2": replace(LITE0, models=("mobilenet_v2_tiny200",)),
        },
        "paper": {
            "photographs": replace(
                LITE0,
                models=("resnet50", "vgg19", "googlenet"),
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
