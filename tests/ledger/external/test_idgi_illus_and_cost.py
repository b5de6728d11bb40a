"""The facts of the computed picture, and hours from timed batches."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.external.tests.idgi_cost import cost
from saliency_audit.ledger.external.tests.idgi_illus import illustration_facts

PICTURE = {"steps": 16}


def picture(score=lambda a: a**3, bend=0.0, gap=0.0):
    alpha = np.linspace(0, 1, 17)
    found = []
    for path in ("ig", "gig"):
        for j, a in enumerate(alpha):
            last = j == len(alpha) - 1
            following = np.nan if last else score(alpha[j + 1])
            x1 = a + (bend * np.sin(3 * a) if path == "ig" else a * (1 - a))
            found.append((path, j, a, x1, 2 * a, score(a), following + gap, following))
    names = ["path", "point", "alpha", "x1", "x2", "score", "projected_score", "next_score"]
    return pd.DataFrame(found, columns=names).sample(frac=1, random_state=1)


def test_a_curved_score_along_a_straight_path_is_reproduced():
    result = illustration_facts(picture(), PICTURE)
    assert result.verdict is Verdict.REPRODUCED
    assert result.detail.startswith("2 of 2 comparisons hold")
    alpha = np.linspace(0, 1, 17)
    r = np.corrcoef(alpha, alpha**3)[0, 1]
    assert result.headline.value == pytest.approx(1 - r**2)


@pytest.mark.parametrize("score", [lambda a: 2 * a + 1, lambda a: a + 1e-3 * a**2, lambda a: 1.0])
def test_a_straight_score_is_not_reproduced(score):
    assert illustration_facts(picture(score), PICTURE).verdict is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize("fault", [{"bend": 1e-6}, {"gap": 1e-6}])
def test_a_fact_that_fails_is_half_of_the_claim(fault):
    result = illustration_facts(picture(**fault), PICTURE)
    assert result.verdict is Verdict.NOT_REPRODUCED
    assert result.detail.startswith("1 of 2 comparisons hold")


def test_two_scores_of_one_point_and_projections_without_score():
    table = picture()
    twice = pd.concat([table, table.iloc[:1].assign(score=7.0, path="blurig")])
    assert illustration_facts(twice, PICTURE).verdict is Verdict.NOT_REPRODUCED
    table["projected_score"] = np.nan
    assert illustration_facts(table, PICTURE).verdict is Verdict.NOT_REPRODUCED


def test_a_picture_needs_its_straight_path():
    assert illustration_facts(picture().iloc[:0], PICTURE).verdict is Verdict.NOT_TESTED
    without = picture()
    assert (
        illustration_facts(without[without["path"] == "gig"], PICTURE).verdict is Verdict.NOT_TESTED
    )
    with pytest.raises(ValueError, match="lack the columns alpha"):
        illustration_facts(picture().drop(columns="alpha"), PICTURE)
    with pytest.raises(ValueError, match="unknown parameters \\['points'\\]"):
        illustration_facts(picture(), {"steps": 16, "points": 3})


COST = {"images": 35000, "steps": 128, "hours": 9.0, "repeats": 5}


def timed(hours, repeats=5, device="NVIDIA H200", steps=128, share=0.8):
    """Batches of 16 images, at a pace that takes so many hours for 35000 images, ± 1 %."""
    seconds = hours * 3600 / 35000 * 16
    found = [
        ("m", method, k, 16, steps, seconds * (1 + 0.01 * (k - 2)), share * seconds, device)
        for method in ("ig", "ig+idgi", "gig")
        for k in range(repeats)
    ]
    names = ["model", "method", "repeat", "images", "steps", "seconds", "raw_seconds", "device"]
    return pd.DataFrame(found, columns=names)


@pytest.mark.parametrize(
    ("hours", "verdict"),
    [(0.5, Verdict.REPRODUCED), (8.99, Verdict.REPRODUCED), (12, Verdict.NOT_REPRODUCED)],
)
def test_the_claimed_hours_or_fewer_are_reproduced(hours, verdict):
    result = cost(timed(hours), COST)
    assert result.verdict is verdict
    assert result.headline.value == pytest.approx(hours)
    assert result.headline.n == 3
    assert "on NVIDIA H200, 80% to 80% of plain passes" in result.detail
    first = result.comparisons[1]
    assert first.estimate.n == 5
    assert first.estimate.value == pytest.approx(hours)
    assert not first.decides
    assert first.extra["images per second"].value == pytest.approx(35000 / 3600 / hours)
    assert first.extra["share of plain passes"].value == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"device": "cpu"}, "on a CPU the claim cannot be decided"),
        ({"device": "cpu (2 threads, x86_64)"}, "on a CPU the claim cannot be decided"),
        ({"repeats": 4}, "4 timed batches are too few"),
        ({"steps": 32}, "other steps take other times"),
    ],
)
def test_what_cannot_be_compared_is_inconclusive(change, reason):
    result = cost(timed(0.5, **change), COST)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert reason in result.detail


def test_a_slow_outlier_does_not_move_the_median():
    table = timed(0.5)
    table.loc[table["repeat"] == 4, "seconds"] *= 100
    assert cost(table, COST).headline.value == pytest.approx(0.5)


def test_times_must_be_times():
    assert cost(timed(1).iloc[:0], COST).verdict is Verdict.NOT_TESTED
    with pytest.raises(ValueError, match="positive numbers"):
        cost(timed(1).assign(seconds=0.0), COST)
    with pytest.raises(ValueError, match="missing parameters \\['repeats'\\]"):
        cost(timed(1), {"images": 1, "steps": 1, "hours": 1})
