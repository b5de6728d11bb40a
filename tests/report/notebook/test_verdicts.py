"""The end of a claim's notebook."""

from saliency_audit.ledger import ClaimAudit, ExternalResult, ScopedResult, Verdict, load_claims
from saliency_audit.ledger.external import not_tested
from saliency_audit.report.notebook.verdicts import verdict_text

NONE = ScopedResult(not_tested("no rows yet"), not_tested("no rows yet"))
UNTESTED = dict.fromkeys(("embedded", "reference", "paper"), NONE)


def test_rule_and_all_three_sources_are_said():
    claim = load_claims()["IDGI-ILLUS"]
    partly = ExternalResult(Verdict.PARTLY, "1 of 2 hold (mobilenet_v2)")
    external = {**UNTESTED, "reference": ScopedResult(partly, not_tested("none; `make` them"))}
    few = ExternalResult(Verdict.INCONCLUSIVE, "too few images")
    here = ScopedResult(not_tested("none"), few)
    text = verdict_text(ClaimAudit(claim, None, external), here, "embedded")
    quoted, meaning, lines = text.split("\n\n")
    assert quoted.startswith("> Along the straight path x is linear")
    assert meaning.startswith("*Replication*: the claim's own networks and data.")
    assert lines.splitlines()[1:] == [
        r"- **Our recorded rows (reference), replication: partly.** 1 of 2 hold (MobileNetV2).",
        "- **Our recorded rows (reference), generalisation: not tested.** none; `make` them.",
        "- **This execution (embedded), generalisation: inconclusive.** too few images.",
    ]
    assert lines.startswith("- **The paper's own numbers: not tested.** the claim is about")


def test_each_scope_names_its_strongest_profile():
    partly = ExternalResult(Verdict.PARTLY, "1 of 2 hold")
    external = {
        **UNTESTED,
        "embedded": ScopedResult(partly, partly),
        "reference": ScopedResult(not_tested("none"), partly),
    }
    text = verdict_text(ClaimAudit(load_claims()["IDGI-ILLUS"], None, external), NONE, "embedded")
    assert "- **Our recorded rows (embedded), replication: partly.**" in text
    assert "- **Our recorded rows (reference), generalisation: partly.**" in text


def test_changes_after_rows_existed_stand_with_the_rule_and_not_with_the_sources():
    claim = load_claims()["IDGI-INS"]
    assert claim.external.history
    here = ScopedResult(not_tested("no rows"), not_tested("no rows"))
    text = verdict_text(ClaimAudit(claim, None, UNTESTED), here, "embedded")
    quoted, _, lines = text.split("\n\n")
    assert all(line.startswith(">") for line in quoted.splitlines())
    assert "> How it was changed since it was first declared:" in quoted
    assert quoted.count("> - ") == len(claim.external.history)
    assert [line.split(":")[0] for line in lines.splitlines()] == [
        "- **The paper's own numbers",
        "- **Our recorded rows (reference), replication",
        "- **Our recorded rows (reference), generalisation",
        "- **This execution (embedded), replication",
    ]
    assert lines.endswith("not tested.** no rows.\n")
