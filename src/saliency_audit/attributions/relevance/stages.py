"""The two stages of training a relevance estimator: the spatial filter, then the masks."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saliency_audit.attributions.relevance.background import Background
from saliency_audit.attributions.relevance.estimator import RelevanceEstimator
from saliency_audit.attributions.relevance.objective import Objective
from saliency_audit.attributions.relevance.pictures import Pictures
from saliency_audit.attributions.relevance.plan import EstimatorPlan
from saliency_audit.attributions.relevance.pyramid import feature_maps


@dataclass(frozen=True)
class Stage:
    """One of the two stages: what is optimised, how, and for what."""

    name: str
    epochs: int
    batch_size: int
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    # Whether the schedule counts steps; otherwise it counts epochs.
    by_step: bool
    loss: Callable[[Sequence[int], torch.Generator], Tensor]


def filter_stage(
    model: nn.Module, estimator: RelevanceEstimator, pictures: Pictures, plan: EstimatorPlan
) -> Stage:
    """Eq. 4: features are like the embedding of their class and unlike those of others."""
    spatial = estimator.generator.filter

    def loss(numbers: Sequence[int], generator: torch.Generator) -> Tensor:
        answers, maps = feature_maps(model, pictures.at(numbers), estimator.layers)
        classes = pictures.classes(numbers, answers)
        fake = torch.rand(len(numbers), generator=generator, dtype=torch.float32) < plan.fake
        others = torch.randint(1, estimator.classes, (len(numbers),), generator=generator)
        shown = (classes + (others * fake).to(classes.device)) % estimator.classes
        sign = 2.0 * fake.to(classes.device) - 1
        similarity = spatial.similarity(maps[-1], shown)
        if plan.filter_loss == "released":
            return F.softplus(sign * similarity.mean(dim=(1, 2))).mean()
        return (sign * similarity.sigmoid().mean(dim=(1, 2))).mean()

    optimizer = torch.optim.Adam(
        spatial.parameters(), lr=plan.filter_learning_rate, weight_decay=plan.filter_weight_decay
    )
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 4000, 0.1)
    return Stage(
        "filter", plan.filter_epochs, plan.filter_batch_size, optimizer, schedule, True, loss
    )


def mask_stage(
    model: nn.Module,
    estimator: RelevanceEstimator,
    pictures: Pictures,
    plan: EstimatorPlan,
    objective: Objective,
    background: Background,
) -> Stage:
    """Eq. 9 or Eq. 2: the preserved picture has the class of the whole one."""
    masks = estimator.generator

    def loss(numbers: Sequence[int], generator: torch.Generator) -> Tensor:
        images = pictures.at(numbers)
        with _batch_statistics(model, plan.batch_norm == "batch"):
            answers, maps = feature_maps(model, images, estimator.layers)
            classes = pictures.classes(numbers, answers)
            mask = masks(maps, classes)
            return objective.loss(model, images, background.draw(images, generator), mask, classes)

    trained = [
        value
        for name, value in masks.named_parameters()
        if plan.filter_further or not name.startswith("filter.")
    ]
    optimizer = torch.optim.Adam(trained, lr=plan.learning_rate)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, plan.halve_every, 0.5)
    return Stage("masks", plan.epochs, plan.batch_size, optimizer, schedule, False, loss)


@contextmanager
def _batch_statistics(model: nn.Module, wanted: bool) -> Iterator[None]:
    """Batch normalisation by the batch's own statistics, its running ones untouched."""
    norms = [part for part in model.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    norms = norms if wanted else []
    kept = [(part.track_running_stats, part.training) for part in norms]
    for part in norms:
        part.track_running_stats, part.training = False, True
    try:
        yield
    finally:
        for part, (tracked, training) in zip(norms, kept, strict=True):
            part.track_running_stats, part.training = tracked, training
