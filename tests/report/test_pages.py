"""Generated pages say what the ledger says."""

import re
from pathlib import Path

import pytest
import yaml

from saliency_audit.ledger import (
    Check,
    Claim,
    ClaimAudit,
    Comparison,
    Erratum,
    ExternalResult,
    InternalAudit,
    Paper,
    Verdict,
    load_claims,
    printed_table,
)
from saliency_audit.ledger.external import not_tested
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.locations import project_root
from saliency_audit.report.claim_page import claim_page
from saliency_audit.report.claims_table import claims_page
from saliency_audit.report.errata_page import errata_page, merged_errata
from saliency_audit.report.pages import render_pages
from saliency_audit.report.printed_page import printed_page
from saliency_audit.report.status import status_block

ROOT = Path(".")
ERRATUM = Erratum("Table 1", "a value of 2", "It is 1.")


def claim(name="XX-ONE", **changes):
    fields = {
        "id": name,
        "paper": "idgi",
        "title": "One | two",
        "location": "§1",
        "statement": "x_j* holds",
        "internal": {"question": "Does it?"},
        "external": {
            "experiment": "later",
            "metrics": ["insertion_score", "unwritten_metric"],
            "comparison": "a against b",
            "threshold": "p < 0.05",
            "test": "later_test",
            "planned": True,
        },
        "notebook": "later",
        "notebook_planned": True,
        **changes,
    }
    return Claim.model_validate(fields)


def audit(item=None, checks=(), external=None, **found):
    internal = InternalAudit(tuple(checks), "What was found", **found)
    results = {name: not_tested("planned") for name in ("embedded", "reference", "paper")}
    return ClaimAudit(item or claim(), internal, {**results, **(external or {})})


def paper(*claims):
    return Paper(
        paper="idgi", title="A title", short="IDGI", citation_key="idgi_study", claims=claims
    )


def check(name, holds=True):
    return Check(name, holds, "1", "1" if holds else "2")


def rendered(found):
    return claim_page(paper(found.claim), found, ROOT)


def test_exceptions_come_first():
    text = rendered(audit(checks=[check("good"), check("bad", False)]))
    assert "**1 of 2 checks hold.** Exceptions first:" in text
    assert text.index("| bad |") < text.index("| good |")
    assert "dropdown" not in text


def test_long_lists_fold_what_holds():
    checks = [check(f"number {i}") for i in range(20)] + [check("bad", False)]
    text = rendered(audit(checks=checks))
    assert text.index("| bad |") < text.index("{dropdown} The 20 checks that hold")


def test_both_verdicts_stand_at_the_top():
    text = rendered(audit(checks=[check("good")]))
    assert "[reproduced]{.verdict .verdict-reproduced}" in text
    assert "[not tested]{.verdict .verdict-not-tested}" in text
    assert "x\\_j\\* holds" in text


def test_nothing_to_test_is_said_with_its_reason():
    item = claim(
        internal={"nothing_to_test": "only drawn"},
        external={"nothing_to_test": "a matter of taste"},
        notebook=None,
    )
    found = ClaimAudit(
        item, None, {name: not_tested("why") for name in ("embedded", "reference", "paper")}
    )
    text = rendered(found)
    assert "Nothing to test: only drawn." in text
    assert "Nothing to test: a matter of taste." in text
    assert "No notebook" in text


def test_undecidable_claims_say_why():
    text = rendered(audit(checks=[check("good")], undecidable="the curves are drawn"))
    assert "*Why it stays open.* the curves are drawn." in text
    text = rendered(audit(checks=[check("bad", False)], undecidable="the curves are drawn"))
    assert "*What stays open.* the curves are drawn." in text


def test_checks_that_do_not_decide_stand_apart():
    noted = Check("aside", False, "1", "2", deciding=False)
    text = rendered(audit(checks=[check("good"), noted]))
    assert "**1 of 1 check hold.**" in text
    assert "**Also noted (does not decide the verdict):** 0 of 1 hold." in text
    assert text.index("| good |") < text.index("Also noted") < text.index("| aside |")


def test_errata_say_how_they_were_found():
    read = Erratum("§2", "one thing", "another", read=True)
    found = audit(checks=[Check("aside", False, "1", "2", deciding=False)], errata=(ERRATUM, read))
    text = errata_page([paper(found.claim)], [found])
    assert "(XX-ONE; computed)" in text
    assert "(XX-ONE; found by reading)" in text
    assert "1 are *computed*" in text
    assert "statements that fail" not in text


def test_what_is_planned_is_marked():
    text = rendered(audit())
    assert "`later` (planned)" in text
    assert "`unwritten_metric` (planned)" in text
    assert "{py:obj}`~saliency_audit.metrics.insertion_score`" in text
    assert "The notebook `later` is planned" in text
    assert "saliency-audit audit XX-ONE" in text
    assert "saliency-audit run" not in text


