"""Internal audits of the MeGe/ReCo paper: verdicts, exceptions and the closed forms behind them."""

import math

import pytest

from saliency_audit.ledger.internal import run_internal_test
from saliency_audit.ledger.internal.mege import (
    limits,
    mr_lip_reco,
    mr_prod,
    mr_sanity,
    mr_select,
    mr_tables,
)
from saliency_audit.ledger.internal.mege.mr_sanity import random_mege
from saliency_audit.ledger.schema import load_paper
from saliency_audit.ledger.verdict import Verdict
from saliency_audit.locations import project_root

SHARES = [0.05, 0.1, 0.3, 0.5]


def exceptions(claim):
    return {check.name for check in run_internal_test(claim).exceptions}


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("MR-SANITY", Verdict.PARTLY),
        ("MR-SELECT", Verdict.REPRODUCED),
        ("MR-LIP-MEGE", Verdict.REPRODUCED),
        ("MR-LIP-RECO", Verdict.REPRODUCED),
        ("MR-PROD", Verdict.INCONCLUSIVE),
        ("MR-DEF", Verdict.NOT_REPRODUCED),
        ("MR-AUC", Verdict.INCONCLUSIVE),
        ("MR-TABLES", Verdict.PARTLY),
        ("MR-ACC", Verdict.PARTLY),
    ],
)
def test_verdicts(claim, verdict):
    assert run_internal_test(claim).verdict is verdict


def test_every_claim_with_a_question_has_a_test_and_the_file_is_valid():
    paper = load_paper(project_root() / "data" / "claims" / "mege.yml")
    assert len(paper.claims) == 12
    for claim in paper.claims:
        if claim.internal.question:
            assert run_internal_test(claim.id).detail


def test_recommended_methods_miss_the_first_three_in_these_places():
    assert exceptions("MR-SELECT") == {
        "G+, μF, ImageNet",
        "GC, MeGe, ImageNet",
        "G+, MeGe, ImageNet",
        "RI, MeGe, CIFAR-10",
        "RI, MeGe, EuroSAT",
        "GC, MeGe, Fashion-MNIST",
        "RI, MeGe, Fashion-MNIST",
        "G+, ReCo, Fashion-MNIST",
    }


def test_places_on_single_image_sets_do_not_decide():
    audit = run_internal_test("MR-SELECT")
    assert len(audit.deciding) == 9 + 3
    assert not any(check in audit.deciding for check in audit.exceptions)


def test_a_recommended_method_below_the_others_decides(doctor):
    doctor("mege", 0.02, metric="mu_fidelity", column="RI")
    found = mr_select.mr_select()
    assert found.verdict is Verdict.PARTLY
    assert [check.name for check in found.exceptions if check.deciding] == [
        "RI above the mean of the other four, μF, over 2 image sets",
        "RISE and Grad-CAM have the best μF, ImageNet",
    ]


def test_all_lipschitz_signs_hold():
    assert not exceptions("MR-LIP-MEGE")
    assert not exceptions("MR-LIP-RECO")


def test_smoothgrad_must_be_in_front(doctor):
    doctor("mege", 0.95, table="3", model="lipschitz", column="SA")
    found = mr_lip_reco.mr_lip_reco()
    assert found.verdict is Verdict.PARTLY
    assert [check.name for check in found.exceptions] == [
        "SmoothGrad first, 1-Lipschitz",
        "SmoothGrad in front of Saliency, 1-Lipschitz",
    ]


def test_the_product_does_not_raise_mege_on_eurosat():
    assert {name.rsplit(", ", 1)[1] for name in exceptions("MR-PROD")} == {"EuroSAT"}
    assert {check.name.rsplit(", ", 1)[1] for check in run_internal_test("MR-PROD").deciding} == {
        "ImageNet"
    }


def test_the_product_must_raise_mege_where_the_sentence_says_so(doctor):
    doctor("mege", 0.56, table="1", metric="mege", column="SA")
    assert mr_prod.mr_prod().verdict is Verdict.PARTLY


