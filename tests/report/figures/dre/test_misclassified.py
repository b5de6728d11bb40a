"""Figures and table of wrongly and correctly classified images."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from saliency_audit.datasets import open_images, read_regions
from saliency_audit.report.figures.dre.misclassified import hit_table, show_hits, show_mistakes
from saliency_audit.study.selection import Selection

METHODS = ("dre", "gradcam")


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        [
            {
                "model": "shapes_cnn",
                "images": "more_shapes",
                "method": method,
                "classified": kind,
                "image": 100 * (kind == "wrongly") + image,
                "area": 0.1 + 0.01 * image,
            }
            for method in METHODS
            for kind in ("correctly", "wrongly")
            for image in range(12)
        ]
    )
    table["hit"] = random.integers(0, 2, len(table)).astype(float)
    table["explainability"] = random.random(len(table))
    return table.sample(frac=1, random_state=1).sort_values("method", kind="stable")


def test_a_mark_per_method_and_kind_and_a_line_of_chance_each(rows):
    figure = show_hits(rows)
    hits, scores = figure.axes
    assert (hits.get_title(), scores.get_title()) == ("on the object", "M_E")
    names = [label.get_text() for label in hits.get_yticklabels()]
    assert names == ["DRE", "Grad-CAM", "mean of the methods"]
    for axis, measure in ((hits, "hit"), (scores, "explainability")):
        assert len(axis.containers) == 6
        first = axis.containers[0].lines[0].get_xdata()[0]
        mine = rows[(rows["classified"] == "wrongly") & (rows["method"] == "dre")]
        assert first == pytest.approx(mine[measure].mean())
        chance = [line.get_xdata()[0] for line in axis.lines if line.get_linestyle() == "--"]
        assert chance == pytest.approx([rows["area"].mean()] * 2)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "wrongly classified",
        "correctly classified",
    ]
    with pytest.raises(ValueError, match="no rows to show"):
        show_hits(rows[:0])


def test_images_of_one_kind_alone_are_drawn(rows):
    (hits, _) = show_hits(rows[rows["classified"] == "wrongly"]).axes
    assert len(hits.containers) == 3


def test_the_table_compares_every_method_with_chance(rows):
    table = hit_table({"recorded": rows})
    names = ["DRE", "Grad-CAM", "mean of the methods", "share of the box"]
    assert list(table.index.get_level_values("method")) == names
    line = table.loc[("small CNN on shapes", "DRE", "recorded")]
    mine = rows[(rows["classified"] == "wrongly") & (rows["method"] == "dre")]
    assert line["wrongly: on the object"] == f"{mine['hit'].mean():.2f}"
    above = (mine["hit"] - mine["area"]).mean()
    assert float(line["wrongly: above chance"].split()[0].replace("−", "-")) == pytest.approx(
        above, abs=0.006
    )
    chance = table.loc[("small CNN on shapes", "share of the box", "recorded")]
    assert chance["correctly: on the object"] == chance["correctly: M_E"]
    assert chance["correctly: above chance"] == ""


def test_a_picture_says_what_it_is_and_is_taken_for_and_a_map_its_score():
    source = open_images("more_shapes")
    masks = read_regions(source, (0, 5))
    chosen = Selection(
        model=torch.nn.Identity(),
        source=source,
        pictures=torch.stack([source.read(index) for index in (0, 5)]),
        targets=torch.tensor([4, 6]),
        labels=torch.tensor([0, 5]),
        indices=(0, 5),
        confidence=torch.ones(2),
        seeds=[0, 0],
        notes={},
    )
    maps = {"DRE": masks.float(), "IG": masks.float()}
    scores = {"DRE": torch.tensor([0.9, 0.25]), "IG": torch.tensor([0.5, 0.75])}
    figure = show_mistakes(chosen, masks, maps, scores)
    assert [axis.get_title() for axis in figure.axes[:2]] == ["disc\nas square", "star\nas cross"]
    other = replace(chosen, source=replace(source, name="tiny200_val"))
    labels = [axis.xaxis.label for axis in figure.axes[2:]]
    assert [label.get_text() for label in labels] == ["90", "25", "50", "75"]
    blue = [label.get_bbox_patch().get_facecolor()[0] < 1 for label in labels]
    assert blue == [True, False, False, True]
    figure = show_mistakes(other, masks, maps, scores)
    assert figure.axes[0].get_title() == "class 0\nas 4"
