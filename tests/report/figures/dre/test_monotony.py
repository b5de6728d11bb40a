"""One map before and after two mappings, and what is left of the order."""

import numpy as np
import pytest

from saliency_audit import study
from saliency_audit.report.figures.dre.monotony import order_table, show_orders, smooth_map


def test_the_map_has_scores_of_both_signs():
    map_ = smooth_map(56, 0)
    assert map_.shape == (1, 1, 56, 56)
    assert map_.min() < 0 < map_.max()


def test_ranks_after_against_ranks_before():
    figure = show_orders(1.5, 2.5)
    kept, folded = figure.axes[4:]
    assert kept.get_title() == "rank correlation 1.000"
    before, after = kept.collections[0].get_offsets().T
    # neighbours in float32 may share their rank afterwards
    np.testing.assert_allclose(before, after, atol=0.5)
    before, after = folded.collections[0].get_offsets().T
    found = np.corrcoef(before, after)[0, 1]
    assert folded.get_title() == f"rank correlation {found:.3f}".replace("-", "−")
    assert abs(found) < 0.5
    rising, falling = (line.get_ydata() for line in figure.axes[3].lines)
    assert (np.diff(rising) >= 0).all()
    assert (np.diff(falling) < 0).any()


def test_a_line_per_distribution_mapping_and_source():
    experiment = study.get_experiment("dre_monotony")
    (task,) = experiment.tasks(experiment.configure("embedded", {"maps": 3}))
    rows = experiment.compute(task).rows
    table = order_table({"recorded": rows, "this machine": rows})
    line = table.loc[("uniform", "controller", "recorded")]
    assert line["rank correlation"] == "1.000"
    assert line["top quarter kept"] == "1.000"
    assert line["after upsampling"].startswith("0.96")
    assert len(table) == 4 * 3 * 2
    rows["spearman"] = np.nan
    assert set(order_table({"recorded": rows})["rank correlation"]) == {"—"}
    with pytest.raises(ValueError, match="no rows to show"):
        order_table({"recorded": rows[:0]})
