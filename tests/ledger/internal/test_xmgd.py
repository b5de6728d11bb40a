import numpy as np
import pytest
from scipy import stats

from saliency_audit.ledger.internal.xmgd import em, xm_corr, xm_equiv, xm_model, xm_mw, xm_spread
from saliency_audit.ledger.internal.xmgd.em import Mixture
from saliency_audit.ledger.verdict import Verdict


def failing(audit):
    return {check.name for check in audit.exceptions}


def test_integrated_gradients_lead_but_the_numbers_are_no_average_changes():
    audit = xm_model.xm_model()
    assert audit.verdict is Verdict.REPRODUCED
    assert [check.name for check in audit.deciding] == [
        "IIC: IG best",
        "AD: IG best",
        "ADD: IG best",
    ]
    assert failing(audit) == {
        "ADD of IG is a possible drop in accuracy",
        *(
            f"{method}: average increase is minus the average drop"
            for method in ("IG", "Saliency", "DeepLift", "GuidedBP")
        ),
    }
    assert [erratum.location for erratum in audit.errata] == [
        "Table 1, ADD",
        "Table 1, AD",
        "§2, §5, Table 1, IC",
    ]


@pytest.mark.parametrize(
    ("row", "column", "value", "check"),
    [
        ("IIC↑", "DeepLift", 0.62, "IIC: IG best"),
        ("AD↓", "GuidedBP", -0.082, "AD: IG best"),
        ("ADD↑", "Saliency", 1.2, "ADD: IG best"),
    ],
)
def test_order_of_table_1_is_checked(doctor, row, column, value, check):
    doctor("xmgd", value, table="1", row=row, column=column)
    audit = xm_model.xm_model()
    assert check in failing(audit)
    assert audit.verdict is Verdict.PARTLY


def test_possible_drops_have_no_erratum(doctor):
    doctor("xmgd", 0.9, table="1", row="ADD↑", column="IG")
    assert "Table 1, ADD" not in [erratum.location for erratum in xm_model.xm_model().errata]


def test_integrated_gradients_stand_at_one_end_not_always_far_off():
    audit = xm_spread.xm_spread()
    assert audit.verdict is Verdict.INCONCLUSIVE
    assert failing(audit) == {"IIC sets IG apart from the other three"}
    assert audit.errata == ()


def test_a_method_in_the_middle_is_not_set_apart(doctor):
    doctor("xmgd", 0.30, table="1", row="AD↓", column="IG")
    audit = xm_spread.xm_spread()
    assert audit.verdict is Verdict.PARTLY
    assert {"AD: IG at one end of the four methods", "AD sets IG apart from the other three"} <= (
        failing(audit)
    )


def test_correlations_are_ordered_but_not_resolved():
    audit = xm_corr.xm_corr()
    assert audit.verdict is Verdict.REPRODUCED
    assert "2 of 2 differences cannot be told from chance" in audit.detail
    assert len(failing(audit)) == 2
    assert all("beyond sampling error" in name for name in failing(audit))


def test_a_difference_that_is_resolved_counts(doctor):
    doctor("xmgd", 0.05, row="Deepfakes+Inception", column="NeuralTextures+SqueezeNet")
    assert failing(xm_corr.xm_corr()) == set()


def test_order_of_correlations_is_checked(doctor):
    doctor("xmgd", 0.70, row="Deepfakes+SqueezeNet", column="NeuralTextures+SqueezeNet")
    audit = xm_corr.xm_corr()
    assert "same detector above nothing shared" in failing(audit)
    assert audit.verdict is Verdict.PARTLY


def test_overlapping_correlations_are_told_apart_at_the_stated_rate():
    rng = np.random.default_rng(1)
    covariance = np.array([[1, 0.8, 0.75], [0.8, 1, 0.8], [0.75, 0.8, 1]])
    samples = rng.multivariate_normal(np.zeros(3), covariance, size=(2000, 16))
    found = [np.corrcoef(sample.T) for sample in samples]
    p = [xm_corr.compare_overlapping(r[0, 1], r[2, 1], r[0, 2], 16) for r in found]
    assert 0.03 < np.mean(np.array(p) < 0.05) < 0.07
    assert xm_corr.compare_overlapping(0.8, 0.8, 0.5, 16) == pytest.approx(1)


# The reference EM.


def one_component():
    return Mixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None])


def test_one_component_is_the_weighted_mean_and_covariance():
    rng = np.random.default_rng(2)
    points, counts = rng.normal(size=(50, 2)), rng.integers(1, 6, size=50).astype(float)
    fit = em.fit_counted(points, counts, one_component(), 1)
    assert fit.means[0] == pytest.approx(np.average(points, axis=0, weights=counts))
    expected = np.cov(points.T, fweights=counts.astype(int), ddof=0)
    assert fit.covariances[0] == pytest.approx(expected)
    # the two readings agree for one component and weights of mean 1, and for no other scale
    scaled = em.fit_scaled(points, counts / counts.mean(), one_component(), 1)
    assert scaled.largest_difference(fit) < 1e-12
    assert em.fit_scaled(points, counts, one_component(), 1).largest_difference(fit) > 0.1


