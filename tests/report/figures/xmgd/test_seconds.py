"""Figure and table of the seconds of a comparison."""

import pandas as pd
import pytest

from saliency_audit.ledger import load_claims
from saliency_audit.report.figures.xmgd.seconds import (
    WAYS,
    seconds_table,
    show_seconds,
    way_costs,
)


@pytest.fixture
def rows():
    seconds = dict(zip(WAYS, (30.0, 0.5, 0.001), strict=True))
    return pd.DataFrame(
        {
            "model": "vgg16",
            "image": image,
            "way": way,
            "side": 256,
            "seconds": value * (1 + image),
            "device": "Some CPU",
        }
        for image in range(3)
        for way, value in seconds.items()
    )


def test_ratios_are_taken_image_by_image(rows):
    found = {cost.way: cost for cost in way_costs(rows)}
    assert found["duplicated points"].times == pytest.approx(60)
    assert found["weighted points"].times == 1
    assert found["duplicated points"].seconds.value == pytest.approx(60)


def test_the_band_is_the_claim_s(rows):
    axis = show_seconds(rows, load_claims()["XM-TIME"]).axes[0]
    band = axis.patches[0].get_extents().transformed(axis.transData.inverted())
    assert (band.x0, band.x1) == pytest.approx((20, 180))
    assert "Some CPU" in axis.get_xlabel()


def test_a_line_per_way(rows):
    table = seconds_table({"recorded": rows})
    assert list(table["times ours"]) == ["60.0", "1.00", "0.00200"]
    assert table["seconds"].iloc[0].startswith("60.0<br>[")
    assert set(table["comparisons"]) == {"3"}
