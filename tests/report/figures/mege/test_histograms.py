"""Distances of predictors that agree and that disagree."""

import pandas as pd

from saliency_audit.ledger.external.evidence.folds import fold_rows
from saliency_audit.report.figures.mege.histograms import show_histograms


def test_histograms_have_a_column_per_predictor(stability_rows):
    both = pd.concat(
        [stability_rows(degraded=False), stability_rows("lipschitz-16", degraded=False)]
    )
    figure = show_histograms(both)
    assert len(figure.axes) == 7 * 2
    sets = fold_rows("test", both)
    first = next(iter(sets.values())).sets
    title = f"|S=| {first.equal.size}, |S≠| {first.different.size}"
    assert figure.axes[0].get_title().endswith(title)
    assert figure.axes[0].get_title().startswith("ResNet-18, 8 filters\non cifar10_train")
    assert len(figure.axes[0].patches) == 2
