"""Levels against one: distances made so that slope and ratio are known."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.external.tests.xm_scale import scale_difference, sharpness

DECLARED = {
    "statistics": {"slope_over_receptive_fields": "lower", "sharp_to_smooth_ratio": "higher"},
    "pairs": [["three levels", "one level"]],
    "kernels": ["mean"],
    "resamples": 500,
    "alpha": 0.05,
}
FIELDS = {"a": 100, "b": 200, "c": 400}


def rows(one_slope=1.0, more_slope=0.1, more_ratio=4.0, images=30, window="mean"):
    """Two methods of three networks: distances 1 + slope × gap, and 2 or 1 between sharp or not.

    The first level has the first slope and the ratio 2; the two others the second slope and ratio.
    """
    generator = np.random.default_rng(0)
    found = []
    for image in range(images):
        variation = 0.1 + 0.8 * (image % 2) + 0.001 * image
        noise = 1 + 0.05 * generator.normal(size=3)
        common = {"images": "set", "image": image, "window": window}
        for name, other in (("a", "b"), ("a", "c"), ("b", "c")):
            gap = abs(FIELDS[name] - FIELDS[other]) / 100
            terms = 1 + gap * np.array([one_slope, more_slope, more_slope])
            found.append(
                line("networks", name, other, "ig", "ig", variation, terms * noise, common)
            )
        for name in FIELDS:
            sharp = np.array([2, more_ratio, more_ratio]) if image % 2 else np.ones(3)
            found.append(
                line("methods", name, name, "ig", "saliency", variation, sharp * noise, common)
            )
    return pd.DataFrame(found)


def line(pair, model, other, method, other_method, variation, terms, common):
    return {
        "pair": pair,
        "model": model,
        "other_model": other,
        "method": method,
        "other_method": other_method,
        "receptive_field": FIELDS[model],
        "other_receptive_field": FIELDS[other],
        "variation": variation,
        "other_variation": variation,
        "terms": list(terms),
        **common,
    }


def by_statistic(found):
    return {item.keys["statistic"].split()[0]: item for item in found.comparisons}


def test_both_statements_hold():
    found = scale_difference(rows(), DECLARED)
    assert found.verdict is Verdict.REPRODUCED
    slope, ratio = by_statistic(found).values()
    assert slope.base == pytest.approx(1, rel=0.1)
    assert slope.other == pytest.approx((1 + 0.1 + 0.1) / 3, rel=0.1)
    assert ratio.base == pytest.approx(2, rel=0.1)
    assert ratio.other == pytest.approx((2 + 4 + 4) / 3, rel=0.1)
    assert slope.estimate.n == ratio.estimate.n == 30


@pytest.mark.parametrize(
    ("change", "holds", "contradicts"),
    [
        ({"more_slope": 2.0}, {"sharp"}, {"slope"}),
        ({"more_ratio": 1.0}, {"slope"}, {"sharp"}),
        # A slope is as steep downwards.
        ({"more_slope": -2.5}, {"sharp"}, {"slope"}),
        ({"more_slope": 1.0}, {"sharp"}, set()),
    ],
)
def test_what_goes_the_other_way_contradicts(change, holds, contradicts):
    found = by_statistic(scale_difference(rows(**change), DECLARED))
    assert {name for name, item in found.items() if item.holds} == holds
    assert {name for name, item in found.items() if item.contradicts} == contradicts


def test_one_network_says_nothing_of_receptive_fields():
    table = rows()
    alone = table[(table["model"] == "a") & (table["other_model"] == "a")]
    found = scale_difference(alone, DECLARED)
    assert found.verdict is Verdict.PARTLY
    assert "Not computed: set, mean, slope over receptive fields" in found.detail
    two = scale_difference(
        table[table["model"].isin(["a"]) & (table["other_model"] != "c")], DECLARED
    )
    assert "Not computed: set, mean, slope" in two.detail


def test_kinds_of_filters_are_compared_apart():
    both = pd.concat([rows(), rows(more_slope=2.0, window="gaussian")])
    found = scale_difference(both, {**DECLARED, "kernels": ["mean", "gaussian"]})
    assert [(item.keys["kernel"], item.holds) for item in found.comparisons] == [
        ("mean", True),
        ("mean", True),
        ("gaussian", False),
        ("gaussian", True),
    ]


def test_maps_are_sharp_beside_those_of_their_own_network():
    table = rows(images=4).query("pair == 'methods'")
    table = table.assign(
        variation=table["variation"] * (1 + (table["model"] == "b")),
        other_variation=table["other_variation"] * (1 + (table["model"] == "b")),
    )
    kinds = sharpness(table)
    assert (kinds == np.where(table["image"] % 2, "sharp", "smooth")).all()
    mixed = table.assign(other_variation=table["other_variation"].to_numpy()[::-1])
    assert "" in set(sharpness(mixed))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"statistics": {"sum": "lower"}}, "unknown statistics"),
        ({"statistics": {"sharp_to_smooth_ratio": "up"}}, "unknown statistics' sides"),
        ({"pairs": [["two levels", "one level"]]}, "unknown pairs"),
    ],
)
def test_unknown_names_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        scale_difference(rows(images=2), {**DECLARED, **change})