def test_two_scores_differ_between_tables_and_one_section_swaps_the_names():
    failed = exceptions("MR-TABLES")
    assert {name for name in failed if "Tables 2 and 5" in name} == {
        "MeGe of G+ for ResNet-18 on CIFAR-10, Tables 2 and 5",
        "MeGe of RI for ResNet-18 on CIFAR-10, Tables 2 and 5",
    }
    assert not [name for name in failed if "Tables 3 and 5" in name]
    assert [name for name in failed if "defined names" in name] == [
        "MeGe and ReCo called by their defined names, §2, last sentence"
    ]
    assert len([name for name in failed if name.startswith("possible MeGe")]) == 15


def test_the_accuracy_of_cifar10_spreads_more_than_stated():
    assert all("CIFAR-10" in name for name in exceptions("MR-ACC"))
    assert len(exceptions("MR-ACC")) == 2


def test_readings_of_reco_auc_do_not_decide():
    audit = run_internal_test("MR-AUC")
    assert audit.exceptions
    assert audit.deciding == ()


def test_errata_go_with_their_cause(doctor):
    doctor("mege", 0.9)
    assert places(mr_tables.mr_tables()) == []
    assert places(mr_sanity.mr_sanity()) == []


def places(audit):
    return [erratum.location for erratum in audit.errata]


def test_separation_is_the_one_property_of_reco_that_holds():
    held = {check.name for check in run_internal_test("MR-DEF").checks if check.holds}
    assert held == {"S= entirely below S≠ scores 1", "only S= entirely below S≠ scores 1"}


@pytest.mark.parametrize("share", SHARES)
def test_simulated_identical_distributions_agree_with_the_limit(share):
    scores = limits.shuffled_labels(share, 4000, "printed", samples=300, seed=7)
    assert scores.mean == pytest.approx(
        limits.printed_identical_mean(share), abs=4 * scores.error + 0.01
    )


@pytest.mark.parametrize("share", SHARES)
def test_the_limit_keeps_above_what_the_two_outermost_labels_alone_give(share):
    """The smallest distance is of S= with probability 1 − share and then scores `share`, etc."""
    assert limits.printed_identical_mean(share) >= share * (1 - share) * (2 - share)


@pytest.mark.parametrize("share", SHARES)
def test_the_limiting_distribution_jumps_where_an_end_is_pure(share):
    """P(ReCo = 1 − share) is `share`, or 1 − (1 − share)·share if both ends can reach ½."""
    below = limits.printed_identical_cdf(1 - share - 1e-6, share)
    expected = share if share < 0.5 else 1 - (1 - share) * share
    assert 1 - below == pytest.approx(expected, abs=1e-3)
    assert limits.printed_identical_cdf(1 - share, share) == pytest.approx(1)


@pytest.mark.parametrize("size", [500, 2000, 8000])
def test_the_balanced_score_of_identical_distributions_vanishes(size):
    scores = limits.shuffled_labels(0.3, size, "balanced", seed=3)
    # The mean of a one-sided Kolmogorov statistic of two samples.
    expected = math.sqrt(math.pi / 8 / (size * 0.3 * 0.7))
    assert scores.mean == pytest.approx(expected, rel=0.15)


def test_the_balanced_score_of_shifted_normals_ignores_the_imbalance():
    expected = limits.balanced_shifted_normals(1.0)
    for share in SHARES:
        scores = limits.shifted_normals(1.0, share, 4000, "balanced", samples=50)
        # The maximum over a sample is a little above that of the distributions.
        assert expected - 0.01 < scores.mean < expected + 0.05


@pytest.mark.parametrize("share", SHARES)
def test_separated_sets_have_the_entropy_as_printed_auc(share):
    assert limits.separated_auc(share, 4000, "printed") == pytest.approx(
        limits.entropy(share), abs=0.005
    )
    assert limits.separated_auc(share, 4000, "balanced") == pytest.approx(0.5, abs=0.001)


def test_random_maps_have_a_mege_of_one_half():
    import numpy as np
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    distances = [1 - abs(spearmanr(rng.random(784), rng.random(784)).statistic) for _ in range(200)]
    assert 1 / (1 + np.mean(distances)) == pytest.approx(random_mege(784), abs=0.002)
    assert 0.5 < random_mege(224**2) < random_mege(784) < 0.51
