"""The grid of maps: a panel per picture and method, the object, and M_F under each map."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.report.figures.dre.pictures import show_pictures
from saliency_audit.study.experiments.dre_pictures import CELLS, VALUES

METHODS = ("dre", "gradcam")
SCORES = {(4, "dre"): 0.9, (4, "gradcam"): 0.5, (7, "dre"): 0.2, (7, "gradcam"): 0.3}


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    places = pd.MultiIndex.from_product([range(CELLS)] * 2, names=["row", "column"])
    parts = []
    for (image, method), score in SCORES.items():
        part = places.to_frame(index=False)
        part["value"] = random.integers(0, VALUES + 1, len(part))
        part["object"] = VALUES * (part["row"] < CELLS // 2)
        part = part.assign(image=image, method=method, images="shapes", faithfulness=score)
        parts.append(part.sample(frac=1, random_state=1))  # the order of rows does not matter
    return pd.concat(parts)


def test_panels_scores_and_strips(rows):
    axes = np.array(show_pictures(rows).axes).reshape(3, 2)
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["picture", "DRE", "Grad-CAM"]
    found = [[axis.xaxis.label for axis in line] for line in axes[1:]]
    assert [[label.get_text() for label in line] for line in found] == [["90", "20"], ["50", "30"]]
    blue = [[label.get_bbox_patch().get_facecolor()[0] < 1 for label in line] for line in found]
    assert blue == [[True, False], [False, True]]


def test_a_panel_shows_the_recorded_cells(rows):
    axes = np.array(show_pictures(rows).axes).reshape(3, 2)
    drawn = axes[2, 1].images[0].get_array()
    cells = rows[(rows["image"] == 7) & (rows["method"] == "gradcam")]
    for cell in cells.sample(20, random_state=0).itertuples():
        assert drawn[cell.row, cell.column] == pytest.approx(cell.value / VALUES)


def test_the_object_is_outlined_on_the_picture(rows):
    axes = np.array(show_pictures(rows).axes).reshape(3, 2)
    (line,) = axes[0, 0].collections
    heights = np.concatenate([path.vertices[:, 1] for path in line.get_paths()])
    assert heights == pytest.approx(31.5, abs=1.5)  # the middle of 64 pixels
