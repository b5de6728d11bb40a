"""Figure and table of the metrics that ask the model."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.external.evidence.derived import MEAN_OF_NETWORKS
from saliency_audit.report.figures.xmgd.model_metrics import MEASURES, metric_table, show_metrics

METHODS = ("ig", "saliency", "deeplift", "guided_backprop")


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        [
            {"model": model, "images": "faces_easy", "method": method, "image": image}
            for model in ("meso4_df", "meso4_f2f")
            for method in METHODS
            for image in range(12)
        ]
    )
    for measure in (*MEASURES, "confidence", "kept"):
        table[measure] = random.random(len(table))
    return table


def test_a_row_of_panels_per_network_and_one_for_their_mean(rows):
    figure = show_metrics(rows)
    axes = np.array(figure.axes).reshape(3, 4)
    titles = [axis.get_title() for axis in axes[0]]
    assert titles == ["IIC ↑", "AD ↓", "ADD ↑", "insertion correlation ↑"]
    names = [label.get_text() for label in axes[2, 0].get_yticklabels()]
    assert names == ["IG", "Saliency", "DeepLIFT", "Guided backprop"]
    shown = axes[2, 1].containers[1].lines[0].get_xdata()[0]
    mine = rows[rows["method"] == "saliency"]
    assert shown == pytest.approx(mine["average_drop"].mean())
    alone = show_metrics(rows[rows["model"] == "meso4_df"])
    assert len(alone.axes) == 4
    with pytest.raises(ValueError, match="no rows to show"):
        show_metrics(rows[:0])


def test_the_printed_means_come_first_and_signed_drops_stand_beside(rows):
    table = metric_table({"recorded": rows})
    printed = table.loc[("seven detectors", "IG", "paper")]
    assert list(printed[["IIC", "AD", "ADD"]]) == ["0.612", "−0.082", "1.064"]
    assert printed["insertion correlation"] == ""
    line = table.loc[(MEAN_OF_NETWORKS, "DeepLIFT", "recorded")]
    assert line["n"] == "12"
    mine = rows[rows["method"] == "deeplift"]
    signed = ((mine["confidence"] - mine["kept"]) / mine["confidence"]).mean()
    shown = float(line["AD, signed"].split()[0].replace("−", "-"))
    assert shown == pytest.approx(signed, rel=0.02)
