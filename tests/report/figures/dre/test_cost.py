"""Figure and table of what maps cost: counted numbers beside the printed ones."""

import pandas as pd
import pytest

from saliency_audit.ledger import load_claims
from saliency_audit.report.figures.dre.cost import cost_table, show_cost

# Asked, forward, back, generator, steps.
COUNTS = {
    "dre": (1, 1, 0, 1, 0),
    "finv": (80, 150, 149, 0, 80),
    "ig": (200, 200, 200, 0, 0),
    "dre+self": (1, 34, 0, 1, 0),
}


@pytest.fixture(scope="module")
def claim():
    return load_claims()["DRE-COST"]


@pytest.fixture
def rows():
    names = ["asked", "forward_passes", "backward_passes", "generator_passes", "optimizer_steps"]
    found = [
        {
            "model": model,
            "images": "set",
            "method": method,
            "image": image,
            "repeat": repeat,
            "seconds": counts[1] * (1 + repeat) / 1000,
            "device": "Some GPU",
            **dict(zip(names, counts, strict=True)),
        }
        for model in ("vgg19", "vgg16")
        for repeat in range(5)
        for method, counts in COUNTS.items()
        for image in range(2)
    ]
    return pd.DataFrame(found)


def test_every_count_stands_on_the_line_of_its_method(rows, claim):
    figure = show_cost(rows, claim)
    passes, times = figure.axes[:2]
    assert [label.get_text() for label in passes.get_yticklabels()] == [
        *("DRE", "Feature Inversion", "IG", "DRE+ (self)")
    ]
    lines = {line.get_label(): line for line in passes.lines}
    assert list(lines["printed in Table 2"].get_xdata()) == [1, 80, 200]
    assert list(lines["printed in Table 2"].get_ydata()) == [0, 1, 2]
    assert list(lines["forward, counted"].get_xdata()) == [1, 150, 200, 34]
    assert list(lines["back, counted"].get_xdata()) == [0, 149, 200, 0]
    assert [text.get_text() for text in passes.texts] == ["150, not 80", "34"]
    bars = [line for line in times.lines if line.get_linewidth() == 2.5]
    assert [bar.get_xdata()[0] for bar in bars] == pytest.approx([3, 450, 600, 102])
    assert [axis.get_ylabel() for axis in figure.axes[::2]] == ["VGG19", "VGG16"]


def test_no_rows_are_refused(rows, claim):
    with pytest.raises(ValueError, match="no rows to show"):
        show_cost(rows[:0], claim)


def test_the_table_has_both_readings_and_the_ratio(rows, claim):
    table = cost_table({"recorded": rows}, claim)
    line = table.loc["recorded", "VGG19", "Feature Inversion"]
    assert dict(line.drop("milliseconds")) == {
        "Table 2": "80",
        "forward": "150",
        "counted / printed": "1.88",
        "back": "149",
        "generator": "0",
        "iterations": "80",
    }
    assert line["milliseconds"].startswith("450<br>[")
    own = table.loc["recorded", "VGG19", "DRE+ (self)"]
    assert (own["Table 2"], own["counted / printed"], own["forward"]) == ("—", "—", "34")


def test_images_that_differ_give_a_span(rows, claim):
    rows.loc[(rows["method"] == "ig") & (rows["image"] == 1), "forward_passes"] = 199
    table = cost_table({"recorded": rows}, claim)
    assert table.loc["recorded", "VGG19", "IG"]["forward"] == "199–200"
