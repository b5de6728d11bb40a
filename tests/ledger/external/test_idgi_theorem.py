"""Completeness and the order of the projection step on errors of known order."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.external.tests.idgi_theorem import completeness, taylor_order

STEPS = [8, 16, 32, 64, 128]
COMPLETE = {"paths": ["ig", "gig"], "steps": STEPS, "tolerance": 1e-5, "resamples": 500}
TAYLOR = {"paths": ["ig", "gig"], "steps": STEPS, "floor": 1e-7, "resamples": 500}
PAIRS = (("m", "ig"), ("m", "gig"))


def rows(pairs=PAIRS, n=25, idgi=1e-7, plain_order=-1.0, taylor_order=-2.0, size=1e-2, spread=0.3):
    """Rows whose errors fall with a power of the number of steps, with noise per image."""
    generator = np.random.default_rng(0)
    found = []
    for model, path in pairs:
        scale = size * np.exp(spread * generator.normal(size=n))
        for steps in STEPS:
            for image in range(n):
                sign = generator.choice([-1, 1])
                plain = sign * scale[image] * (steps / 8) ** plain_order
                taylor = scale[image] * (steps / 8) ** taylor_order
                found.append((model, path, path, steps, image, plain, np.nan))
                found.append((model, path, f"{path}+idgi", steps, image, sign * idgi, taylor))
    columns = ["model", "path", "method", "steps", "image", "completeness_error", "taylor_error"]
    return pd.DataFrame(found, columns=columns).sample(frac=1, random_state=1)


def by_label(result):
    return {comparison.label: comparison for comparison in result.comparisons}


def test_rounding_and_a_falling_plain_error_are_reproduced():
    result = completeness(rows(), COMPLETE)
    assert result.verdict is Verdict.REPRODUCED
    found = by_label(result)
    assert set(found) == {"m, ig, IDGI", "m, gig, IDGI", "m, ig, plain"}
    assert found["m, ig, plain"].estimate.value == pytest.approx(-1)
    assert found["m, ig, plain"].base > found["m, ig, plain"].other
    assert found["m, gig, IDGI"].estimate.value == pytest.approx(1e-7)
    assert found["m, gig, IDGI"].extra["mean error"].value == pytest.approx(1e-7)
    assert "Largest error of the IDGI rule: 1e-07 (1e-05 allowed)." in result.detail
    assert result.headline.value == pytest.approx(1e-7)


def test_one_image_that_is_not_complete_fails_its_path():
    table = rows()
    odd = (table["method"] == "gig+idgi") & (table["image"] == 3) & (table["steps"] == 16)
    table.loc[odd, "completeness_error"] = -2e-5
    result = completeness(table, COMPLETE)
    assert result.verdict is Verdict.PARTLY, "one of three comparisons"
    both = table.assign(completeness_error=table["completeness_error"].abs() + 2e-5)
    assert completeness(both, COMPLETE).verdict is Verdict.NOT_REPRODUCED
    assert by_label(result)["m, gig, IDGI"].contradicts
    wider = completeness(pd.concat([table, rows(pairs=(("n", "ig"), ("n", "gig")))]), COMPLETE)
    assert wider.verdict is Verdict.PARTLY
    assert completeness(table, {**COMPLETE, "tolerance": 3e-5}).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize(("order", "outcome"), [(0.5, "contradicts"), (0.0, "undecided")])
def test_the_slope_of_the_plain_rule_alone_does_not_refute(order, outcome):
    table = rows(plain_order=order)
    if order == 0.0:
        noise = np.exp(np.random.default_rng(1).normal(size=len(table)))
        table["completeness_error"] *= np.where(table["method"] == "ig", noise, 1)
    result = completeness(table, COMPLETE)
    assert result.verdict is Verdict.PARTLY
    assert getattr(by_label(result)["m, ig, plain"], outcome)


def test_a_missing_path_or_slope_leaves_at_best_partly():
    table = rows()
    path = completeness(table[table["path"] == "ig"], COMPLETE)
    assert path.verdict is Verdict.PARTLY
    assert "Not computed: gig." in path.detail
    slope = completeness(table[table["path"] == "gig"], {**COMPLETE, "paths": ["gig"]})
    assert slope.verdict is Verdict.PARTLY
    assert "m, slope of the plain rule" in slope.detail
    single = completeness(table[table["steps"] == 32], COMPLETE)
    assert single.verdict is Verdict.PARTLY
    assert "At 32 steps; 8, 16, 64, 128 are declared and not computed." in single.detail


def test_too_few_images_and_no_rows():
    assert (
        completeness(rows(), {**COMPLETE, "images_per_comparison": 26}).verdict
        is Verdict.INCONCLUSIVE
    )
    assert completeness(rows().iloc[:0], COMPLETE).verdict is Verdict.NOT_TESTED
    assert completeness(rows(pairs=(("m", "blurig"),)), COMPLETE).verdict is Verdict.NOT_TESTED


@pytest.mark.parametrize(("test", "declared"), [(completeness, COMPLETE), (taylor_order, TAYLOR)])
def test_bad_rows_are_refused(test, declared):
    table = rows()
    with pytest.raises(ValueError, match="duplicate"):
        test(pd.concat([table, table[table["method"] == "ig+idgi"].iloc[:1]]), declared)
    table.loc[table["method"] == "ig+idgi", ["completeness_error", "taylor_error"]] = np.nan
    with pytest.raises(ValueError, match="must be finite"):
        test(table, declared)


def test_errors_of_second_order_are_reproduced():
    result = taylor_order(rows(), TAYLOR)
    assert result.verdict is Verdict.REPRODUCED
    found = by_label(result)
    assert set(found) == {
        f"m, {path}, {question}" for path in ("ig", "gig") for question in ("slope", "approximate")
    }
    assert found["m, gig, slope"].estimate.value == pytest.approx(-2)
    assert found["m, gig, approximate"].other == 1
    assert "The interval of 2 of 2 slopes reaches −2" in result.detail
    assert result.headline.value == pytest.approx(-2)
    first = taylor_order(rows(taylor_order=-1.0), TAYLOR)
    assert first.verdict is Verdict.REPRODUCED
    assert "The interval of 0 of 2 slopes" in first.detail


def test_the_headline_takes_networks_of_the_same_numbers_of_steps():
    few = rows([("n", "ig")], taylor_order=-1.0)
    few = few[few["steps"].isin([STEPS[0], STEPS[-1]])]
    many = rows([("m", "ig")], taylor_order=-1.0)
    many = many[many["steps"].isin(STEPS[:2])]
    result = taylor_order(pd.concat([few, many]), TAYLOR)
    assert result.headline.value == pytest.approx(-1)


def test_errors_that_grow_with_the_steps_contradict():
    growing = taylor_order(rows(taylor_order=0.5), TAYLOR)
    assert growing.verdict is Verdict.NOT_REPRODUCED


def test_errors_that_do_not_fall_are_undecided():
    table = rows(taylor_order=0.0)
    table["taylor_error"] *= np.exp(np.random.default_rng(1).normal(size=len(table)))
    result = taylor_order(table, TAYLOR)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert by_label(result)["m, ig, slope"].undecided


def test_an_exact_step_is_not_approximate():
    result = taylor_order(rows(size=1e-9), TAYLOR)
    assert result.verdict is Verdict.NOT_REPRODUCED, "half of the comparisons"
    assert by_label(result)["m, ig, approximate"].contradicts


def test_a_missing_path_few_images_and_no_rows():
    table = rows()
    path = taylor_order(table[table["path"] == "ig"], TAYLOR)
    assert path.verdict is Verdict.PARTLY
    assert "Not computed: gig." in path.detail
    few = taylor_order(table, {**TAYLOR, "images_per_comparison": 26})
    assert few.verdict is Verdict.INCONCLUSIVE
    assert taylor_order(table.iloc[:0], TAYLOR).verdict is Verdict.NOT_TESTED
    one = taylor_order(table[table["steps"] == 8], TAYLOR)
    assert one.verdict is Verdict.NOT_TESTED
    base = taylor_order(table[~table["method"].str.endswith("+idgi")], TAYLOR)
    assert base.verdict is Verdict.NOT_TESTED


def test_the_slope_is_that_of_a_loop():
    table = rows(taylor_order=-1.0)
    table["taylor_error"] *= np.exp(np.random.default_rng(1).normal(size=len(table)))
    found = by_label(taylor_order(table, {**TAYLOR, "resamples": 4000}))["m, ig, slope"].estimate
    chosen = table[table["method"] == "ig+idgi"]
    errors = chosen.pivot(index="image", columns="steps", values="taylor_error").to_numpy()
    generator = np.random.default_rng(3)
    draws = [
        np.polyfit(np.log(STEPS), np.log(errors[generator.integers(0, 25, 25)].mean(axis=0)), 1)[0]
        for _ in range(4000)
    ]
    assert found.value == pytest.approx(
        np.polyfit(np.log(STEPS), np.log(errors.mean(axis=0)), 1)[0]
    )
    assert found.low == pytest.approx(np.quantile(draws, 0.025), abs=0.03)
    assert found.high == pytest.approx(np.quantile(draws, 0.975), abs=0.03)