def test_scaled_model_climbs_its_own_likelihood():
    rng = np.random.default_rng(3)
    points, weights = rng.normal(size=(80, 2)), rng.uniform(0.2, 2.0, size=80)
    start = Mixture(np.full(2, 0.5), np.array([[-1.0, 0.0], [1.0, 0.0]]), np.stack([np.eye(2)] * 2))

    def likelihood(mixture):
        parts = [
            [
                share * stats.multivariate_normal(mean, covariance / weight).pdf(point)
                for share, mean, covariance in zip(
                    mixture.weights, mixture.means, mixture.covariances, strict=True
                )
            ]
            for point, weight in zip(points, weights, strict=True)
        ]
        return np.log(np.sum(parts, axis=1)).sum()

    values = [likelihood(em.fit_scaled(points, weights, start, steps)) for steps in range(5)]
    assert np.all(np.diff(values) > 0)


def test_counted_model_climbs_the_weighted_likelihood():
    points, saliency = xm_equiv._saliency_map()
    start = xm_equiv._start()
    values = [
        em.log_likelihood(points, saliency, em.fit_counted(points, saliency, start, steps))
        for steps in range(6)
    ]
    assert np.all(np.diff(values) > 0)


def test_equivalence_holds_for_counts_only():
    audit = xm_equiv.xm_equiv()
    assert audit.verdict is Verdict.PARTLY
    assert len(audit.deciding) == 4
    assert failing(audit) == {
        "n = ⌊s/0.1⌋ duplicates give the weighted fit",
        "the cited weighted-data mixture equals the fit on duplicated points",
    }


def test_equivalence_audit_notices_an_em_that_ignores_weights(monkeypatch):
    right = em.fit_counted
    monkeypatch.setattr(
        em, "fit_counted", lambda x, w, start, steps: right(x, np.ones(len(x)), start, steps)
    )
    assert "integer weights: EM equals scikit-learn's EM on duplicated points" in failing(
        xm_equiv.xm_equiv()
    )


# Transport.


def test_distance_on_the_line_is_exact_for_gaussians():
    first = Mixture(np.ones(1), np.array([[1.0]]), np.array([[[4.0]]]))
    second = Mixture(np.ones(1), np.array([[-2.0]]), np.array([[[0.25]]]))
    expected = np.sqrt(3.0**2 + 1.5**2)
    assert xm_mw.wasserstein_on_the_line(first, second) == pytest.approx(expected, rel=1e-5)


def test_distance_on_the_line_is_that_of_sorted_samples():
    rng = np.random.default_rng(4)
    mixtures, samples = [], []
    for shares, means, deviations in [
        ((0.3, 0.7), (-1, 2), (0.5, 1)),
        ((0.6, 0.4), (0, 4), (1, 0.3)),
    ]:
        mixtures.append(
            Mixture(
                np.array(shares),
                np.array(means, float)[:, None],
                np.square(deviations)[:, None, None],
            )
        )
        which = rng.choice(2, size=400_000, p=shares)
        samples.append(np.sort(rng.normal(np.take(means, which), np.take(deviations, which))))
    expected = np.sqrt(np.mean((samples[0] - samples[1]) ** 2))
    assert xm_mw.wasserstein_on_the_line(*mixtures) == pytest.approx(expected, rel=0.01)


def test_transport_properties_hold():
    audit = xm_mw.xm_mw()
    assert audit.verdict is Verdict.REPRODUCED
    assert audit.errata == ()
    assert "it is 4 end to end but 2 by way" in audit.detail


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        (lambda d, a, b: d + 0.1 * a.weights[0], "symmetric"),
        (lambda d, a, b: d + 1e-3, "zero for equal mixtures, also in other parameters"),
        (lambda d, a, b: 0.4 * d, "never below W₂ of the mixtures (one dimension)"),
        (lambda d, a, b: 1.01 * d, "equals W₂ for one component each"),
        (lambda d, a, b: d**4, "triangle inequality of MW₂"),
    ],
)
def test_transport_audit_notices_a_wrong_distance(monkeypatch, wrong, check):
    right = Mixture.transport_to

    def distorted(self, other, squared=False):
        value = wrong(right(self, other), self, other)
        return value**2 if squared else value

    monkeypatch.setattr(Mixture, "transport_to", distorted)
    assert check in failing(xm_mw.xm_mw())
