"""How similar maps of digits are to the digit itself: the rows behind Table 1 of the GGIG paper."""

from dataclasses import dataclass, replace

from torch import Tensor

from saliency_audit.attributions import (
    GGIG,
    Edge,
    MeanGradient,
    RandomMap,
    Riemann,
    Saliency,
    StraightPath,
    walk,
)
from saliency_audit.attributions.quadrature import weights
from saliency_audit.sanity import similarity_rows
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Labels, Task
from saliency_audit.study.ggig_methods import climb_of
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared
from saliency_audit.study.slices import slice_tasks
from saliency_audit.study.validation import validate_counts

COLUMNS = (*shared("model", "images", "method", "sign"), *IMAGE, *SIMILARITIES)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment.

    `steps` are the points of the line, both ends included, `ascents` and `learning_rate` those of
    the climb at each. Only the first `n_climbed` candidates (None: all), rounded up to whole
    slices, get that climb. Every image gets GGIG with `short_ascents` (at most `ascents`).
    """

    models: tuple[str, ...] = ("digits_cnn",)
    n_images: int = 100
    steps: int = 51
    ascents: int = 200
    short_ascents: int = 20
    n_climbed: int | None = None
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(
            short_ascents=self.short_ascents,
            n_climbed=self.n_images if self.n_climbed is None else self.n_climbed,
        )


def tasks(parameters: Parameters) -> list[Task]:
    """One task per slice of images and model, which says whether its images get the whole climb."""
    until = parameters.n_images if parameters.n_climbed is None else parameters.n_climbed
    return slice_tasks(
        parameters, without=("n_climbed",), more=lambda first: {"climbed": first < until}
    )


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: image × method × sign."""
    for method, maps in _maps(chosen, given).items():
        yield from similarity_rows(maps, chosen.pictures, {"method": method})


def _maps(chosen: Selection, given: Given) -> dict[str, Tensor]:
    """The three methods of the paper, variants of two of them, and the controls."""
    on = chosen.inputs
    line = StraightPath(given["steps"], "trapezoid")
    mean, product = walk(
        *on,
        path=line,
        rules=[MeanGradient(weights(line.quadrature, line.steps)), Riemann()],
        output="logit",
    )
    short = GGIG(given["steps"], _short_ascents(given), given["learning_rate"])
    return {
        "saliency": Saliency(output="logit")(*on),
        "ig_without_product": mean,
        "ig": product,
        **(_climbed(chosen, given) if given["climbed"] else {}),
        "ggig_short": short(*on),
        "edge": Edge()(*on),
        "random": RandomMap(seed=given["seed"])(*on),
    }


def _short_ascents(given: Given) -> int:
    return min(given["short_ascents"], given["ascents"])


def _climbs(given: Given) -> dict[str, int]:
    """GGIG's climb as columns, and the steps of the short one."""
    return {**climb_of(given), "short_climb_ascents": _short_ascents(given)}


LABELS = Labels(
    (
        *shared("climb_points", "climb_ascents"),
        Column("short_climb_ascents", "integer", "steps", "the same for the method ggig_short"),
    ),
    _climbs,
)


def _climbed(chosen: Selection, given: Given) -> dict[str, Tensor]:
    """GGIG and its variants, from one climb."""
    climb = GGIG(given["steps"], given["ascents"], given["learning_rate"])
    variants = {
        "ggig": climb,
        "ggig_absolute": replace(climb, absolute=True),
        "ggig_trapezoid": replace(climb, trapezoid=True),
    }
    maps = walk(
        *chosen.inputs,
        path=climb.path,
        rules=[each.rule for each in variants.values()],
        output="logit",
    )
    return dict(zip(variants, maps, strict=True))


EXPERIMENT = Experiment(
    name="ggig_mnist",
    title="Similarity of maps to the digits that they explain",
    version=2,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(models=("mnist_cnn",), n_images=10000, n_climbed=1000),
        "paper": Parameters(models=("mnist_cnn",), n_images=10000),
    },
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=LABELS,
)
