"""XM-CORR's figures and tables: what they show of known tables."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import evaluate, load_claims
from saliency_audit.report.figures.xmgd.correlation import (
    combination_name,
    named,
    pair_table,
    printed_correlations,
    resolution_table,
    show_groups,
    show_resolution,
    show_tables,
    shown_three,
    three_correlations,
    triple_table,
)
from saliency_audit.study.detector_maps import METHODS

DETECTORS = ("small_faces_cnn", "small_faces_branched")
FAMILIES = ("swap", "warp", "smooth", "colour", "resampled")


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    of_generator = {name: random.standard_normal(6) for name in FAMILIES}
    return pd.DataFrame(
        [
            {
                **{"model": f"{detector}_{generator}", "images": f"small_standin_{generator}"},
                **{"detector": detector, "generator": generator, "method": measure},
                **{"draw": draw, "set_size": 70, "first": first, "second": second},
                "distance": 5 + of_generator[generator][pair] + 0.1 * random.standard_normal(),
            }
            for detector in DETECTORS
            for generator in FAMILIES
            for measure in ("xmgd", "kl_divergence")
            for draw in range(11)
            for pair, (first, second) in enumerate(combinations(METHODS, 2))
        ]
    )


@pytest.fixture(scope="module")
def results(rows):
    return {"here": evaluate(load_claims()["XM-CORR"], rows)}


def test_every_pair_of_tables_is_a_dot_and_means_have_intervals(rows, results):
    figure = show_groups(results, {"here": rows})
    xmgd, kl = figure.axes
    dots = [len(line.get_xdata()) for line in xmgd.lines if line.get_color() == "#999999"]
    # Of 10 combinations 5 pairs share the generator, 2 × 10 the detector, 20 nothing.
    assert dots == [5, 20, 20]
    (cross,) = [line for line in xmgd.lines if line.get_marker() == "X"]
    assert list(cross.get_xdata()) == [0.813, 0.810, 0.742]
    assert not [line for line in kl.lines if line.get_marker() == "X"]
    assert [label.get_text() for label in xmgd.get_yticklabels()] == [
        "same generator",
        "same detector",
        "nothing shared",
    ]


def test_the_three_tables_share_as_the_paper_s_do(rows):
    left, middle, right = shown_three(rows)
    assert left == ("small_faces_branched", "swap")
    assert middle == ("small_faces_cnn", "swap")
    assert right == ("small_faces_cnn", "resampled")
    found = three_correlations(rows, "xmgd")
    itself = rows[(rows["draw"] == 0) & (rows["method"] == "xmgd")]
    table = {name: part["distance"] for name, part in itself.groupby(["detector", "generator"])}
    expected = np.corrcoef(table[left], table[middle])[0, 1]
    assert found["generator"].value == pytest.approx(expected)
    assert set(found) == {"generator", "detector", "nothing"}


def test_tables_show_every_distance_twice_with_its_interval(rows):
    figure = show_tables(rows)
    assert len(figure.axes) == 6
    assert figure.axes[0].get_title() == "KL: small branched CNN, swap"
    texts = [text.get_text() for text in figure.axes[3].texts]
    assert len(texts) == 16
    assert sum("[" in text for text in texts) == 12
    assert "same generator" in figure.axes[4].get_xlabel()


def test_our_triple_stands_beside_the_paper_s(rows, results):
    table = triple_table(results, {"here": rows}).reset_index()
    assert table["nothing shared"].iloc[0].startswith("0.74 [")
    means = table[(table["measure"] == "XMGD") & table["tables"].str.startswith("mean")]
    assert float(means["same generator"].item().split()[0]) > 0.95
    assert len(table) == 1 + 2 * 2


def test_all_pairs_are_listed_with_fishers_intervals(rows):
    table = pair_table(rows)
    assert len(table) == 45
    assert list(table.columns) == ["XMGD", "KL"]
    assert table["XMGD"].str.contains(r"\[").all()


def test_six_distances_tell_little():
    shares = resolution_table()["the order appears"].str.removesuffix(" %").astype(float)
    assert shares.iloc[0] < 55 < 95 < shares.iloc[-1]
    left, right = show_resolution().axes
    assert next(text.get_text() for text in right.texts) == f"{shares.iloc[0]:.0f} %"
    assert set(printed_correlations()) == {"generator", "detector", "nothing"}
    assert len(left.lines) >= 6


def test_names_in_print():
    assert combination_name("mesoinception4", "face2face") == "MesoInception4, Face2Face"
    assert named("meso4, small_faces_cnn × deepfakes, swap") == (
        "Meso4, small CNN × Deepfakes, swap"
    )
    assert named("xmgd") == "XMGD"


def test_one_detector_is_refused(rows):
    alone = rows[rows["detector"] == DETECTORS[0]]
    with pytest.raises(ValueError, match="two detectors and two generators"):
        show_tables(alone)
    found = {"here": evaluate(load_claims()["XM-CORR"], alone)}
    with pytest.raises(ValueError, match="two detectors and two generators"):
        show_groups(found, {"here": alone})
