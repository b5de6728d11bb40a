"""What a map costs: passes through the network, counted, and seconds, for every method."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import pandas as pd
from torch import Tensor, nn

from saliency_audit.attributions import Saliency
from saliency_audit.study.columns import Column, names
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.ggig_methods import (
    METHODS,
    VARIANTS,
    Effort,
    effort_in,
    explainers,
    validate_methods,
)
from saliency_audit.study.selection import images_of, select
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.timing import device_name, quickest
from saliency_audit.study.validation import (
    validate_counts,
    validate_models,
    validate_rate,
    validate_steps,
)

COLUMNS = (
    *shared("model", "images", "method"),
    *IMAGE,
    Column("forward_passes", "integer", "pictures", "through the network for the map"),
    Column("backward_passes", "integer", "pictures", "back through the network for the map"),
    Column("seconds", "number", "s", "wall-clock time of the map"),
    Column("gradient_seconds", "number", "s", "of one gradient of the same image"),
    *shared("device"),
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; `n_images` counts candidates, before classification.

    The rest are the methods and their `Effort`, by default the settings of the papers. GGIG's
    variants, which cost what it costs, are left out.
    """

    models: tuple[str, ...] = ("shapes_cnn",)
    images: str | None = None
    n_images: int = 2
    methods: tuple[str, ...] = tuple(name for name in METHODS if name not in VARIANTS)
    steps: int = 51
    ascents: int = 200
    learning_rate: float = 1e-4
    samples: int = 50
    masks: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        validate_models(self.models, self.images)
        validate_rate(self.learning_rate)
        validate_methods(self.methods)
        validate_steps(self.steps)
        validate_counts(
            n_images=self.n_images, ascents=self.ascents, samples=self.samples, masks=self.masks
        )

    @property
    def effort(self) -> Effort:
        """How many points the methods take."""
        return effort_in(vars(self))


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per model: what is compared is timed in one process."""
    return [
        Task(
            model,
            {
                "model": model,
                "images": images_of(model, parameters.images),
                "n_images": parameters.n_images,
                "methods": list(parameters.methods),
                "effort": asdict(parameters.effort),
                "seed": parameters.seed,
            },
        )
        for model in parameters.models
    ]


def compute(task: Task) -> Outcome:
    """Rows of one model: one per image and method, each image explained alone."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select(given["model"], given["images"], given["seed"], 0, given["n_images"])
    made = explainers(given["methods"], Effort(**given["effort"]), given["seed"])
    device = chosen.pictures.device
    rows = []
    for position in range(len(chosen.indices)):
        picture = chosen.pictures[position : position + 1]
        on = (chosen.model, picture, chosen.targets[position : position + 1])
        gradient = partial(Saliency(output="logit"), *on)
        for method, explain in made.items():
            with counted_passes(chosen.model) as passes:
                seconds, runs = quickest(partial(explain, *on), device)
            rows.append(
                {
                    "model": given["model"],
                    "images": given["images"],
                    "method": method,
                    **chosen.describe(position),
                    "forward_passes": passes["forward"] // runs,
                    "backward_passes": passes["backward"] // runs,
                    "seconds": seconds,
                    "gradient_seconds": quickest(gradient, device)[0],
                    "device": device_name(device),
                }
            )
    return Outcome(pd.DataFrame(rows, columns=names(COLUMNS)), chosen.notes)


@contextmanager
def counted_passes(model: nn.Module) -> Iterator[Counter[str]]:
    """Counts the pictures that go through the model: "forward", and "backward" on their way back.

    The model comes back without the hook, also after an exception.
    """
    passes: Counter[str] = Counter()

    def count(module: nn.Module, given: tuple[Tensor, ...], scores: Tensor) -> None:
        passes["forward"] += len(scores)
        if scores.requires_grad:
            scores.register_hook(lambda gradient: passes.update(backward=len(gradient)))

    handle = model.register_forward_hook(count)
    try:
        yield passes
    finally:
        handle.remove()


EXPERIMENT = Experiment(
    name="method_cost",
    title="Passes and seconds per map of every method",
    version=2,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {"models": ("squeezenet1_0",), "images": "imagenet_sample", "n_images": 3},
        "paper": {"models": ("inception_v3", "resnet101"), "images": "imagenet_val"},
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
)
