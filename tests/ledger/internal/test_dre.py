import numpy as np
import pytest
from scipy import stats

from saliency_audit.attributions import controlled_scores
from saliency_audit.attributions.controlled_scores import ControlledScores, normal_scores
from saliency_audit.ledger.internal.dre import (
    dre_cost,
    dre_expl,
    dre_faith,
    dre_mono,
    dre_pdf,
    dre_skew,
    printed_forms,
)
from saliency_audit.ledger.verdict import Verdict

SETTINGS = [(0.5, 1.0), (1.5, 1.0), (1.5, 2.5), (2.5, 2.5), (1.5, 0.5)]


def failing(audit):
    return {check.name for check in audit.exceptions}


# What is printed, against ways that share no code with it.


@pytest.mark.parametrize(("eta", "h"), SETTINGS)
def test_eq_8_is_the_density_of_the_controlled_scores(eta, h):
    z = np.linspace(0.001, 0.999, 999)
    output = ControlledScores(normal_scores(), eta, h)
    np.testing.assert_allclose(
        printed_forms.normal_output_density(z, eta, h), output.density(z), rtol=1e-10
    )


@pytest.mark.parametrize(("eta", "h"), SETTINGS)
def test_moments_of_eq_8_are_those_of_a_sample(eta, h):
    y = np.random.default_rng(0).normal(size=400_000)
    z = (1 / (1 + np.exp(-eta * y))) ** h
    assert printed_forms.normal_output_moment(0, eta, h) == pytest.approx(1, abs=1e-9)
    assert printed_forms.normal_output_moment(1, eta, h) == pytest.approx(z.mean(), abs=2e-3)


def test_printed_skew_normal_mean_against_the_true_one():
    assert printed_forms.skew_normal_mean(3) == pytest.approx(stats.skewnorm(3).mean())
    printed = printed_forms.skew_normal_mean_as_printed(3)
    assert printed == pytest.approx(3 * np.sqrt(2 / (4 * np.pi)))
    assert np.isnan(printed_forms.skew_normal_mean_as_printed(-1))
    assert printed_forms.skew_normal_variance(3) == pytest.approx(stats.skewnorm(3).var())


# The audits.


def test_density_audit_confirms_the_paper():
    audit = dre_pdf.dre_pdf()
    assert audit.verdict is Verdict.REPRODUCED
    assert any("0.9√π = 1.595" in erratum.problem for erratum in audit.errata)


def test_density_audit_notices_a_wrong_density(monkeypatch):
    right = printed_forms._normal_output_density
    monkeypatch.setattr(printed_forms, "_normal_output_density", lambda z, e, h: h * right(z, e, h))
    audit = dre_pdf.dre_pdf()
    assert audit.verdict is not Verdict.REPRODUCED
    assert "η=1.5, h=2.5: Eq. 8 integrates to 1" in failing(audit)
    assert "η=1.5, h=1.0: Eq. 8 integrates to 1" not in failing(audit)


def test_density_audit_notices_a_left_skewed_controller(monkeypatch):
    right = controlled_scores.controlled_score
    monkeypatch.setattr(
        controlled_scores, "controlled_score", lambda y, eta=1.5, h=2.5: right(y, eta, 1 / h)
    )
    assert any("right-skewed" in name for name in failing(dre_pdf.dre_pdf()))


def test_skewness_rises_everywhere_but_two_formulas_are_misprinted():
    audit = dre_skew.dre_skew()
    assert audit.verdict is Verdict.REPRODUCED
    assert len(audit.deciding) == 1 + 41 + 36
    assert [erratum.location for erratum in audit.errata] == [
        "App. B.2, below Eq. 28",
        "App. B.3, above Eq. 30",
    ]
    assert failing(audit) == {
        "E[x] of the skew normal, below Eq. 28",
        "Ψ above Eq. 30 is a density",
    }
    assert len([check for check in audit.checks if "skewness rises" in check.name]) == 1 + 41 + 36
    assert "7 outputs are still left-skewed" in audit.detail


