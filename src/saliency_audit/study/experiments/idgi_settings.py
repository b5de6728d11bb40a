"""Insertion scores of six path methods under every setting that text and code leave open."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from saliency_audit.attributions import IDGI, GuidedPath, Path, Riemann, Rule, saliency, walk
from saliency_audit.released.idgi_paths import (
    DIRECTIONS,
    WHOLE,
    CutBlurPath,
    CutGuidedPath,
    CutStraightPath,
    validate_share,
)
from saliency_audit.released.idgi_study import insertion
from saliency_audit.released.thinned import Thinned
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, on_images, per_image
from saliency_audit.study.paths import (
    GUIDED_TOGETHER,
    INSERTION,
    KEYS,
    MAX_SIGMA,
    PAPER_MODELS,
    PATHS,
    SIDE,
    both_rules,
    insertion_columns,
)
from saliency_audit.study.selection import Selection
from saliency_audit.study.slices import slice_tasks

# Whose defaults Guided IG has: the method's own, or those of the study's code.
GUIDED = {"own": GuidedPath, "released": CutGuidedPath}
WALKS = ("whole", "cut")
STARTS = ("black", "blurred")
RANKINGS = {"signed": "sum", "magnitude": "sum_abs"}

COLUMNS = (
    *KEYS,
    Column("walk", "text", "", "whole: to the image; cut: as released, ends before it"),
    Column(
        "guided",
        "text",
        "",
        "own: Guided IG's defaults; released; empty: another path",
    ),
    Column("start", "text", "", "the insertion score's first picture: black or blurred"),
    Column("ranking", "text", "", "pixels by the signed sum over channels, or by its magnitudes"),
    *INSERTION,
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment.

    Images are the first of those of `idgi_scores`, correctly classified. `reveal` is the number of
    picture rows that are revealed at a time from a blurred start; from a black one it is 5 % of the
    pixels. Of the numbers of steps in the paper, a few are taken.
    """

    models: tuple[str, ...] = ("shapes_cnn",)
    n_images: int = 24
    slice_size: int = 24
    paths: tuple[str, ...] = PATHS
    steps: tuple[int, ...] = (8, 32, 128)
    reveal: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for steps in self.steps:
            validate_share(steps)


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: map × start × ranking."""
    for walks, method, attribution in _walked(chosen, given["path"], given["steps"]):
        for ranking, reduction in RANKINGS.items():
            salient = saliency(attribution, reduction)
            for start in STARTS:
                scores = _scores(chosen, salient, start, given["reveal"])
                for about in walks:
                    yield from per_image(
                        scores, **about, method=method, start=start, ranking=ranking
                    )


def _scores(chosen: Selection, salient: Tensor, start: str, reveal: int) -> dict[str, list[float]]:
    if start == "blurred":
        return insertion_columns(chosen, salient, reveal)
    model, pictures, targets = chosen.inputs
    channels = pictures.shape[1]
    # The catalogue's networks take pixels in [0, 1] and standardise them themselves.
    area, ratio = insertion(model, pictures, salient, targets, [0.0] * channels, [1.0] * channels)
    return {"probability": area.tolist(), "ratio": ratio.tolist()}


def _walked(
    chosen: Selection, path: str, numbers: tuple[int, ...]
) -> Iterator[tuple[list[dict[str, Any]], str, Tensor]]:
    """Maps with their method, and what tells the walks that they are of from others."""
    if path == "gig":
        for steps in numbers:
            yield from _guided(chosen, steps)
        return
    for steps in numbers:
        about = {"walk": "whole", "guided": "", "steps": steps}
        for method, found in both_rules(chosen, path, steps).items():
            yield [about], method, found
    for steps, maps in _cut(chosen, path, numbers).items():
        about = {"walk": "cut", "guided": "", "steps": steps}
        for method, found in maps.items():
            yield [about], method, found


def _guided(chosen: Selection, steps: int) -> Iterator[tuple[list[dict[str, Any]], str, Tensor]]:
    """One walk for either parameters; only IDGI's map depends on whether it goes to the end."""
    for name, of in GUIDED.items():
        path = GuidedPath(steps, of.fraction, of.max_dist, together=GUIDED_TOGETHER)
        rules: list[Rule] = [Riemann(), IDGI(), Thinned(IDGI())]
        plain, whole, cut = walk(*chosen.inputs, path=path, rules=rules)
        walks = [{"walk": kind, "guided": name, "steps": steps} for kind in WALKS]
        yield walks, "gig", plain
        yield walks[:1], "gig+idgi", whole
        yield walks[1:], "gig+idgi", cut


def _cut(chosen: Selection, path: str, numbers: tuple[int, ...]) -> dict[int, dict[str, Tensor]]:
    """Maps at every number of steps, from one walk."""
    rules = (Riemann(), IDGI())
    share = [Thinned(rule, WHOLE // steps) for steps in numbers for rule in rules]
    found = walk(*chosen.inputs, path=_cut_path(path, chosen.pictures.shape[-1]), rules=share)
    pairs = zip(numbers, found[::2], found[1::2], strict=True)
    return {
        steps: {path: plain, f"{path}+idgi": DIRECTIONS[path] * idgi}
        for steps, plain, idgi in pairs
    }


def _cut_path(path: str, side: int) -> Path:
    """The walk of all steps; the blur's widths are scaled with pictures smaller than ImageNet's."""
    if path == "ig":
        return CutStraightPath(WHOLE)
    return CutBlurPath(WHOLE, MAX_SIGMA * side / SIDE)


# The first 40 of the candidates of `idgi_scores`: about two minutes of one core per image.
SQUEEZENET = Parameters(
    models=("squeezenet1_0",),
    images="imagenet_sample",
    n_images=40,
    slice_size=10,
    steps=(8, 128),
    reveal=8,
)
EXPERIMENT = Experiment(
    name="idgi_settings",
    title="Insertion scores of six path methods under every setting that text and code leave open",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": {
            "squeezenet": SQUEEZENET,
            "mobilenet": replace(SQUEEZENET, models=("mobilenet_v2",)),
        },
        "paper": Parameters(
            models=PAPER_MODELS, images="imagenet_val", n_images=50000, slice_size=100
        ),
    },
    split=slice_tasks,
    compute=compute,
    recorded=COLUMNS,
)
