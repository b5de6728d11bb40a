"""What the experiments on path methods share: paths, networks, maps, columns."""

from torch import Tensor

from saliency_audit.attributions import (
    IDGI,
    BlurPath,
    GuidedPath,
    Path,
    Riemann,
    StraightPath,
    walk,
)
from saliency_audit.metrics import insertion_score
from saliency_audit.study.columns import Column
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared

#: Columns that identify a row; its values follow.
KEYS = (*shared("model", "images", "path", "method", "steps"), *IMAGE)

#: What `insertion_columns` gives.
INSERTION = (
    Column("probability", "number", "0 to 1", "insertion score with probability"),
    Column("ratio", "number", "≥ 0", "insertion score with probability ratio"),
)
PATHS = ("ig", "gig", "blurig")
# The widest blur of the reference implementation, at the size of ImageNet's pictures.
MAX_SIGMA, SIDE = 50.0, 224
# Guided paths are walked in blocks of so many images, or half a batch if that is less. Recorded
# rows depend on it: in single precision another size rounds otherwise, and a path can jump.
GUIDED_TOGETHER = 16
# The networks of the paper's tables.
PAPER_MODELS = (
    "densenet121",
    "densenet169",
    "densenet201",
    "inception_v3",
    "mobilenet_v2",
    "resnet50",
    "resnet101",
    "resnet152",
    "vgg16",
    "vgg19",
)


def study_path(name: str, steps: int, side: int) -> Path:
    """The path of a method at a number of steps, for pictures of `side` pixels.

    The paper does not print the settings of Guided IG and Blur IG: they are the reference
    implementation's (fraction 0.25, max_dist 0.02; σ up to 50 pixels at 224, scaled with the
    picture's side for smaller ones).

    Raises:
        ValueError: unknown name or too few steps.
    """
    if name == "ig":
        return StraightPath(steps)
    if name == "gig":
        return GuidedPath(steps, together=GUIDED_TOGETHER)
    if name == "blurig":
        return BlurPath(steps, max_sigma=MAX_SIGMA * side / SIDE)
    raise ValueError(f"unknown path {name!r}; known: {', '.join(PATHS)}")


def both_rules(
    chosen: Selection, path: str, steps: int, pictures: Tensor | None = None
) -> dict[str, Tensor]:
    """Attributions `(N, C, H, W)` by method: the path's own rule and IDGI, from one walk.

    `pictures` are explained in place of the chosen ones, for the same classes.
    """
    pictures = chosen.pictures if pictures is None else pictures
    maps = walk(
        chosen.model,
        pictures,
        chosen.targets,
        path=study_path(path, steps, pictures.shape[-1]),
        rules=[Riemann(), IDGI()],
    )
    return dict(zip((path, f"{path}+idgi"), maps, strict=True))


def insertion_columns(chosen: Selection, salient: Tensor, reveal: int) -> dict[str, list[float]]:
    """Insertion scores of the maps, `reveal` rows of the picture revealed per step."""
    scores = insertion_score(
        chosen.model,
        chosen.pictures,
        salient,
        chosen.targets,
        seeds=chosen.seeds,
        pixels_per_step=reveal * chosen.pictures.shape[-1],
    )
    return {"probability": scores.probability.tolist(), "ratio": scores.ratio.tolist()}
