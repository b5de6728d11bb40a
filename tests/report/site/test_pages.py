"""Generated pages say what the ledger says."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from saliency_audit.ledger import (
    PAPERS,
    Check,
    Claim,
    ClaimAudit,
    Comparison,
    Erratum,
    ExternalResult,
    InternalAudit,
    Paper,
    Relation,
    ReleasedVerdict,
    Scope,
    ScopedResult,
    SettingOutcome,
    SpecificationCurve,
    Verdict,
    load_claims,
    printed_table,
    released_code,
)
from saliency_audit.ledger.choices import settings_of
from saliency_audit.ledger.external import Headline, not_tested
from saliency_audit.ledger.released import all_findings
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.locations import project_root
from saliency_audit.report.released_text import counted, listed
from saliency_audit.report.site import pages as pages_module
from saliency_audit.report.site.claim_page import claim_page
from saliency_audit.report.site.claims_table import claims_page
from saliency_audit.report.site.comparison_tables import MARKS, comparison_tables
from saliency_audit.report.site.errata_page import errata_page, merged_errata
from saliency_audit.report.site.markdown import escape
from saliency_audit.report.site.pages import render_pages
from saliency_audit.report.site.printed_page import printed_page
from saliency_audit.report.site.released_part import MEANING, released_class
from saliency_audit.report.site.robustness_part import robustness_page, robustness_part
from saliency_audit.report.site.status import status_block
from saliency_audit.report.trace import trace
from saliency_audit.report.words import reported

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
            "replication": {"networks": ["resnet50"], "why": "it is named"},
            "planned": True,
        },
        "notebook": "later",
        "notebook_planned": True,
        **changes,
    }
    return Claim.model_validate(fields)


def audit(item=None, checks=(), external=None, **found):
    internal = InternalAudit(tuple(checks), "What was found", **found)
    return ClaimAudit(item or claim(), internal, {**untested("planned"), **(external or {})})


def untested(why):
    neither = scoped(not_tested(why), not_tested(why))
    return dict.fromkeys(("embedded", "reference", "paper"), neither)


def scoped(replication, generalisation=None):
    return ScopedResult(replication, generalisation or not_tested("no other rows"))


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


def test_all_verdicts_stand_at_the_top():
    others = result(comparison(), verdict=Verdict.NOT_REPRODUCED)
    external = {
        "embedded": scoped(result(comparison())),
        "reference": scoped(not_tested("no rows; `saliency-audit compute x` makes them"), others),
    }
    text = rendered(audit(checks=[check("good")], external=external))
    said = [line for line in text.splitlines() if line.startswith("**")][:4]
    badge = "[{}]{{.verdict .verdict-{}}}"
    assert f"paper's own numbers: {badge.format('reproduced', 'reproduced')} Every" in said[0]
    own = "**Replication**, our rows of the claim's own networks and data, embedded profile: "
    assert said[2].startswith(own + badge.format("partly", "partly"))
    other = "**Generalisation**, our rows of other networks or data, reference profile: "
    assert said[3].startswith(other + badge.format("not reproduced", "not-reproduced"))
    assert "x\\_j\\* holds" in text
    assert said[1].startswith("**Released code**, against the text: [not released]")


def test_what_was_not_tested_says_why_and_what_would_test_it():
    why = "no rows; `saliency-audit compute x --profile paper` would make them"
    external = {"reference": scoped(not_tested(why), result(comparison()))}
    text = rendered(audit(external=external))
    assert (
        "**Replication**, our rows of the claim's own networks and data: "
        "[not tested]{.verdict .verdict-not-tested} no rows; "
        "`saliency-audit compute x --profile paper` would make them."
    ) in text


def test_the_page_says_which_rows_are_the_claims_own():
    assert "| replication | networks ResNet50V2 (it is named) |" in rendered(audit())


def test_nothing_to_test_is_said_with_its_reason():
    item = claim(
        internal={"nothing_to_test": "only drawn"},
        external={"nothing_to_test": "a matter of taste"},
        notebook=None,
    )
    text = rendered(ClaimAudit(item, None, untested("why")))
    assert "Nothing to test: only drawn." in text
    assert "Nothing to test: a matter of taste." in text
    assert "No notebook" in text


def test_a_planned_internal_test_is_said_to_be_missing():
    item = claim(internal={"question": "Does it?", "planned": True})
    text = rendered(ClaimAudit(item, None, untested("why")))
    assert text.count("the internal test is planned and not written yet.") == 2
    assert "*Question.* Does it?" in text
    assert "othing to test" not in text


def test_undecidable_claims_say_why():
    text = rendered(audit(checks=[check("good")], undecidable="the curves are drawn"))
    assert "*Why it stays open.* the curves are drawn." in text
    text = rendered(audit(checks=[check("bad", False)], undecidable="the curves are drawn"))
    assert "*What stays open.* the curves are drawn." in text


def test_what_is_not_quoted_says_that_it_is_in_our_words():
    quoted = Erratum("§2", "“one thing”, said twice", "It is another.")
    found = audit(checks=[check("good")], errata=(ERRATUM, quoted))
    text = rendered(found)
    assert "Printed, in our words: a value of 2. It is 1." in text
    assert "Printed: “one thing”, said twice. It is another." in text
    text = errata_page([paper(found.claim)], [found])
    assert "*Printed, in our words:* a value of 2." in text
    assert "*Printed:* “one thing”, said twice." in text


def test_changes_of_an_internal_test_are_listed():
    item = claim(internal={"question": "Does it?", "history": ["2026-11-28: a | b, no verdict"]})
    text = rendered(audit(item, [check("good")]))
    assert "Changed since the first audit:\n\n- 2026-11-28: a \\| b, no verdict" in text
    assert "Changed since" not in rendered(audit(checks=[check("good")]))


def test_checks_that_do_not_decide_stand_apart():
    noted = Check("aside", False, "1", "2", deciding=False)
    text = rendered(audit(checks=[check("good"), noted]))
    assert "**1 of 1 check holds.**" in text
    assert "**Also noted (does not decide the verdict):** 0 of 1 holds." in text
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
    assert "{py:obj}`insertion_score <saliency_audit.metrics.insertion_score>` ↑" in text
    assert "The notebook `later` is planned" in text
    assert "saliency-audit audit XX-ONE" in text
    assert "saliency-audit run" not in text


def comparison(name="m0", **changes):
    fields = {
        "keys": {"model": name, "path": "ig"},
        "estimate": Estimate(0.1, 0.05, 0.15, 30),
        "base": 0.2,
        "other": 0.3,
        "p_value": 0.001,
        "p_adjusted": 0.002,
        "expected": "higher",
        "holds": True,
        **changes,
    }
    return Comparison(**fields)


AGAINST = {
    "holds": False,
    "contradicts": True,
    "estimate": Estimate(-0.1, -0.15, -0.05, 30),
    "other": 0.1,
}
OPEN = {"holds": False}


def result(*comparisons, verdict=Verdict.PARTLY, value=0.1):
    found = Headline(value, value - 0.05, value + 0.05, 60, "mean difference")
    return ExternalResult(verdict, "1 of 2", found, comparisons)


def test_what_is_reported_beside_a_comparison_says_its_own_n():
    same, other = Estimate(0.2, 0.1, 0.3, 30), Estimate(0.2, 0.1, 0.3, 305)
    item = comparison(extra={"on the common images": same, "at 32 steps": other})
    assert reported(same, item) == "0.20 [0.10, 0.30]"
    assert reported(other, item) == "0.20 [0.10, 0.30], n = 305"
    assert reported(None, item) == "—"
    assert "n = 305" in comparison_tables("here", [item])


def test_results_show_estimate_interval_and_n_per_profile():
    text = rendered(audit(external={"reference": scoped(result(comparison()))}))
    partly, untested = (
        f"[{verdict}]{{.verdict .verdict-{verdict.replace(' ', '-')}}}"
        for verdict in ("partly", "not tested")
    )
    rows = [line for line in text.splitlines() if re.match(r"\| `\w+`, ", line)]
    assert rows == [
        f"| `embedded`, replication | {untested} | — | — | — |",
        f"| `embedded`, generalisation | {untested} | — | — | — |",
        f"| `reference`, replication | {partly} | mean difference | 0.10 [0.05, 0.15] | 60 images |",
        f"| `reference`, generalisation | {untested} | — | — | — |",
        f"| `paper`, replication | {untested} | — | — | — |",
        f"| `paper`, generalisation | {untested} | — | — | — |",
    ]
    assert "reference profile: [partly]{.verdict" in text
    assert (
        "- `embedded`, replication; `embedded`, generalisation; "
        "`paper`, replication; `paper`, generalisation: planned."
    ) in text
    assert "- `reference`, generalisation: no other rows." in text


def test_comparisons_of_both_scopes_stand_apart():
    both = scoped(result(comparison("m0")), result(comparison("m1"), comparison("m2", **OPEN)))
    text = rendered(audit(external={"reference": both}))
    own = text.index("**Replication at the `reference` profile: 1 of 1 comparison holds.**")
    other = text.index(
        "**Generalisation at the `reference` profile: 1 of 2 comparisons hold, 1 undecided.**"
    )
    assert own < text.index("| m0 | IG |") < other
    assert other < text.index("| m2 | IG |") < text.index("| m1 | IG |")


def test_a_comparison_holds_or_contradicts_or_is_undecided():
    items = (comparison("m0"), comparison("m1", **OPEN), comparison("m2", **AGAINST))
    text = rendered(audit(external={"reference": scoped(result(*items))}))
    assert (
        "**Replication at the `reference` profile: "
        "1 of 3 comparisons hold, 1 against the claim, 1 undecided.**"
    ) in text
    ordered = [text.index(f"| {name} | IG |") for name in ("m2", "m1", "m0")]
    assert ordered == sorted(ordered)
    row = "| {} | {} | IG | 0.20 | {} | 30 | 0.0020 | higher |"
    assert row.format("[yes]{.holds}", "m0", "0.30 | 0.10 [0.05, 0.15]") in text
    assert row.format("[undecided]{.undecided}", "m1", "0.30 | 0.10 [0.05, 0.15]") in text
    assert row.format("[no]{.fails}", "m2", "0.10 | −0.10 [−0.15, −0.05]") in text
    assert "dropdown" not in text


def test_marks_have_their_style():
    css = (project_root() / "book" / "_static" / "book.css").read_text(encoding="utf-8")
    for mark in MARKS.values():
        (name,) = re.findall(r"\{\.([\w-]+)\}", mark)
        assert f".{name}::before" in css


def test_many_comparisons_are_folded_and_exceptions_are_not():
    items = [comparison(f"m{i}") for i in range(50)]
    items += [comparison(f"u{i}", **OPEN) for i in range(13)] + [comparison("against", **AGAINST)]
    text = comparison_tables("Here", items)
    assert "**Here: 50 of 64 comparisons hold, 1 against the claim, 13 undecided.**" in text
    places = ["| against |", "{dropdown} Undecided: 13 comparisons", "| u0 |"]
    places += ["{dropdown} For the claim: 50 comparisons", "| m0 |", "| m49 |"]
    found = [text.index(place) for place in places]
    assert found == sorted(found)
    assert text.count("{dropdown}") == 2
    assert text.count("| holds | model | path | base |") == 3


def test_comparisons_that_do_not_decide_are_not_counted():
    aside = comparison("aside", **AGAINST, decides=False)
    text = comparison_tables("Here", [aside, comparison("m0"), comparison("m1", **OPEN)])
    assert "**Here: 1 of 2 comparisons hold, 1 undecided.**" in text
    assert text.index("| m0 |") < text.index("{dropdown} Not decisive: 1 comparison")
    assert text.index("{dropdown} Not decisive") < text.index("| aside |")
    assert "Not decisive" not in comparison_tables("Here", [comparison("m0")])


def test_a_rule_without_p_values_shows_none():
    free = {"p_value": math.nan, "p_adjusted": math.nan}
    text = comparison_tables("Here", [comparison("m0", **free), comparison("m1")])
    assert "| 30 | — | higher |" in text
    assert "nan" not in text
    alone = comparison_tables("Here", [comparison("m0", **free)])
    assert "Holm" not in alone
    assert "| 30 | higher |" in alone


def test_p_is_that_of_the_side_where_the_data_lie():
    sides = {"p_adjusted": 1.0, "p_opposite": 0.003}
    text = comparison_tables("Here", [comparison("m0", **AGAINST, **sides), comparison("m1")])
    assert "| n | p of the nearer side (Holm) | expected |" in text
    assert "| m0 | IG | 0.20 | 0.10 | −0.10 [−0.15, −0.05] | 30 | 0.0030 | higher |" in text
    assert "| m1 | IG | 0.20 | 0.30 | 0.10 [0.05, 0.15] | 30 | 0.0020 | higher |" in text


def test_an_estimate_that_is_no_difference_is_not_called_one():
    assert "compared − base [95 % interval]" in comparison_tables("Here", [comparison()])
    slope = {"estimate": Estimate(-1.2, -1.3, -1.1, 30), "base": math.nan}
    text = comparison_tables("Here", [comparison(**slope)])
    assert "estimate [95 % interval]" in text
    assert "| — | 0.300 | −1.20 [−1.30, −1.10] |" in text


def test_what_is_reported_beside_a_comparison_stands_apart():
    extra = {"range": Estimate(0.5, 0.4, 0.6, 30), "largest error": Estimate(2e-7, 2e-7, 2e-7, 30)}
    items = [comparison("m0", extra=extra), comparison("m1", extra={"range": extra["range"]})]
    text = comparison_tables("Here", [*items, comparison("m2")])
    beside = text[text.index("{dropdown} Also reported, not decisive") :]
    assert "| m0 | IG | 0.50 [0.40, 0.60] | 2.0e−7 |" in beside
    assert "| m1 | IG | 0.50 [0.40, 0.60] | — |" in beside
    assert "| m2 |" not in beside
    assert "Reported beside" not in comparison_tables("Here", [comparison()])


def test_errors_of_rounding_are_not_printed_as_zero():
    tiny = {"estimate": Estimate(3.2e-8, 2.9e-8, 3.6e-8, 30), "other": 3.2e-8}
    text = comparison_tables("Here", [comparison(**tiny)])
    assert "| 0.200 | 3.2e−8 | 3.2e−8 [2.9e−8, 3.6e−8] | 30 |" in text


def test_the_trace_of_a_claim_tells_the_same():
    free = {"p_value": math.nan, "p_adjusted": math.nan}
    items = [comparison(f"m{i}") for i in range(20)]
    items += [
        comparison("open", **OPEN, **free),
        comparison("against", **AGAINST, extra={"range": Estimate(0.5, 0.4, 0.6, 30)}),
    ]
    aside = comparison("aside", **AGAINST, decides=False)
    external = {"reference": scoped(result(*items), result(aside, verdict=Verdict.INCONCLUSIVE))}
    drawn = claim(internal={"nothing_to_test": "only drawn"})
    lines = trace(audit(drawn, external=external)).splitlines()
    own = lines.index("  reference, replication: partly")
    assert lines[own + 2] == "    mean difference: 0.10 [0.05, 0.15], n = 60 images"
    other = lines.index("  reference, generalisation: inconclusive")
    assert lines[other + 3].startswith("    noted  aside, IG:")
    assert "  paper, replication: not tested" in lines
    start = next(i for i, line in enumerate(lines) if line.startswith("    FAILS  against, IG:"))
    assert "−0.10 [−0.15, −0.05], n = 30, expected higher, Holm p = 0.002" in lines[start]
    assert lines[start + 1].strip() == "range: 0.50 [0.40, 0.60]"
    assert lines[start + 2].startswith("    open   open, IG: 0.20 → 0.30")
    assert "p =" not in lines[start + 2]
    assert sum(line.startswith("    holds  m") for line in lines) == 10
    assert "    … and 10 more comparisons; --all shows all 22" in lines


def test_a_whole_trace_hides_nothing():
    external = {"reference": scoped(result(*(comparison(f"m{i}") for i in range(20))))}
    drawn = claim(internal={"nothing_to_test": "only drawn"})
    found = audit(drawn, [check(f"c{i}") for i in range(15)], external)
    short, whole = trace(found), trace(found, whole=True)
    assert "    … and 3 more checks; --all shows all 15" in short
    assert "    … and 8 more comparisons; --all shows all 20" in short
    assert "more" not in whole
    for names in ([f"c{i}: " for i in range(15)], [f"m{i}, IG: " for i in range(20)]):
        assert sum(f"    holds  {name}" in whole for name in names) == len(names)
        assert sum(f"    holds  {name}" in short for name in names) == 12


def test_numbers_of_a_trace_stand_in_the_order_of_the_names_before():
    keys = {"method": "ig", "against": "saliency"}  # saliency is the base
    external = {"reference": scoped(result(comparison(keys=keys)))}
    drawn = claim(internal={"nothing_to_test": "only drawn"})
    assert "IG, Saliency: 0.30 against 0.20, " in trace(audit(drawn, external=external))


def test_notebook_and_experiment_that_exist_are_linked_and_rerun():
    item = claim(
        external={
            "experiment": "idgi_scores",
            "metrics": ["insertion_score", "completeness_error"],
            "comparison": "a",
            "threshold": "b",
            "test": "paired_difference",
            "parameters": {"questions": [{"value": ["ratio"], "pairs": [["ig+idgi", "ig"]]}]},
            "replication": {"networks": ["resnet50"]},
        },
        notebook="idgi_insertion",
        notebook_planned=False,
    )
    text = claim_page(paper(item), audit(item), project_root())
    assert "saliency-audit run idgi_insertion --profile reference" in text
    assert "saliency-audit compute idgi_scores --profile reference --record" in text
    assert "</notebooks/idgi_insertion>" in text
    place = "_modules/saliency_audit/ledger/external/tests/paired_difference.html"
    assert f"{place}#paired_difference" in text
    assert "`completeness_error` |" in text
    assert "(planned)" not in text
    assert "value: [ratio]" in text


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
    external = {"reference": scoped(result(comparison(), comparison("m1", **OPEN)))}
    found = audit(checks=[check("good")], external=external)
    text = claims_page([paper(found.claim)], [found])
    html = text[text.index("<form") :]
    assert "\n\n" not in html
    verdicts = 'data-internal="reproduced" data-released="not released" data-replication="partly"'
    assert f'{verdicts} data-generalisation="not tested"' in html
    assert html.count("<small>reference</small>") == 1
    assert 'data-key="0.1">0.10 [0.05, 0.15]' in html
    assert 'data-key="60">60 images</td>' in html
    assert 'href="../claims/xx-one.html"' in html


@pytest.mark.parametrize("scope", ["internal", "released", "replication", "generalisation"])
def test_every_verdict_has_a_column_and_a_filter(scope):
    title = {"released": "released code"}.get(scope, scope)
    html = claims_page([paper()], [audit()])
    script = (project_root() / "book" / "_static" / "claims-table.js").read_text(encoding="utf-8")
    assert f'<th scope="col" data-sort="order">{title}</th>' in html
    assert f'<select name="{scope}">' in html
    assert f"data-{scope}=" in html
    assert f'"{scope}"' in script


def test_the_estimate_is_the_replications_where_there_is_one():
    own, other = result(comparison()), result(comparison(), value=0.3)
    for external, shown in (
        ({"embedded": scoped(own), "reference": scoped(not_tested("none"), other)}, "0.10"),
        ({"reference": scoped(not_tested("none"), other)}, "0.30"),
        ({}, "—"),
    ):
        html = claims_page([paper()], [audit(external=external)])
        (cell,) = re.findall(r'<td class="number" data-key="[^"]*">(0[^<]* \[.*|—)</td><td', html)
        assert cell.startswith(shown)


def test_a_claim_page_tells_what_the_released_code_does(pages):
    text = pages["book/claims/idgi-steps.md"]
    assert "**Released code**, against the text: [deviates]{.released .released-deviates}" in text
    # Deviations first, the others folded.
    part = text[text.index("## What the released code does") : text.index("## What our own")]
    shown, folded = part.split("::::{dropdown}")
    assert "released-deviates" in shown
    assert "released-as-described" not in shown
    assert "released-deviates" not in folded
    assert "ig.py:" in text
    assert "blob/71e0d2f9019d347778e702bc0cddf11443aa1238/ig.py#L" in text
    assert "not released" in pages["book/claims/xm-corr.md"]


def test_every_finding_stands_on_the_page_of_its_paper_and_of_its_claims(pages):
    for paper_name in PAPERS:
        for finding in released_code(paper_name).findings:
            title = escape(finding.topic)
            assert title in pages[f"book/generated/released-{paper_name}.md"]
            for claim_id in finding.claims:
                assert title in pages[f"book/claims/{claim_id.lower()}.md"]


def test_every_relation_and_verdict_on_released_code_has_its_style_and_words():
    style = (project_root() / "book" / "_static" / "book.css").read_text(encoding="utf-8")
    for word in (*Relation, *ReleasedVerdict):
        assert f".{released_class(word)}::before" in style
    assert set(MEANING) == set(ReleasedVerdict)


def test_released_code_reads_the_same_on_the_command_line():
    text = listed("idgi")
    (finding,) = [f for f in released_code("idgi").findings if f.id == "idgi-ig-steps"]
    assert finding.code in text
    assert "ig.py#L" in text
    assert [line.split()[0] for line in counted().splitlines()] == list(PAPERS)


def test_findings_are_listed_by_claim_and_by_relation():
    of_claim = listed("IDGI-STEPS", Relation.DEVIATES)
    assert "idgi-ig-steps" in of_claim
    assert "idgi-reduction" not in of_claim
    shown = {finding.id for finding in all_findings() if finding.relation is Relation.ABSENT}
    everywhere = listed(None, Relation.ABSENT)
    assert all(f"\n{name}  " in everywhere for name in shown)
    assert "idgi-ig-steps" not in everywhere
    assert listed("xmgd", Relation.DEVIATES) == "no finding"


def curve(*verdicts):
    """A curve of settings with these verdicts; the estimate rises from one to the next."""
    spec = load_claims()["IDGI-INS"].external.settings
    outcomes = [
        SettingOutcome(
            setting,
            result(verdict=verdict, value=0.1 * place),
        )
        for place, (setting, verdict) in enumerate(zip(settings_of(spec), verdicts, strict=False))
    ]
    return SpecificationCurve("reference", Scope.GENERALISATION, tuple(outcomes))


def test_a_specification_curve_is_drawn_with_its_choices_and_told_in_words():
    found = curve(Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.INCONCLUSIVE)
    item = replace(audit(load_claims()["IDGI-INS"]), curves=(found,))
    text = robustness_part(item)
    assert (
        "**Generalisation, `reference` profile: holds in 1 of 3 settings, contradicted in 1" in text
    )
    figure = text[text.index("<svg") : text.index("</svg>")]
    assert "\n\n" not in figure
    assert figure.count('class="dot"') == 3
    assert figure.count('class="main"') == 1
    # One mark per setting and option.
    assert figure.count('class="on"') == 3 * 4
    assert figure.count('class="off"') == 3 * 4
    line = re.search(r"\| XX-ONE .*", robustness_page([audit(), item]))
    assert line is None
    assert re.search(
        r"\| IDGI-INS \| generalisation, reference, n = 60 images \|",
        robustness_page([audit(), item]),
    )
    assert "1 claim without rows of other settings: XX-ONE." in robustness_page([audit(), item])


def test_a_claim_without_settings_or_rows_says_so():
    assert "No settings are declared" in robustness_part(audit())
    assert "No rows of `idgi_settings`" in robustness_part(audit(load_claims()["IDGI-INS"]))


def test_titles_cannot_break_the_table():
    html = claims_page([paper()], [audit(claim(title='<b>"quoted" & bold'))])
    assert "&lt;b&gt;&quot;quoted&quot; &amp; bold" in html


def test_status_shows_every_verdict_and_says_it_aloud():
    found = [audit(checks=[check("good")]), audit(claim("XX-TWO"), [check("bad", False)])]
    text = status_block([paper()], found)
    told = "XX-TWO, printed numbers: not reproduced"
    assert (
        f'<a class="verdict-not-reproduced" href="claims/xx-two.html" title="{told}">'
        f'<span class="visually-hidden">{told}</span></a>'
    ) in text
    assert "XX-ONE, printed numbers: reproduced" in text
    for row in ("replication", "generalisation"):
        assert text.count(f", {row}: not tested</span>") == 2
    assert '<th scope="col"><span>ONE</span></th><th scope="col"><span>TWO</span></th>' in text
    assert "**2 checks**" in text
    assert "No claim has recorded rows of ours yet." in text


def test_status_lists_what_was_tested_in_one_line_each():
    points = Headline(0.08, 0.08, 0.08, 17, "error", "points")
    drawn = ExternalResult(Verdict.REPRODUCED, "4 facts", points)
    tested = result(comparison(), comparison("m1", **OPEN), comparison("m2", decides=False))
    found = [
        audit(external={"reference": scoped(tested)}),
        audit(claim("XX-TWO"), external={"embedded": scoped(not_tested("none"), drawn)}),
        audit(claim("XX-THREE")),
    ]
    text = status_block([paper()], found)
    badge = "[{}]{{.verdict .verdict-{}}}"
    assert (
        f"| XX-ONE | replication | {badge.format('partly', 'partly')} | reference | 1 of 2 "
        "| 0.10 [0.05, 0.15] | 60 images |"
    ) in text
    assert (
        f"| XX-TWO | generalisation | {badge.format('reproduced', 'reproduced')} | embedded | — "
        "| 0.080 | 17 points |"
    ) in text
    assert text.count("| XX-ONE |") == text.count("| XX-TWO |") == 1
    assert "**2** of 3 claims tested on our own rows so far, **1** of them with rows" in text
    assert "| XX-THREE |" not in text


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
    for page in (project_root() / "book").glob("*.md"):
        included = re.findall(r"\{include\} (\S+)\.md", page.read_text(encoding="utf-8"))
        named |= {f"book/{name}" for name in included}
    for name in pages:
        stem = name.removesuffix(".md")
        assert stem in named or any(
            pattern.endswith("*") and stem.startswith(pattern[:-1]) for pattern in named
        ), f"{name} is not in _toc.yml"


def test_no_page_names_this_machine(pages):
    for text in pages.values():
        assert str(project_root()) not in text


def test_a_page_is_written_only_if_it_says_something_else(tmp_path, monkeypatch):
    texts = {"book/claims/a.md": "a", "book/generated/b.md": "b"}
    monkeypatch.setattr(pages_module, "project_root", lambda: tmp_path)
    monkeypatch.setattr(pages_module, "render_pages", lambda root, jobs: texts)
    first, second = pages_module.write_pages()
    before = first.stat().st_mtime_ns, second.stat().st_mtime_ns
    texts["book/generated/b.md"] = "other"
    (first.parent / "gone.md").write_text("a page of a claim that is no more")
    pages_module.write_pages()
    assert first.stat().st_mtime_ns == before[0]
    assert second.read_text() == "other"
    assert sorted(tmp_path.rglob("*.md")) == [first, second]
