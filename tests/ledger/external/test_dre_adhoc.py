"""The largest change of one method's settings against that of another's."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.external.tests.dre_adhoc import largest_change

DECLARED = {
    "settings": {"dre": ["a0", "a1", "a2"], "mgnet": ["b0", "b1", "b2"]},
    "values": ["faithfulness"],
    "beside": ["map_area"],
    "seeds": 2,
    "resamples": 500,
    "images_per_comparison": 20,
}


def rows(dre=(0.0, 0.01), mgnet=(0.02, -0.3), images=40, seeds=(0, 1), noise=0.01):
    """Rows whose settings move the value from the tuned setting's by these changes."""
    random = np.random.default_rng(0)
    shifts = dict(zip(DECLARED["settings"]["dre"], (0, *dre), strict=True))
    shifts |= dict(zip(DECLARED["settings"]["mgnet"], (0, *mgnet), strict=True))
    return pd.DataFrame(
        [
            ("net", "set", name, seed, image, image / 100 + shift + noise * random.normal(), 0.5)
            for name, shift in shifts.items()
            for seed in seeds
            for image in range(images)
        ],
        columns=["model", "images", "method", "train_seed", "image", "faithfulness", "map_area"],
    )


@pytest.mark.parametrize(
    ("dre", "mgnet", "verdict"),
    [
        ((0.0, 0.01), (0.02, -0.3), Verdict.REPRODUCED),
        ((0.0, -0.3), (0.02, 0.01), Verdict.NOT_REPRODUCED),
        ((0.0, 0.1), (-0.1, 0.0), Verdict.INCONCLUSIVE),
    ],
)
def test_the_larger_of_the_largest_changes_decides(dre, mgnet, verdict):
    assert largest_change(rows(dre, mgnet), DECLARED).verdict is verdict


def test_the_changes_are_exact_without_noise():
    found = largest_change(rows(noise=0), DECLARED)
    (decides,) = [item for item in found.comparisons if item.decides]
    assert decides.estimate.value == pytest.approx(0.01 - 0.3)
    assert (decides.other, decides.base) == (pytest.approx(0.01), pytest.approx(0.3))
    assert {name: item.value for name, item in decides.extra.items()} == pytest.approx(
        {"a1": 0.0, "a2": 0.01, "b1": 0.02, "b2": -0.3}
    )
    (beside,) = [item for item in found.comparisons if not item.decides]
    assert beside.keys["score"] == "map_area"
    assert beside.estimate.value == 0


def test_fewer_trainings_than_declared_leave_it_partly():
    found = largest_change(rows(seeds=(0,)), DECLARED)
    assert found.verdict is Verdict.PARTLY
    assert "Not computed: 1 of 2 trainings." in found.detail


def test_a_setting_without_rows_is_named():
    table = rows()
    found = largest_change(table[table["method"] != "b2"], DECLARED)
    assert found.verdict is Verdict.NOT_TESTED
    other = rows().assign(model="other")
    both = largest_change(pd.concat([other, table[table["method"] != "b2"]]), DECLARED)
    assert both.verdict is Verdict.PARTLY
    assert "Not computed: net, b2." in both.detail


def test_settings_are_those_of_two_methods():
    with pytest.raises(ValueError, match="largest_change: settings are those of two methods"):
        largest_change(rows(), {**DECLARED, "settings": {"dre": ["a0", "a1"]}})
