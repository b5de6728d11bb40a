"""The findings of the front page: true today, and silent when the evidence is not there."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from saliency_audit.ledger import ExternalResult, ScopedResult, Verdict, audit_claim, load_claims
from saliency_audit.ledger.evaluation import experiment_rows
from saliency_audit.report.highlights import FINDINGS, dre, ggig, highlights, idgi, mege, xmgd
from saliency_audit.report.site.highlights_part import highlights_block

CLAIMS = (
    *("IDGI-INS", "IDGI-STEPS", "IDGI-JPEG", "GG-MNIST", "GG-TRAIN", "GG-BACKGROUND"),
    *("MR-DEF", "DRE-ADHOC", "XM-TIME", "XM-SPREAD"),
)


@pytest.fixture(scope="module")
def audits():
    return {name: audit_claim(name) for name in CLAIMS}


def with_results(audit, change):
    """The audit with every result of its rows changed, also under all settings."""
    scoped = {
        profile: ScopedResult(change(found.replication), change(found.generalisation))
        for profile, found in audit.external.items()
    }
    curves = tuple(
        replace(
            curve,
            outcomes=tuple(replace(item, result=change(item.result)) for item in curve.outcomes),
        )
        for curve in audit.curves
    )
    return replace(audit, external=scoped, curves=curves)


def changed(audit, comparison):
    """The audit with every comparison changed."""
    return with_results(
        audit, lambda found: replace(found, comparisons=tuple(map(comparison, found.comparisons)))
    )


def with_verdict(audit, verdict):
    """The audit with one verdict everywhere."""
    return with_results(audit, lambda found: replace(found, verdict=verdict))


def test_every_finding_is_true_today(audits):
    found = highlights(list(audits.values()))
    assert len(found) == len(FINDINGS) == 10
    assert {item.claim for item in found} <= set(load_claims())
    assert {load_claims()[item.claim].paper for item in found} == {
        claim.paper for claim in load_claims().values()
    }


def test_the_block_links_every_claim_and_says_its_number(audits):
    found = highlights(list(audits.values()))
    text = highlights_block(list(audits.values()))
    assert text.count("````{grid-item-card}") == len(found)
    for item in found:
        assert f"</book/claims/{item.claim.lower()}>`" in text
        assert "].{.finding}" not in text
    assert text.count("{.finding}") == len(found)
    assert text.count("{.finding-rows}") == len(found)
    assert "\N{NO-BREAK SPACE}%" in text
    assert not re.search(r"\d (%|s\b)", text)


def test_without_rows_nothing_is_found(audits, monkeypatch):
    nothing = ExternalResult(Verdict.NOT_TESTED, "no rows")
    empty = {
        name: replace(
            audit,
            curves=(),
            external=dict.fromkeys(audit.external, ScopedResult(nothing, nothing)),
        )
        for name, audit in audits.items()
    }
    for module in (ggig, xmgd):
        monkeypatch.setattr(module, "rows_of", lambda name: None)
    assert [finding.__name__ for finding in FINDINGS if finding(empty)] == []


def neither(item):
    return replace(item, holds=False, contradicts=False)


@pytest.mark.parametrize(
    ("finding", "claim"),
    [
        (idgi.insertion_by_signs, "IDGI-INS"),
        (idgi.stability_by_size, "IDGI-JPEG"),
        (dre.area_constraint, "DRE-ADHOC"),
        (xmgd.spread_against_ssim, "XM-SPREAD"),
    ],
)
def test_undecided_comparisons_make_no_finding(audits, finding, claim):
    assert finding(audits)
    assert finding({**audits, claim: changed(audits[claim], neither)}) is None


def test_magnitudes_that_gain_too_make_no_finding(audits):
    gaining = changed(audits["IDGI-INS"], lambda item: replace(item, holds=True))
    assert idgi.insertion_by_signs({**audits, "IDGI-INS": gaining}) is None


@pytest.mark.parametrize("verdict", [Verdict.REPRODUCED, Verdict.INCONCLUSIVE])
@pytest.mark.parametrize(
    ("finding", "claim"),
    [
        (idgi.steps_by_setting, "IDGI-STEPS"),
        (ggig.training_falls_short, "GG-TRAIN"),
        (mege.two_definitions, "MR-DEF"),
    ],
)
def test_another_verdict_makes_no_finding(audits, finding, claim, verdict):
    assert finding(audits)
    assert finding({**audits, claim: with_verdict(audits[claim], verdict)}) is None


@pytest.mark.parametrize(
    ("module", "finding", "experiment", "change"),
    [
        (ggig, ggig.constant_map_wins, "ggig_settings", {"weighted_jaccard": 0.3}),
        (ggig, ggig.training_falls_short, "ggig_training", {"correct": 9990}),
        (ggig, ggig.class_behind_the_board, "ggig_cutouts", {"kept": True}),
        (xmgd, xmgd.minute_or_second, "xmgd_time", {"seconds": 1.0}),
    ],
)
def test_rows_that_say_something_else_make_no_finding(
    audits, monkeypatch, module, finding, experiment, change
):
    rows = experiment_rows(experiment, "reference")
    assert isinstance(rows, pd.DataFrame)
    assert finding(audits)
    monkeypatch.setattr(module, "rows_of", lambda name: rows.assign(**change))
    assert finding(audits) is None
