"""Two definitions of ReCo, and ReCo against its average over thresholds, on recorded S= and S≠."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, rankdata

from saliency_audit.ledger.external.fold_families import estimate_of, reco_statistics
from saliency_audit.ledger.external.fold_rows import (
    FoldRows,
    Groups,
    Key,
    fold_rows,
    of_the_seven,
    remarks,
    sound,
)
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import check_parameters
from saliency_audit.ledger.external.rule import sentences, tally
from saliency_audit.ledger.resampling import Floats, estimate_from, resample_counts
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.study.explanations import METHODS

# A rank correlation of fewer pairs says nothing.
FEWEST_PAIRS = 4
NAN = float("nan")


def definitions_agree(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Do ReCo as printed and ReCo as balanced accuracy agree on every recorded pair S=, S≠?

    Args:
        rows: of `mege_stability`; each of the seven methods under every series is one pair S=, S≠.
        parameters: `margin` of the mean absolute difference; `kendall`, the least correlation of
            the methods' orders; `resamples`; `fewest_images`, pairs with fewer in S= or in S≠ are
            left out and counted.

    Returns:
        A comparison of the mean absolute difference (it holds if its interval, bootstrap over
        pairs, lies below the margin and contradicts if it lies above) and one per sound predictor
        of Kendall's τ-b between the orders of the seven methods; with fewer than four methods that
        have both scores it is undecided. Reproduced if the first and all of
        the second hold, not reproduced if neither does, else partly.

    Raises:
        ValueError: a parameter or column that is missing or unknown.
    """
    name = "definitions_agree"
    check_parameters(name, parameters, {"margin", "kendall", "resamples", "fewest_images"})
    if rows.empty:
        return not_tested("no recorded distances")
    groups = fold_rows(name, rows)
    seven = of_the_seven(groups)
    used, few = _with_enough(seven, parameters["fewest_images"])
    printed, balanced = (scores(used, statistic) for statistic in ("reco_printed", "reco"))
    defined = np.isfinite(printed) & np.isfinite(balanced)
    if defined.sum() < 2:
        return not_tested("fewer than two pairs S=, S≠ with both definitions")
    first = _difference(printed[defined], balanced[defined], parameters)
    orders = list(_orders(groups, parameters))
    comparisons = (first, *orders)
    answers = [first.holds, bool(orders) and all(item.holds for item in orders)]
    verdict = {0: Verdict.NOT_REPRODUCED, 2: Verdict.REPRODUCED}.get(sum(answers), Verdict.PARTLY)
    left_out = int((~defined).sum())
    detail = sentences(
        tally(comparisons),
        f"{defined.sum()} pairs S=, S≠ (methods × predictors).",
        f"{left_out} without a value in both definitions were left out." if left_out else "",
        few,
        remarks(seven),
        "Headline: mean absolute difference, resampled by pair.",
    )
    return ExternalResult(verdict, detail, first.estimate, comparisons)


def scores(groups: Sequence[FoldRows], statistic: str) -> Floats:
    """A statistic of every pair S=, S≠: `(pairs,)`."""
    return np.array([group.drawn(statistic, 1)[0] for group in groups])


def _difference(printed: Floats, balanced: Floats, parameters: Mapping[str, Any]) -> Comparison:
    apart = np.abs(printed - balanced)
    counts = resample_counts(len(apart), parameters["resamples"])
    estimate = estimate_from(float(apart.mean()), counts @ apart / len(apart), len(apart))
    margin = parameters["margin"]
    return Comparison(
        keys={"question": "mean |printed − balanced|"},
        estimate=estimate,
        base_mean=float(balanced.mean()),
        other_mean=float(printed.mean()),
        p_value=NAN,
        p_adjusted=NAN,
        expected=f"below {margin}",
        holds=estimate.high < margin,
        contradicts=estimate.low > margin,
    )


def _with_enough(groups: Sequence[FoldRows], fewest: int) -> tuple[list[FoldRows], str]:
    """The pairs whose sets have distances of enough images, and a sentence on the others."""
    kept = [group for group in groups if group.n("reco") >= fewest]
    left_out = len(groups) - len(kept)
    said = f"{left_out} pairs with fewer than {fewest} images in S= or S≠ were left out."
    return kept, said if left_out else ""


