"""Scores of a trained estimator under several mappings, none of which it was trained with anew."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from saliency_audit.study.estimators import Setting, dre_setting, estimator, training_of
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.inputs import Inputs, named_inputs
from saliency_audit.study.order_measures import order_measures
from saliency_audit.study.selection import Selection
from saliency_audit.study.trained_mappings import scores_of

# What rows have in place of the distribution that scores were drawn from.
OF_GENERATOR = "a generator's scores"


@dataclass(frozen=True)
class MappedParameters(SliceParameters):
    """Whose scores to map: those that DRE's estimators of `models` give for images.

    The estimators have the paper's controller; `eta` and `h` are of the one that maps. The defaults
    of a training are those of `dre_scores` for photographs.
    """

    eta: float = 1.5
    h: float = 2.5
    n_train: int = 10000
    epochs: int = 1
    filter_epochs: int = 3
    train_seed: int = 0


def is_mapped(given: Mapping[str, Any]) -> bool:
    """Whether a task of `dre_monotony` is of these: it has one training and no other mapping's."""
    return "train_seed" in given


def mapped_inputs(given: Mapping[str, Any]) -> Inputs:
    """What a task of `mapped_rows` reads: pictures if its estimator is not here, too."""
    return named_inputs(given, training=training_of([_setting(given)]))


def mapped_rows(
    chosen: Selection,
    given: Mapping[str, Any],
    mappings: Mapping[str, Callable[[Tensor], Tensor]],
) -> Iterator[dict[str, Any]]:
    """Rows of `dre_monotony`: mapping × image.

    M_F is undefined: it is asked of estimators that were trained with their mapping.

    Args:
        chosen: the images, at least one.
        given: parameters of the task.
        mappings: by their names in rows.
    """
    scores = scores_of(estimator(_setting(given)), chosen)
    for method, mapping in mappings.items():
        measured = order_measures(scores, mapping(scores), chosen.pictures.shape[2:])
        lists = {name: values.tolist() for name, values in measured.items()}
        for position, index in enumerate(chosen.indices):
            yield {
                "model": given["model"],
                "distribution": OF_GENERATOR,
                "map": index,
                "method": method,
                **{name: values[position] for name, values in lists.items()},
                "faithfulness": float("nan"),
            }


def _setting(given: Mapping[str, Any]) -> Setting:
    training = (given["n_train"], given["epochs"], given["filter_epochs"], given["train_seed"])
    return dre_setting(given["model"], *training)
