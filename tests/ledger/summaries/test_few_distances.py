"""What a few distances can tell: against a closed form and direct samples."""

import numpy as np
import pytest

from saliency_audit.ledger.summaries.few_distances import (
    BY_CHANCE,
    order_frequencies,
    order_frequency,
)


@pytest.mark.parametrize("r", [0.0, 0.8])
def test_equal_correlations_show_the_order_in_a_third_of_cases(r):
    for n in (6, 16):
        assert order_frequency(r, r, r, n) == pytest.approx(BY_CHANCE, abs=0.012)


def test_samples_of_six_show_the_order_as_often():
    truth = [[1, 0.813, 0.742], [0.813, 1, 0.810], [0.742, 0.810, 1]]
    drawn = np.random.default_rng(1).multivariate_normal(np.zeros(3), truth, size=(8000, 6))
    found = np.array([np.corrcoef(sample.T) for sample in drawn])
    least = found[:, 0, 2]
    expected = np.mean((least < found[:, 0, 1]) & (least < found[:, 1, 2]))
    assert order_frequency(0.813, 0.810, 0.742, 6) == pytest.approx(expected, abs=0.02)


def test_more_distances_show_a_true_order_more_often_and_a_false_one_less():
    true = order_frequencies((0.813, 0.810, 0.742), (6, 50, 400))
    assert true[0] < 0.5 < true[1] < true[2]
    assert true[2] > 0.95
    false = order_frequencies((0.742, 0.810, 0.813), (6, 400))
    assert false[1] < false[0] < BY_CHANCE


@pytest.mark.parametrize(
    ("correlations", "n", "message"),
    [((0.8, 0.8, 0.7), 3, "at least 4 distances"), ((0.9, 0.9, -0.9), 6, "no three tables")],
)
def test_what_cannot_be_is_refused(correlations, n, message):
    with pytest.raises(ValueError, match=message):
        order_frequency(*correlations, n)
