"""Other inputs before and after, their skewness, and the sentences as numbers."""

import numpy as np
import pytest

from saliency_audit import study
from saliency_audit.attributions.controlled_scores import ControlledScores, two_normals
from saliency_audit.report.figures.dre.skewness import (
    laws_of,
    show_examples,
    show_families,
    show_skewness,
    statement_table,
)

GIVEN = {"shapes": (-5.0, 5.0), "means": (4.0,), "shares": (0.2, 0.5), "maps": 4}


@pytest.fixture(scope="module")
def rows():
    experiment = study.get_experiment("dre_skewness")
    (task,) = experiment.tasks(experiment.configure("embedded", GIVEN))
    return experiment.compute(task).rows


def laws():
    return laws_of(GIVEN["shapes"], GIVEN["means"], GIVEN["shares"])


@pytest.mark.parametrize("controller", [(1.5, 2.5), (2.0, 1.5)])
def test_inputs_stand_over_their_outputs(controller):
    figure = show_examples(*controller)
    upper, lower = figure.axes[:5], figure.axes[5:]
    assert upper[0].get_title() == "uniform\nskewness 0.00"
    assert upper[3].get_title() == "skew normal a=−20\nskewness −0.61"
    for axis in (*upper, *lower):
        x, density = axis.lines[0].get_data()
        assert np.trapezoid(density, x) == pytest.approx(1, abs=0.01)
    found = ControlledScores(two_normals(4, 0.2), *controller).skewness
    assert lower[2].get_title() == f"skewness {found:.2f}".replace("-", "−")


def test_families_have_a_row_each():
    figure = show_families(1.5, 2.5)
    left = figure.axes[::2]
    assert [axis.get_ylabel() for axis in left] == [
        *("uniform", "skew normal", "mixture, μ₂ = 2", "mixture, μ₂ = 4"),
        *("mixture, μ₂ = 8", "mixture, μ₂ = 16"),
    ]
    assert [len(axis.lines) for axis in left] == [1, 11, 9, 9, 9, 9]
    assert [len(axis.lines) for axis in figure.axes[1::2]] == [1, 11, 9, 9, 9, 9]


def test_every_input_has_its_line(rows):
    figure = show_skewness(rows, laws(), 1.5, 2.5)
    names = [[label.get_text() for label in axis.get_yticklabels()] for axis in figure.axes]
    assert names == [
        ["skew normal a=5", "skew normal a=−5", "uniform"],
        ["mixture μ₂=4, r₁=0.5", "mixture μ₂=4, r₁=0.2"],
    ]
    points = [line for line in figure.axes[0].lines if line.get_label() == "after"]
    mine = rows[(rows["distribution"] == "uniform") & (rows["method"] == "after")]
    assert points[0].get_xdata()[2] == pytest.approx(mine["pearson_skewness"].mean())


def test_families_that_are_not_there_have_no_panel(rows):
    only = rows[rows["distribution"].str.startswith("mixture")]
    assert [axis.get_title() for axis in show_skewness(only, laws(), 1.5, 2.5).axes] == ["mixtures"]
    with pytest.raises(ValueError, match="no rows to show"):
        show_skewness(rows[:0], laws(), 1.5, 2.5)


def test_sentences_as_numbers():
    table = statement_table(1.5, 2.5)["number"]
    said = {name.replace("\n", " "): text.replace("<br>", " ") for (name,), text in table.items()}
    (left,) = (text for name, text in said.items() if name.startswith("§3.4.3"))
    assert left.startswith("7 of 36 mixtures and 0 of the three others")
    (skewed,) = (text for name, text in said.items() if name.startswith("Fig. 14"))
    assert "a = −20: skewness 0.48" in skewed
    assert "1 in 1000 above 0.76" in skewed
    (wasted,) = (text for name, text in said.items() if "hardly any" in name)
    share = ControlledScores(two_normals(16, 0.9)).share_between(0.2, 0.8)
    assert wasted == f"{100 * share:.1f} % of the scores"
