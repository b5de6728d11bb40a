"""One map before and after two mappings, and what is left of the order."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit import study
from saliency_audit.report.figures.dre.monotony import (
    order_table,
    show_orders,
    show_trained,
    smooth_map,
    trained_table,
)


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
    (task,) = experiment.tasks(experiment.configure("embedded", {"maps": 3, "trained": ()}))
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


@pytest.fixture
def trained():
    """Two trainings; on every image the controller's M_F is 0.25 higher, on average."""
    random = np.random.default_rng(0)
    values = random.random(12) / 2
    return pd.DataFrame(
        {
            "model": "shapes_cnn",
            "distribution": f"trained, seed {seed}",
            "map": image,
            "method": method,
            "spearman": 1.0 if method == "controller" else 0.5,
            "spearman_upsampled": 0.5,
            "top_quarter": 0.5,
            "faithfulness": value + (0.1 * seed + 0.2) * (method == "controller"),
        }
        for method in ("controller", "square")
        for seed in (0, 1)
        for image, value in enumerate(values)
    )


def test_a_point_per_image_above_the_diagonal_where_the_controller_is_more_faithful(trained):
    (axis,) = show_trained(trained.sample(frac=1, random_state=0)).axes
    square, controller = np.asarray(axis.collections[0].get_offsets()).T
    assert len(square) == 12
    np.testing.assert_allclose(controller - square, 0.25)
    assert axis.get_title() == "small CNN on shapes"
    with pytest.raises(ValueError, match="no rows to show"):
        show_trained(trained.assign(model="drawn scores"))


def test_a_line_per_mapping_and_one_for_their_difference(trained):
    table = trained_table({"recorded": trained})
    assert list(table.index.get_level_values("mapping")) == ["controller", "square", "difference"]
    line = table.loc[("small CNN on shapes", "difference", "recorded")]
    assert line["M_F"].startswith("0.25")
    assert line["rank correlation"] == "0.500"
    assert trained_table({"recorded": trained.assign(model="drawn scores")}).empty
