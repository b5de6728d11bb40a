"""MR-SELECT, MR-LIP-MEGE and MR-LIP-RECO: scores, their sizes, and the best method."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from saliency_audit.ledger import printed_tables
from saliency_audit.ledger.external.evidence.folds import FoldRows, Key, by_method, fold_rows, sound
from saliency_audit.ledger.summaries.folds import best_against_others, over_folds, score_of
from saliency_audit.report.names import (
    METHOD_NAMES,
    STABILITY_NAMES,
    on_two_lines,
    predictor,
    with_arrow,
)
from saliency_audit.report.notebook.pivot import pivot
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import estimate, number
from saliency_audit.study.explanations import CONTROL, METHODS

# What the paper calls our image sets and architectures.
PRINTED_SETS = {
    "cifar10_train": "cifar10",
    "fashion_mnist_train": "fashion_mnist",
    "eurosat": "eurosat",
    "imagenet50_train": "imagenet",
}
PRINTED_MODELS = {"resnet18": "resnet18", "resnet50": "resnet50", "lipschitz": "lipschitz"}


def score_table(
    sources: Mapping[str, pd.DataFrame], scores: Sequence[str], tables: Sequence[str]
) -> pd.DataFrame:
    """Scores of the sound predictors, method by method, under what the paper prints.

    Args:
        sources: rows of `mege_stability` by where they come from.
        scores: of `STABILITY_NAMES`.
        tables: names of the printed tables to take the paper's numbers from.

    Returns:
        A line per predictor, method and source, which form the index; a column per score, with an
        arrow to its better side. A cell is the score, its 95 % bootstrap interval over images, and
        its 95 % jackknife interval over the folds.
    """
    printed = printed_tables("mege", *tables)
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    groups = {source: fold_rows("score_table", rows) for source, rows in sources.items()}
    predictors = dict.fromkeys(pair for found in groups.values() for pair in sound(found))
    for images, model in predictors:
        for method in (*METHODS, CONTROL):
            place = (predictor(images, model), METHOD_NAMES[method])
            if paper := _printed_cells(printed, images, model, method, scores):
                lines[*place, "paper"] = paper
            for source, found in groups.items():
                if group := found.get(Key(images, model, "none", 0, method)):
                    lines[*place, on_two_lines(source)] = {
                        _heading(score): score_cell(group, score) for score in scores
                    }
    columns = [_heading(score) for score in scores]
    table = text_table(lines, ["predictor", "method", "source"], columns=columns)
    return table.rename(columns=on_two_lines)


def _heading(score: str) -> str:
    return with_arrow(STABILITY_NAMES[score], score)


def score_cell(group: FoldRows, score: str) -> str:
    """A score with both of its intervals, as HTML on three lines."""
    found = estimate(score_of(group, score)).replace(" [", "<br>[", 1)
    folds = over_folds(group, score)
    return f"{found}<br>folds [{number(folds.low, 2)}, {number(folds.high, 2)}]"


def _printed_cells(
    printed: pd.DataFrame, images: str, model: str, method: str, scores: Sequence[str]
) -> dict[str, str]:
    """What the paper prints of a method; its ReCo is the one of its formulas."""
    chosen = printed[
        (printed["dataset"] == PRINTED_SETS.get(images))
        & (printed["model"] == PRINTED_MODELS.get(model.partition("-")[0]))
        & (printed["method"] == method)
    ]
    values = chosen.drop_duplicates("metric").set_index("metric")["value"]
    names = {"mu_fidelity": "mu_fidelity", "mege": "mege", "reco_printed": "reco"}
    return {
        _heading(score): number(float(values[names[score]]), 2)
        for score in scores
        if names.get(score) in values.index
    }


def set_sizes_table(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How many distances every score of the sound predictors rests on.

    Args:
        sources: rows of `mege_stability` by where they come from.

    Returns:
        A line per predictor and source, which form the index; |S=| and |S≠| of methods without
        constant maps, and by method the pairs without a distance, because a map was constant.
    """
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        groups = fold_rows("set_sizes_table", rows)
        for images, model in sound(groups):
            present = {
                method: group.sets
                for method, group in by_method(groups, images, model, (*METHODS, CONTROL)).items()
            }
            lost = [
                f"{METHOD_NAMES[method]} {sets.undefined}"
                for method, sets in present.items()
                if sets.undefined
            ]
            lines[predictor(images, model), on_two_lines(source)] = {
                "|S=|": f"{max(sets.equal.size for sets in present.values()):,}",
                "|S≠|": f"{max(sets.different.size for sets in present.values()):,}",
                "without a distance": ", ".join(lost) or "none",
            }
    return text_table(lines, ["predictor", "source"])


def best_table(
    sources: Mapping[str, pd.DataFrame], scores: Sequence[str], fewest: int
) -> pd.DataFrame:
    """The method with the highest score minus each of the others.

    Args:
        sources: rows of `mege_stability` by where they come from.
        scores: of `STABILITY_NAMES`.
        fewest: images; with fewer a difference is undecided.

    Returns:
        A line per predictor, score, other method and source; cells as in `pivot`.
    """
    found = {
        source: [
            replace(item, keys=_named(item.keys))
            for item in best_against_others(rows, scores, fewest)
        ]
        for source, rows in sources.items()
    }
    return pivot(found, ["predictor", "score", "best", "method"], [])


def _named(keys: Mapping[str, str]) -> dict[str, str]:
    return {
        "predictor": predictor(keys["images"], keys["model"]),
        "score": keys["score"],
        "best": f"best: {METHOD_NAMES[keys['best']]}",
        "method": keys["method"],
    }
