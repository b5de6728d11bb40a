"""Training a relevance estimator: two stages, epoch by epoch, resumed where they were killed."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.relevance.background import Background
from saliency_audit.attributions.relevance.checkpoint import Checkpoint, Position
from saliency_audit.attributions.relevance.estimator import (
    RelevanceEstimator,
    described,
    untrained,
)
from saliency_audit.attributions.relevance.generator import Design
from saliency_audit.attributions.relevance.objective import Objective
from saliency_audit.attributions.relevance.pictures import Pictures
from saliency_audit.attributions.relevance.plan import EstimatorPlan
from saliency_audit.attributions.relevance.stages import Stage, filter_stage, mask_stage

Progress = Callable[[str, int, int, float, float], None]
# Seconds between two checkpoints within an epoch.
EVERY = 60.0


def train_relevance_estimator(
    model: nn.Module,
    layers: Sequence[str],
    images: Tensor | Sequence[Any],
    targets: Tensor | Sequence[int] | None = None,
    *,
    design: Design = Design(),  # noqa: B008 (frozen, hence shareable)
    objective: Objective = Objective(),  # noqa: B008
    background: Background = Background(),  # noqa: B008
    plan: EstimatorPlan = EstimatorPlan(),  # noqa: B008
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> RelevanceEstimator:
    """Train a generator of masks for a classifier, which stays as it is.

    The first stage trains the spatial filter to tell the class of a picture from others (Eq. 4),
    the second the whole generator for `objective` on pictures whose removed pixels are replaced by
    a `background` (Eq. 9; with weights Eq. 2). With a checkpoint, written every minute and after
    every epoch, a killed training goes on from there, to the same weights as one that was not
    killed.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        layers: names of its layers whose outputs halve in size, from the largest maps to the
            smallest; `find_pyramid` chooses some.
        images: `(N, C, H, W)` in [0, 1], or anything with a length whose items are pictures
            `(C, H, W)` of one size or pairs that begin with one, such as torchvision's
            `ImageFolder` with a transform that crops and makes tensors.
        targets: `(N,)` int64 classes to explain, or a list of them; if not given, those that the
            model predicts, as in the paper.
        design: of the generator.
        objective: what it is trained for.
        background: what replaces removed pixels.
        plan: epochs, rates, seed and so on.
        checkpoint: a file for the state of the training, removed when it is done. With one, all
            pictures are read once before the training, to know them again when it goes on; on one
            core that takes 1 ms for each of 128×128 pixels, 3 ms for 224×224. They must be the same
            at every reading.
        progress: called after every epoch, and every minute within one, with (stage, epochs done,
            epochs, mean loss of the present one, seconds left in this stage).

    Returns:
        The trained estimator in evaluation mode.

    Raises:
        ValueError: no image, pictures that are no tensors, differ in size or leave [0, 1], layers
            that do not exist or do not halve, targets that are no classes,
            a loss that is NaN, or a checkpoint of another training or of other pictures.

    Source: DRE paper, §3.2.2, §3.5 and §4.1.
    """
    source = Pictures(model, images, targets)
    if len(images) < 2:
        raise ValueError(f"at least two images are needed to train on, got {len(images)}")
    with frozen(model):
        estimator = untrained(model, source.at([0]), layers, design, plan.seed)
        stages = (
            filter_stage(model, estimator, source, plan),
            mask_stage(model, estimator, source, plan, objective, background),
        )
        told = repr((described(estimator), objective, background, plan))
        kept = Checkpoint(checkpoint, told, source.digest)
        _run(stages, estimator, len(images), plan.seed, kept, progress)
    estimator.generator.eval().requires_grad_(False)
    return estimator


def _run(
    stages: Sequence[Stage],
    estimator: RelevanceEstimator,
    count: int,
    seed: int,
    checkpoint: Checkpoint,
    progress: Progress | None,
) -> None:
    """Every step that the checkpoint does not have."""
    generator = estimator.generator.train()
    position = checkpoint.resume(stages, generator)
    for number, stage in enumerate(stages[position.stage :], start=position.stage):
        clock = _Clock(stage, count, position)
        for epoch in range(position.epoch, stage.epochs):
            random, total = _random(seed, number, epoch), position.loss
            for step, total in _steps(stage, count, random, position):
                if clock.is_due():
                    at = Position(number, epoch, step, total, random.get_state())
                    checkpoint.keep(at, stage, generator)
                    clock.tell(progress, at)
            position = Position(number, epoch + 1)
            checkpoint.keep(position, stage, generator)
            clock.tell(progress, replace(position, loss=total))
        position = Position(number + 1)
    checkpoint.remove()


def _steps(
    stage: Stage, count: int, random: torch.Generator, begin: Position
) -> Iterator[tuple[int, float]]:
    """One pass over the pictures in random order, from a step on.

    Yields:
        After each step how many are done, and the sum of their losses over pictures.
    """
    batches = torch.randperm(count, generator=random).split(stage.batch_size)
    if begin.random is not None:
        random.set_state(begin.random)
    total = begin.loss
    for step, numbers in enumerate(batches[begin.step :], start=begin.step + 1):
        if len(numbers) == 1:  # which batch normalisation cannot take
            continue
        stage.optimizer.zero_grad()
        with torch.enable_grad():
            loss = stage.loss(numbers.tolist(), random)
            loss.backward()
        total += float(loss.detach()) * len(numbers)
        if total != total:
            raise ValueError(
                f"the loss of the stage {stage.name!r} is NaN; lower its learning rate, and see "
                "whether the model's logits are finite"
            )
        stage.optimizer.step()
        if stage.by_step:
            stage.schedule.step()
        yield step, total
    if not stage.by_step:
        stage.schedule.step()


class _Clock:
    """When a stage is to be kept and told of, and how long it will take."""

    def __init__(self, stage: Stage, count: int, begin: Position) -> None:
        self._stage, self._steps = stage, math.ceil(count / stage.batch_size)
        self._count, self._begun = count, time.monotonic()
        self._latest, self._before = self._begun, self._done(begin)

    def is_due(self) -> bool:
        """Whether a minute has passed since it was last."""
        now = time.monotonic()
        if now - self._latest < EVERY:
            return False
        self._latest = now
        return True

    def tell(self, progress: Progress | None, at: Position) -> None:
        """Call `progress`."""
        if progress is None:
            return
        done = self._done(at)
        each = (time.monotonic() - self._begun) / max(1, done - self._before)
        left = each * (self._stage.epochs * self._steps - done)
        seen = min(self._count, at.step * self._stage.batch_size) or self._count
        progress(self._stage.name, at.epoch, self._stage.epochs, at.loss / seen, left)

    def _done(self, at: Position) -> int:
        return at.epoch * self._steps + at.step


def _random(seed: int, stage: int, epoch: int) -> torch.Generator:
    """Random numbers of one epoch, the same whether the training was killed or not."""
    return torch.Generator().manual_seed((seed * 2 + stage) * 1_000_003 + epoch)
