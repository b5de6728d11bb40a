"""Does a map depend on the model's parameters? Noise on the weights, and layers drawn anew."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from torch import Tensor, nn

from saliency_audit.attributions import Explainer
from saliency_audit.attributions.engine import frozen, predict
from saliency_audit.models.degradation import with_sigma_noise
from saliency_audit.models.randomization import Randomisation, cascade, one_by_one
from saliency_audit.sanity.comparison import similarity_rows

Maps = Mapping[str, Tensor]


def perturbed_weights(
    model: nn.Module,
    explainers: Mapping[str, Explainer],
    images: Tensor,
    targets: Tensor,
    *,
    levels: Sequence[float],
    draws: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """σ-perturbation: maps and scores as noise on the weights grows.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        explainers: methods by name.
        images: `(N, C, H, W)`.
        targets: `(N,)`, the class that is explained before and after.
        levels: sizes of the noise in σ; see `with_sigma_noise`.
        draws: of the noise per level, at least 1.
        seed: of the noise; draw i is the same at every level, but for its size.

    Returns:
        A row per image × method × sign × level × draw: `position`, `method`, `sign`, `level`,
        `draw`, `probability` of the target, and a column per measure of `MEASURES`, the similarity
        to the map of the unperturbed model.

    Raises:
        ValueError: no draw, a negative level, or as the methods.

    Source: GGIG paper, §4.
    """
    if draws < 1:
        raise ValueError(f"at least one draw of the noise is needed, got {draws}")
    before = _explained(model, explainers, images, targets)
    return pd.DataFrame(
        row
        for level in levels
        for draw in range(draws)
        for row in _rows(
            with_sigma_noise(model, level, seed=1000 * seed + draw),
            explainers,
            images,
            targets,
            before,
            {"level": float(level), "draw": draw},
        )
    )


def randomised_layers(
    model: nn.Module,
    explainers: Mapping[str, Explainer],
    images: Tensor,
    targets: Tensor,
    *,
    how: Randomisation = Randomisation(),  # noqa: B008 (frozen, hence shareable)
    independent: bool = False,
) -> pd.DataFrame:
    """Model randomisation: maps and scores as layers are drawn anew.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        explainers: methods by name.
        images: `(N, C, H, W)`.
        targets: `(N,)`, the class that is explained before and after.
        how: initialiser, batch norm and seed.
        independent: each layer alone instead of the nested cascade from the output down.

    Returns:
        A row per image × method × sign × stage: `position`, `method`, `sign`, `layer`, the one
        drawn anew last, `stage` from 1, `probability` of the target, and a column per measure, the
        similarity to the map of the trained model.

    Raises:
        ValueError: a model without parameters, or as the methods.

    Source: Adebayo et al. 2018; GGIG paper, §5.
    """
    before = _explained(model, explainers, images, targets)
    stages = (one_by_one if independent else cascade)(model, images[:1], how)
    return pd.DataFrame(
        row
        for number, stage in enumerate(stages, start=1)
        for row in _rows(
            stage.model, explainers, images, targets, before, {"layer": stage.name, "stage": number}
        )
    )


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
) -> Iterator[dict[str, Any]]:
    with frozen(model):
        probability, _ = predict(model, images, targets)
    for name, maps in _explained(model, explainers, images, targets).items():
        for row in similarity_rows(maps, before[name], {**keys, "method": name}):
            yield {**row, "probability": float(probability[row["position"]])}
