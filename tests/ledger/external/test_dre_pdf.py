"""The controller's distances from its closed form."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.external.tests.dre_pdf import distribution_agrees

DECLARED = {"settings": [[1.5, 2.5], [0.5, 1]], "maps": 100, "at_most": 0.01}


def rows(distance, settings=((1.5, 2.5), (0.5, 1.0)), maps=100, draws=12):
    random = np.random.default_rng(0)
    return pd.DataFrame(
        [
            (eta, h, draw, maps, distance + 1e-4 * random.random(), 1 + 0.01 * random.random())
            for eta, h in settings
            for draw in range(draws)
        ],
        columns=["eta", "h", "draw", "maps", "ks_distance", "pearson_skewness"],
    )


@pytest.mark.parametrize(
    ("distance", "verdict"),
    [
        (0.0005, Verdict.REPRODUCED),
        (0.02, Verdict.NOT_REPRODUCED),
        (0.00995, Verdict.INCONCLUSIVE),
    ],
)
def test_where_the_interval_lies_decides(distance, verdict):
    found = distribution_agrees(rows(distance), DECLARED)
    assert found.verdict is verdict
    assert [item.keys for item in found.comparisons] == [
        {"controller": "η=0.5, h=1"},
        {"controller": "η=1.5, h=2.5"},
    ]
    first = found.comparisons[0]
    assert first.estimate.n == 12
    assert first.estimate.low < first.estimate.value < first.estimate.high
    assert first.extra["Pearson's skewness"].value == pytest.approx(1.005, abs=0.01)
    assert found.headline.unit == "draws"
    assert found.headline.value == max(item.estimate.value for item in found.comparisons)


def test_one_controller_that_is_off_is_named():
    table = pd.concat([rows(0.0005, [(1.5, 2.5)]), rows(0.05, [(0.5, 1.0)])])
    found = distribution_agrees(table, DECLARED)
    assert "1 contradict" in found.detail
    assert "(η=0.5, h=1)" in found.detail


def test_a_declared_setting_without_rows_is_missing():
    found = distribution_agrees(rows(0.0005, [(1.5, 2.5)]), DECLARED)
    assert found.verdict is Verdict.PARTLY
    assert "Not computed: η=0.5, h=1" in found.detail


def test_ones_own_controller_is_judged_too():
    found = distribution_agrees(rows(0.02, [(2.0, 1.5)]), DECLARED)
    assert found.verdict is Verdict.NOT_REPRODUCED
    assert "Not computed: η=1.5, h=2.5; η=0.5, h=1." in found.detail


def test_draws_of_fewer_maps_decide_nothing():
    found = distribution_agrees(rows(0.0005, maps=10), DECLARED)
    assert found.verdict is Verdict.NOT_TESTED
    assert found.detail == "no draw pools the declared 100 maps"
    both = pd.concat([rows(0.0005), rows(0.5, maps=10)])
    assert distribution_agrees(both, DECLARED).verdict is Verdict.REPRODUCED


def test_settings_are_pairs():
    with pytest.raises(ValueError, match="distribution_agrees: each of settings is a pair"):
        distribution_agrees(rows(0.0005), {**DECLARED, "settings": [[1.5]]})
