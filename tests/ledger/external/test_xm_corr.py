"""XM-CORR's test: which labels are exchanged, and against scipy's permutation test."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from saliency_audit.ledger.external.evidence.distance_tables import (
    linked_tables,
    mean_over,
    shared_by,
    table_correlations,
)
from saliency_audit.ledger.external.evidence.relabelled import permutation_ps, relabelled
from saliency_audit.ledger.external.tests.xm_corr import permuted_groups
from saliency_audit.ledger.verdict import Verdict

METHODS = ("ig", "saliency", "deeplift", "guided_backprop")
PAIRS = list(combinations(METHODS, 2))
PARAMETERS = {
    "measure": "xmgd",
    "beside": "kl_divergence",
    "permutations": 5000,
    "images_per_comparison": 10,
}


def rows(
    *,
    detectors=("a", "b", "c"),
    generators=("p", "q", "r", "s", "t"),
    detector=1.0,
    generator=1.0,
    noise=0.1,
    draws=60,
    seed=0,
    measures=("xmgd", "kl_divergence"),
):
    """Tables that are sums of a detector's, a generator's and the combination's own numbers."""
    random = np.random.default_rng(seed)
    of_detector = {name: random.standard_normal(6) for name in detectors}
    of_generator = {name: random.standard_normal(6) for name in generators}
    found = []
    for one in detectors:
        for other in generators:
            own = random.standard_normal(6)
            table = detector * of_detector[one] + generator * of_generator[other] + noise * own
            for measure in measures:
                for draw in range(draws + 1):
                    values = 10 + table + (draw > 0) * noise * random.standard_normal(6)
                    found += [
                        {
                            **{"model": f"{one}_{other}", "images": f"faces_{other}"},
                            **{"detector": one, "generator": other, "method": measure},
                            **{"draw": draw, "set_size": 100, "distance": value},
                            **{"first": first, "second": second},
                        }
                        for (first, second), value in zip(PAIRS, values, strict=True)
                    ]
    return pd.DataFrame(found)


def codes(count, of_each):
    """Labels of a full design: blocks of `of_each` combinations."""
    blocks, labels = np.divmod(np.arange(count), of_each)
    return labels, blocks


def test_correlations_are_numpys():
    tables = np.random.default_rng(0).random((3, 4, 6))
    expected = [np.corrcoef(table) for table in tables]
    np.testing.assert_allclose(table_correlations(tables), expected, atol=1e-12)
    tables[0, 1] = 0.1
    assert np.isnan(table_correlations(tables)[0, 1]).all()


