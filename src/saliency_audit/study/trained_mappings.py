"""Estimators trained with the controller and with x²: the order of their scores, and M_F."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch
from torch import Tensor

from saliency_audit.attributions import saliency
from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.relevance import RelevanceEstimator, RelevanceMask
from saliency_audit.metrics import faithfulness
from saliency_audit.study.estimators import Setting, dre_setting, estimator, training_of
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.inputs import Inputs, named_inputs
from saliency_audit.study.order_measures import order_measures
from saliency_audit.study.selection import Selection
from saliency_audit.study.validation import validate_counts

# Heads of the generator by the names of their mappings. Its square is squashed to [0, 1), which
# leaves the order of a square.
HEADS = ("controller", "square")
# Pictures per pass.
PART = 32


@dataclass(frozen=True)
class TrainedParameters(SliceParameters):
    """Whose maps to measure: estimators of `models`, two for each of `train_seeds`.

    They are trained on `n_train` pictures for `epochs` passes after `filter_epochs` of the spatial
    filter, with a controller of `eta` and `h`.
    """

    n_images: int = 40
    eta: float = 1.5
    h: float = 2.5
    n_train: int = 1500
    epochs: int = 3
    filter_epochs: int = 5
    train_seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(n_train=self.n_train, epochs=self.epochs, filter_epochs=self.filter_epochs)


def trained_setting(given: Mapping[str, Any], head: str, train_seed: int) -> Setting:
    """DRE with one of `HEADS`; with the paper's η and h it is an estimator of `dre_settings`."""
    training = (given["n_train"], given["epochs"], given["filter_epochs"], train_seed)
    setting = dre_setting(given["model"], *training)
    design = replace(setting.design, head=head, eta=given["eta"], h=given["h"])
    return replace(setting, design=design)


def trained_inputs(given: Mapping[str, Any]) -> Inputs:
    """What a task of `trained_rows` reads: pictures for those estimators that are not here, too."""
    wanted = product(HEADS, given["train_seeds"])
    training = training_of(trained_setting(given, head, seed) for head, seed in wanted)
    return named_inputs(given, training=training)


def trained_rows(chosen: Selection, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of `dre_monotony`: training × mapping × image.

    Args:
        chosen: the images, at least one.
        given: parameters of the task.
    """
    model, pictures, targets = chosen.inputs
    for train_seed in given["train_seeds"]:
        for head in HEADS:
            found = estimator(trained_setting(given, head, train_seed))
            scores = scores_of(found, chosen)
            maps = saliency(RelevanceMask(found)(model, pictures, targets), "sum_abs")
            score = faithfulness(model, pictures, maps, targets, seeds=chosen.seeds)
            measured = {
                **order_measures(scores, found.generator.head(scores), pictures.shape[2:]),
                "faithfulness": score.value,
            }
            lists = {name: values.tolist() for name, values in measured.items()}
            for position, index in enumerate(chosen.indices):
                yield {
                    "model": given["model"],
                    "distribution": f"trained, seed {train_seed}",
                    "map": index,
                    "method": head,
                    **{name: values[position] for name, values in lists.items()},
                }


def scores_of(found: RelevanceEstimator, chosen: Selection) -> Tensor:
    """What an estimator's generator gives before its mapping: `(N, 1, h, w)`, on the CPU."""
    model, pictures, targets = chosen.inputs
    parts = zip(pictures.split(PART), targets.split(PART), strict=True)
    with frozen(model):
        return torch.cat([found.scores(model, *part).cpu() for part in parts])