def _orders(groups: Groups, parameters: Mapping[str, Any]) -> list[Comparison]:
    found = []
    least = parameters["kendall"]
    for images, model in sound(groups):
        of_all = [
            group
            for method in METHODS
            if (group := groups.get(Key(images, model, "none", 0, method)))
        ]
        present, _ = _with_enough(of_all, parameters["fewest_images"])
        values = [scores(present, statistic) for statistic in ("reco_printed", "reco")]
        defined = np.isfinite(values[0]) & np.isfinite(values[1])
        tau = NAN
        if defined.sum() >= FEWEST_PAIRS:
            tau = float(kendalltau(values[0][defined], values[1][defined]).statistic)
        found.append(
            Comparison(
                keys={"question": "order of the methods", "images": images, "model": model},
                estimate=Estimate(tau, tau, tau, int(defined.sum())),
                base_mean=NAN,
                other_mean=NAN,
                p_value=NAN,
                p_adjusted=NAN,
                expected=f"at least {least}",
                holds=tau >= least,
                contradicts=tau < least,
            )
        )
    return found


def rank_correlation_at_least(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Does ReCo averaged over the thresholds order S=, S≠ as ReCo does?

    Args:
        rows: of `mege_stability`; each of the seven methods under every series is one pair S=, S≠.
        parameters: `correlation`, the least Spearman correlation over all pairs; `definition` of
            both scores that decides; `resamples`; `fewest_images` as in `definitions_agree`.

    Returns:
        A comparison in each definition, the deciding one first: Spearman's correlation with its
        interval (bootstrap over pairs). Reproduced if the interval of the first lies above the
        declared correlation, not reproduced if it lies below, else inconclusive.

    Raises:
        ValueError: as `definitions_agree`.
    """
    name = "rank_correlation_at_least"
    check_parameters(name, parameters, {"correlation", "definition", "resamples", "fewest_images"})
    if rows.empty:
        return not_tested("no recorded distances")
    seven = of_the_seven(fold_rows(name, rows))
    used, few = _with_enough(seven, parameters["fewest_images"])
    comparisons = []
    for statistic in reco_statistics(parameters["definition"]):
        of_auc = statistic.replace("reco", "reco_auc")
        values = [scores(used, each) for each in (statistic, of_auc)]
        defined = np.isfinite(values[0]) & np.isfinite(values[1])
        if defined.sum() >= FEWEST_PAIRS:
            comparisons.append(
                _correlation(statistic, values[0][defined], values[1][defined], parameters)
            )
        elif not comparisons:
            return not_tested(f"fewer than {FEWEST_PAIRS} pairs S=, S≠ with both scores")
    first = comparisons[0]
    verdict = Verdict.INCONCLUSIVE
    if first.holds or first.contradicts:
        verdict = Verdict.REPRODUCED if first.holds else Verdict.NOT_REPRODUCED
    detail = sentences(
        f"Spearman correlation of ReCo and ReCo_AUC over {first.estimate.n} pairs S=, S≠; "
        f"the first definition decides: {first.keys['definition']}.",
        few,
        remarks(seven),
    )
    return ExternalResult(verdict, detail, first.estimate, tuple(comparisons))


def _correlation(
    statistic: str, reco: Floats, auc: Floats, parameters: Mapping[str, Any]
) -> Comparison:
    count = len(reco)
    draws = np.random.default_rng(0).integers(0, count, (parameters["resamples"], count))
    resampled = _spearman(reco[draws], auc[draws])
    point = float(_spearman(reco[None], auc[None])[0])
    estimate = estimate_of(point, resampled, count)
    least = parameters["correlation"]
    return Comparison(
        keys={"definition": "printed" if statistic.endswith("printed") else "balanced"},
        estimate=estimate,
        base_mean=float(reco.mean()),
        other_mean=float(auc.mean()),
        p_value=NAN,
        p_adjusted=NAN,
        expected=f"at least {least}",
        holds=estimate.low > least,
        contradicts=estimate.high < least,
    )


def _spearman(first: Floats, second: Floats) -> Floats:
    """Rank correlation along the rows: `(R,)`; NaN where a row does not vary."""
    ranks = [rankdata(part, axis=1) for part in (first, second)]
    centred = [part - part.mean(axis=1, keepdims=True) for part in ranks]
    with np.errstate(invalid="ignore"):
        found: Floats = (centred[0] * centred[1]).sum(axis=1) / np.sqrt(
            (centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1)
        )
    return found
