"""Figure and tables of the settings of DRE and MGnet."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.report.figures.dre.settings import (
    MEASURES,
    part_table,
    setting_name,
    setting_table,
    show_settings,
)
from saliency_audit.study.dre_settings import CONTROLLERS, SETTINGS


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        [
            {
                "model": "shapes_cnn",
                "images": "shapes",
                "method": name,
                "train_seed": seed,
                "image": image,
            }
            for name in SETTINGS
            for seed in (0, 1)
            for image in range(12)
        ]
    )
    for measure in MEASURES:
        table[measure] = random.random(len(table))
    return table


def test_settings_have_names_of_their_own():
    names = [setting_name(name) for name in SETTINGS]
    assert len(set(names)) == len(names)
    assert not set(names) & set(SETTINGS)


def test_a_box_per_setting_in_the_order_that_is_asked_for(rows):
    figure = show_settings(rows, list(CONTROLLERS))
    assert [axis.get_title() for axis in figure.axes] == list(MEASURES.values())
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [setting_name(name) for name in CONTROLLERS]
    with pytest.raises(ValueError, match="no rows to show"):
        show_settings(rows, ["unknown"])


def test_means_are_over_images_and_trainings(rows):
    table = setting_table({"recorded": rows}, ["dre", "square"])
    assert list(table.index.get_level_values("setting")) == ["DRE", "x², squashed"]
    mine = rows.loc[rows["method"] == "square", "explainability"]
    line = table.loc[("small CNN on shapes", "x², squashed", "recorded")]
    assert line["M_E"] == f"{100 * mine.mean():.1f}"


def test_a_part_is_the_difference_of_the_two_settings(rows):
    lower = rows["method"] == "mgnet"
    base = rows.loc[rows["method"] == "dre", "faithfulness"].to_numpy()
    rows.loc[lower, "faithfulness"] = base - 0.25
    mixed = rows.sample(frac=1, random_state=1)
    table = part_table({"recorded": mixed})
    line = table.loc[("small CNN on shapes", "all of it: DRE, not MGnet", "recorded")]
    assert line["M_F"].startswith("0.25")
    without = part_table({"recorded": rows[rows["method"] != "square"]})
    assert len(without) == len(table) - 1
