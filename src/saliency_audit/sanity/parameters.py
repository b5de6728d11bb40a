"""Does a map depend on the model's parameters? Noise on the weights, and re-initialised layers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from torch import Tensor, nn

from saliency_audit.attributions import Explainer
from saliency_audit.attributions.arguments import fixed_targets
from saliency_audit.attributions.engine import frozen, predict
from saliency_audit.attributions.targets import Targets
from saliency_audit.models.degradation import with_sigma_noise
from saliency_audit.models.randomization import (
    Randomisation,
    all_reinitialised,
    cascade,
    layers_in_order,
    one_by_one,
)
from saliency_audit.sanity.comparison import similarity_rows, validate_comparison

Maps = Mapping[str, Tensor]


def perturbed_weights(
    model: nn.Module,
    explainers: Mapping[str, Explainer],
    images: Tensor,
    targets: Targets = None,
    *,
    levels: Sequence[float],
    draws: int = 10,
    seed: int = 0,
    scaling: str = "min-max",
) -> pd.DataFrame:
    """σ-perturbation: maps and scores as noise on the weights grows.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        explainers: methods by name.
        images: `(N, C, H, W)`.
        targets: the class that is explained before and after, in any form of `Targets`; None for
            what the unchanged model predicts.
        levels: sizes of the noise in σ, at least one; see `with_sigma_noise`.
        draws: of the noise per level, at least 1.
        seed: of the noise; draw i is the same at every level except for its size.
        scaling: of the maps before they are compared; see `similarities`.

    Returns:
        A row per image × method × sign × level × draw: `position`, `method`, `sign`, `level`,
        `draw`, `probability` of the target, and a column per measure of `MEASURES`, the similarity
        to the map of the unperturbed model.

    Raises:
        ValueError: no method, image or draw, no level or a negative one, an unknown scaling, or as
            the methods.

    Source: GGIG paper, §4.
    """
    validate_comparison(explainers, images, scaling)
    _validate_draws(draws)
    if not len(levels):
        raise ValueError("at least one level of noise is needed, got none")
    classes = fixed_targets(model, images, targets)
    before = _explained(model, explainers, images, classes)
    return pd.DataFrame(
        row
        for level in levels
        for draw in range(draws)
        for row in _rows(
            with_sigma_noise(model, level, seed=1000 * seed + draw),
            explainers,
            images,
            classes,
            before,
            {"level": float(level), "draw": draw},
            scaling,
        )
    )


def unrelated_models(
    model: nn.Module,
    explainers: Mapping[str, Explainer],
    images: Tensor,
    targets: Targets = None,
    *,
    draws: int = 10,
    how: Randomisation = Randomisation(),  # noqa: B008 (frozen, hence shareable)
    scaling: str = "min-max",
) -> pd.DataFrame:
    """The floor of a similarity: the model's maps compared with those of unrelated models.

    Such maps can only be alike through properties of the method or of the picture: what the method
    shows for any model, as an edge detector does, or parts of the picture that are empty.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        explainers: methods by name.
        images: `(N, C, H, W)`.
        targets: the class that is explained before and after, in any form of `Targets`; None for
            what the unchanged model predicts.
        draws: models with all layers re-initialised, at least 1.
        how: initialiser, batch norm and seed.
        scaling: of the maps before they are compared; see `similarities`.

    Returns:
        A row per image × method × sign × draw: `position`, `method`, `sign`, `draw`, `probability`
        of the target, and a column per measure of `MEASURES`.

    Raises:
        ValueError: no method, image or draw, an unknown scaling, a model that `all_reinitialised`
            refuses, or as the methods.

    Source: ours; §4 of the GGIG paper expects a similarity of about 0, which unrelated maps need
    not have.
    """
    validate_comparison(explainers, images, scaling)
    _validate_draws(draws)
    classes = fixed_targets(model, images, targets)
    before = _explained(model, explainers, images, classes)
    return pd.DataFrame(
        row
        for draw in range(draws)
        for row in _rows(
            all_reinitialised(model, images[:1], replace(how, seed=1000 * how.seed + draw)),
            explainers,
            images,
            classes,
            before,
            {"draw": draw},
            scaling,
        )
    )


def randomised_layers(
    model: nn.Module,
    explainers: Mapping[str, Explainer],
    images: Tensor,
    targets: Targets = None,
    *,
    how: Randomisation = Randomisation(),  # noqa: B008 (frozen, hence shareable)
    independent: bool = False,
    most_stages: int | None = None,
    scaling: str = "min-max",
) -> pd.DataFrame:
    """Model randomisation: maps and scores as layers are re-initialised.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        explainers: methods by name.
        images: `(N, C, H, W)`.
        targets: the class that is explained before and after, in any form of `Targets`; None for
            what the unchanged model predicts.
        how: initialiser, batch norm and seed.
        independent: each layer alone instead of the nested cascade from the output down.
        most_stages: the largest number of stages that are explained, at least 2; if there are more,
            some are skipped evenly, never the first or the last. All if None.
        scaling: of the maps before they are compared; see `similarities`.

    Returns:
        A row per image × method × sign × stage: `position`, `method`, `sign`, `layer`, the one
        re-initialised last, `stage` from 1, `probability` of the target, and a column per measure,
        the similarity to the map of the trained model.

    Raises:
        ValueError: no method or image, fewer than 2 stages, an unknown scaling, a model that
            `cascade` refuses, or as the methods.

    Source: Adebayo et al. 2018; GGIG paper, §5.
    """
    validate_comparison(explainers, images, scaling)
    wanted = _spread(len(layers_in_order(model, images[:1])), most_stages)
    classes = fixed_targets(model, images, targets)
    before = _explained(model, explainers, images, classes)
    stages = (one_by_one if independent else cascade)(model, images[:1], how)
    return pd.DataFrame(
        row
        for number, stage in enumerate(stages, start=1)
        if number in wanted
        for row in _rows(
            stage.model,
            explainers,
            images,
            classes,
            before,
            {"layer": stage.name, "stage": number},
            scaling,
        )
    )


def _spread(total: int, most: int | None) -> set[int]:
    """`most` of the numbers 1 … total, including the first and the last."""
    if most is not None and (not isinstance(most, int) or most < 2):
        raise ValueError(f"most_stages must be at least 2 (the first and the last), got {most!r}")
    if most is None or most >= total:
        return set(range(1, total + 1))
    return {1 + round(part * (total - 1) / (most - 1)) for part in range(most)}


def _validate_draws(draws: int) -> None:
    if not isinstance(draws, int) or draws < 1:
        raise ValueError(f"draws must be a whole number of at least 1, got {draws!r}")


def _explained(
    model: nn.Module, explainers: Mapping[str, Explainer], images: Tensor, targets: Tensor
) -> Maps:
    return {name: explain(model, images, targets) for name, explain in explainers.items()}


def _rows(
    model: nn.Module,
    explainers: Mapping[str, Explainer],
    images: Tensor,
    targets: Tensor,
    before: Maps,
    keys: Mapping[str, Any],
    scaling: str,
) -> Iterator[dict[str, Any]]:
    with frozen(model):
        probability, _ = predict(model, images, targets)
    for name, maps in _explained(model, explainers, images, targets).items():
        named = {**keys, "method": name}
        for row in similarity_rows(maps, before[name], named, scaling=scaling):
            yield {**row, "probability": float(probability[row["position"]])}
