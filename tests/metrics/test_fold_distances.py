"""Distances over folds against scipy and a loop that reads like the paper's Algorithm 1."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from saliency_audit.metrics import rank_distances, sorted_by_agreement

K = 4


@pytest.fixture
def maps():
    generator = torch.Generator().manual_seed(0)
    found = torch.rand(9, K, 5, 6, generator=generator)
    found[0, 1] = found[0, 0] * 2 + 1  # the same order
    found[1, 2] = -found[1, 3]  # the opposite order
    found[2] = (found[2] * 3).floor()  # ties
    found[3, 1] = 0.5  # no order
    return found


FOLDS = torch.tensor([0, 3, 1, 2, 2, 1, 0, 3, 1])
CORRECT = torch.rand(9, K, generator=torch.Generator().manual_seed(1)) < 0.6


def brute_force(maps):
    """S=, S≠, pairs without a distance, and pairs that are both wrong."""
    equal, different, undefined, wrong = [], [], 0, 0
    for image in range(len(maps)):
        i = int(FOLDS[image])
        for j in range(K):
            if j == i:
                continue
            first, second = bool(CORRECT[image, i]), bool(CORRECT[image, j])
            if not first and not second:
                wrong += 1
                continue
            pair = [maps[image, k].flatten().double().numpy() for k in (i, j)]
            if min(np.ptp(values) for values in pair) == 0:
                undefined += 1
                continue
            distance = 1 - abs(spearmanr(*pair).statistic)
            (equal if first and second else different).append((image, distance))
    return equal, different, undefined, wrong


def test_sets_are_those_of_the_definition(maps):
    found = sorted_by_agreement(rank_distances(maps, FOLDS), CORRECT, FOLDS)
    equal, different, undefined, wrong = brute_force(maps)
    assert found.equal_images.tolist() == [image for image, _ in equal]
    assert found.different_images.tolist() == [image for image, _ in different]
    np.testing.assert_allclose(found.equal, [d for _, d in equal], atol=1e-12)
    np.testing.assert_allclose(found.different, [d for _, d in different], atol=1e-12)
    assert (found.undefined, found.both_wrong) == (undefined, wrong)
    assert undefined
    assert wrong


def test_distances_of_known_pairs(maps):
    distances = rank_distances(maps, FOLDS)
    assert distances.shape == (9, K)
    assert distances[0, 1].item() == pytest.approx(0, abs=1e-12)
    assert distances[1, 2].item() == pytest.approx(0, abs=1e-12)  # the sign does not matter
    assert distances[3, 1].isnan()
    own = distances[torch.arange(9), FOLDS]
    assert own.isnan().all()
    assert ((distances >= 0) & (distances <= 1) | distances.isnan()).all()


def test_blocks_change_nothing(maps, monkeypatch):
    together = rank_distances(maps, FOLDS)
    monkeypatch.setattr("saliency_audit.metrics.fold_distances.VALUES_AT_ONCE", 2 * K * 30 + 1)
    torch.testing.assert_close(rank_distances(maps, FOLDS), together, equal_nan=True)
    order = [4, 8, 0, 2, 6, 1, 3, 7, 5]
    shuffled = rank_distances(maps[order], FOLDS[order])
    torch.testing.assert_close(shuffled, together[order], equal_nan=True)


def test_no_images_give_no_distances():
    nothing = torch.zeros(0, K, 5, 6)
    assert rank_distances(nothing, torch.zeros(0, dtype=torch.int64)).shape == (0, K)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maps": torch.rand(9, 5, 6)}, r"shape \(N, K, H, W\)"),
        ({"folds": FOLDS[:5]}, r"folds must be int64 \(9,\)"),
        ({"folds": FOLDS.float()}, "folds must be int64"),
        ({"folds": FOLDS + 1}, "folds must lie in 0..3 for 4 predictors, got 1..4"),
        ({"maps": torch.full((9, K, 5, 6), torch.inf)}, "NaN or infinite"),
        ({"maps": torch.rand(9, K, 0, 6)}, r"maps have no pixels: shape \(9, 4, 0, 6\)"),
        ({"maps": torch.rand(9, K, 5, 0)}, "maps have no pixels"),
        (
            {"maps": [torch.rand(K, 5, 6), torch.rand(K, 7, 7)]},
            r"one tensor \(N, K, H, W\), got list; maps of different sizes cannot be compared",
        ),
        ({"folds": FOLDS.tolist()}, "folds must be a torch tensor, got list"),
        (
            {"maps": np.zeros((9, K, 5, 6))},
            r"maps must be a torch tensor \(N, K, H, W\), got a numpy array; torch.from_numpy",
        ),
        (
            {"maps": torch.rand(9, 1, 5, 6), "folds": FOLDS * 0},
            r"maps \(9, 1, 5, 6\) are those of 1; stack the maps of all K predictors",
        ),
    ],
)
def test_bad_input(change, message):
    given = {"maps": torch.rand(9, K, 5, 6), "folds": FOLDS, **change}
    with pytest.raises(ValueError, match=message):
        rank_distances(**given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"correct": CORRECT[:5]}, "do not match"),
        ({"distances": torch.rand(9), "correct": CORRECT[:, 0]}, r"both must be \(N, K\)"),
        ({"correct": CORRECT.long()}, r"correct must be bool, got torch.int64; correct.bool\(\)"),
        ({"correct": CORRECT.double()}, "correct must be bool, got torch.float64"),
        ({"correct": CORRECT.numpy()}, "correct must be a torch tensor, got a numpy array"),
        ({"distances": np.zeros((9, K))}, "distances must be a torch tensor, got a numpy array"),
        ({"folds": FOLDS - 1}, "folds must lie in 0..3 for 4 predictors, got -1..2"),
        ({"folds": FOLDS + 1}, "folds must lie in 0..3 for 4 predictors, got 1..4"),
        ({"folds": FOLDS[:5]}, r"folds must be int64 \(9,\)"),
        ({"folds": FOLDS.double()}, "folds must be int64"),
        ({"folds": (FOLDS + 1) % K}, "9 of 9 images have a distance at their own fold"),
        ({"folds": FOLDS.flip(0)}, "the distances are those of other folds"),
        ({"distances": torch.zeros(9, K)}, "9 of 9 images have a distance at their own fold"),
    ],
)
def test_what_cannot_be_sorted_is_refused(maps, change, message):
    given = {"distances": rank_distances(maps, FOLDS), "correct": CORRECT, "folds": FOLDS}
    with pytest.raises(ValueError, match=message):
        sorted_by_agreement(**{**given, **change})


def test_no_distances_give_empty_sets():
    found = sorted_by_agreement(torch.zeros(0, K), CORRECT[:0], FOLDS[:0])
    assert found.equal.shape == found.different.shape == (0,)
    assert (found.undefined, found.both_wrong) == (0, 0)
