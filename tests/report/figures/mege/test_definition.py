"""The two definitions of ReCo as drawn."""

import numpy as np
import pytest

from saliency_audit.metrics import reco
from saliency_audit.report.figures.mege.definition import show_definitions, show_imbalance


@pytest.fixture(scope="module")
def rows(stability_rows):
    return stability_rows()


def test_definitions_show_a_point_per_method_and_series(rows):
    figure = show_definitions(rows)
    points = sum(len(found.get_offsets()) for found in figure.axes[0].collections)
    assert points == 7 * 3


def median_of_equal_distributions(definition, share, size):
    """Of 400 splits of one sample; only the order of distances counts, not their distribution."""
    random = np.random.default_rng(7)
    found = []
    for _ in range(400):
        different, equal = np.split(random.random(size), [round(share * size)])
        found.append(reco(equal, different, definition=definition))
    return np.median(found)


def test_the_printed_reco_of_equal_distributions_follows_their_imbalance():
    figure = show_imbalance(size=400, draws=200)
    (printed,) = (line for line in figure.axes[0].lines if line.get_label() == "printed")
    (balanced,) = (line for line in figure.axes[0].lines if line.get_label() == "balanced")
    shares = printed.get_xdata()
    assert (shares[0], shares[-1]) == (0.01, 0.5)
    for line, definition in ((printed, "printed"), (balanced, "balanced")):
        expected = [median_of_equal_distributions(definition, share, 400) for share in shares]
        np.testing.assert_allclose(line.get_ydata(), expected, atol=0.06)
    # Mostly the least distance is of S=: just above it TPR is 1, and TNR the share of S≠.
    np.testing.assert_allclose(printed.get_ydata(), shares, atol=0.06)
    assert np.ptp(printed.get_ydata()) > 0.4
    many = shares >= 0.1
    assert np.ptp(printed.get_ydata()[many]) > 0.3
    assert np.ptp(balanced.get_ydata()[many]) < 0.1


def test_equal_distributions_score_low_by_balanced_accuracy():
    figure = show_imbalance(size=300, draws=20)
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert set(lines) == {"printed", "balanced"}
    assert lines["balanced"][-1] < 0.2  # half of the distances in each set
    assert lines["balanced"][0] > lines["balanced"][-1]  # the luck of few distances
