"""M_F scaled over pools of methods."""

import numpy as np
import pandas as pd

from saliency_audit.report.figures.dre.pool import pool_table
from saliency_audit.study.dre_methods import POOL


def rows_of(values):
    """Rows of M_F; a row of `values` per image, a column per method."""
    return pd.DataFrame(
        [
            ("shapes_cnn", method, normalised, image, 1.0 if normalised else value)
            for image, row in enumerate(values)
            for method, value in zip(POOL, row, strict=False)
            for normalised in (False, True)
        ],
        columns=["model", "method", "normalised", "image", "faithfulness"],
    )


def test_leaving_out_the_worst_or_the_best_moves_the_others():
    # DRE .9, the gradients 0, the others .5: with all ten .5 is 56 of 100, without gradients 0,
    # without DRE 100.
    row = [0.9, *[0.5] * 6, 0.0, 0.0, 0.0]
    table = pool_table(rows_of([row, row])).xs("small CNN on shapes")
    assert table.loc["Grad-CAM"].tolist() == ["55.556", "0", "44.4 without DRE"]
    assert table.loc["IG", "without the gradients"] == ""


def test_the_first_column_is_what_the_study_scales():
    values = np.random.default_rng(0).random((30, 10))
    table = pool_table(rows_of(values))
    low, high = values.min(axis=1, keepdims=True), values.max(axis=1, keepdims=True)
    mean = 100 * ((values - low) / (high - low))[:, 0].mean()
    shown = float(table["all ten"].iloc[0].split(" ")[0])
    assert abs(shown - mean) <= 0.5


def test_other_pools_than_the_papers_have_no_line():
    rows = rows_of(np.random.default_rng(0).random((3, 10)))
    assert len(pool_table(rows[rows["method"] != "ig"])) == 0
