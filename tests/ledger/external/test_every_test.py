"""Every external test, on the recorded rows of the claims that it serves: what all have in common.

A new claim joins by its entry in the ledger; nothing has to be added here unless what it counts is
not images.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.evaluation import recorded_rows
from saliency_audit.ledger.external import TESTS, ExternalResult
from saliency_audit.ledger.external.result import Comparison
from saliency_audit.ledger.schema import Claim, load_claims
from saliency_audit.ledger.verdict import Verdict

# What a comparison counts, where it is not images.
UNITS = {
    "training_accuracy": "seed",
    "accuracy_within": "fold",
    "cost": "repeat",
    "distribution_agrees": "draw",
    "spread_difference": "draw",
    "permuted_groups": "model",
}
# Some of what they say is a fact without a sample: points of a surface, a picture's own shifts,
# passes that are counted.
EXACT = {"illustration_facts", "distance_sanity", "passes_as_printed"}


@cache
def recorded() -> dict[str, tuple[Claim, pd.DataFrame]]:
    """The claims that have rows at the embedded profile, with these."""
    claims = [claim for claim in load_claims().values() if claim.external.experiment]
    written = [claim for claim in claims if not claim.external.planned]
    found = {claim.id: (claim, recorded_rows(claim, "embedded")) for claim in written}
    return {
        name: (claim, rows) for name, (claim, rows) in found.items() if not isinstance(rows, str)
    }


CLAIMS = sorted(recorded())


def parameters_of(claim: Claim) -> Mapping[str, Any]:
    """The declared parameters with few resamples: none of these tests is about intervals."""
    declared = dict(claim.external.parameters)
    return {**declared, **({"resamples": 100} if "resamples" in declared else {})}


@pytest.fixture(params=CLAIMS)
def case(request: pytest.FixtureRequest) -> tuple[str, pd.DataFrame, Mapping[str, Any]]:
    """Name of a claim's test, its rows and its parameters."""
    claim, rows = recorded()[request.param]
    return str(claim.external.test), rows, parameters_of(claim)


def test_every_test_has_rows() -> None:
    assert {str(claim.external.test) for claim, _ in recorded().values()} == set(TESTS)


def test_without_rows_nothing_is_tested(case: Any) -> None:
    test, rows, parameters = case
    found = TESTS[test](rows.iloc[:0], parameters)
    assert found.verdict is Verdict.NOT_TESTED
    assert found.detail == "no rows"


def test_a_missing_column_is_named(case: Any) -> None:
    test, rows, parameters = case
    needed = sorted(set(TESTS[test].declared.columns(parameters)))
    assert needed
    for column in needed:
        with pytest.raises(ValueError, match=f"lack the columns {column}$"):
            TESTS[test](rows.drop(columns=column), parameters)


def test_an_unknown_parameter_is_named(case: Any) -> None:
    test, rows, parameters = case
    with pytest.raises(ValueError, match=r"unknown parameters \['tresholds'\]"):
        TESTS[test](rows, {**parameters, "tresholds": 1})


def test_a_missing_parameter_is_named(case: Any) -> None:
    test, rows, parameters = case
    for name in TESTS[test].declared.needs:
        without = {key: value for key, value in parameters.items() if key != name}
        with pytest.raises(ValueError, match=rf"missing parameters \['{name}'\]"):
            TESTS[test](rows, without)


def test_one_image_decides_nothing(case: Any) -> None:
    test, rows, parameters = case
    if test in EXACT:
        pytest.skip("what is computed exactly needs no sample")
    unit = UNITS.get(test, parameters.get("unit", "image"))
    found = TESTS[test](rows[rows[unit] == rows[unit].iloc[0]], parameters)
    decided = [item for item in found.comparisons if not item.undecided and item.estimate.n]
    assert not [item.label for item in decided]
    assert found.verdict in (Verdict.NOT_TESTED, Verdict.INCONCLUSIVE)


def test_the_order_of_rows_does_not_matter(case: Any) -> None:
    test, rows, parameters = case
    straight = TESTS[test](rows, parameters)
    shuffled = TESTS[test](rows.sample(frac=1, random_state=3), parameters)
    assert_same(straight, shuffled)


def assert_same(first: ExternalResult, second: ExternalResult) -> None:
    """Equal, but for the rounding of sums."""
    assert (first.verdict, first.detail) == (second.verdict, second.detail)
    assert [item.keys for item in first.comparisons] == [item.keys for item in second.comparisons]
    for one, other in zip(first.comparisons, second.comparisons, strict=True):
        np.testing.assert_allclose(_numbers(one), _numbers(other), rtol=1e-9, err_msg=one.label)
        assert (one.holds, one.contradicts) == (other.holds, other.contradicts)
    if first.headline:
        assert second.headline
        np.testing.assert_allclose(_ends(first.headline), _ends(second.headline), rtol=1e-9)


def _numbers(item: Comparison) -> list[float]:
    found = [item.base, item.other, item.p_value, item.p_opposite, *_ends(item.estimate)]
    for estimate in item.extra.values():
        found += _ends(estimate)
    return found


def _ends(estimate: Any) -> list[float]:
    return [estimate.value, estimate.low, estimate.high, estimate.n]
