"""Counted passes against the printed ones: what flips the verdict, and what does not."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict, load_claims
from saliency_audit.ledger.external.tests.dre_cost import COLUMNS, map_costs, passes_as_printed
from saliency_audit.ledger.printed import printed_table

PRINTED = {"dre": 1, "finv": 80, "ig": 200}
DECLARED = {"equal": PRINTED, "no_backward": ["dre"], "repeats": 5}


def rows(changed=None, models=("resnet50",), repeats=5):
    """Rows that agree with what is printed, but for the changed columns of some methods."""
    found = []
    for model in models:
        for method, number in {**PRINTED, "dre+self": 1}.items():
            trained = method.startswith("dre")
            line = {
                "asked": number,
                "forward_passes": number,
                "backward_passes": 0 if trained else number,
                "generator_passes": int(trained),
                "optimizer_steps": number if method == "finv" else 0,
                **(changed or {}).get(method, {}),
            }
            found += [
                {
                    "model": model,
                    "images": "set",
                    "method": method,
                    "image": image,
                    "repeat": repeat,
                    "seconds": 0.001 * number * (1 + repeat / 10),
                    "device": "cpu",
                    **line,
                }
                for image in range(3)
                for repeat in range(repeats)
            ]
    return pd.DataFrame(found)


def test_the_claim_declares_the_numbers_of_the_table():
    declared = load_claims()["DRE-COST"].external.parameters
    table = printed_table("dre", "table_02")
    passes = table[table["quantity"] == "iterations_per_explanation"].set_index("method")["value"]
    assert declared["equal"] == {name: int(value) for name, value in passes.items()}


def test_equal_numbers_are_reproduced():
    found = passes_as_printed(rows(), DECLARED)
    assert found.verdict is Verdict.REPRODUCED
    assert [item.keys["method"] for item in found.comparisons] == list(PRINTED)
    assert found.headline.value == 1
    assert "3 of 3 agree" in found.detail
    assert "Timed 5 times on cpu." in found.detail


@pytest.mark.parametrize(
    ("changed", "verdict", "against"),
    [
        ({"finv": {"forward_passes": 81}}, Verdict.PARTLY, {"finv"}),
        ({"finv": {"forward_passes": 79}}, Verdict.PARTLY, {"finv"}),
        ({"dre": {"forward_passes": 2}}, Verdict.PARTLY, {"dre"}),
        ({"dre": {"backward_passes": 1}}, Verdict.PARTLY, {"dre"}),
        (
            {"finv": {"forward_passes": 150}, "dre": {"forward_passes": 2}},
            Verdict.NOT_REPRODUCED,
            {"finv", "dre"},
        ),
        # The claim says nothing of these.
        ({"ig": {"backward_passes": 0}}, Verdict.REPRODUCED, set()),
        ({"dre": {"generator_passes": 9}}, Verdict.REPRODUCED, set()),
        ({"dre+self": {"forward_passes": 34}}, Verdict.REPRODUCED, set()),
    ],
)
def test_one_pass_more_or_fewer_contradicts(changed, verdict, against):
    found = passes_as_printed(rows(changed), DECLARED)
    assert found.verdict is verdict
    assert {item.keys["method"] for item in found.comparisons if item.contradicts} == against


def test_the_other_reading_counts_steps():
    found = passes_as_printed(rows({"finv": {"forward_passes": 150}}), DECLARED)
    by_method = {item.keys["method"]: item for item in found.comparisons}
    assert by_method["finv"].extra["iterations"].value == 80
    assert by_method["ig"].extra["iterations"].value == 200
    assert "resnet50, finv: 150 for 80." in found.detail
    assert "3 of 3 agree" in found.detail
    assert found.headline.value == pytest.approx(150 / 80)
    fewer = passes_as_printed(rows({"finv": {"optimizer_steps": 79}}), DECLARED)
    assert fewer.verdict is Verdict.REPRODUCED
    assert "2 of 3 agree" in fewer.detail


def test_images_that_differ_leave_it_undecided():
    table = rows()
    table.loc[(table["method"] == "ig") & (table["image"] == 1), "forward_passes"] = 199
    found = passes_as_printed(table, DECLARED)
    (ig,) = [item for item in found.comparisons if item.keys["method"] == "ig"]
    assert ig.undecided
    assert found.verdict is Verdict.PARTLY


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (rows({"ig": {"asked": 64, "forward_passes": 64}}), "resnet50, ig with 200 iterations"),
        (rows().query("method != 'ig'"), "resnet50, ig"),
    ],
)
def test_what_was_not_run_as_printed_is_missing(table, named):
    found = passes_as_printed(table, DECLARED)
    assert found.verdict is Verdict.PARTLY
    assert f"Not computed: {named}." in found.detail
    assert len(found.comparisons) == 2


def test_networks_are_compared_one_by_one():
    both = rows(models=("vgg19", "resnet50"))
    found = passes_as_printed(both, DECLARED)
    assert [item.keys["model"] for item in found.comparisons] == 3 * ["resnet50"] + 3 * ["vgg19"]


def test_times_decide_nothing():
    table = rows()
    table.loc[table["method"] == "dre", "seconds"] = 1000.0
    assert passes_as_printed(table, DECLARED).verdict is Verdict.REPRODUCED
    few = passes_as_printed(rows(repeats=2), DECLARED)
    assert few.verdict is Verdict.REPRODUCED
    assert "Timed 2 times (5 are declared) on cpu." in few.detail


def test_milliseconds_are_the_median_over_the_repeats():
    cost = next(each for each in map_costs(rows()) if each.method == "ig")
    assert cost.milliseconds.value == pytest.approx(200 * 1.2)
    assert cost.milliseconds.n == 5
    assert 200 * (1 - 1e-9) <= cost.milliseconds.low < cost.milliseconds.high <= 280 * (1 + 1e-9)
    assert (cost.forward.n, cost.forward.low, cost.forward.high) == (3, 200, 200)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="positive"):
        passes_as_printed(rows().assign(seconds=np.nan), DECLARED)
    mixed = pd.concat([rows(), rows({"ig": {"asked": 64}})])
    with pytest.raises(ValueError, match="resnet50, ig: rows with different numbers"):
        passes_as_printed(mixed, DECLARED)
    with pytest.raises(ValueError, match="no_backward names saliency"):
        passes_as_printed(rows(), {**DECLARED, "no_backward": ["saliency"]})
    for column in COLUMNS:
        with pytest.raises(ValueError, match=f"lack the columns {column}$"):
            passes_as_printed(rows().drop(columns=column), DECLARED)
