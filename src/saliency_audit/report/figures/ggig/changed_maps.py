"""Maps of one picture as the model behind them is changed, step by step."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from saliency_audit.attributions import Explainer, saliency
from saliency_audit.attributions.engine import predict
from saliency_audit.models.degradation import with_sigma_noise
from saliency_audit.models.randomization import Randomisation, cascade
from saliency_audit.report.figures.maps import show_maps


def show_noisy_maps(
    model: nn.Module,
    explainers: Mapping[str, Explainer],
    picture: Tensor,
    target: Tensor,
    levels: Sequence[float],
    seed: int = 0,
) -> Figure:
    """Maps of a picture as noise on the weights grows: a column per level.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        explainers: methods by what to call them.
        picture: `(C, H, W)`.
        target: the class that is explained, a scalar.
        levels: of the noise, in σ.
        seed: of the noise.
    """
    changed = ((f"{level:g} σ", with_sigma_noise(model, level, seed=seed)) for level in levels)
    return _show(changed, explainers, picture, target)


def show_cascaded_maps(
    model: nn.Module,
    explainers: Mapping[str, Explainer],
    picture: Tensor,
    target: Tensor,
    how: Randomisation,
    most: int = 8,
) -> Figure:
    """Maps of a picture through the cascade: a column for the trained model and for each stage.

    Args:
        model: as in `show_noisy_maps`.
        explainers: the same.
        picture: the same.
        target: the same.
        how: how layers are re-initialised.
        most: columns; of more stages some are left out, evenly, never the last.
    """

    def changed() -> Iterable[tuple[str, nn.Module]]:
        yield "trained", model
        total = sum(1 for _ in cascade(model, picture[None], how))
        every = max(1, -(-total // (most - 1)))
        for stage in cascade(model, picture[None], how):
            if (total - stage.number) % every == 0:
                yield f"{stage.number} re-initialised", stage.model

    return _show(changed(), explainers, picture, target)


def _show(
    changed: Iterable[tuple[str, nn.Module]],
    explainers: Mapping[str, Explainer],
    picture: Tensor,
    target: Tensor,
) -> Figure:
    on = (picture[None], target.reshape(1))
    titles: list[str] = []
    maps: dict[str, list[Tensor]] = {name: [] for name in explainers}
    for title, model in changed:
        score, _ = predict(model, *on)
        titles.append(f"{title}\nscore {float(score[0]):.2f}")
        for name, explain in explainers.items():
            maps[name].append(saliency(explain(model, *on))[0])
    shown = picture[None].expand(len(titles), -1, -1, -1)
    stacked = {name: torch.stack(found) for name, found in maps.items()}
    return show_maps(shown, stacked, titles, size=1.1)
