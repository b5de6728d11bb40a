"""Figure and table of the ten methods."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.report.figures.dre.scores import (
    MEASURES,
    background_table,
    quick_table,
    score_table,
    show_scores,
)

METHODS = ("dre", "mgnet", "gradcam", "dre+self")


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        [
            {"model": model, "method": method, "normalised": normalised, "image": image}
            for model in ("shapes_cnn", "mobilenet_v2")
            for method in METHODS
            for normalised in (False, True)
            if not (normalised and "+" in method)
            for image in range(15)
        ]
    )
    for measure in (*MEASURES, "hit", "box_iou"):
        table[measure] = random.random(len(table))
    return table


def test_a_row_per_network_a_column_per_measure_and_a_box_per_method(rows):
    figure = show_scores(rows)
    axes = np.array(figure.axes).reshape(2, 4)
    assert [axis.get_title() for axis in axes[0]] == list(MEASURES.values())
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["small CNN on shapes", "MobileNetV2"]
    names = [label.get_text() for label in axes[1, 0].get_yticklabels()]
    assert names == ["DRE", "MGnet", "Grad-CAM", "DRE+ (self)"]
    with pytest.raises(ValueError, match="no rows to show"):
        show_scores(rows[rows["normalised"]])


def test_the_table_has_both_readings_of_faithfulness(rows):
    table = score_table({"recorded": rows})
    line = table.loc[("MobileNetV2", "DRE", "recorded")]
    mine = rows[(rows["model"] == "mobilenet_v2") & (rows["method"] == "dre")]
    for column, normalised in (("M_F, scaled", True), ("M_F", False)):
        values = mine.loc[mine["normalised"] == normalised, "faithfulness"]
        assert shown(line[column]) == pytest.approx(100 * values.mean(), abs=0.5)
    raw = mine[~mine["normalised"]]
    assert shown(line["M_E"]) == pytest.approx(100 * raw["explainability"].mean(), abs=0.5)
    assert line["n"] == "15"
    assert line["IoU of boxes"] == f"{raw['box_iou'].mean():.2f}"
    assert line["outside"] == f"{raw['background_mass'].mean():.2f}"
    assert table.loc[("MobileNetV2", "DRE+ (self)", "recorded"), "M_F, scaled"] == "—"


def test_further_images_of_quick_methods_have_a_table_of_their_own(rows):
    further = rows[(rows["method"] == "dre") & ~rows["normalised"]]
    further = further[further["model"] == "mobilenet_v2"].assign(image=rows["image"] + 100)
    both = pd.concat([rows, further])
    pd.testing.assert_frame_equal(score_table({"recorded": both}), score_table({"recorded": rows}))
    table = quick_table({"recorded": both})
    assert set(table.index.get_level_values("network")) == {"MobileNetV2"}
    assert list(table["n"]) == ["30", "15", "15"]
    assert "M_F, scaled" not in table
    assert quick_table({"recorded": rows}).empty


def test_the_papers_means_stand_beside(rows):
    table = score_table({"recorded": rows})
    line = table.loc[("ResNet50, VGG19, GoogLeNet", "DRE", "paper")]
    assert (line["M_F, scaled"], line["M_E"]) == ("74.4", "82.9")


def shown(cell):
    """The mean of a cell that has an interval too."""
    return float(cell.split(" ")[0])


def test_backgrounds_are_compared_on_the_same_images(rows):
    own = rows[(rows["method"] == "gradcam") & ~rows["normalised"]].assign(method="xpert")
    shared = own.assign(method="xpert+shared", faithfulness=own["faithfulness"] + 0.25)
    both = pd.concat([rows, own, shared.sample(frac=1, random_state=0)])
    table = background_table({"recorded": both}, {})
    assert list(table.index.get_level_values("method")) == ["Extremal Perturbation"] * 2
    line = table.loc[("MobileNetV2", "Extremal Perturbation", "recorded")]
    assert line["M_F"].startswith("0.25")
    assert float(line["M_E"].split()[0]) == 0
    assert background_table({"recorded": rows}, {}).empty


def test_own_backgrounds_of_another_experiment_join_their_images(rows):
    shared = rows[(rows["method"] == "gradcam") & ~rows["normalised"]].assign(method="xpert+shared")
    some = shared[(shared["model"] == "mobilenet_v2") & (shared["image"] < 4)]
    own = some.assign(method="xpert", faithfulness=some["faithfulness"] - 0.5)
    table = background_table(
        {"recorded": pd.concat([rows, shared])},
        {"recorded": own.drop(columns="normalised"), "elsewhere": own},
    )
    (line,) = table.to_dict("records")
    assert line["M_F"].startswith("0.5")
    assert line["n"] == "4"
