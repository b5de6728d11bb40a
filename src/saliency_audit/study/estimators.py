"""The relevance estimators of the DRE study: what each follows from, trained once and kept."""

import copy
import functools
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.relevance import (
    Background,
    Design,
    EstimatorPlan,
    Objective,
    RelevanceEstimator,
    find_pyramid,
    load_relevance_estimator,
    train_relevance_estimator,
)
from saliency_audit.datasets import Images, open_images, shuffled_indices
from saliency_audit.datasets.shapes import shapes_training_set
from saliency_audit.digests import state_digest
from saliency_audit.errors import refuse_unknown
from saliency_audit.files import held
from saliency_audit.locations import project_root
from saliency_audit.models import CLASSIFIERS, load_classifier
from saliency_audit.study.experiment import Outcome, Task
from saliency_audit.study.inputs import Training
from saliency_audit.study.provenance import default_device
from saliency_audit.study.selection import OWN_IMAGES

logger = logging.getLogger(__name__)

# Increased when the same setting is to give other weights.
VERSION = 1

# Pictures that masks are trained on, for the classifiers that did not begin here.
TRAINING_SETS = {
    "mobilenet_v2_tiny200": "tiny200_train",
    "efficientnet_lite0_tiny200": "tiny200_train",
    "resnet50": "imagenet_train",
    "vgg19": "imagenet_train",
    "googlenet": "imagenet_train",
    "resnet50_birds200": "birds200_train",
    "vgg19_birds200": "birds200_train",
    "googlenet_birds200": "birds200_train",
    "resnet50_places365": "places365_train",
}

# By architecture, the paper's layers where `find_pyramid` takes others: the cells that it gives for
# VGG19 meet the channels of poolings, not of the rectifiers before them.
LAYERS = {"vgg19": tuple(f"features.{number}" for number in (9, 18, 27, 36))}
# Its channels of a cell as a share of the layer's; a half for all other architectures (§4.1).
SHARES = {"resnet50": 0.25}


@dataclass(frozen=True)
class Setting:
    """All that an estimator follows from; the fields are the whole configuration.

    Attributes:
        model: classifier of the catalogue.
        n_train: pictures that it is trained on.
        design: of the mask generator.
        objective: what it is trained for.
        background: what replaces removed pixels.
        plan: epochs, rates and seed.
    """

    model: str
    n_train: int
    design: Design = field(default_factory=Design)
    objective: Objective = field(default_factory=Objective)
    background: Background = field(default_factory=Background)
    plan: EstimatorPlan = field(default_factory=EstimatorPlan)

    @property
    def shipped(self) -> Path:
        """Where it lies in the repository, if recorded rows depend on it; see `ship`."""
        return project_root() / "data" / "estimators" / self._name(VERSION)

    @property
    def file(self) -> Path:
        """Where this machine keeps it, unless it is shipped."""
        return project_root() / "runs/weights/estimators" / self._name(VERSION, torch.__version__)

    def _name(self, *versions: Any) -> str:
        text = json.dumps([*versions, asdict(self)], sort_keys=True)
        tag = hashlib.sha256(text.encode()).hexdigest()[:10]
        return f"{self.model}-{self.design.head}-{tag}.pt"


@dataclass(frozen=True)
class Tuning:
    """How MGnet is trained for a classifier, where that differs from the DRE beside it.

    Attributes:
        objective: its weights.
        plan: fields of the plan.
    """

    objective: Objective
    plan: Mapping[str, Any] = field(default_factory=dict)


# MGnet's weights, tuned by hand as the paper tunes its own for each network and image set (§4.1).
# With these, masks cover the shapes and little else.
CONSTRAINTS = Objective(area=4.0, background=1.0, smoothness=0.005)
SHAPES = Tuning(CONSTRAINTS)
# On photographs DRE's large steps send all of a sigmoid to one end, and nothing moves it any more.
# With these, of a few that were tried on up to 3,200 pictures, masks keep more of an object than of
# the rest; with λ_bg of 1 they went to nearly nothing for λ_av ≥ 6, to nearly all for λ_av ≤ 4.
PHOTOGRAPHS = Tuning(
    Objective(area=6.0, background=2.0, smoothness=0.001),
    {"batch_size": 16, "learning_rate": 1e-3},
)
TUNED = {"shapes_cnn": SHAPES, "normed_shapes_cnn": SHAPES}


def dre_setting(model: str, n_train: int, epochs: int, filter_epochs: int, seed: int) -> Setting:
    """DRE as the paper has it: the controller, and the class on the preserved picture (Eq. 9)."""
    plan = EstimatorPlan(epochs=epochs, filter_epochs=filter_epochs, seed=seed)
    design = Design(share=SHARES.get(CLASSIFIERS[model].architecture, Design.share))
    return Setting(model, n_train, design, plan=plan)


def mgnet_setting(setting: Setting) -> Setting:
    """MGnet beside a DRE: the same generator without the controller, and constraints (Eq. 2).

    Its weights and steps are those that suit the classifier; see `Tuning`.
    """
    tuning = TUNED.get(setting.model, PHOTOGRAPHS)
    return replace(
        setting,
        design=replace(setting.design, head="sigmoid"),
        objective=tuning.objective,
        plan=replace(setting.plan, **tuning.plan),
    )


