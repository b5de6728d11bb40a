"""The project's one training loop."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import torch
from torch import Tensor, nn

from saliency_audit.answers import validated_answers
from saliency_audit.errors import refuse_unknown
from saliency_audit.one_output import two_logits

# torch has one global generator per process: trainings in two threads would share it.
_GLOBAL_GENERATOR = threading.Lock()

SCHEDULES = ("constant", "one_cycle")
OPTIMIZERS = ("adam", "sgd")

Progress = Callable[[int, int, float], None]
Observer = Callable[[int, nn.Module], bool]


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained; the fields are the whole configuration.

    Attributes:
        epochs: passes over the images.
        batch_size: images per step.
        learning_rate: of the optimizer; the maximum with `schedule="one_cycle"`.
        seed: of the initial weights, dropout, order and flips.
        schedule: "constant", or "one_cycle" (Smith and Topin 2018).
        flips: whether every image is mirrored left-right with probability ½.
        temperature: factor of the logits before the softmax of the loss. Networks whose logits
            cannot differ by much, such as 1-Lipschitz ones, need more than 1.
        bfloat16: whether a GPU may compute in bfloat16; not for weights that must stay orthogonal.
        optimizer: "adam", or "sgd" with `momentum`.
        momentum: of SGD.
        iterations: steps after which training stops, possibly within an epoch; given by `epochs` if
            None.
    """

    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0
    schedule: str = "constant"
    flips: bool = False
    temperature: float = 1.0
    bfloat16: bool = True
    optimizer: str = "adam"
    momentum: float = 0.0
    iterations: int | None = None

    # Whether each epoch has an order of its own.
    shuffled: ClassVar[bool] = True

    def __post_init__(self) -> None:
        refuse_unknown("schedule", self.schedule, SCHEDULES)
        refuse_unknown("optimizer", self.optimizer, OPTIMIZERS)
        if self.momentum and self.optimizer != "sgd":
            raise ValueError(f"momentum belongs to sgd, got {self.momentum} for {self.optimizer}")
        if self.epochs < 0 or self.batch_size < 1:
            raise ValueError(
                "epochs must be at least 0 and batch_size at least 1, got "
                f"{self.epochs}, {self.batch_size}"
            )
        if min(self.learning_rate, self.temperature) <= 0:
            raise ValueError(
                "learning_rate and temperature must be above 0, got "
                f"{self.learning_rate}, {self.temperature}"
            )


class InOrder(TrainingPlan):
    """A plan by which every epoch sees the images in the order in which they are given."""

    shuffled = False


