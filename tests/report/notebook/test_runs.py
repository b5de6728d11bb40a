"""What a notebook shows of its runs."""

from types import SimpleNamespace

import pandas as pd
import pytest

from saliency_audit.ledger import Comparison, ExternalResult, ScopedResult, Verdict
from saliency_audit.ledger.external import not_tested
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.report.notebook import runs as runs_module
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import HERE, by_scope, kept_rows, sources

NONE = not_tested("no rows")


def outcome(value, **changes):
    found = Comparison(
        keys={"score": "mege", "method": "rise"},
        estimate=Estimate(value, value - 0.05, value + 0.05, 30),
        base=0.2,
        other=0.2 + value,
        p_value=0.001,
        p_adjusted=0.001,
        expected="higher",
        holds=True,
        **changes,
    )
    return ExternalResult(Verdict.REPRODUCED, "1 of 1", comparisons=(found,))


@pytest.mark.parametrize(
    ("result", "names"),
    [
        (outcome(0.1), ["recorded"]),
        (ScopedResult(outcome(0.1), NONE), ["recorded"]),
        (ScopedResult(NONE, outcome(0.1)), ["recorded"]),
        (
            ScopedResult(outcome(0.1), outcome(0.3)),
            ["recorded, replication", "recorded, generalisation"],
        ),
        (ScopedResult(NONE, NONE), ["recorded"]),
    ],
)
def test_a_run_with_both_scopes_has_two_names(result, names):
    found = by_scope({"recorded": result})
    assert list(found) == names
    shown = [item for each in found.values() for item in each.comparisons]
    assert shown == list(result.comparisons)


def test_comparisons_of_both_scopes_stand_under_each_other():
    runs = {"recorded": ScopedResult(outcome(0.1), outcome(0.3)), "this machine": outcome(0.2)}
    table = pivot_table(runs, ["score"], ["method"])
    sources = [source.replace("\n", " ") for source in table.index.get_level_values("source")]
    assert sources == ["recorded, replication", "recorded, generalisation", "this machine"]
    values = [cell.split("<br>")[0] for cell in table["RISE"]]
    assert values == ["0.10", "0.30", "0.20"]


def test_what_does_not_decide_is_not_judged():
    table = pivot_table({"recorded": outcome(0.1, decides=False)}, ["score"], ["method"])
    assert table["RISE"].tolist() == ["0.10<br>[0.05, 0.15]<br>not decisive, n = 30"]


def test_kept_rows_are_called_recorded_and_others_by_where_they_were_computed(monkeypatch):
    recorded, computed = pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]})
    monkeypatch.setattr(runs_module, "compute", lambda *given: computed)
    monkeypatch.setattr(runs_module, "experiment_rows", lambda name, profile: recorded)
    rows, name = kept_rows(SimpleNamespace(name="some"), "embedded", {})
    assert rows is recorded
    assert name == "recorded, embedded"
    rows, name = kept_rows(SimpleNamespace(name="some"), "embedded", {"seed": 1})
    assert rows is computed
    assert name == HERE
    names = list(sources(recorded, recorded, "recorded, embedded"))
    assert names == ["recorded", "recorded, embedded"]
    monkeypatch.setattr(runs_module, "experiment_rows", lambda name, profile: "none")
    assert kept_rows(SimpleNamespace(name="some"), "embedded", {})[0] is computed
