"""Checks of parameters that several experiments share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from saliency_audit.attributions import AscendingPath
from saliency_audit.attributions.reduction import REDUCTIONS
from saliency_audit.datasets import CATALOG
from saliency_audit.errors import is_whole, refuse_unknown
from saliency_audit.models import CLASSIFIERS
from saliency_audit.study.ggig_methods import validate_methods
from saliency_audit.study.paths import PATHS
from saliency_audit.study.selection import images_of


def validate_fields(parameters: Any) -> None:
    """Refuse invalid values of the fields that mean the same in every experiment.

    Args:
        parameters: of an experiment; its other fields are its own to check.

    Raises:
        ValueError: names the first such field.
    """
    for name, value in vars(parameters).items():
        values = value if isinstance(value, tuple) else (value,)
        if name in COUNTS:
            validate_counts(**{name: min(values, default=0)})
        elif name in POINTS:
            validate_steps(*values)
        elif name in OTHERS:
            OTHERS[name](value)


def validate_rate(learning_rate: float) -> None:
    """Refuse a learning rate that GGIG cannot climb with.

    Raises:
        ValueError: it is not a finite number ≥ 0.
    """
    AscendingPath(learning_rate=learning_rate)


def validate_models(models: Sequence[str], images: str | None) -> None:
    """Refuse unknown classifiers and image sets, and an empty list of classifiers.

    Raises:
        ValueError: names the unknown and the known ones, or says that no model is given.
    """
    if not models:
        raise ValueError("at least one model is needed")
    _refuse_unknown("classifiers", models, list(CLASSIFIERS))
    validate_image_sets(*(images_of(model, images) for model in models))


def validate_paths(paths: Sequence[str]) -> None:
    """Refuse paths that the IDGI study does not use.

    Raises:
        ValueError: names the unknown and the known ones.
    """
    _refuse_unknown("paths", paths, PATHS)


def validate_image_sets(*names: str) -> None:
    """Refuse image sets that are unknown.

    Raises:
        ValueError: names the unknown one and the known ones.
    """
    for name in names:
        refuse_unknown("image set", name, CATALOG)


def validate_steps(*steps: int) -> None:
    """Refuse a path with fewer points than its two ends.

    Raises:
        ValueError: no number given, or one below 2.
    """
    if not steps or min(steps) < 2:
        given = ", ".join(map(str, dict.fromkeys(steps))) or "none"
        raise ValueError(f"steps must be at least 2 (the path's two ends), got {given}")


def validate_counts(**counts: int) -> None:
    """Refuse counts below 1.

    Raises:
        ValueError: names the first such count.
    """
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")


def validate_seeds(seeds: Sequence[int]) -> None:
    """Refuse seeds of trainings that are none.

    Raises:
        ValueError: no seed, or one that is no whole number.
    """
    if not seeds or not all(is_whole(seed) for seed in seeds):
        raise ValueError(f"train_seeds must be whole numbers, got {seeds!r}")


def validate_reduction(reduction: str) -> None:
    """Refuse an unknown reduction to one number per pixel.

    Raises:
        ValueError: names the known ones.
    """
    refuse_unknown("reduction", reduction, REDUCTIONS)


def validate_mode(information: str) -> None:
    """Refuse an unknown way to restore the hidden pixels of information curves.

    Raises:
        ValueError: names the known ones.
    """
    if information not in ("exact", "fast"):
        raise ValueError(f"information must be exact or fast, got {information!r}")


def _refuse_unknown(kind: str, given: Sequence[str], known: Sequence[str]) -> None:
    if unknown := sorted({name for name in given if name not in known}):
        raise ValueError(f"unknown {kind} {unknown}; known: {', '.join(known)}")


# Fields that `validate_fields` checks: counts and numbers of points, or tuples of them; others.
COUNTS = ("n_images", "slice_size", "ascents", "draws", "samples", "masks", "reveal", "repeats")
POINTS = ("steps", "climb_points", "points")
OTHERS: Mapping[str, Callable[[Any], None]] = {
    "methods": validate_methods,
    "learning_rate": validate_rate,
    "reduction": validate_reduction,
    "information": validate_mode,
    "paths": validate_paths,
    "train_seeds": validate_seeds,
}
