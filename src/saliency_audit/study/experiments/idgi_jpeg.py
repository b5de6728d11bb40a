"""How much maps change when the picture is compressed: the rows behind Table 5."""

from dataclasses import dataclass

import torch

from saliency_audit.metrics import jpeg_copy, jpeg_stability
from saliency_audit.metrics.jpeg import Scale, uncancelled
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, on_images, per_image
from saliency_audit.study.paths import KEYS, PATHS, both_rules
from saliency_audit.study.selection import Selection
from saliency_audit.study.slices import slice_tasks

SCALES: tuple[Scale, ...] = ("raw", "unit_norm", "signed_sum")

COLUMNS = (
    *KEYS,
    Column(
        "scale",
        "text",
        "",
        "maps unscaled (raw), scaled to norm 1 (unit_norm) or sum 1 (signed_sum, as released)",
    ),
    Column(
        "uncancelled",
        "number",
        "",
        "|sum| / sum of magnitudes, the smaller of both maps: near 0 where signs cancel",
    ),
    Column("value", "number", "−ln", "of the mean squared difference to the map of the JPEG copy"),
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment."""

    models: tuple[str, ...] = ("digits_cnn", "shapes_cnn")
    n_images: int = 50
    paths: tuple[str, ...] = PATHS
    steps: int = 32
    quality: int = 75
    slice_size: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.quality <= 95:
            raise ValueError(f"quality must lie in 1..95, got {self.quality}")


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: image × method × scale."""
    copies = jpeg_copy(chosen.pictures, given["quality"])
    before = both_rules(chosen, given["path"], given["steps"])
    after = both_rules(chosen, given["path"], given["steps"], pictures=copies)
    for method, maps in before.items():
        left = torch.minimum(uncancelled(maps), uncancelled(after[method])).tolist()
        for scale in SCALES:
            stability = jpeg_stability(maps, after[method], scale=scale).tolist()
            values = {"uncancelled": left, "value": stability}
            yield from per_image(values, method=method, steps=given["steps"], scale=scale)


EXPERIMENT = Experiment(
    name="idgi_jpeg",
    title="Stability of six path methods under JPEG compression",
    version=2,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("squeezenet1_0", "mobilenet_v2"),
            images="imagenet_sample",
            n_images=170,
            slice_size=10,
        ),
        "paper": Parameters(
            models=("inception_v3",),
            images="imagenet_val",
            n_images=50000,
            steps=128,
            slice_size=100,
        ),
    },
    split=slice_tasks,
    compute=compute,
    recorded=COLUMNS,
)
