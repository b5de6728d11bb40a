"""How comparisons become a verdict, and how a test refuses what does not fit."""

import pandas as pd
import pytest

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.external import TESTS, Headline
from saliency_audit.ledger.external.effect import HIGHER, Effect, judged
from saliency_audit.ledger.external.ending import (
    NAMED,
    Evidence,
    conclude,
    external_test,
    family_verdict,
    tally,
)
from saliency_audit.ledger.statistics import Estimate


def effects(holding, contradicting, undecided, **more):
    ends = [(0.1, 0.9)] * holding + [(-0.9, -0.1)] * contradicting + [(-0.5, 0.5)] * undecided
    return [
        Effect({"name": f"c{i}"}, Estimate(0, low, high, 30), HIGHER, **more)
        for i, (low, high) in enumerate(ends)
    ]


def family(*kinds, **more):
    return judged(effects(*kinds, **more), {})


@pytest.mark.parametrize(
    ("kinds", "verdict"),
    [
        ((4, 0, 0), Verdict.REPRODUCED),
        ((3, 1, 0), Verdict.PARTLY),
        ((3, 0, 1), Verdict.PARTLY),
        ((2, 2, 0), Verdict.NOT_REPRODUCED),
        ((2, 0, 2), Verdict.INCONCLUSIVE),
        ((0, 2, 2), Verdict.NOT_REPRODUCED),
        ((0, 1, 3), Verdict.INCONCLUSIVE),
        ((1, 1, 1), Verdict.PARTLY),
        ((0, 0, 4), Verdict.INCONCLUSIVE),
        ((0, 4, 0), Verdict.NOT_REPRODUCED),
    ],
)
def test_the_verdict_of_a_family(kinds, verdict):
    assert family_verdict(family(*kinds)) is verdict
    softened = Verdict.PARTLY if verdict is Verdict.REPRODUCED else verdict
    assert family_verdict(family(*kinds), complete=False) is softened


def test_what_does_not_decide_is_shown_and_not_counted():
    measured = [*effects(2, 0, 0), *effects(0, 3, 0, decides=False)]
    comparisons = judged(measured, {})
    assert family_verdict(comparisons) is Verdict.REPRODUCED
    assert tally(comparisons) == "2 of 2 comparisons hold."
    assert len(conclude(Evidence(measured), {}).comparisons) == 5


def test_nothing_to_judge_is_no_verdict():
    with pytest.raises(ValueError, match="no comparison to judge"):
        family_verdict([])
    found = conclude(Evidence((), nothing="no maps"), {})
    assert (found.verdict, found.detail) == (Verdict.NOT_TESTED, "no maps")


def test_of_many_exceptions_the_first_are_named():
    text = tally(family(1, NAMED + 3, 1))
    assert text.startswith(
        f"1 of {NAMED + 5} comparisons hold, {NAMED + 3} contradict the claim (c1;"
    )
    assert "; and 3 more), 1 undecided (c12)." in text


def test_the_detail_says_what_is_missing_and_what_the_headline_is():
    headline = Headline.of(Estimate(0.5, 0.4, 0.6, 30), "mean gain", "seeds")
    found = conclude(Evidence(effects(2, 0, 0), headline, missing=["gig"], remarks=["Said."]), {})
    assert found.verdict is Verdict.PARTLY
    assert found.detail == (
        "2 of 2 comparisons hold. Not computed: gig. Said. Headline: mean gain."
    )
    assert (found.headline.value, found.headline.n, found.headline.unit) == (0.5, 30, "seeds")


def test_rows_that_can_decide_nothing_leave_every_comparison_undecided():
    found = conclude(Evidence(effects(2, 1, 0), undecidable="On a CPU."), {})
    assert found.verdict is Verdict.INCONCLUSIVE
    assert all(item.undecided for item in found.comparisons)
    assert "On a CPU." in found.detail


@external_test(needs={"limit"}, may={"why"}, columns=("model", "value"))
def some_test(rows, parameters):
    """A test."""
    return Evidence(effects(len(rows), 0, 0))


ROWS = pd.DataFrame({"model": ["m"], "value": [1.0]})


def test_a_test_refuses_what_does_not_fit():
    assert some_test(ROWS, {"limit": 1}).verdict is Verdict.REPRODUCED
    assert some_test(ROWS, {"limit": 1, "alpha": 0.1, "why": "so"}).verdict is Verdict.REPRODUCED
    assert some_test(ROWS[:0], {"limit": 1}).verdict is Verdict.NOT_TESTED
    with pytest.raises(ValueError, match=r"some_test: missing parameters \['limit'\]"):
        some_test(ROWS, {})
    with pytest.raises(ValueError, match=r"some_test: unknown parameters \['limmit'\]"):
        some_test(ROWS, {"limit": 1, "limmit": 2})
    with pytest.raises(ValueError, match="some_test: the rows lack the columns value"):
        some_test(ROWS[["model"]], {"limit": 1})


def test_the_ledger_finds_the_tests_by_their_names():
    assert all(test.__name__ == name for name, test in TESTS.items())
    assert all(test.__doc__ for test in TESTS.values())