def test_pairs_share_one_thing_or_nothing():
    kinds = shared_by(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    pairs = {kind: list(zip(*np.nonzero(found), strict=True)) for kind, found in kinds.items()}
    assert pairs["generator"] == [(0, 2), (1, 3)]
    assert pairs["detector"] == [(0, 1), (2, 3)]
    assert pairs["nothing"] == [(0, 3), (1, 2)]


@pytest.mark.parametrize(("blocks", "of_each", "ways"), [(2, 2, 2), (2, 4, 24), (3, 3, 36)])
def test_few_ways_are_all_gone_through_and_each_once(blocks, of_each, ways):
    labels, places = codes(blocks * of_each, of_each)
    found = relabelled(labels, places, 5000)
    assert found.exhaustive
    assert len(np.unique(found.labels, axis=0)) == len(found.labels) == ways
    assert (found.labels[:, :of_each] == labels[:of_each]).all()
    assert (np.sort(found.labels.reshape(ways, blocks, of_each), axis=2) == range(of_each)).all()


def test_blocks_with_other_labels_are_all_exchanged():
    found = relabelled(np.array([0, 1, 0, 2]), np.array([0, 0, 1, 1]), 100)
    assert found.labels.tolist() == [[0, 1, 0, 2], [0, 1, 2, 0], [1, 0, 0, 2], [1, 0, 2, 0]]


def test_many_ways_are_drawn_within_blocks():
    labels, places = codes(15, 5)
    found = relabelled(labels, places, 300)
    assert not found.exhaustive
    assert found.labels.shape == (300, 15)
    assert (np.sort(found.labels.reshape(300, 3, 5), axis=2) == range(5)).all()
    assert len(np.unique(found.labels, axis=0)) > 250


def difference(correlations, detector, generator, shared):
    kinds = shared_by(np.asarray(detector), np.asarray(generator))
    return float(mean_over(correlations, kinds[shared]) - mean_over(correlations, kinds["nothing"]))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shared", ["generator", "detector"])
def test_p_values_are_those_of_scipys_permutation_test(shared, seed):
    """scipy pairs the tables of three detectors, or of three generators, in all ways."""
    correlations = np.corrcoef(np.random.default_rng(seed).random((9, 6)))
    labels, blocks = codes(9, 3)
    by_detector = labels if shared == "detector" else blocks
    by_generator = blocks if shared == "detector" else labels
    held = by_generator if shared == "detector" else by_detector

    def of_pairings(*places):
        """Combinations in the same position are given the same label."""
        given = np.empty(9, dtype=int)
        for label, together in enumerate(zip(*places, strict=True)):
            given[list(together)] = label
        kinds = (given, by_generator) if shared == "detector" else (by_detector, given)
        return difference(correlations, *kinds, shared)

    parts = [np.flatnonzero(held == block) for block in range(3)]
    for alternative in ("greater", "less"):
        peer = stats.permutation_test(
            parts,
            of_pairings,
            permutation_type="pairings",
            alternative=alternative,
            vectorized=False,
            n_resamples=np.inf,
        )
        tables = pd.DataFrame({"detector": by_detector, "generator": by_generator})
        ways = relabelled(tables[shared].to_numpy(), held, 5000)

        def ours(given):
            kinds = {"detector": by_detector, "generator": by_generator}
            return np.array(
                [
                    difference(correlations, **{**kinds, shared: each}, shared=shared)
                    for each in given
                ]
            )

        found = permutation_ps(float(ours(tables[shared].to_numpy()[None])[0]), ways, ours)
        assert peer.statistic == pytest.approx(
            difference(correlations, by_detector, by_generator, shared)
        )
        mine = found.expected if alternative == "greater" else found.opposite
        assert mine == pytest.approx(peer.pvalue)


def test_random_ways_come_close_to_all_ways_and_are_never_impossible():
    correlations = np.corrcoef(np.random.default_rng(5).random((10, 6)))
    generator, detector = codes(10, 5)

    def ours(given):
        return np.array([difference(correlations, detector, each, "generator") for each in given])

    observed = float(ours(generator[None])[0])
    exact = permutation_ps(observed, relabelled(generator, detector, 120), ours)
    random = permutation_ps(observed, relabelled(generator, detector, 119), ours)
    assert exact.expected == pytest.approx(random.expected, abs=0.15)
    assert permutation_ps(9.0, relabelled(generator, detector, 119), ours).expected == 1 / 120
    assert permutation_ps(9.0, relabelled(generator, detector, 120), ours).expected == 0


def test_the_difference_is_the_mean_of_correlations_by_hand():
    given = rows(detectors=("a", "b"), generators=("p", "q"), draws=0, noise=1)
    table = given[given["method"] == "xmgd"].pivot(
        index=["detector", "generator"], columns=["first", "second"], values="distance"
    )
    r = np.corrcoef(table.to_numpy())  # ap, aq, bp, bq
    found = permuted_groups(given, {**PARAMETERS, "images_per_comparison": 2})
    assert found.comparisons[0].other == pytest.approx((r[0, 2] + r[1, 3]) / 2)
    assert found.comparisons[1].other == pytest.approx((r[0, 1] + r[2, 3]) / 2)
    assert found.comparisons[0].base == pytest.approx((r[0, 3] + r[1, 2]) / 2)
    # Two ways only, the given one among them.
    assert {item.p_value for item in found.comparisons} <= {0.5, 1.0}


def test_tables_that_agree_where_something_is_shared_reproduce():
    found = permuted_groups(rows(), PARAMETERS)
    assert found.verdict is Verdict.REPRODUCED
    deciding = [item for item in found.comparisons if item.decides]
    assert [item.keys["shared"] for item in deciding] == [
        "generator against nothing",
        "detector against nothing",
    ]
    assert {item.estimate.n for item in deciding} == {15}
    # (3!)⁴ ways for the detector; the generator's (5!)² are too many to go through.
    assert deciding[1].p_value == pytest.approx(1 / 1296)
    assert 1 / 5001 <= deciding[0].p_value <= 5 / 5001
    assert "p is at least 1/1296" in found.detail


def test_a_detector_that_matters_does_not_make_the_generator_matter():
    ps = [
        permuted_groups(rows(generator=0, noise=1, draws=0, seed=seed), PARAMETERS)
        .comparisons[0]
        .p_value
        for seed in range(40)
    ]
    assert stats.kstest(ps, "uniform").pvalue > 0.01
    assert np.mean(np.array(ps) <= 0.25) < 0.5


def test_tables_that_agree_across_what_is_shared_contradict():
    """Each generator's table is turned round from one detector to the next."""
    given = rows(detectors=("a", "b"), detector=0)
    sign = np.where(given["detector"] == "a", 1, -1)
    given = given.assign(distance=10 + sign * (given["distance"] - 10))
    generator = permuted_groups(given, PARAMETERS).comparisons[0]
    assert generator.contradicts
    assert generator.p_value == 1


def test_two_detectors_cannot_decide_about_detectors():
    found = permuted_groups(rows(detectors=("a", "b")), PARAMETERS)
    assert found.comparisons[0].holds
    assert found.comparisons[1].undecided
    assert found.comparisons[1].p_value == 1 / 16
    assert found.verdict is Verdict.INCONCLUSIVE


def test_fewer_than_ten_combinations_decide_nothing():
    nine = permuted_groups(rows(generators=("p", "q", "r")), PARAMETERS)
    assert all(item.undecided for item in nine.comparisons)
    assert nine.verdict is Verdict.INCONCLUSIVE


def test_the_other_measure_stands_beside():
    alone = rows(measures=("xmgd",))
    both = permuted_groups(
        pd.concat([alone, rows(measures=("kl_divergence",), seed=1, noise=9)]), PARAMETERS
    )
    assert [item.decides for item in both.comparisons] == [True, True, False, False]
    assert both.verdict is permuted_groups(alone, PARAMETERS).verdict is Verdict.REPRODUCED
    without = permuted_groups(rows(measures=("kl_divergence",)), PARAMETERS)
    assert without.verdict is Verdict.NOT_TESTED


def test_what_shares_nothing_with_the_rest_is_a_study_of_its_own():
    apart = rows(detectors=("x", "y"), generators=("v", "w"), seed=2)
    found = list(linked_tables(pd.concat([rows(), apart]), "xmgd"))
    assert sorted(len(tables) for tables in found) == [4, 15]
    assert {tables.title for tables in found} == {"a, b, c × p, q, r, s, t", "x, y × v, w"}
    one = permuted_groups(pd.concat([rows(), apart]), PARAMETERS)
    assert (
        one.comparisons[0].estimate == permuted_groups(rows(), PARAMETERS).comparisons[0].estimate
    )


def test_a_table_of_equal_distances_is_left_out():
    given = rows()
    flat = (given["detector"] == "a") & (given["generator"] == "p")
    found = permuted_groups(given.assign(distance=given["distance"].mask(flat, 0.3)), PARAMETERS)
    assert found.comparisons[0].estimate.n == 14
    assert "Not computed: a, b, c × p, q, r, s, t: a, p" in found.detail
    assert found.verdict is Verdict.PARTLY


def test_without_resamples_nothing_is_decided():
    assert all(item.undecided for item in permuted_groups(rows(draws=0), PARAMETERS).comparisons)


def test_one_detector_has_no_pairs_that_share_nothing():
    found = permuted_groups(rows(detectors=("a",)), PARAMETERS)
    assert found.verdict is Verdict.NOT_TESTED


def test_a_distance_that_appears_twice_is_refused():
    with pytest.raises(ValueError, match="duplicate rows of a pair"):
        permuted_groups(pd.concat([rows(draws=1)] * 2), PARAMETERS)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("permutations", 0, "at least 1"), ("beside", "xmgd", "both 'xmgd'")],
)
def test_parameters_are_checked(name, value, message):
    with pytest.raises(ValueError, match=message):
        permuted_groups(rows(draws=0), {**PARAMETERS, name: value})
