"""DRE and MGnet trained with other controllers, constraints and heads: what their maps become."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.attributions.relevance import RelevanceMask
from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics import faithfulness, pearson_skewness
from saliency_audit.study.columns import Column
from saliency_audit.study.dre_settings import (
    CONTROLLERS,
    DRE_CONSTRAINTS,
    MGNET_CONSTRAINTS,
    SETTINGS,
)
from saliency_audit.study.estimators import (
    Setting,
    dre_setting,
    estimator,
    noting_estimators,
    training_of,
)
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, per_image
from saliency_audit.study.inputs import Inputs, named_inputs
from saliency_audit.study.object_measures import OBJECT_COLUMNS, object_measures
from saliency_audit.study.objects import on_objects
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import network_tasks
from saliency_audit.study.validation import validate_counts

COLUMNS = (
    *shared("model", "images", "method"),
    Column("train_seed", "integer", "", "of the estimator's training"),
    *IMAGE,
    Column("faithfulness", "number", "0 to 1", "M_F: mean probability as the pixels come back"),
    *OBJECT_COLUMNS,
    Column(
        "pearson_skewness", "number", "−3 to 3", "of the map's values: above 0 a tail of high ones"
    ),
)
# The network for shapes has no batch normalisation.
OF_SHAPES = tuple(name for name in SETTINGS if name != "batch_statistics")


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment; the images need boxes or masks of their objects.

    An estimator is trained for each of `settings` and of `train_seeds`, on `n_train` pictures for
    `epochs` passes after `filter_epochs` of the spatial filter.
    """

    n_images: int = 40
    settings: tuple[str, ...] = OF_SHAPES
    n_train: int = 1500
    epochs: int = 3
    filter_epochs: int = 5
    train_seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.settings:
            raise ValueError("at least one setting is needed")
        for name in self.settings:
            refuse_unknown("setting", name, SETTINGS)
        validate_counts(n_train=self.n_train, epochs=self.epochs, filter_epochs=self.filter_epochs)


def setting_of(given: Given, name: str, train_seed: int) -> Setting:
    """How the estimator of a setting is trained."""
    training = (given["n_train"], given["epochs"], given["filter_epochs"], train_seed)
    return SETTINGS[name](dre_setting(given["model"], *training))


def reads(given: Given) -> Inputs:
    """What a task reads: pictures for those estimators that are not here, too."""
    wanted = product(given["settings"], given["train_seeds"])
    training = training_of(setting_of(given, name, seed) for name, seed in wanted)
    return named_inputs(given, training=training, objects=True)


@noting_estimators
@on_objects(COLUMNS)
def compute(chosen: Selection, masks: Tensor, given: Given) -> Rows:
    """Rows of one task: training seed × setting × image."""
    for train_seed in given["train_seeds"]:
        for name in given["settings"]:
            explain = RelevanceMask(estimator(setting_of(given, name, train_seed)))
            maps = saliency(explain(*chosen.inputs), "sum_abs")
            yield from _rows(chosen, masks, maps, method=name, train_seed=train_seed)


def _rows(chosen: Selection, masks: Tensor, maps: Tensor, **keys: Any) -> Iterator[dict[str, Any]]:
    found = faithfulness(*chosen.inputs[:2], maps, chosen.targets, seeds=chosen.seeds)
    values = {
        "faithfulness": found.value,
        **object_measures(maps.cpu(), masks.cpu()),
        "pearson_skewness": pearson_skewness(maps),
    }
    yield from per_image({name: value.tolist() for name, value in values.items()}, **keys)


THREE = (0, 1, 2)
# What the paper compares, and two steps between DRE and MGnet: its head with DRE's loss, and the
# released one. A core trains each in about two minutes.
COMPARED = (
    *dict.fromkeys((*CONTROLLERS, *DRE_CONSTRAINTS, *MGNET_CONSTRAINTS)),
    *("sigmoid", "two_channels_plain"),
)

EXPERIMENT = Experiment(
    name="dre_settings",
    title="Estimators of DRE and MGnet with other controllers, constraints and heads",
    version=2,
    profiles={
        "embedded": {"shapes": Parameters()},
        "reference": {
            "shapes": Parameters(n_images=100, n_train=3000, epochs=3, train_seeds=THREE),
            # One training of each.
            "MobileNetV2": Parameters(
                models=("mobilenet_v2_tiny200",),
                images="tiny200_val",
                n_images=300,
                slice_size=100,
                settings=COMPARED,
                n_train=3000,
                epochs=1,
                filter_epochs=2,
            ),
        },
        # §4.4: ResNet50 alone, 3 epochs; the claims name the study's three networks.
        "paper": {
            "photographs": replace(
                Parameters(),
                settings=tuple(SETTINGS),
                models=("resnet50", "vgg19", "googlenet"),
                images="imagenet_val",
                n_images=10000,
                n_train=1281167,
                epochs=3,
                train_seeds=THREE,
            ),
        },
    },
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
    reads=reads,
)
