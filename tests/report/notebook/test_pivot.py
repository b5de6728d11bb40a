"""Comparisons of a test as a table."""

from dataclasses import replace

import numpy as np
import pytest

from saliency_audit.ledger import load_claims
from saliency_audit.ledger.external import inflated_by_product, monotone_degradation
from saliency_audit.report.notebook.pivot import pivot, pivot_table


@pytest.fixture(scope="module")
def rows(stability_rows):
    return stability_rows()


def test_comparisons_stand_down_and_across(rows):
    parameters = {**load_claims()["MR-SANITY"].external.parameters, "levels": [0, 5]}
    result = monotone_degradation(rows, parameters)
    down, across = ["images", "method"], ["degradation", "score"]
    table = pivot_table(
        {"this machine": result}, down, across, only=lambda keys: keys["degradation"] != "none"
    )
    assert table.index.names == ["images", "method", "source"]
    assert len(table) == 7
    assert set(table.columns) == {
        f"{kind}, {score}" for kind in ("weights", "labels") for score in ("MeGe", "ReCo, balanced")
    }
    cell = table.loc[("CIFAR-10", "IG", "this\nmachine"), "weights, MeGe"]
    item = next(
        c for c in result.comparisons if c.label == "cifar10_train, resnet18-8, weights, ig, mege"
    )
    assert cell.endswith(f"n = {item.estimate.n}")
    assert ("yes" in cell) == item.holds
    for p_adjusted, said in (
        (0.3, "undecided</span>, p = 0.30, n ="),
        (np.nan, "undecided</span>, n ="),
    ):
        doubtful = replace(item, holds=False, contradicts=False, p_adjusted=p_adjusted)
        assert said in pivot({"here": [doubtful]}, down, across).iloc[0, 0]
    assert pivot_table({"this machine": result}, ["path"], []).empty
    with pytest.raises(ValueError, match="two comparisons in one cell"):
        pivot_table({"this machine": result}, ["method"], ["score"])


def test_differences_are_called_by_their_names(rows):
    parameters = {**load_claims()["MR-SANITY"].external.parameters, "levels": [0, 5]}
    result = monotone_degradation(rows, parameters)
    table = pivot_table(
        {"recorded": result}, ["method"], ["score"], only=lambda keys: keys["degradation"] == "none"
    )
    assert "IG − Random" in table.index.get_level_values("method")


def test_a_table_without_columns_across_has_one(stability_rows):
    rows = stability_rows(degraded=False, methods=("saliency", "gradient_input"))
    parameters = load_claims()["MR-PROD"].external.parameters
    result = inflated_by_product(rows, parameters)
    table = pivot_table({"this machine": result}, ["images", "method"], [])
    assert list(table.columns) == ["estimate"]
