"""The grid of maps: a panel per picture and method, the object, and M_F under each map."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.datasets import open_images
from saliency_audit.datasets.photographs import PHOTOGRAPHS
from saliency_audit.datasets.tiny_imagenet_classes import TINY_CLASSES
from saliency_audit.report.figures.dre.pictures import credit_table, show_pictures
from saliency_audit.study.experiments.dre_pictures import CELLS, NO_OBJECT, VALUES

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
        part = part.assign(
            image=image,
            image_name=tuple(PHOTOGRAPHS)[image],
            method=method,
            images="shapes",
            model="shapes_cnn",
            target=open_images("shapes").labels[image],
            confidence=image / 10,
            faithfulness=score,
        )
        parts.append(part.sample(frac=1, random_state=1))  # the order of rows does not matter
    return pd.concat(parts)


@pytest.fixture
def both(rows):
    """The rows, then those of photographs that the network for 200 classes calls Egyptian cat."""
    cat = TINY_CLASSES.index(285)
    network = {"model": "efficientnet_lite0_tiny200", "target": cat}
    return pd.concat([rows, rows.assign(images="photographs", object=NO_OBJECT, **network)])


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


def test_the_class_and_its_probability_stand_over_a_picture(rows, both):
    titles = [axis.get_title() for axis in show_pictures(rows).axes[:2]]
    first, second = (open_images("shapes").labels[image] for image in (4, 7))
    assert titles == [f"class {first}\n40 %", f"class {second}\n70 %"]
    mistaken = rows.assign(target=rows["target"].where(rows["image"] == 4, second + 1))
    titles = [axis.get_title() for axis in show_pictures(mistaken).axes[:2]]
    assert titles == [f"class {first}\n40 %", f"class {second}\nas class {second + 1}\n70 %"]
    titles = [axis.get_title() for axis in show_pictures(both, "photographs").axes[:2]]
    assert titles == ["Egyptian cat\n40 %", "Egyptian cat\n70 %"]


def test_one_image_set_is_shown_and_no_object_outlined_where_none_is_known(both):
    axes = show_pictures(both, "photographs").axes
    photograph = open_images("photographs").read(4).permute(1, 2, 0)
    assert np.array_equal(axes[0].images[0].get_array(), photograph)
    assert not axes[0].collections
    assert show_pictures(both, "shapes").axes[0].collections
    with pytest.raises(ValueError, match="no rows to show"):
        show_pictures(both, "cutouts_shown")


def test_each_photograph_has_its_credit(both):
    table = credit_table({"recorded": both})
    names = tuple(PHOTOGRAPHS)
    assert list(table.index) == [(PHOTOGRAPHS[names[place]].shows,) for place in (4, 7)]
    for place, line in zip((4, 7), table.itertuples(index=False), strict=True):
        of = PHOTOGRAPHS[names[place]]
        assert tuple(line) == ("Egyptian cat", of.credit, of.licence, of.package)
    assert credit_table({}).empty