def test_skewness_audit_notices_a_controller_that_lowers_it(monkeypatch):
    right = controlled_scores.controlled_score
    monkeypatch.setattr(
        controlled_scores, "controlled_score", lambda y, eta=1.5, h=2.5: right(y, eta, 0.4)
    )
    audit = dre_skew.dre_skew()
    assert "uniform: skewness rises" in failing(audit)
    assert audit.verdict is not Verdict.REPRODUCED


def test_order_audit():
    audit = dre_mono.dre_mono()
    assert audit.verdict is Verdict.REPRODUCED


def test_order_audit_notices_a_mapping_that_folds(monkeypatch):
    monkeypatch.setattr(controlled_scores, "controlled_score", lambda y: np.abs(y + 0.5))
    assert "rank correlation of x and z" in failing(dre_mono.dre_mono())


def test_faithfulness_tables_agree_with_the_text():
    audit = dre_faith.dre_faith()
    assert audit.verdict is Verdict.REPRODUCED
    assert "1.40 to 6.20" in audit.detail
    assert "7.20 to 27.23" in audit.detail
    assert "Places365: DRE best" in {check.name for check in audit.checks}


@pytest.mark.parametrize(
    ("value", "cell", "failed"),
    [
        (
            76.80,
            {"table": "3", "row": "MPert", "column": "ImageNet VGG19"},
            {"ImageNet VGG19: DRE best", "imagenet: MEAN of MPert"},
        ),
        (
            75.20,
            {"table": "3", "row": "SMGrad", "column": "Birds-200-2011 GoogleNet"},
            {
                "Birds-200-2011 GoogleNet: VGrad, SMGrad, ITGrad below all others",
                "birds200: MEAN of SMGrad",
            },
        ),
        (70.45, {"table": "5", "column": "GCAM"}, {"Places365: DRE best"}),
    ],
)
def test_faithfulness_audit_notices_changed_cells(doctor, value, cell, failed):
    doctor("dre", value, **cell)
    assert failing(dre_faith.dre_faith()) == failed


def test_a_mean_off_by_more_than_rounding_is_noticed(doctor):
    doctor("dre", 74.41, table="4", row="FInv", column="ImageNet MEAN")
    assert "imagenet: MEAN of FInv" in failing(dre_expl.dre_expl())


def test_explainability_holds_in_the_means_and_not_for_every_network():
    audit = dre_expl.dre_expl()
    assert audit.verdict is Verdict.REPRODUCED
    assert all(check.name.startswith("ImageNet MEAN") for check in audit.deciding)
    assert len(audit.deciding) == 5
    assert failing(audit) == {
        "ImageNet ResNet50: GCAM++ best",
        "ImageNet GoogleNet: DRE − MGnet",
        "ImageNet VGG19: VGrad, SMGrad, ITGrad below all others",
    }
    assert audit.errata == ()


def test_a_mean_that_contradicts_the_text_decides(doctor):
    doctor("dre", 83.60, table="4", row="DRE", column="ImageNet MEAN")
    assert dre_expl.dre_expl().verdict is Verdict.PARTLY


def test_cost_sentences():
    audit = dre_cost.dre_cost()
    assert audit.verdict is Verdict.PARTLY
    assert failing(audit) == {
        "most of them have sensitive hyper-parameters (§4.1)",
        "FInv needs hundreds of iterations (§2)",
        "SMGrad, gradient-based, needs a few iterations (§2)",
        "ITGrad, gradient-based, needs a few iterations (§2)",
    }
    assert len(audit.errata) == 2
    assert len(audit.deciding) == 4
    assert not any("§2" in check.name for check in audit.deciding)


def test_cost_audit_notices_changed_cells(doctor):
    doctor("dre", 2, table="2", row="DRE", column="number of iterations per explanation")
    assert "DRE: one pass" in failing(dre_cost.dre_cost())
    doctor("dre", 1, table="2", row="XPert", column="number of sensitive hyper-parameters")
    assert "most of them have sensitive hyper-parameters (§4.1)" not in failing(dre_cost.dre_cost())
