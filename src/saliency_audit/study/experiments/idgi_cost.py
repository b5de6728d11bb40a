"""Images per second of each method and network, beside plain forward and backward passes."""

from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from saliency_audit.attributions import PathAttribution
from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.registry import RULES
from saliency_audit.errors import AuditError
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.image_parameters import ImageParameters
from saliency_audit.study.paths import PAPER_MODELS, PATHS, study_path
from saliency_audit.study.selection import select
from saliency_audit.study.shared_columns import shared
from saliency_audit.study.slices import whole_tasks
from saliency_audit.study.timing import device_name, timed

BATCH_SIZES = {"cpu": (4, 8, 16), "cuda": (64, 128, 256)}

COLUMNS = (
    *shared("model", "method"),
    Column("repeat", "integer", "", "which of the repeats, from 0"),
    Column("images", "integer", "images", "explained together"),
    *shared("steps"),
    Column("points", "integer", "points", "of all paths together: images × steps"),
    Column("seconds", "number", "s", "wall-clock time of the maps of these images"),
    Column("raw_seconds", "number", "s", "of as many plain forward and backward passes"),
    *shared("device"),
)


@dataclass(frozen=True)
class Parameters(ImageParameters):
    """Parameters of the experiment: `n_images` are explained together, `repeats` times."""

    n_images: int = 4
    steps: int = 128
    repeats: int = 5


def compute(task: Task) -> Outcome:
    """Rows of one model: one per method and repeat, methods and plain passes in turn."""
    given: dict[str, Any] = dict(task.parameters)
    # Twice as many candidates: some are misclassified.
    chosen = select(given["model"], given["images"], given["seed"], 0, 2 * given["n_images"])
    if not chosen.indices:
        raise AuditError(
            f"idgi_cost: {given['model']} classifies none of the first {2 * given['n_images']} "
            f"pictures of {given['images']} correctly, so there is nothing to explain; take more "
            "images or another seed"
        )
    pictures, targets = chosen.pictures[: given["n_images"]], chosen.targets[: given["n_images"]]
    points = len(pictures) * given["steps"]
    size = best_batch_size(chosen.model, pictures)
    explainers = {
        f"{path}{suffix}": PathAttribution(
            study_path(path, given["steps"], pictures.shape[-1]), rule
        )
        for path in PATHS
        for suffix, rule in RULES.items()
    }
    rows = []
    for repeat in range(given["repeats"]):
        for method, explain in explainers.items():
            plain = partial(plain_passes, chosen.model, pictures, points, size)
            explained = partial(explain, chosen.model, pictures, targets)
            rows.append(
                {
                    "model": given["model"],
                    "method": method,
                    "repeat": repeat,
                    "images": len(pictures),
                    "steps": given["steps"],
                    "points": points,
                    "seconds": timed(explained, pictures.device),
                    "raw_seconds": timed(plain, pictures.device),
                    "device": device_name(pictures.device),
                }
            )
    notes = {**chosen.notes, "batch_size_of_plain_passes": size}
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), notes)


def plain_passes(model: nn.Module, pictures: Tensor, points: int, batch_size: int) -> None:
    """`points` forward and backward passes to the input, and nothing else."""
    batch = pictures[:1].repeat(batch_size, 1, 1, 1)
    batch = batch.contiguous(memory_format=torch.channels_last)
    with frozen(model):
        for first in range(0, points, batch_size):
            part = batch[: min(batch_size, points - first)].detach().requires_grad_(True)
            torch.autograd.grad(model(part).softmax(dim=1)[:, 0].sum(), part)


def best_batch_size(model: nn.Module, pictures: Tensor) -> int:
    """The batch size at which plain passes take the least time per picture on this device."""
    sizes = BATCH_SIZES.get(pictures.device.type, BATCH_SIZES["cpu"])
    points = 4 * max(sizes)
    # In turn, so that a busy moment of the machine affects all sizes.
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(5):
        for size, found in seconds.items():
            passes = partial(plain_passes, model, pictures, points, size)
            found.append(timed(passes, pictures.device))
    return min(sizes, key=lambda size: median(seconds[size]))


EXPERIMENT = Experiment(
    name="idgi_cost",
    title="Images per second of six path methods, beside plain forward and backward passes",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(models=("squeezenet1_0", "mobilenet_v2"), images="imagenet_sample"),
        "paper": Parameters(models=PAPER_MODELS, images="imagenet_val", n_images=32),
    },
    split=whole_tasks,
    compute=compute,
    recorded=COLUMNS,
)
