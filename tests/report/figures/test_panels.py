"""Boxes of many values, dots of few."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from saliency_audit.report.figures.panels import FEWEST_OF_A_BOX, draw_boxes


def drawn(counts: dict[str, int]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Horizontal places of the dots and of the medians, method by method; empty for no such."""
    rows = pd.DataFrame(
        [
            {"method": method, "value": float(number)}
            for method, count in counts.items()
            for number in range(count)
        ]
        + [{"method": next(iter(counts)), "value": np.nan}]
    )
    figure, axis = plt.subplots()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_boxes(axis, rows, "value", list(counts), str)
    dots, medians = [np.empty(0)] * len(counts), [np.empty(0)] * len(counts)
    for line in axis.get_lines():
        places, heights = (np.asarray(values, dtype=float) for values in line.get_data())
        if line.get_marker() == "o":
            dots[int(heights[0]) - 1] = places
        elif line.get_linewidth() == 1.6 and np.isfinite(places).all():
            medians[round(heights.mean()) - 1] = places
    assert [label.get_text() for label in axis.get_yticklabels()] == list(counts)
    plt.close(figure)
    return dots, medians


@pytest.mark.parametrize("few", [1, FEWEST_OF_A_BOX - 1])
def test_few_values_are_dots_and_many_are_a_box(few: int) -> None:
    dots, medians = drawn({"few": few, "many": FEWEST_OF_A_BOX})
    assert dots[0].tolist() == list(range(few))
    assert medians[0].size == dots[1].size == 0
    assert medians[1].tolist() == [(FEWEST_OF_A_BOX - 1) / 2] * 2


def test_a_method_without_a_value_keeps_its_place() -> None:
    dots, medians = drawn({"none": 0, "many": 9})
    assert dots[0].size == medians[0].size == 0
    assert medians[1].tolist() == [4.0, 4.0]
