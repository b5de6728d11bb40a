"""Which predictors the MeGe/ReCo study trains, how, and how they are made worse on purpose."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from torch import nn

from saliency_audit.models import TrainingPlan
from saliency_audit.models.architectures import is_constrained, validate_architecture
from saliency_audit.models.cross_training import CrossTraining, Predictor, predictor
from saliency_audit.models.degradation import with_noisy_weights
from saliency_audit.study.experiment import Task
from saliency_audit.study.provenance import default_device
from saliency_audit.study.validation import validate_counts, validate_image_sets

DEGRADATIONS = ("weights", "labels")
# Rates printed in Appendix E; other image sets have no dropout.
DROPOUT = {"cifar10_train": 0.25, "fashion_mnist_train": 0.4, "eurosat": 0.25}
# A mirrored photograph looks natural; a mirrored digit does not.
MIRRORED = ("cifar10_train", "eurosat", "imagenet50_train")


@dataclass(frozen=True)
class Trained:
    """Parameters that define the predictors.

    A predictor is written `image set:architecture`, such as `cifar10_train:resnet18-32`. All are
    trained without degradation; those in `degraded` also with noise on the weights and with wrong
    labels, each at `levels` percent. `n_train` images of each set (None: all) are split into
    `folds`.
    """

    predictors: tuple[str, ...] = ("digits_train:small", "digits_train:lipschitz-16")
    degraded: tuple[str, ...] = ("digits_train:small",)
    levels: tuple[int, ...] = (5, 10, 30)
    folds: int = 5
    n_train: int | None = 500
    epochs: int = 30
    seed: int = 0

    def __post_init__(self) -> None:
        validate_counts(predictors=len(self.predictors), epochs=self.epochs)
        if self.folds < 2:
            raise ValueError(f"cross-training needs at least 2 folds, got {self.folds}")
        for name in self.predictors:
            images, separator, architecture = name.partition(":")
            if not separator:
                raise ValueError(f"a predictor is written IMAGE_SET:ARCHITECTURE, got {name!r}")
            validate_image_sets(images)
            validate_architecture(architecture)
        if unknown := sorted(set(self.degraded) - set(self.predictors)):
            raise ValueError(
                f"degraded predictors {unknown} are not among the predictors "
                f"{list(self.predictors)}; name some of these (-p degraded={self.predictors[0]}), "
                "or none (-p degraded=[])"
            )
        if bad := [level for level in self.levels if not 0 < level <= 100]:
            raise ValueError(f"levels are percentages above 0, got {bad}")


@dataclass(frozen=True)
class Series:
    """k predictors that differ only in the fold that they have not seen.

    Attributes:
        images: image set.
        model: architecture.
        degradation: "none", "weights" or "labels".
        level: percent.
    """

    images: str
    model: str
    degradation: str = "none"
    level: int = 0

    @property
    def name(self) -> str:
        """One word for file names."""
        return f"{self.images}-{self.model}-{self.degradation}{self.level:02d}"


def series_of(parameters: Trained) -> Iterator[Series]:
    """Every series of predictors, the undegraded one of each first."""
    for name in parameters.predictors:
        images, _, architecture = name.partition(":")
        yield Series(images, architecture)
        if name in parameters.degraded:
            for degradation in DEGRADATIONS:
                for level in parameters.levels:
                    yield Series(images, architecture, degradation, level)


def training_plan(images: str, architecture: str, epochs: int, seed: int) -> TrainingPlan:
    """How a network is trained; the paper prints no such setting."""
    plan = TrainingPlan(epochs=epochs, seed=seed)
    if architecture == "small":
        return plan
    plan = replace(plan, batch_size=128, schedule="one_cycle", flips=images in MIRRORED)
    if is_constrained(architecture):
        # Logits of these networks differ by hundredths: at temperature 1 the loss hardly changes.
        # Of 15, 50 and 200, 50 gave the best accuracy on CIFAR-10.
        return replace(plan, learning_rate=1e-2, temperature=50.0, bfloat16=False)
    return replace(plan, learning_rate=3e-3)


def shared_settings(parameters: Trained) -> dict[str, Any]:
    """The training settings that all series share; with the series itself, all a task needs."""
    return {name: getattr(parameters, name) for name in ("n_train", "folds", "epochs", "seed")}


def series_in(task: Task) -> tuple[Series, CrossTraining]:
    """The series that a task is about and the training behind it."""
    given = task.parameters
    series = Series(*(given[name] for name in ("images", "model", "degradation", "level")))
    return series, cross_training(series, given)


def cross_training(series: Series, settings: Mapping[str, Any]) -> CrossTraining:
    """The training behind a series; noise is added to the weights afterwards.

    Args:
        series: of predictors.
        settings: those of `shared_settings`; others are ignored.
    """
    seed = settings["seed"]
    return CrossTraining(
        images=series.images,
        architecture=series.model,
        plan=training_plan(series.images, series.model, settings["epochs"], seed),
        n_images=settings["n_train"],
        folds=settings["folds"],
        switched=series.level / 100 if series.degradation == "labels" else 0.0,
        dropout=DROPOUT.get(series.images, 0.0),
        seed=seed,
    )


# Slices of one series follow each other and ask for the same few networks.
@lru_cache(maxsize=16)
def trained(setting: CrossTraining, fold: int) -> Predictor:
    """The predictor of a fold on the default device, trained if it is not on disk yet."""
    found = predictor(setting, fold, device=default_device())
    return replace(found, model=found.model.to(default_device()))


def degraded_model(series: Series, model: nn.Module, fold: int, seed: int) -> nn.Module:
    """The model of a series: with noise added to the weights if the series says so.

    Each fold gets its own noise: shared noise would make the maps of the folds more alike.
    """
    if series.degradation != "weights":
        return model
    return with_noisy_weights(model, series.level / 100, seed=1000 * seed + fold).eval()
