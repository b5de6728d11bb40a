"""Figures and tables of the MeGe/ReCo notebooks: what they show is what the metrics say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import load_claims
from saliency_audit.ledger.external import inflated_by_product, monotone_degradation
from saliency_audit.ledger.external.fold_rows import Key, fold_rows
from saliency_audit.ledger.statistics import jackknife
from saliency_audit.metrics import mege, reco
from saliency_audit.report.figures.mege.accuracy import show_accuracies
from saliency_audit.report.figures.mege.definition import show_definitions, show_imbalance
from saliency_audit.report.figures.mege.distances import show_distances, variation_table
from saliency_audit.report.figures.mege.histograms import show_histograms
from saliency_audit.report.figures.mege.levels import level_table, show_levels
from saliency_audit.report.figures.mege.scores import (
    best_against_others,
    over_folds,
    score_of,
    score_table,
    size_table,
)
from saliency_audit.report.names import METHOD_NAMES, predictor
from saliency_audit.report.notebook.pivot import pivot, pivot_table
from saliency_audit.study.explanations import METHODS


def rows_of(model="resnet18-8", images="cifar10_train", degraded=True, methods=METHODS, n=20):
    random = np.random.default_rng(1)
    folds = np.arange(n) % 3
    rows = []
    series = [("none", 0), *([("weights", 5), ("labels", 5)] if degraded else [])]
    for kind, level in series:
        right = random.random((n, 3)) < 0.7
        for method in (*methods, "random"):
            for image in range(n):
                distances = random.random(3)
                distances[folds[image]] = np.nan
                rows.append(
                    {
                        "images": images,
                        "model": model,
                        "degradation": kind,
                        "level": level,
                        "method": method,
                        "image": image,
                        "fold": int(folds[image]),
                        "right": right[image].tolist(),
                        "distances": distances.tolist(),
                        "mu_fidelity": float(random.random()),
                        "accuracy": 0.7,
                    }
                )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def rows():
    return rows_of()


@pytest.mark.parametrize("score", ["mege", "reco", "reco_printed", "mu_fidelity"])
def test_levels_show_every_method_at_every_level(rows, score):
    figure = show_levels(rows, score)
    axes = figure.axes
    assert [axis.get_title() for axis in axes] == ["noise on weights", "labels switched"]
    lines = {line.get_label(): line for line in axes[0].lines}
    assert set(lines) == {METHOD_NAMES[method] for method in (*METHODS, "random")}
    group = fold_rows("test", rows)
    key = next(k for k in group if k.method == "ig" and k.degradation == "weights")
    shown = lines["IG"].get_ydata()
    assert shown[1] == pytest.approx(score_of(group[key], score).value)


def test_a_score_is_the_metrics_own(rows):
    for group in list(fold_rows("test", rows).values())[:5]:
        assert score_of(group, "mege").value == pytest.approx(mege(group.sets.equal))
        expected = reco(group.sets.equal, group.sets.different, "printed")
        assert score_of(group, "reco_printed").value == pytest.approx(expected)
        assert score_of(group, "mu_fidelity").value == pytest.approx(group.fidelity.mean())


def test_levels_need_degraded_predictors(rows):
    with pytest.raises(ValueError, match="no rows of degraded predictors; name some"):
        show_levels(rows[rows["degradation"] == "none"], "mege")
    with pytest.raises(ValueError, match="no rows to show"):
        show_levels(rows[:0], "mege")


def test_histograms_have_a_column_per_predictor():
    both = pd.concat([rows_of(degraded=False), rows_of("lipschitz-16", degraded=False)])
    figure = show_histograms(both)
    assert len(figure.axes) == 7 * 2
    sets = fold_rows("test", both)
    first = next(iter(sets.values())).sets
    title = f"|S=| {first.equal.size}, |S≠| {first.different.size}"
    assert figure.axes[0].get_title().endswith(title)
    assert figure.axes[0].get_title().startswith("ResNet-18, 8 filters\non cifar10_train")
    assert len(figure.axes[0].patches) == 2


def test_scores_stand_under_the_papers():
    rows = pd.concat([rows_of(degraded=False), rows_of("lipschitz-16", degraded=False)])
    table = score_table(
        {"this machine": rows}, ["mege", "reco", "reco_printed"], ["table_02", "table_03"]
    )
    assert list(table.columns) == [
        "MeGe\u00a0↑",
        "ReCo,\nbalanced\u00a0↑",
        "ReCo,\nas printed\u00a0↑",
    ]
    network = predictor("cifar10_train", "resnet18-8")
    paper = table.loc[(network, "IG", "paper")]
    # The paper's ReCo is the one of its formulas.
    assert paper.tolist() == ["0.58", "", "0.11"]
    other = predictor("cifar10_train", "lipschitz-16")
    assert table.loc[(other, "RISE", "paper"), "MeGe\u00a0↑"] == "0.85"
    group = next(g for k, g in fold_rows("t", rows).items() if k.method == "rise")
    shown = table.loc[(network, "RISE", "this\nmachine"), "MeGe\u00a0↑"]
    assert float(shown.split("<br>")[0]) == pytest.approx(mege(group.sets.equal), abs=0.01)
    sources = table.loc[(network, "Random")].index
    assert list(sources) == ["this\nmachine"]


def test_levels_stand_beside_each_other_with_their_interval_over_folds(rows):
    table = level_table({"this machine": rows}, "mege")
    assert list(table.columns) == ["0 %", "5 %"]
    assert len(table) == 2 * (len(METHODS) + 1)
    groups = fold_rows("t", rows)
    network = predictor("cifar10_train", "resnet18-8")
    for place, (kind, level) in {"0 %": ("none", 0), "5 %": ("labels", 5)}.items():
        group = groups[Key("cifar10_train", "resnet18-8", kind, level, "rise")]
        shown = table.loc[(f"{network}: labels switched", "RISE", "this\nmachine"), place]
        assert float(shown.split("<br>")[0]) == pytest.approx(mege(group.sets.equal), abs=0.01)
        folds = over_folds(group, "mege")
        assert shown.endswith(f"folds [{folds.low:.2f}, {folds.high:.2f}]")


def test_predictors_without_a_printed_line_have_none():
    rows = rows_of("small", "digits_train", degraded=False)
    table = score_table({"this machine": rows}, ["mege"], ["table_02"])
    assert set(table.index.get_level_values("source")) == {"this\nmachine"}
    assert predictor("digits_train", "small") == "small CNN, on digits_train"


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
    cell = table.loc[("cifar10_train", "IG", "this\nmachine"), "weights, MeGe"]
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


def test_a_table_without_columns_across_has_one():
    rows = rows_of(degraded=False, methods=("saliency", "gradient_input"))
    parameters = load_claims()["MR-PROD"].external.parameters
    result = inflated_by_product(rows, parameters)
    table = pivot_table({"this machine": result}, ["images", "method"], [])
    assert list(table.columns) == ["estimate"]


def test_definitions_show_a_point_per_method_and_series(rows):
    figure = show_definitions(rows)
    points = sum(len(found.get_offsets()) for found in figure.axes[0].collections)
    assert points == 7 * 3


def median_of_equal_distributions(definition, share, size):
    """Of 400 splits of one sample; only the order of distances counts, not their distribution."""
    random = np.random.default_rng(7)
    found = []
    for _ in range(400):
        different, equal = np.split(random.random(size), [round(share * size)])
        found.append(reco(equal, different, definition=definition))
    return np.median(found)


def test_the_printed_reco_of_equal_distributions_follows_their_imbalance():
    figure = show_imbalance(size=400, draws=200)
    (printed,) = (line for line in figure.axes[0].lines if line.get_label() == "printed")
    (balanced,) = (line for line in figure.axes[0].lines if line.get_label() == "balanced")
    shares = printed.get_xdata()
    assert (shares[0], shares[-1]) == (0.01, 0.5)
    for line, definition in ((printed, "printed"), (balanced, "balanced")):
        expected = [median_of_equal_distributions(definition, share, 400) for share in shares]
        np.testing.assert_allclose(line.get_ydata(), expected, atol=0.06)
    # Mostly the least distance is of S=: just above it TPR is 1, and TNR the share of S≠.
    np.testing.assert_allclose(printed.get_ydata(), shares, atol=0.06)
    assert np.ptp(printed.get_ydata()) > 0.4
    many = shares >= 0.1
    assert np.ptp(printed.get_ydata()[many]) > 0.3
    assert np.ptp(balanced.get_ydata()[many]) < 0.1


def test_equal_distributions_score_low_by_balanced_accuracy():
    figure = show_imbalance(size=300, draws=20)
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert set(lines) == {"printed", "balanced"}
    assert lines["balanced"][-1] < 0.2  # half of the distances in each set
    assert lines["balanced"][0] > lines["balanced"][-1]  # the luck of few distances


def distance_rows():
    random = np.random.default_rng(0)
    rows = []
    for name in ("spearman", "dice", "ssim", "wasserstein1", "l1", "l2"):
        for part, levels in (("shift", (0.5, 1.0)), ("noise", (0.1, 0.2)), ("area", (0.01, 0.1))):
            for level in levels:
                for draw in range(1 if part == "shift" else 4):
                    value = level * (1 + 0.1 * random.standard_normal())
                    rows.append((part, "disc", name, level, draw, value))
        rows.append(("time", "disc", name, 0.0, 0, 0.0025))
    return pd.DataFrame(rows, columns=["part", "shape", "distance", "level", "draw", "value"])


def test_distances_have_a_panel_each():
    rows = distance_rows()
    for part in ("shift", "noise"):
        figure = show_distances(rows, part)
        assert [axis.get_title() for axis in figure.axes] == [
            *("1 − |Spearman|", "1 − Dice", "1 − SSIM", "1-Wasserstein", "ℓ1", "ℓ2"),
        ]
        assert figure.axes[0].lines[0].get_ydata().max() <= 1 + 1e-12
    with pytest.raises(ValueError, match="no rows to show"):
        show_distances(rows[:0], "shift")
    table = variation_table({"this machine": rows})
    assert list(table.columns) == ["variation under noise", "at 1% area", "one distance"]
    assert table["one distance"].unique().tolist() == ["2.50 ms"]


def test_accuracies_have_a_line_per_series():
    rows = pd.DataFrame(
        [
            {
                "images": "cifar10_train",
                "model": "resnet18-32",
                "degradation": kind,
                "level": level,
                "fold": fold,
                "correct": 78 - level,
                "held_out": 100,
                "seen": 400,
            }
            for kind, level in (("none", 0), ("labels", 30))
            for fold in range(5)
        ]
    )
    figure = show_accuracies(rows, {("cifar10_train", "resnet18-32"): (78, 4)})
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        "ResNet-18, 32 filters, on cifar10_train",
        "labels 30 %",
    ]
    assert len(axis.collections) == 1  # the band of what is stated


def test_the_interval_over_folds_leaves_out_a_predictor_and_its_images(rows):
    group = next(iter(fold_rows("test", rows).values()))
    without = [
        mege(group.of_folds(first, second).equal) for first, second in ((1, 2), (0, 2), (0, 1))
    ]
    expected = jackknife(mege(group.sets.equal), np.array(without))
    assert over_folds(group, "mege") == expected
    assert expected.low < expected.value < expected.high


def test_sizes_count_the_pairs_without_a_distance():
    rows = rows_of(degraded=False)
    groups = {key.method: group for key, group in fold_rows("test", rows).items()}
    sets = groups["ig"].sets
    pairs = sets.equal.size + sets.different.size
    sizes = {"|S=|": str(sets.equal.size), "|S≠|": str(sets.different.size)}
    place = (predictor("cifar10_train", "resnet18-8"), "this\nmachine")
    table = size_table({"this machine": rows})
    assert table.loc[place].to_dict() == {**sizes, "without a distance": "none"}
    chosen = rows["method"] == "gradcam"
    rows.loc[chosen, "distances"] = pd.Series([[np.nan] * 3] * chosen.sum(), rows.index[chosen])
    table = size_table({"this machine": rows})
    assert table.loc[place].to_dict() == {**sizes, "without a distance": f"Grad-CAM {pairs}"}


def test_the_best_method_is_held_against_each_other_one():
    rows = rows_of(degraded=False, n=60)
    best = rows["method"] == "rise"
    rows.loc[best, "distances"] = rows.loc[best, "distances"].map(
        lambda cell: list(0.01 * np.array(cell))
    )
    found = best_against_others(rows, ["mege", "mu_fidelity"])
    of_mege = [item for item in found if item.keys["score"] == "mege"]
    assert {item.keys["best"] for item in of_mege} == {"best: RISE"}
    assert {item.keys["method"] for item in of_mege} == set(METHODS) - {"rise"}
    assert all(item.holds for item in of_mege)
    by_chance = [item for item in found if item.keys["score"] == "mu_fidelity"]
    assert len(by_chance) == 6
    assert not any(item.holds for item in by_chance)
    table = pivot({"this machine": found}, ["predictor", "score", "best", "method"], [])
    assert len(table) == 12
    assert "IG" in table.xs("best: RISE", level="best").index.get_level_values("method")
