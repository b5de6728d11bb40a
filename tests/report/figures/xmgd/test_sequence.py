"""Figure and table of XMGD over time."""

import pandas as pd
import pytest

from saliency_audit.report.figures.xmgd.sequence import (
    delay_table,
    sequence_table,
    show_sequences,
)
from saliency_audit.study.experiments.xmgd_sequence import MEASURES, ORDERS


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "model": "shapes_cnn",
            "images": "shapes",
            "method": "saliency",
            "image": image,
            "compared": compared,
            "measure": measure,
            "xmgd": (1 + place) / 100 + image / 1e5 if measure != MEASURES[0] else 0.0,
        }
        for place, compared in enumerate(ORDERS)
        for measure in MEASURES
        for image in range(5)
    )


def test_a_panel_names_the_comparisons_and_the_readings(rows):
    (axis,) = show_sequences(rows).axes
    assert [text.get_text() for text in axis.get_yticklabels()] == list(ORDERS)
    assert [text.get_text() for text in axis.get_legend().get_texts()] == list(MEASURES)


def test_the_table_is_in_thousandths(rows):
    table = sequence_table({"recorded": rows})
    assert list(table.index.get_level_values("with")) == list(ORDERS)
    assert [text.split(" ")[0] for text in table["over time"]][:2] == ["10.020", "20.020"]
    assert set(table["images"]) == {"5"}


def test_others_are_set_beside_a_delay_of_one_frame_image_by_image(rows):
    backwards = (rows["compared"] == "reversed") & (rows["measure"] == "over time")
    rows.loc[backwards & (rows["image"] == 3), "xmgd"] = 0.0
    table = delay_table({"recorded": rows})
    assert list(table.index.get_level_values("with")) == list(ORDERS[1:])
    # Ten thousandths more from each comparison to the next; in one image the reverse is nearer.
    means = [float(text.split(" ")[0]) for text in table["frame by frame"]]
    assert means == pytest.approx([10, 20, 30, 40])
    assert list(table["delay is nearer over time"]) == ["5 of 5", "4 of 5", "5 of 5", "5 of 5"]
    assert all(float(text.split(" ")[0]) == 0 for text in table["mean map"])


def test_nothing_is_not_drawn(rows):
    with pytest.raises(ValueError, match="no rows to show"):
        show_sequences(rows.iloc[:0])
