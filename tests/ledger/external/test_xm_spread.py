"""XM-SPREAD's test: dispersion of distances, and which method is farthest from the others."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.external.tests.xm_spread import (
    dispersion,
    isolation,
    spread_difference,
)
from saliency_audit.ledger.verdict import Verdict

METHODS = ("ig", "saliency", "deeplift", "guided_backprop")
PARAMETERS = {
    "statistic": "dispersion",
    "pairs": [["xmgd", "ssim"], ["xmgd", "kl_divergence"]],
    "farthest": "ig",
    "expected": "higher",
}


def rows(spreads, draws=200, noise=0.01, far="ig", size=100):
    """Distances around 1: those of one method are larger by the measure's spread."""
    random = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {
                "model": "a+b",
                "images": "faces",
                "first": first,
                "second": second,
                "method": measure,
                "draw": draw,
                "set_size": size,
                "distance": 1
                + spread * (far in (first, second))
                + noise * random.standard_normal(),
            }
            for measure, spread in spreads.items()
            for draw in range(draws + 1)
            for first, second in combinations(METHODS, 2)
        ]
    )


def test_dispersion_is_the_coefficient_of_variation():
    assert dispersion(np.array([[1.0, 3.0], [2.0, 2.0]])).tolist() == [0.5, 0]
    assert dispersion(np.array([[10.0, 30.0]])) == pytest.approx(0.5)


def test_isolation_is_the_gap_to_the_farthest_other():
    table = pd.DataFrame([[4.0, 6.0, 1.0]], columns=[("a", "b"), ("a", "c"), ("b", "c")])
    # Means: a 5, b 2.5, c 3.5.
    assert isolation(table, "a").tolist() == [1.5]
    assert isolation(table, "c").tolist() == [-1.5]


def test_a_measure_that_spreads_more_with_the_method_apart_reproduces():
    found = spread_difference(rows({"xmgd": 1.0, "ssim": 0.3, "kl_divergence": 0.3}), PARAMETERS)
    assert found.verdict is Verdict.REPRODUCED
    # Three of six distances are 2: mean 1.5, deviation 0.5.
    assert found.comparisons[0].other == pytest.approx(1 / 3, abs=0.02)
    assert found.comparisons[2].estimate.value == pytest.approx(2 - 4 / 3, abs=0.05)
    assert {item.estimate.n for item in found.comparisons} == {100}
    assert set(found.comparisons[2].extra) == {"ssim", "kl_divergence"}


def test_less_spread_and_another_method_apart_contradict():
    spreads = {"xmgd": 0.3, "ssim": 1.0, "kl_divergence": 1.0}
    found = spread_difference(rows(spreads, far="saliency"), PARAMETERS)
    assert found.verdict is Verdict.NOT_REPRODUCED
    assert all(item.contradicts for item in found.comparisons)


def test_equal_spreads_decide_nothing():
    equal = rows({"xmgd": 0.3, "ssim": 0.3, "kl_divergence": 0.3}, noise=0.2, far="none")
    found = spread_difference(equal, PARAMETERS)
    assert not any(item.holds for item in found.comparisons[:2])
    assert found.verdict in (Verdict.INCONCLUSIVE, Verdict.NOT_REPRODUCED)


def test_without_resamples_nothing_is_decided():
    found = spread_difference(
        rows({"xmgd": 1.0, "ssim": 0.3, "kl_divergence": 0.3}, draws=0), PARAMETERS
    )
    assert all(item.undecided for item in found.comparisons)


def test_a_measure_without_rows_is_missing():
    found = spread_difference(rows({"xmgd": 1.0, "ssim": 0.3}), PARAMETERS)
    assert found.verdict is Verdict.PARTLY
    assert "Not computed: a+b, faces, xmgd against kl_divergence" in found.detail


def test_a_pair_that_appears_twice_is_refused():
    twice = rows({"xmgd": 1.0, "ssim": 0.3, "kl_divergence": 0.3}, draws=1)
    with pytest.raises(ValueError, match="duplicate rows of a pair"):
        spread_difference(pd.concat([twice, twice]), PARAMETERS)


@pytest.mark.parametrize(("name", "value"), [("statistic", "variance"), ("expected", "equal")])
def test_parameters_are_checked(name, value):
    with pytest.raises(ValueError, match=name):
        spread_difference(rows({"xmgd": 1.0}, draws=1), {**PARAMETERS, name: value})
