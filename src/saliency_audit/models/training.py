"""The project's one training loop."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# torch's global generator is one per process: two trainings in two threads would share it.
_GLOBAL_GENERATOR = threading.Lock()


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained; the fields are the whole configuration."""

    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0


def train(
    build: Callable[[], nn.Module], images: Tensor, labels: Tensor, plan: TrainingPlan
) -> nn.Module:
    """Train a network with Adam on cross-entropy; the global random state is left alone.

    The same plan gives the same weights on the same kind of CPU with the same number of threads;
    another number of threads adds floats in another order.

    Args:
        build: makes the untrained network.
        images: `(N, C, H, W)` in [0, 1].
        labels: `(N,)` int64.
        plan: epochs, batch size, learning rate, seed.

    Returns:
        The trained network in evaluation mode.
    """
    # The fork spans the loop too: dropout draws from the global generator.
    with _GLOBAL_GENERATOR, torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        model = build()
        generator = torch.Generator().manual_seed(plan.seed)
        optimizer = torch.optim.Adam(model.parameters(), lr=plan.learning_rate)
        model.train()
        for _ in range(plan.epochs):
            for chosen in torch.randperm(len(images), generator=generator).split(plan.batch_size):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
                optimizer.step()
    return model.eval()
