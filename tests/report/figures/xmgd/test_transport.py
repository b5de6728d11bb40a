"""Figure and table of the properties of the distance."""

import pandas as pd
import pytest

from saliency_audit.ledger import load_claims
from saliency_audit.report.figures.xmgd.transport import LEAST, show_transport, transport_table


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "model": model,
            "property": name,
            "pair": pair,
            "distance": 0.1 * (pair + 1),
            "violation": size * pair,
        }
        for model in ("vgg16", "vgg19")
        for name, size in (("POT", 1e-16), ("triangle", 0.0), ("itself", 1e-12))
        for pair in range(5)
    )


def test_the_largest_violation_and_the_limit_are_drawn(rows):
    figure = show_transport(rows, load_claims()["XM-MW"])
    for axis in figure.axes:
        bars = [line.get_xdata()[0] for line in axis.lines if line.get_linewidth() == 2]
        assert bars == pytest.approx([4e-16, LEAST, 4e-12])
        assert 1e-8 in [line.get_xdata()[0] for line in axis.lines]
    assert [axis.get_title() for axis in figure.axes] == ["VGG16", "VGG19"]


def test_a_line_per_property_and_network(rows):
    table = transport_table({"recorded": rows})
    assert list(table["largest"]) == ["4.0e−16", "4.0e−16", "0", "0", "4.0e−12", "4.0e−12"]
    assert set(table["pairs"]) == {"5"}
    assert set(table["distances"]) == {"0.100 to 0.500"}
