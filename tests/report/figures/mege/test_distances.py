"""Six candidate distances as drawn and as a table."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.report.figures.mege.distances import show_distances, variation_table


def distance_rows():
    random = np.random.default_rng(0)
    rows = []
    for name in ("spearman", "dice", "ssim", "wasserstein1", "l1", "l2"):
        for part, levels in (("shift", (0.5, 1.0)), ("noise", (0.1, 0.2)), ("area", (0.01, 0.1))):
            for level in levels:
                for draw in range(1 if part == "shift" else 4):
                    value = level * (1 + 0.1 * random.standard_normal())
                    rows.append((part, "disc", name, level, draw, value))
        rows.append(("time", "disc", name, 0.0, 0, 0.0025))
    return pd.DataFrame(rows, columns=["part", "shape", "distance", "level", "draw", "value"])


def test_distances_have_a_panel_each():
    rows = distance_rows()
    for part in ("shift", "noise"):
        figure = show_distances(rows, part)
        assert [axis.get_title() for axis in figure.axes] == [
            *("1 − |Spearman|", "1 − Dice", "1 − SSIM", "1-Wasserstein", "ℓ1", "ℓ2"),
        ]
        assert figure.axes[0].lines[0].get_ydata().max() <= 1 + 1e-12
    with pytest.raises(ValueError, match="no rows to show"):
        show_distances(rows[:0], "shift")
    table = variation_table({"this machine": rows})
    assert list(table.columns) == ["variation under noise", "at 1% area", "one distance"]
    assert table["one distance"].unique().tolist() == ["2.50 ms"]