def result(*holds):
    comparisons = tuple(
        Comparison(
            keys={"model": f"m{i}", "path": "ig"},
            estimate=Estimate(0.1, 0.05, 0.15, 30),
            base_mean=0.2,
            other_mean=0.3,
            p_value=0.001,
            p_adjusted=0.002,
            expected="higher",
            holds=held,
        )
        for i, held in enumerate(holds)
    )
    return ExternalResult(Verdict.PARTLY, "1 of 2", Estimate(0.1, 0.05, 0.15, 60), comparisons)


def test_results_show_estimate_interval_and_n_per_profile():
    text = rendered(audit(external={"reference": result(True, False)}))
    assert "0.10 [0.05, 0.15] | 60 |" in text
    assert "reference profile: [partly]{.verdict" in text
    assert text.index("| m1 | ig |") < text.index("| m0 | ig |")
    assert "- `embedded`, `paper`: planned." in text


def test_notebook_and_experiment_that_exist_are_linked_and_rerun():
    item = claim(
        external={
            "experiment": "idgi_insertion",
            "metrics": ["insertion_score"],
            "comparison": "a",
            "threshold": "b",
            "test": "paired_improvement",
            "parameters": {"paths": ["ig"]},
        },
        notebook="idgi_insertion",
        notebook_planned=False,
    )
    text = claim_page(paper(item), audit(item), project_root())
    assert "saliency-audit run idgi_insertion --profile reference" in text
    assert "saliency-audit compute idgi_insertion --profile reference --record" in text
    assert "</notebooks/idgi_insertion>" in text
    assert "_modules/saliency_audit/ledger/external.html#paired_improvement" in text
    assert "paths: [ig]" in text


def test_errata_are_merged_and_lead_to_their_claims():
    one, two = audit(claim("XX-ONE"), errata=(ERRATUM,)), audit(claim("XX-TWO"), errata=(ERRATUM,))
    source = paper(one.claim, two.claim)
    assert merged_errata(source, [one, two]) == {ERRATUM: ["XX-ONE", "XX-TWO"]}
    text = errata_page([source], [one, two])
    assert "1 entry" in text
    assert "(XX-ONE, XX-TWO; computed)" in text


def test_claims_with_failed_checks_stand_on_the_errata_page():
    found = audit(checks=[check("good"), check("bad", False)])
    text = errata_page([paper(found.claim)], [found, audit(claim("XX-FINE"), [check("good")])])
    assert "| XX-ONE | One \\| two |" in text
    assert "1 of 2" in text
    assert "XX-FINE" not in text


def test_claims_table_is_one_block_of_html():
    found = audit(checks=[check("good")], external={"reference": result(True, False)})
    text = claims_page([paper(found.claim)], [found])
    html = text[text.index("<form") :]
    assert "\n\n" not in html
    assert 'data-internal="reproduced" data-external="partly"' in html
    assert "<small>reference</small>" in html
    assert 'data-key="0.1">0.10 [0.05, 0.15]' in html
    assert 'href="../claims/xx-one.html"' in html


def test_titles_cannot_break_the_table():
    html = claims_page([paper()], [audit(claim(title='<b>"quoted" & bold'))])
    assert "&lt;b&gt;&quot;quoted&quot; &amp; bold" in html


def test_status_counts_by_verdict_and_says_them_aloud():
    found = [audit(checks=[check("good")]), audit(claim("XX-TWO"), [check("bad", False)])]
    text = status_block([paper()], found)
    assert 'aria-label="Internal verdicts: the papers&#x27; own numbers. IDGI: ' in text
    assert "1 reproduced, 1 not reproduced" in text
    assert "**2 checks**" in text
    assert "No claim has recorded rows of ours yet." in text


def test_printed_pages_show_the_cells_as_printed():
    (source,) = [item for item in [paper()] if item.paper == "idgi"]
    text = printed_page(source)
    assert "(printed-idgi-table-09)=" in text
    frame = printed_table("idgi", "table_09")
    assert len(frame) == 80
    assert re.search(r"\| 510 \{sup\}`\(1\)` \|", text)
    assert "1. the decimal point is missing" in text.lower() or "decimal point" in text


@pytest.fixture(scope="module")
def pages():
    return render_pages(project_root())


def test_every_claim_has_a_page(pages):
    names = {Path(name).stem for name in pages if name.startswith("book/claims/")}
    assert names == {claim_id.lower() for claim_id in load_claims()}
    for text in pages.values():
        assert text.strip()


def test_every_generated_page_has_a_place_in_the_contents(pages):
    contents = yaml.safe_load((project_root() / "_toc.yml").read_text(encoding="utf-8"))
    named = set(re.findall(r"'(?:file|glob)': '([^']+)'", str(contents)))
    for name in pages:
        stem = name.removesuffix(".md")
        if stem != "book/generated/status":
            assert stem in named or any(
                pattern.endswith("*") and stem.startswith(pattern[:-1]) for pattern in named
            ), f"{name} is not in _toc.yml"


def test_no_page_names_this_machine(pages):
    for text in pages.values():
        assert str(project_root()) not in text
