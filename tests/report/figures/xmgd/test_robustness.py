"""Figures of XM-NOISE, XM-SIZE and XM-SPREAD: what is drawn, and what the table says."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from saliency_audit.report.figures.xmgd.robustness import show_noise, show_sizes
from saliency_audit.report.figures.xmgd.spread import show_matrices, spread_table

METHODS = ("ig", "saliency", "deeplift", "guided_backprop")


def noise_rows():
    return pd.DataFrame(
        [
            {
                "model": "small_faces_cnn_swap",
                "method": measure,
                "noise": noise,
                "image": image,
                "log_relative_change": np.log(change),
            }
            for measure, change in (("xmgd", 0.1), ("kl_divergence", 0.5))
            for noise in ("gaussian 1%", "salt 1%")
            for image in range(5)
        ]
    )


def test_noise_is_drawn_as_a_relative_change():
    (axis,) = show_noise(noise_rows()).axes
    dots = [line.get_ydata()[0] for line in axis.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([0.1, 0.1, 0.5, 0.5])
    assert [text.get_text() for text in axis.get_legend().texts] == ["XMGD", "KL"]


def test_sizes_are_drawn_relative_to_the_largest_sets():
    rows = pd.DataFrame(
        [
            {"model": "a", "method": name, "size": size, "value": 3.0 / size, "reference": 0.1}
            for name in ("xmgd", "kl_divergence", "frechet_distance")
            for size in (5, 10)
            for _ in range(3)
        ]
    )
    (axis,) = show_sizes(rows).axes
    assert axis.lines[0].get_ydata() == pytest.approx([6, 3])


def spread_rows():
    return pd.DataFrame(
        [
            {
                "model": "a+b",
                "images": "faces",
                "method": measure,
                "first": first,
                "second": second,
                "draw": draw,
                "set_size": 40,
                "distance": 2.0 + (draw == 2) if "ig" in (first, second) else 1.0,
            }
            for measure in ("xmgd", "ssim")
            for draw in range(3)
            for first, second in combinations(METHODS, 2)
        ]
    )


def test_matrices_are_symmetric_with_an_empty_diagonal():
    first, second = show_matrices(spread_rows()).axes
    table = first.images[0].get_array()
    assert np.array_equal(table, table.T)
    assert not table.diagonal().any()
    assert (table[0, 1:] == 2).all()
    assert first.get_title() == "XMGD, variation 0.33 [0.34, 0.50]"
    assert "2.00\n[2.02,\n2.98]" in {text.get_text() for text in first.texts}
    assert second.get_title().startswith("1 − SSIM")


def test_the_table_has_mean_distances_as_shares():
    table = spread_table({"here": spread_rows()})
    assert table.iloc[0]["variation"] == "0.33 [0.34, 0.50]"
    assert table.iloc[0].iloc[1].startswith("1.33 [")  # 2 of a mean of 1.5


@pytest.mark.parametrize("show", [show_noise, show_sizes, show_matrices])
def test_nothing_to_show_says_so(show):
    with pytest.raises(ValueError, match="no rows to show"):
        show(pd.DataFrame())
