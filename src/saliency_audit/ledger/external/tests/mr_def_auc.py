"""MR-DEF, MR-AUC: two definitions of ReCo, and its average over thresholds, on recorded S= and S≠.

Each method under each series of predictors is one pair S=, S≠; all scores are of these pairs.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from saliency_audit.ledger.external.effect import Effect, Expected, at_least
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import fold_effects, folds
from saliency_audit.ledger.external.evidence.folds import FoldRows, Groups
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import Floats, estimate_from, resample_counts
from saliency_audit.ledger.statistics import Estimate, rank_correlations

# A rank correlation of fewer pairs says nothing.
FEWEST_PAIRS = 4
PAIRS = "pairs S=, S≠"


@external_test(needs={"margin", "kendall", "resamples", "images_per_pair"}, columns=folds.COLUMNS)
def definitions_agree(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do ReCo as printed and ReCo as balanced accuracy agree on every recorded pair S=, S≠?

    Args:
        rows: of `mege_stability`.
        parameters: `margin` of the mean absolute difference; `kendall`, the least correlation of
            the methods' orders; `resamples`; `images_per_pair`, pairs with distances of fewer in S=
            or in S≠ are left out and counted.

    Returns:
        A comparison of the mean absolute difference (expected below the margin; bootstrap over
        pairs) and one per sound predictor of Kendall's τ-b between the orders of the seven methods,
        undefined with fewer than four methods that have both scores.
    """
    groups = folds.fold_rows("definitions_agree", rows)
    seven = folds.of_the_seven(groups)
    used, few = _with_enough(seven, parameters)
    printed, balanced = _both(used, "reco_printed", "reco_balanced")
    if len(printed) < 2:
        return Evidence((), nothing="fewer than two pairs S=, S≠ with both definitions")
    apart = np.abs(printed - balanced)
    counts = resample_counts(len(apart), parameters["resamples"])
    margin = parameters["margin"]
    first = Effect(
        keys={"question": "mean |printed − balanced|"},
        estimate=estimate_from(float(apart.mean()), counts @ apart / len(apart), len(apart)),
        expected=Expected(f"below {margin}", below=margin),
        base=float(balanced.mean()),
        other=float(printed.mean()),
    )
    undefined = len(used) - len(apart)
    return Evidence(
        [first, *_orders(groups, parameters)],
        Headline.of(first.estimate, "mean absolute difference, resampled by pair", PAIRS),
        remarks=[
            f"{len(apart)} {PAIRS} (methods × predictors).",
            f"{undefined} without a value in both definitions were left out." if undefined else "",
            few,
            *folds.remarks(seven),
        ],
    )


def _both(groups: Sequence[FoldRows], *statistics: str) -> list[Floats]:
    """Two statistics of the pairs S=, S≠ that have both: `(pairs,)` each."""
    table = np.array([[group.value(name) for group in groups] for name in statistics])
    return list(table[:, np.isfinite(table).all(axis=0)])


def _with_enough(groups: Sequence[FoldRows], parameters: Parameters) -> tuple[list[FoldRows], str]:
    """The pairs whose sets have distances of enough images, and a sentence on the others."""
    fewest = parameters["images_per_pair"]
    kept = [group for group in groups if group.n("reco_balanced") >= fewest]
    left_out = len(groups) - len(kept)
    said = f"{left_out} pairs with fewer than {fewest} images in S= or S≠ were left out."
    return kept, said if left_out else ""


def _orders(groups: Groups, parameters: Parameters) -> Iterator[Effect]:
    """Kendall's τ-b of the methods' orders by either definition, of every sound predictor."""
    for images, model in folds.sound(groups):
        present, _ = _with_enough(list(folds.by_method(groups, images, model).values()), parameters)
        values = _both(present, "reco_printed", "reco_balanced")
        count = len(values[0])
        tau = float(kendalltau(*values).statistic) if count >= FEWEST_PAIRS else float("nan")
        keys = {"question": "order of the methods", "images": images, "model": model}
        yield Effect.exact(keys, tau, count, at_least(parameters["kendall"]))


@external_test(
    needs={"correlation", "definition", "resamples", "images_per_pair"},
    columns=folds.COLUMNS,
    validate=fold_effects.validate_definition,
)
def rank_correlation_at_least(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Does ReCo averaged over the thresholds order S=, S≠ as ReCo does?

    Args:
        rows: of `mege_stability`.
        parameters: `correlation`, the least Spearman correlation over all pairs; `definition` of
            both scores that decides; `resamples`; `images_per_pair` as in `definitions_agree`.

    Returns:
        A comparison in each definition, of which the declared one decides: Spearman's correlation
        with its interval (bootstrap over pairs).
    """
    seven = folds.of_the_seven(folds.fold_rows("rank_correlation_at_least", rows))
    used, few = _with_enough(seven, parameters)
    deciding, _ = definitions = fold_effects.reco_statistics(parameters["definition"])
    effects = []
    for statistic in definitions:
        reco, auc = _both(used, statistic, statistic.replace("reco", "reco_auc"))
        if len(reco) < FEWEST_PAIRS:
            continue
        effects.append(
            Effect(
                keys={"definition": statistic.removeprefix("reco_")},
                estimate=_correlation(reco, auc, parameters["resamples"]),
                expected=at_least(parameters["correlation"]),
                base=float(reco.mean()),
                other=float(auc.mean()),
                decides=statistic == deciding,
            )
        )
    name = (
        f"Spearman correlation of ReCo and ReCo_AUC, {parameters['definition']}, resampled by pair"
    )
    return Evidence(
        effects,
        Headline.of(effects[0].estimate, name, PAIRS) if effects else None,
        remarks=[few, *folds.remarks(seven)],
        nothing=f"fewer than {FEWEST_PAIRS} {PAIRS} with both scores",
    )


def _correlation(first: Floats, second: Floats, resamples: int) -> Estimate:
    count = len(first)
    draws = np.random.default_rng(0).integers(0, count, (resamples, count))
    point = float(rank_correlations(first[None], second[None])[0])
    return fold_effects.estimate_of(point, rank_correlations(first[draws], second[draws]), count)
