"""Correlations of every two tables, with both intervals."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.statistics import correlation_interval
from saliency_audit.ledger.summaries.table_correlations import table_pairs


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {
                **{"model": f"{detector}_{generator}", "images": generator, "method": "xmgd"},
                **{"detector": detector, "generator": generator, "set_size": 30, "draw": draw},
                **{"first": first, "second": second, "distance": random.random()},
            }
            for detector in ("a", "b")
            for generator in ("p", "q")
            for draw in range(21)
            for first, second in combinations("wxyz", 2)
        ]
    )


def test_every_pair_once_with_what_it_shares(rows):
    found = list(table_pairs(rows, "xmgd"))
    assert [(pair.first, pair.second, pair.shared) for pair in found] == [
        ("a, p", "b, p", "generator"),
        ("a, q", "b, q", "generator"),
        ("a, p", "a, q", "detector"),
        ("b, p", "b, q", "detector"),
        ("a, p", "b, q", "nothing"),
        ("a, q", "b, p", "nothing"),
    ]
    assert not list(table_pairs(rows, "ssim"))


def test_intervals_are_fishers_for_six_and_of_the_resamples(rows):
    pair = next(table_pairs(rows, "xmgd"))
    wide = rows.pivot(index=["draw", "detector", "generator"], columns=["first", "second"])[
        "distance"
    ]
    by_draw = [
        np.corrcoef(wide.loc[draw, "a", "p"], wide.loc[draw, "b", "p"])[0, 1] for draw in range(21)
    ]
    assert pair.correlation.value == pair.of_images.value == pytest.approx(by_draw[0])
    assert (pair.correlation.n, pair.of_images.n) == (6, 30)
    ends = (pair.correlation.low, pair.correlation.high)
    assert ends == pytest.approx(correlation_interval(by_draw[0], 6))
    assert pair.of_images.low == pytest.approx(np.quantile(by_draw[1:], 0.025))
    without = next(table_pairs(rows[rows["draw"] == 0], "xmgd"))
    assert np.isnan(without.of_images.low)
