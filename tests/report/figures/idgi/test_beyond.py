"""All comparisons of a claim in one figure: places, intervals and outcomes."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import ExternalResult, Verdict
from saliency_audit.ledger.external import paired_difference
from saliency_audit.report.figures.idgi.beyond import effect_table, show_effects
from saliency_audit.report.names import BASE_COLOUR, IDGI_COLOUR

SCORES = ["probability", "explainability"]
DECLARED = {
    "questions": [
        {
            "value": ["value"],
            "where": {"score": SCORES},
            "each": ["score"],
            "pairs": [["ig+idgi", "ig"], ["gig+idgi", "gig"], ["blurig+idgi", "blurig"]],
            "expected": "higher",
        }
    ],
    "alpha": 0.05,
}
GAINS = {"ig": 0.1, "gig": 0.0, "blurig": -0.1}


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    found = []
    for path, gain in GAINS.items():
        for score in SCORES:
            noise = generator.normal(size=30)
            values = 0.5 + gain + 0.01 * (noise - noise.mean())
            for image, value in enumerate(values):
                found.append(("vgg16", path, path, 32, image, score, 0.5))
                found.append(("vgg16", path, f"{path}+idgi", 32, image, score, value))
    columns = ["model", "path", "method", "steps", "image", "score", "value"]
    return pd.DataFrame(found, columns=columns)


def test_every_comparison_stands_in_its_place_with_its_outcome(rows):
    result = paired_difference(rows, DECLARED)
    figure = show_effects({"recorded": result, "this machine": result})
    assert [axis.get_title() for axis in figure.axes] == [
        "insertion, probability",
        "explainability",
    ]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [
        f"{run}: VGG16, {path}"
        for run in ("recorded", "this machine")
        for path in ("IG", "Guided IG", "Blur IG")
    ]
    for axis in figure.axes:
        drawn = [container.lines[0] for container in axis.containers]
        assert [line.get_xdata()[0] for line in drawn] == pytest.approx([*GAINS.values()] * 2)
        assert [line.get_ydata()[0] for line in drawn] == list(range(6))
        assert [line.get_color() for line in drawn[:3]] == [IDGI_COLOUR, "0.45", BASE_COLOUR]
        assert [line.get_marker() for line in drawn[:3]] == ["o", "o", "X"]
        assert drawn[1].get_markerfacecolor() == "white"


def test_a_score_that_a_run_lacks_leaves_a_gap(rows):
    part = paired_difference(rows[rows["score"] == "probability"], DECLARED)
    figure = show_effects({"recorded": paired_difference(rows, DECLARED), "this machine": part})
    assert [len(axis.containers) for axis in figure.axes] == [6, 3]


def test_nothing_to_compare_is_refused():
    with pytest.raises(ValueError, match="no comparisons to show"):
        show_effects({"this machine": ExternalResult(Verdict.NOT_TESTED, "no rows")})


def test_the_table_has_a_line_per_comparison_and_run(rows):
    result = paired_difference(rows, DECLARED)
    table = effect_table({"recorded": result, "this machine": result})
    assert len(table) == 12
    line = table.loc[("VGG16", "Blur IG", "explainability\u00a0↑", "recorded")]
    assert line["difference"].startswith("−0.100")
    assert (line["n"], line["base"]) == ("30", "0.5000")
    assert "no" in line["holds"]
