"""The end of a claim's notebook."""

from saliency_audit.ledger import ClaimAudit, ExternalResult, Verdict, load_claims
from saliency_audit.ledger.external import not_tested
from saliency_audit.report.notebook.verdicts import verdict_text


def test_rule_and_all_three_sources_are_said():
    claim = load_claims()["IDGI-ILLUS"]
    external = {name: not_tested("no rows yet") for name in ("embedded", "reference", "paper")}
    external["reference"] = ExternalResult(Verdict.PARTLY, "1 of 2 hold (mobilenet_v2)")
    here = ExternalResult(Verdict.INCONCLUSIVE, "too few images")
    text = verdict_text(ClaimAudit(claim, None, external), here, "embedded")
    quoted, lines = text.split("\n\n")
    assert quoted.startswith("> Reproduced if along the straight path")
    assert lines.splitlines()[1:] == [
        r"- **Our recorded rows (reference): partly.** 1 of 2 hold (mobilenet\_v2).",
        "- **This execution (embedded): inconclusive.** too few images.",
    ]
    assert lines.startswith("- **The paper's own numbers: not tested.** the claim is about")


def test_changes_after_rows_existed_stand_with_the_rule_and_not_with_the_sources():
    claim = load_claims()["IDGI-INS"]
    assert claim.external.history
    external = {name: not_tested("no rows yet") for name in ("embedded", "reference", "paper")}
    text = verdict_text(ClaimAudit(claim, None, external), not_tested("no rows"), "embedded")
    quoted, lines = text.split("\n\n")
    assert all(line.startswith(">") for line in quoted.splitlines())
    assert "> Changed after rows existed:" in quoted
    assert quoted.count("> - ") == len(claim.external.history)
    assert len(lines.splitlines()) == 3