def noting_estimators(compute: Callable[[Task], Outcome]) -> Callable[[Task], Outcome]:
    """Add to the notes of a task's rows which estimators they come from: digests by file name.

    So it shows if rows that are compared come from different ones; see `ledger.verify`.
    """

    @functools.wraps(compute)
    def noted(task: Task) -> Outcome:
        found: dict[str, str] = {}
        token = _NOTED.set(found)
        try:
            outcome = compute(task)
        finally:
            _NOTED.reset(token)
        return replace(outcome, notes={**outcome.notes, "estimators": dict(sorted(found.items()))})

    return noted


_NOTED: ContextVar[dict[str, str] | None] = ContextVar("estimators of a task", default=None)


def estimator(setting: Setting) -> RelevanceEstimator:
    """The estimator of a setting: shipped, or kept by this machine, or trained and then kept.

    A killed run goes on from its last epoch; two runs never train the same one at once. Progress
    goes to this module's logger.

    Raises:
        MissingDataError: the training images or the classifier's weights are not here.
    """
    found = _kept_or_trained(setting)
    if (noted := _NOTED.get()) is not None:
        noted[setting.shipped.name] = state_digest(found.generator)
    return found


# Tasks of one study follow each other and ask for the same few estimators.
@lru_cache(maxsize=8)
def _kept_or_trained(setting: Setting) -> RelevanceEstimator:
    device = default_device()
    model = load_classifier(setting.model).to(device)
    if setting.shipped.is_file():
        return load_relevance_estimator(setting.shipped, model)
    file = setting.file
    with held(file.with_name(f".{file.name}.lock"), wait=True):
        if file.is_file():
            return load_relevance_estimator(file, model)
        images = training_pictures(setting.model, setting.n_train)

        def tell(stage: str, done: int, epochs: int, loss: float, left: float) -> None:
            logger.info(
                "%s, %s: epoch %d of %d, loss %.3f, %.0f s left",
                *(file.stem, stage, done, epochs, loss, left),
            )

        found = train_relevance_estimator(
            model,
            layers_of(setting.model, model, images[0][None].to(device)),
            images,
            design=setting.design,
            objective=setting.objective,
            background=setting.background,
            plan=setting.plan,
            checkpoint=file.with_suffix(".checkpoint"),
            progress=tell,
        )
        found.save(file)
    return found


def layers_of(name: str, model: nn.Module, images: Tensor) -> tuple[str, ...]:
    """The layers of a classifier of the catalogue that feed its mask generators."""
    known = LAYERS.get(CLASSIFIERS[name].architecture)
    if known is None:
        return find_pyramid(model, images)
    # Wrappers for normalisation and fewer classes put their own names before.
    names = [layer for layer, _ in model.named_modules()]
    return tuple(next(layer for layer in names if f".{layer}".endswith(f".{end}")) for end in known)


def ship(setting: Setting) -> Path:
    """Put an estimator into the repository, its weights in half precision.

    Rows that took long to compute can then be continued elsewhere. Record them afterwards: they are
    those of the rounded weights.
    """
    found = estimator(setting)
    halved = copy.deepcopy(found.generator).half()
    if not all(bool(value.isfinite().all()) for value in halved.state_dict().values()):
        raise ValueError(f"weights of {setting.shipped.name} do not fit into half precision")
    setting.shipped.parent.mkdir(parents=True, exist_ok=True)
    replace(found, generator=halved).save(setting.shipped)
    _kept_or_trained.cache_clear()
    return setting.shipped


def training_of(settings: Iterable[Setting]) -> tuple[Training, ...]:
    """The trainings of those settings whose estimators are neither shipped nor kept here."""
    return tuple(
        dict.fromkeys(
            (setting.model, setting.n_train)
            for setting in settings
            if not setting.shipped.is_file() and not setting.file.is_file()
        )
    )


def look_for_training_pictures(model: str, count: int) -> None:
    """Refuse a training whose pictures are not here.

    Arguments and errors are those of `training_pictures`.
    """
    if OWN_IMAGES.get(model) != "shapes":  # which are drawn
        training_pictures(model, count)


def training_pictures(model: str, count: int) -> Sequence[Tensor] | Tensor:
    """The first pictures of a classifier's training set, in the order of the study's seed.

    Args:
        model: classifier of the catalogue.
        count: how many.

    Raises:
        MissingDataError: they are not here.
        ValueError: there are not so many, or the classifier has none.
    """
    if OWN_IMAGES.get(model) == "shapes":
        return shapes_training_set(count)[0]
    refuse_unknown("classifier with pictures to train masks on", model, TRAINING_SETS)
    images = open_images(TRAINING_SETS[model])
    if count > len(images):
        raise ValueError(f"{images.name} has {len(images)} pictures, {count} were asked for")
    return Read(images, shuffled_indices(images, 0)[:count])


@dataclass(frozen=True)
class Read(Sequence[Tensor]):
    """Pictures of an image set, read when asked for."""

    images: Images
    chosen: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, number: Any) -> Any:
        return self.images.read(self.chosen[number])
