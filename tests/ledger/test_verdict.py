import pytest

from saliency_audit.ledger import Check, InternalAudit, Verdict
from saliency_audit.ledger.verdict import decide

GOOD, BAD = (Check("c", holds, "x", "y") for holds in (True, False))
DECISIVE_GOOD, DECISIVE_BAD = (
    Check("d", holds, "x", "y", decisive=True) for holds in (True, False)
)
NOTED_GOOD, NOTED_BAD = (Check("n", holds, "x", "y", deciding=False) for holds in (True, False))


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ([], "inconclusive"),
        ([GOOD], "reproduced"),
        ([GOOD] * 5 + [DECISIVE_GOOD], "reproduced"),
        ([BAD], "not reproduced"),
        ([GOOD, BAD], "partly"),
        ([GOOD, BAD, BAD], "not reproduced"),
        ([GOOD, GOOD, BAD], "partly"),
        ([GOOD] * 99 + [BAD], "partly"),
        ([GOOD] * 99 + [DECISIVE_BAD], "not reproduced"),
        ([DECISIVE_GOOD, BAD], "partly"),
        ([DECISIVE_GOOD, BAD, BAD], "not reproduced"),
    ],
)
def test_one_rule_for_every_claim(checks, verdict):
    assert decide(checks) == verdict
    assert InternalAudit(tuple(checks), "").verdict is Verdict(verdict)


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ((), "inconclusive"),
        ((GOOD,), "inconclusive"),
        ((GOOD, BAD), "partly"),
        ((BAD,), "not reproduced"),
        ((DECISIVE_BAD, GOOD), "not reproduced"),
    ],
)
def test_what_cannot_be_settled_is_not_reproduced_but_what_fails_fails(checks, verdict):
    assert InternalAudit(checks, "", undecidable="printed nowhere").verdict == verdict


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ((NOTED_BAD,), "inconclusive"),
        ((GOOD, NOTED_BAD, NOTED_BAD), "reproduced"),
        ((BAD, NOTED_GOOD, NOTED_GOOD), "not reproduced"),
    ],
)
def test_checks_that_do_not_decide_do_not_count(checks, verdict):
    audit = InternalAudit(checks, "")
    assert audit.verdict == verdict
    assert all(check.deciding for check in audit.deciding)


def test_exceptions_are_the_checks_that_fail():
    assert InternalAudit((GOOD, BAD, DECISIVE_BAD), "").exceptions == (BAD, DECISIVE_BAD)


def test_the_five_words():
    assert [str(verdict) for verdict in Verdict] == [
        "reproduced",
        "partly",
        "not reproduced",
        "inconclusive",
        "not tested",
    ]
