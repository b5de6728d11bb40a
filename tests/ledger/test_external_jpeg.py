"""Stability under compression on rows whose order is known."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.external import jpeg_stability

DECLARED = {"paths": ["ig", "gig"], "scales": ["raw", "unit_norm"], "alpha": 0.05, "quality": 75}
STABLE = {"ig": 3.0, "ig+idgi": 9.0, "gig": 1.0, "gig+idgi": 8.0}


def rows(raw=STABLE, unit=STABLE, n=30, spread=0.5, models=("m",)):
    generator = np.random.default_rng(0)
    found = [
        (model, method.removesuffix("+idgi"), method, 32, image, scale, level + noise)
        for model in models
        for scale, levels in (("raw", raw), ("unit_norm", unit))
        for method, level in levels.items()
        for image, noise in enumerate(spread * generator.normal(size=n))
    ]
    columns = ["model", "path", "method", "steps", "image", "scale", "value"]
    return pd.DataFrame(found, columns=columns).sample(frac=1, random_state=1)


def labels(result, **kind):
    ((name, value),) = kind.items()
    return {c.label for c in result.comparisons if getattr(c, name) == value}


def test_the_papers_order_is_reproduced():
    result = jpeg_stability(rows(), DECLARED)
    assert result.verdict is Verdict.REPRODUCED
    assert labels(result, expected="higher") == {
        f"m, {scale}, {path}+idgi − {path}"
        for scale in ("raw", "unit_norm")
        for path in ("ig", "gig")
    }
    assert labels(result, expected="lower") == {
        f"m, {scale}, gig − {method}"
        for scale in ("raw", "unit_norm")
        for method in ("ig", "ig+idgi")
    }
    assert "raw: 4 of 4 comparisons hold." in result.detail
    assert "At 32 steps." in result.detail
    assert result.headline.value == pytest.approx(6.5, abs=0.2)


@pytest.mark.parametrize(
    ("raw", "unit", "verdict"),
    [
        ({}, {"ig+idgi": 3.0}, Verdict.PARTLY),
        ({}, {"ig+idgi": 0.0, "gig": 5.0}, Verdict.PARTLY),
        ({"gig": 3.0}, {}, Verdict.PARTLY),
        ({"ig+idgi": 1.0}, {}, Verdict.PARTLY),
        ({"ig+idgi": 0.0}, {}, Verdict.NOT_REPRODUCED),
        ({"gig": 10.0}, {}, Verdict.NOT_REPRODUCED),
        (dict.fromkeys(STABLE, 3.0), {}, Verdict.INCONCLUSIVE),
    ],
)
def test_the_maps_as_they_are_decide(raw, unit, verdict):
    result = jpeg_stability(rows({**STABLE, **raw}, {**STABLE, **unit}), DECLARED)
    assert result.verdict is verdict


def test_holm_runs_over_all_comparisons_of_a_scale():
    result = jpeg_stability(rows(n=6), DECLARED)
    assert len(result.comparisons) == 8
    for comparison in result.comparisons:
        assert comparison.p_value == pytest.approx(1 / 64)
        assert comparison.p_adjusted == pytest.approx(4 / 64)


def test_a_clear_interval_without_a_small_p_is_undecided():
    result = jpeg_stability(rows(n=4), DECLARED)
    assert not any(comparison.holds for comparison in result.comparisons)
    assert all(c.undecided and c.p_value > 0.05 for c in result.comparisons)


def test_another_number_of_steps_than_the_declared_is_inconclusive():
    assert jpeg_stability(rows(), {**DECLARED, "steps": 32}).verdict is Verdict.REPRODUCED
    other = jpeg_stability(rows(), {**DECLARED, "steps": 128})
    assert other.verdict is Verdict.INCONCLUSIVE
    assert "the declared number of steps was not computed" in other.detail


def test_what_is_missing_leaves_at_best_partly():
    only = {method: value for method, value in STABLE.items() if "gig" not in method}
    result = jpeg_stability(rows(only, only), DECLARED)
    assert result.verdict is Verdict.PARTLY
    assert "m, raw, gig+idgi − gig" in result.detail
    scale = rows()
    raw = jpeg_stability(scale[scale["scale"] == "raw"], DECLARED)
    assert raw.verdict is Verdict.PARTLY
    unit = jpeg_stability(scale[scale["scale"] == "unit_norm"], DECLARED)
    assert unit.verdict is Verdict.NOT_TESTED
    assert jpeg_stability(scale.iloc[:0], DECLARED).verdict is Verdict.NOT_TESTED


def test_a_map_that_does_not_change_is_left_out_and_counted():
    table = rows()
    table.loc[(table["method"] == "ig+idgi") & (table["image"] < 3), "value"] = np.inf
    result = jpeg_stability(table, DECLARED)
    found = {c.label: c.estimate.n for c in result.comparisons}
    assert found["m, raw, ig+idgi − ig"] == found["m, raw, gig − ig+idgi"] == 27
    assert found["m, raw, gig+idgi − gig"] == 30
    assert "12 times an image had no finite value and was left out." in result.detail
    table["value"] = np.inf
    assert jpeg_stability(table, DECLARED).verdict is Verdict.NOT_TESTED


def test_too_few_images_leave_it_open():
    result = jpeg_stability(rows(), {**DECLARED, "minimum_images": 31})
    assert result.verdict is Verdict.INCONCLUSIVE


def test_two_networks_make_one_family():
    result = jpeg_stability(rows(models=("m", "n")), DECLARED)
    assert result.verdict is Verdict.REPRODUCED
    assert len(result.comparisons) == 16
    assert result.headline.n == 30


def test_the_order_of_the_rows_changes_nothing():
    table = rows(spread=8)
    once = jpeg_stability(table, DECLARED)
    assert jpeg_stability(table.sample(frac=1, random_state=5), DECLARED) == once


def test_rows_that_cannot_be_paired_are_refused():
    table = rows()
    with pytest.raises(ValueError, match="not every image has both of"):
        jpeg_stability(table.iloc[1:], DECLARED)
    with pytest.raises(ValueError, match="duplicate"):
        jpeg_stability(pd.concat([table, table.iloc[:1]]), DECLARED)
    with pytest.raises(ValueError, match="missing parameters \\['scales'\\]"):
        jpeg_stability(table, {"paths": ["ig"], "alpha": 0.05})
