"""Accuracies fold by fold."""

import pandas as pd

from saliency_audit.report.figures.mege.accuracy import show_accuracies


def test_accuracies_have_a_line_per_series():
    rows = pd.DataFrame(
        [
            {
                "images": "cifar10_train",
                "model": "resnet18-32",
                "degradation": kind,
                "level": level,
                "fold": fold,
                "correct": 78 - level,
                "held_out": 100,
                "seen": 400,
            }
            for kind, level in (("none", 0), ("labels", 30))
            for fold in range(5)
        ]
    )
    figure = show_accuracies(rows, {("cifar10_train", "resnet18-32"): (78, 4)})
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        "ResNet-18, 32 filters, on cifar10_train",
        "labels 30 %",
    ]
    assert len(axis.collections) == 1  # the band of what is stated
