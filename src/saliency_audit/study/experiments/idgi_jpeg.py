"""How much maps change when the picture is compressed: the rows behind Table 5."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saliency_audit.metrics import jpeg_copy, jpeg_stability
from saliency_audit.metrics.jpeg import Scale
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Outcome, Task
from saliency_audit.study.path_rows import KEYS, both_rules, path_rows, select_slice, table
from saliency_audit.study.paths import PATHS
from saliency_audit.study.slices import sliced_tasks
from saliency_audit.study.validation import validate_counts, validate_names, validate_steps

SCALES: tuple[Scale, ...] = ("raw", "unit_norm")

COLUMNS = (
    *KEYS,
    Column("scale", "text", "", "maps as they are (raw), or each of Euclidean norm 1 (unit_norm)"),
    Column("value", "number", "−ln", "of the mean squared difference to the map of the JPEG copy"),
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of the experiment; `n_images` counts candidates, as in `idgi_scores`."""

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    images: str | None = None
    n_images: int = 50
    paths: tuple[str, ...] = PATHS
    steps: int = 32
    quality: int = 75
    seed: int = 0
    slice_size: int = 50

    def __post_init__(self) -> None:
        validate_names(self.models, self.images, self.paths)
        validate_steps(self.steps)
        validate_counts(n_images=self.n_images, slice_size=self.slice_size)
        if not 1 <= self.quality <= 95:
            raise ValueError(f"quality must lie in 1..95, got {self.quality}")


def tasks(parameters: Parameters) -> Sequence[Task]:
    """One task per slice of images, model and path."""
    common = {name: getattr(parameters, name) for name in ("steps", "quality", "seed")}
    return sliced_tasks(parameters, lambda first: common)


def compute(task: Task) -> Outcome:
    """Rows of one task: image × method × scale."""
    given: dict[str, Any] = dict(task.parameters)
    chosen = select_slice(given)
    if not chosen.indices:
        return Outcome(table([], COLUMNS), chosen.notes)
    copies = jpeg_copy(chosen.pictures, given["quality"])
    before = both_rules(chosen, given["path"], given["steps"])
    after = both_rules(chosen, given["path"], given["steps"], pictures=copies)
    rows: list[dict[str, Any]] = []
    for method, maps in before.items():
        for scale in SCALES:
            stability = jpeg_stability(maps, after[method], scale=scale)
            values = {"scale": [scale] * len(maps), "value": stability.tolist()}
            rows += path_rows(given, chosen, method, given["steps"], values)
    return Outcome(table(rows, COLUMNS), chosen.notes)


EXPERIMENT = Experiment(
    name="idgi_jpeg",
    title="Stability of six path methods under JPEG compression",
    version=1,
    parameters=Parameters,
    profiles={
        "embedded": {},
        "reference": {
            "models": ("squeezenet1_0", "mobilenet_v2"),
            "images": "imagenet_sample",
            "n_images": 170,
            "slice_size": 10,
        },
        "paper": {
            "models": ("inception_v3",),
            "images": "imagenet_val",
            "n_images": 50000,
            "steps": 128,
            "slice_size": 100,
        },
    },
    tasks=tasks,
    compute=compute,
    recorded=COLUMNS,
)