def train(
    build: Callable[[], nn.Module],
    images: Tensor,
    labels: Tensor,
    plan: TrainingPlan,
    *,
    device: torch.device | None = None,
    progress: Progress | None = None,
    observe: Observer | None = None,
) -> nn.Module:
    """Train a network with cross-entropy loss; the global random state is not changed.

    The same plan gives the same weights on the same kind of CPU with the same number of threads;
    the number of threads affects rounding. On a GPU the network computes in channels-last format
    and, if the plan allows it, in bfloat16; the weights are then not bit-identical between runs.

    Args:
        build: makes the untrained network; with one output, which is the logit of class 1, it is
            trained for labels 0 and 1.
        images: `(N, C, H, W)` in [0, 1].
        labels: `(N,)` int64.
        plan: epochs, batch size, learning rate, seed and so on.
        device: where to train; the images' if not given.
        progress: called after every epoch with (epochs done, epochs, mean loss of the epoch).
        observe: called after every step with (steps done, the network), which it may evaluate; the
            network is in training mode before and after. Returning True ends the training.

    Returns:
        The trained network in evaluation mode, on that device.

    Raises:
        ValueError: no image, another number of labels, or a network that does not return
            `(N, classes)`.
    """
    if len(images) == 0 or len(images) != len(labels):
        raise ValueError(f"{len(images)} images and {len(labels)} labels: nothing to train on")
    place = images.device if device is None else device
    fast = place.type == "cuda"
    images, labels = images.to(place), labels.to(place)
    # The fork includes the loop: dropout draws from the global generator.
    with _GLOBAL_GENERATOR, torch.random.fork_rng(devices=[place] if fast else []):
        torch.manual_seed(plan.seed)
        model = build().to(place)
        if fast:
            model = model.to(memory_format=torch.channels_last)
        generator = torch.Generator().manual_seed(plan.seed)
        optimizer = _optimizer(model, plan)
        steps = plan.epochs * -(-len(images) // plan.batch_size)
        steps = steps if plan.iterations is None else min(steps, plan.iterations)
        schedule = _schedule(optimizer, plan, steps)
        model.train()
        losses = torch.zeros((), device=place)
        walk = islice(_batches(len(images), plan, generator), steps)
        for done, (epoch, chosen, ends_epoch) in enumerate(walk, start=1):
            optimizer.zero_grad()
            with _precision(place, plan):
                batch = _flipped(images[chosen.to(place)], plan, generator)
                answers = two_logits(validated_answers(model(batch), len(batch)))
                logits = plan.temperature * answers
            loss = nn.functional.cross_entropy(logits.float(), labels[chosen.to(place)])
            loss.backward()
            optimizer.step()
            if schedule is not None:
                schedule.step()
            if observe is not None:
                if observe(done, model.eval()):
                    break
                model.train()
            losses += loss.detach() * len(chosen)
            if ends_epoch:
                if progress is not None:
                    progress(epoch + 1, plan.epochs, float(losses) / len(images))
                losses.zero_()
    return model.eval()


def _batches(
    count: int, plan: TrainingPlan, generator: torch.Generator
) -> Iterator[tuple[int, Tensor, bool]]:
    """Epoch, positions of the images, and whether the batch is the epoch's last."""
    for epoch in range(plan.epochs):
        order = torch.randperm(count, generator=generator) if plan.shuffled else torch.arange(count)
        parts = order.split(plan.batch_size)
        for number, chosen in enumerate(parts, start=1):
            yield epoch, chosen, number == len(parts)


def _optimizer(model: nn.Module, plan: TrainingPlan) -> torch.optim.Optimizer:
    if plan.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=plan.learning_rate, momentum=plan.momentum)
    return torch.optim.Adam(model.parameters(), lr=plan.learning_rate)


def _precision(place: torch.device, plan: TrainingPlan) -> AbstractContextManager[object]:
    if place.type == "cuda" and plan.bfloat16:
        return torch.autocast("cuda", torch.bfloat16)
    return nullcontext()


def _schedule(
    optimizer: torch.optim.Optimizer, plan: TrainingPlan, steps: int
) -> torch.optim.lr_scheduler.LRScheduler | None:
    if plan.schedule == "constant" or steps == 0:
        return None
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.learning_rate, total_steps=steps)


def _flipped(batch: Tensor, plan: TrainingPlan, generator: torch.Generator) -> Tensor:
    if not plan.flips:
        return batch
    mirrored = torch.rand(len(batch), generator=generator).to(batch.device) < 0.5
    return torch.where(mirrored[:, None, None, None], batch.flip(3), batch)


@torch.no_grad()
def predicted_classes(model: nn.Module, images: Tensor, batch_size: int = 500) -> Tensor:
    """The class with the largest logit for every image: `(N,)` int64 on the CPU.

    One output is the logit of class 1 (`two_logits`), as it is in training.

    Raises:
        ValueError: the model does not return `(N, classes)`.
    """
    place = next(model.parameters()).device
    answers = [
        two_logits(validated_answers(model(part.to(place)), len(part))).argmax(dim=1).cpu()
        for part in images.split(batch_size)
    ]
    return torch.cat(answers) if answers else torch.empty(0, dtype=torch.int64)
