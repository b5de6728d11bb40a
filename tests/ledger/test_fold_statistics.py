"""Resampled MeGe and ReCo: the same numbers as the metrics give on the drawn distances."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from saliency_audit.ledger import fold_statistics
from saliency_audit.ledger.fold_statistics import STATISTICS, once, overlap
from saliency_audit.ledger.resampling import resample_counts
from saliency_audit.metrics import FoldDistances, mege, reco, reco_auc


def drawn_sets(images=20, decimals=6, seed=0):
    random = np.random.default_rng(seed)
    equal = random.beta(2, 4, 55).round(decimals)
    different = random.beta(3, 3, 18).round(decimals)
    return FoldDistances(
        equal=equal,
        different=different,
        equal_images=random.integers(0, images, len(equal)),
        different_images=random.integers(0, images, len(different)),
        undefined=0,
        both_wrong=0,
    )


def repeated(sets, counts):
    """The distances that a resample holds, written out."""
    return (
        np.repeat(sets.equal, counts[sets.equal_images]),
        np.repeat(sets.different, counts[sets.different_images]),
    )


def plain_auroc(equal, different):
    return mannwhitneyu(different, equal).statistic / (len(equal) * len(different))


def plain_overlap(equal, different):
    histograms = [np.histogram(part, bins=50, range=(0, 1))[0] for part in (equal, different)]
    return sum(min(a / len(equal), b / len(different)) for a, b in zip(*histograms, strict=True))


PLAIN = {
    "mege": lambda equal, different: mege(equal),
    "reco_balanced": lambda equal, different: reco(equal, different, "balanced"),
    "reco_printed": lambda equal, different: reco(equal, different, "printed"),
    "reco_auc_balanced": lambda equal, different: reco_auc(equal, different, "balanced"),
    "reco_auc_printed": lambda equal, different: reco_auc(equal, different, "printed"),
    "auroc": plain_auroc,
    "overlap": plain_overlap,
    "mean_equal": lambda equal, different: equal.mean(),
}


def test_every_statistic_has_a_plain_one():
    assert PLAIN.keys() == STATISTICS.keys()


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("decimals", [6, 1], ids=["no ties", "ties"])
def test_a_resample_is_what_its_drawn_distances_say(name, decimals, monkeypatch):
    sets = drawn_sets(decimals=decimals)
    counts = resample_counts(20, 40)
    monkeypatch.setattr(fold_statistics, "ENTRIES_AT_ONCE", 500)  # several blocks
    found = STATISTICS[name](sets, counts)
    expected = [PLAIN[name](*repeated(sets, row)) for row in counts]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    whole = STATISTICS[name](sets, once(20))
    np.testing.assert_allclose(whole, PLAIN[name](sets.equal, sets.different), rtol=1e-12)


@pytest.mark.parametrize("name", STATISTICS)
def test_an_empty_set_leaves_a_score_undefined(name):
    sets = drawn_sets()
    none, nowhere = np.zeros(0), np.zeros(0, dtype=np.int64)
    without = FoldDistances(sets.equal, none, sets.equal_images, nowhere, 0, 0)
    counts = resample_counts(20, 5)
    answer = STATISTICS[name](without, counts)
    if name in ("mege", "mean_equal"):
        np.testing.assert_array_equal(answer, STATISTICS[name](sets, counts))
    else:
        assert np.isnan(answer).all()
    empty = FoldDistances(none, none, nowhere, nowhere, 0, 0)
    assert np.isnan(STATISTICS[name](empty, counts)).all()


def test_a_resample_without_one_of_the_sets_is_undefined():
    sets = drawn_sets()
    counts = np.zeros((1, 20), dtype=np.int64)
    only = next(i for i in range(20) if i in sets.equal_images and i not in sets.different_images)
    counts[0, only] = 20
    assert np.isnan(STATISTICS["reco_balanced"](sets, counts)).all()
    assert np.isnan(STATISTICS["auroc"](sets, counts)).all()
    assert np.isfinite(STATISTICS["mege"](sets, counts)).all()


def test_a_distance_of_one_lies_in_the_last_bin():
    sets = FoldDistances(np.array([1.0]), np.array([0.99]), np.array([0]), np.array([0]), 0, 0)
    assert overlap(sets, once(1)).item() == 1


def test_another_definition_is_refused():
    with pytest.raises(ValueError, match="definition must be 'printed' or 'balanced'"):
        fold_statistics.reco(drawn_sets(), once(20), "mine")
