"""What it does to train masks with the classifier's batch normalisation in training mode."""

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions import create, saliency
from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.relevance import RelevanceEstimator, train_relevance_estimator
from saliency_audit.attributions.relevance.background import preserved
from saliency_audit.attributions.relevance.generator import enlarged
from saliency_audit.attributions.relevance.plan import BATCH_NORMS
from saliency_audit.attributions.relevance.pyramid import feature_maps
from saliency_audit.attributions.targets import predicted_classes
from saliency_audit.metrics import explainability, faithfulness
from saliency_audit.study.columns import Column
from saliency_audit.study.estimators import Setting, dre_setting, layers_of, training_pictures
from saliency_audit.study.experiment import Experiment, Task
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, per_image, plugged
from saliency_audit.study.inputs import Inputs, named_inputs
from saliency_audit.study.objects import all_with_objects
from saliency_audit.study.selection import BATCH, Selection
from saliency_audit.study.shared_columns import PREDICTED, shared
from saliency_audit.study.slices import whole_tasks
from saliency_audit.study.validation import validate_counts

COLUMNS = (
    *shared("model", "images"),
    Column("batch_norm", "text", "", "of the classifier while masks are trained"),
    Column("train_seed", "integer", "", "of the estimator's training"),
    *shared("image", "image_name"),
    PREDICTED,
    Column("confidence", "number", "probability", "softmax probability of the target"),
    Column("correct", "integer", "0 or 1", "whether the classifier knows the image's class"),
    Column("correct_after", "integer", "0 or 1", "the same with the statistics that training left"),
    Column("faithfulness", "number", "0 to 1", "M_F: mean probability as the pixels come back"),
    Column(
        "explainability", "number", "0 to 1", "M_E: average precision of the map for the object"
    ),
    Column("seconds", "number", "s", "of processor time for the training, the same in every row"),
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment; the images need masks or boxes of their objects.

    An estimator of DRE is trained for each of `train_seeds`, on `n_train` pictures for `epochs`
    passes after `filter_epochs` of the spatial filter, once with the classifier in evaluation mode
    and once as the authors' trainer does it.
    """

    models: tuple[str, ...] = ("normed_shapes_cnn",)
    n_images: int = 60
    n_train: int = 1500
    epochs: int = 3
    filter_epochs: int = 5
    train_seeds: tuple[int, ...] = (0, 1, 2, 3, 4)

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(n_train=self.n_train, epochs=self.epochs, filter_epochs=self.filter_epochs)


def split(parameters: Parameters) -> list[Task]:
    """A task per network."""
    return whole_tasks(parameters)


def reads(given: Given) -> Inputs:
    """What a task reads: always pictures to train on, too."""
    return named_inputs(given, training=[(given["model"], given["n_train"])], objects=True)


@plugged(COLUMNS, all_with_objects)
def compute(chosen: Selection, masks: Tensor, given: Given) -> Rows:
    """Rows of one task: training seed × batch normalisation × image."""
    model = chosen.model
    pictures = training_pictures(given["model"], given["n_train"])
    for train_seed in given["train_seeds"]:
        training = (given["n_train"], given["epochs"], given["filter_epochs"], train_seed)
        plain = dre_setting(given["model"], *training)
        for batch_norm in BATCH_NORMS:
            setting = replace(plain, plan=replace(plain.plan, batch_norm=batch_norm))
            began = time.process_time()
            estimator = train_relevance_estimator(
                model,
                layers_of(given["model"], model, chosen.pictures[:1]),
                pictures,
                plan=setting.plan,
                design=setting.design,
            )
            seconds = time.process_time() - began
            left = model
            if batch_norm == "batch":
                left = with_moved_statistics(model, estimator, pictures, setting)
            keys = {"batch_norm": batch_norm, "train_seed": train_seed, "seconds": seconds}
            yield from _rows(chosen, masks, estimator, left, keys)


def with_moved_statistics(
    model: nn.Module,
    estimator: RelevanceEstimator,
    pictures: Sequence[Tensor] | Tensor,
    setting: Setting,
) -> nn.Module:
    """A copy of the classifier with the running statistics that the authors' trainer leaves.

    They follow every batch that goes through it, whole or preserved by a mask, and forget all but
    the last few dozen. One more pass over the training pictures with the trained masks stands for
    these.

    Args:
        model: the classifier, which stays as it is.
        estimator: its trained masks.
        pictures: those it was trained on.
        setting: of the training.
    """
    moved = copy.deepcopy(model)
    for part in moved.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.train()
    device = next(model.parameters()).device
    random = torch.Generator().manual_seed(setting.plan.seed)
    order = torch.randperm(len(pictures), generator=random)
    with frozen(model), torch.no_grad():
        for numbers in order.split(setting.plan.batch_size):
            if len(numbers) == 1:  # which has no statistics
                continue
            images = torch.stack([pictures[number] for number in numbers.tolist()]).to(device)
            answers, maps = feature_maps(moved, images, estimator.layers)
            mask = estimator.generator(maps, answers.argmax(dim=1))
            whole = enlarged(mask, images.shape[2:])
            moved(preserved(images, whole, setting.background.draw(images, random)))
    return moved.eval()


def _rows(
    chosen: Selection,
    masks: Tensor,
    estimator: RelevanceEstimator,
    left: nn.Module,
    keys: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    maps = saliency(create("dre", estimator=estimator)(*chosen.inputs), "sum_abs")
    found = faithfulness(*chosen.inputs[:2], maps, chosen.targets, seeds=chosen.seeds)
    after = predicted_classes(left, chosen.pictures, BATCH)
    values = {
        "correct": chosen.correct.long(),
        "correct_after": (after == chosen.labels).long(),
        "faithfulness": found.value,
        "explainability": explainability(maps.cpu(), masks.cpu()),
    }
    yield from per_image({name: value.tolist() for name, value in values.items()}, **keys)


EXPERIMENT = Experiment(
    name="dre_batch_norm",
    title="Masks trained with the classifier's batch normalisation in either mode",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(n_images=300, n_train=3000),
        "paper": Parameters(
            models=("resnet50", "googlenet"),
            images="imagenet_val",
            n_images=1000,
            n_train=1281167,
            epochs=10,
        ),
    },
    split=split,
    compute=compute,
    recorded=COLUMNS,
    reads=reads,
)
