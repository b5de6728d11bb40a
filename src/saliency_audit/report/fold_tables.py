"""Scores of cross-trained predictors, method by method, under what the paper prints."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from saliency_audit.ledger import printed_tables
from saliency_audit.ledger.external.fold_rows import METHODS, Groups, Key, fold_rows, sound
from saliency_audit.report.folds import score_of
from saliency_audit.report.names import METHOD_NAMES, STABILITY_NAMES, predictor
from saliency_audit.report.words import estimate, number

# What the paper calls our image sets and architectures.
PRINTED_SETS = {"cifar10_train": "cifar10", "fashion_mnist_train": "fashion_mnist"}
PRINTED_MODELS = {"resnet18": "resnet18", "lipschitz": "lipschitz"}


@dataclass(frozen=True)
class _Line:
    """One line of a score table: which predictor, which score, from where."""

    images: str
    model: str
    score: str
    source: str


def score_table(
    sources: Mapping[str, pd.DataFrame], scores: Sequence[str], tables: Sequence[str]
) -> pd.DataFrame:
    """Scores of the sound predictors, method by method, under what the paper prints.

    Args:
        sources: rows of `mege_stability` by where they come from.
        scores: of `STABILITY_NAMES`.
        tables: names of the printed tables to take the paper's numbers from.

    Returns:
        A line per predictor, score and source, which form the index; a column per method. A cell is
        the score with its 95 % bootstrap interval over images.
    """
    cells: dict[_Line, dict[str, str]] = {}
    printed = printed_tables("mege", *tables)
    for source, rows in sources.items():
        groups = fold_rows("score_table", rows)
        for images, model in sound(groups):
            for score in scores:
                paper = _printed_line(printed, images, model, score)
                if paper:
                    cells.setdefault(_Line(images, model, score, "paper"), paper)
                cells[_Line(images, model, score, source)] = dict(
                    _cells(groups, images, model, score)
                )
    order = sorted(
        cells, key=lambda line: (line.images, line.model, list(scores).index(line.score))
    )
    index = pd.MultiIndex.from_tuples(
        [
            (predictor(line.images, line.model), STABILITY_NAMES[line.score], line.source)
            for line in order
        ],
        names=["predictor", "score", "source"],
    )
    table = pd.DataFrame([cells[line] for line in order], index=index)
    present = [name for method, name in METHOD_NAMES.items() if name in table.columns]
    return table[present].fillna("")


def _cells(groups: Groups, images: str, model: str, score: str) -> Iterator[tuple[str, str]]:
    for method in (*METHODS, "random"):
        group = groups.get(Key(images, model, "none", 0, method))
        if group is not None:
            found = estimate(score_of(group, score)).replace(" [", "<br>[", 1)
            yield METHOD_NAMES[method], found


def _printed_line(printed: pd.DataFrame, images: str, model: str, score: str) -> dict[str, str]:
    kind = PRINTED_MODELS.get(model.partition("-")[0])
    metric = "reco" if score == "reco_printed" else score
    chosen = printed[
        (printed["dataset"] == PRINTED_SETS.get(images))
        & (printed["model"] == kind)
        & (printed["metric"] == metric)
    ]
    # The paper's ReCo is the printed definition.
    if score == "reco" or chosen.empty:
        return {}
    values = chosen.drop_duplicates("method").set_index("method")["value"]
    return {METHOD_NAMES[m]: number(float(values[m]), 2) for m in METHODS if m in values.index}
