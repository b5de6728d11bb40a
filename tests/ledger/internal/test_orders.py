"""Sign and rank checks on printed decimals."""

import pandas as pd
import pytest

from saliency_audit.ledger.internal.orders import (
    Above,
    First,
    count_held,
    hold,
    list_exceptions,
    ordinal,
    rank_of,
    ranking,
    sign,
    sign_check,
    values_by,
)

SCORES = {"ig": 0.3, "edge": 0.1, "random": 0.1}


def test_float_noise_is_equality():
    assert 0.3 - 0.1 != 0.2
    assert sign(0.3 - 0.1 - 0.2) == 0
    assert (sign(0.001), sign(-0.001)) == (1, -1)


def test_a_cell_without_a_number_has_no_sign():
    with pytest.raises(ValueError, match="no sign"):
        sign(float("nan"))


@pytest.mark.parametrize(
    ("value", "expected", "holds"), [(0.1, 1, True), (0.1, -1, False), (0, 0, True), (0, 1, False)]
)
def test_sign_check(value, expected, holds):
    assert sign_check("x", value, expected).holds is holds


def test_ranks_share_the_better_place():
    assert rank_of(SCORES, "ig") == (1, 1)
    assert rank_of(SCORES, "random") == (2, 2)
    assert rank_of(SCORES, "random", higher_is_better=False) == (1, 2)


def test_a_tie_for_the_first_place_fails():
    assert First("ig", "x").check("", SCORES, 3).holds
    lowest = First("edge", "x", lowest=True).check("", SCORES, 3)
    assert not lowest.holds
    assert lowest.found.endswith("(edge 1st, tied)")


def test_equal_values_are_not_above_each_other():
    assert Above("ig", "edge", "x").check("", SCORES, 3).holds
    assert not Above("edge", "random", "x").check("", SCORES, 3).holds


def test_statements_are_held_against_every_column():
    statements = (First("ig", "{column}: ig first"), Above("ig", "edge", "ig over edge, {column}"))
    flat = dict.fromkeys(SCORES, 0.2)
    checks = hold(statements, {"A": SCORES, "B": flat}, digits=1, deciding=False)
    assert [(check.name, check.holds) for check in checks] == [
        ("A: ig first", True),
        ("ig over edge, A", True),
        ("B: ig first", False),
        ("ig over edge, B", False),
    ]
    assert checks[1].found == "+0.2"
    assert not any(check.deciding for check in checks)


def test_values_are_picked_by_their_keys_where_there_is_a_number():
    frame = pd.DataFrame(
        {"row": ["a", "b", "c"], "metric": ["m", "m", "n"], "value": [1.0, float("nan"), 2.0]}
    )
    assert values_by(frame, "row", metric="m") == {"a": 1.0}
    assert values_by(frame, "row") == {"a": 1.0, "c": 2.0}


def test_texts():
    assert ranking(SCORES, digits=1) == "ig 0.3 > edge 0.1 = random 0.1"
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "21st",
    ]
    checks = [sign_check("a", 1.0), sign_check("b", -1.0), sign_check("c", -2.0)]
    assert count_held(checks) == "1 of 3"
    assert list_exceptions(checks) == "b (-1.000); c (-2.000)"
    assert list_exceptions(checks, limit=1) == "b (-1.000); and 1 more"
    assert list_exceptions(checks[:1]) == "none"
