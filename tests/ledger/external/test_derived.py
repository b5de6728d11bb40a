"""Rows that follow from recorded ones."""

import math

import pandas as pd
import pytest

from saliency_audit.ledger.external.evidence.derived import (
    MEAN_OF_NETWORKS,
    beside_the_box,
    mean_over_networks,
    mean_over_pairs,
    mean_over_seeds,
)


def test_trainings_become_one_row_per_image_and_method():
    rows = pd.DataFrame(
        [
            ("net", "set", method, seed, image, 10 * seed + image + (method == "b"))
            for method in ("a", "b")
            for seed in (0, 2)
            for image in (3, 4)
        ],
        columns=["model", "images", "method", "train_seed", "image", "value"],
    )
    found = mean_over_seeds(rows.sample(frac=1, random_state=0)).set_index(["method", "image"])
    assert found["value"].to_dict() == {
        ("a", 3): 13.0,
        ("a", 4): 14.0,
        ("b", 3): 14.0,
        ("b", 4): 15.0,
    }


def test_maps_without_images_are_told_apart_by_their_numbers():
    rows = pd.DataFrame(
        [("drawn", "normal", 0, 1.0), ("drawn", "uniform", 1, 3.0)]
        + [
            ("net", f"trained, seed {seed}", image, 10.0 * seed + image)
            for seed in (0, 1)
            for image in (0, 1)
        ],
        columns=["model", "distribution", "map", "value"],
    ).assign(method="a")
    found = mean_over_seeds(rows).set_index(["model", "map"])["value"]
    assert found.to_dict() == {
        ("drawn", 0): 1.0,
        ("drawn", 1): 3.0,
        ("net", 0): 5.0,
        ("net", 1): 6.0,
    }


def test_chance_and_the_mean_of_the_methods_stand_beside_them():
    rows = pd.DataFrame(
        [
            ("a", 3, "wrongly", 1.0, 0.8, 0.3),
            ("b", 3, "wrongly", 0.0, 0.6, 0.3),
            ("a", 4, "correctly", 1.0, 0.9, 0.1),
        ],
        columns=["method", "image", "classified", "hit", "explainability", "area"],
    ).assign(model="net", images="set")
    found = beside_the_box(rows.sample(frac=1, random_state=0))
    assert len(found) == 3 + 2 + 2
    by = found.set_index(["method", "image"])
    assert by.loc[("mean of the ten", 3), "hit"] == 0.5
    assert by.loc[("mean of the ten", 3), "explainability"] == pytest.approx(0.7)
    assert by.loc[("mean of the ten", 4), "hit"] == 1
    for image, area in ((3, 0.3), (4, 0.1)):
        assert by.loc[("share of the box", image), "hit"] == area
        assert by.loc[("share of the box", image), "explainability"] == area
    assert set(by.xs(4, level="image")["classified"]) == {"correctly"}
    for column in ("hit", "explainability"):
        expected = rows.set_index(["method", "image"])[column]
        pd.testing.assert_series_equal(by.loc[expected.index, column], expected)


def test_networks_become_one_row_per_image_and_method():
    rows = pd.DataFrame(
        [
            (model, "faces", method, image, offset + image + (method == "b"))
            for model, offset in (("one", 0.0), ("two", 10.0))
            for method in ("a", "b")
            for image in (3, 4)
        ]
        + [("three", "others", "a", 3, 7.0), ("three", "others", "b", 3, 8.0)],
        columns=["model", "images", "method", "image", "value"],
    )
    found = mean_over_networks(rows.sample(frac=1, random_state=0))
    assert set(found["model"]) == {MEAN_OF_NETWORKS}
    assert found.set_index(["images", "method", "image"])["value"].to_dict() == {
        ("faces", "a", 3): 8.0,
        ("faces", "a", 4): 9.0,
        ("faces", "b", 3): 9.0,
        ("faces", "b", 4): 10.0,
        ("others", "a", 3): 7.0,
        ("others", "b", 3): 8.0,
    }


def test_a_mean_over_networks_lacks_none_of_them():
    rows = pd.DataFrame(
        [("one", 0, 1.0), ("two", 0, math.nan), ("one", 1, 1.0), ("two", 1, 3.0)],
        columns=["model", "image", "value"],
    ).assign(images="faces", method="a")
    found = mean_over_networks(rows).set_index("image")["value"]
    assert math.isnan(found[0])
    assert found[1] == 2.0


def test_a_mean_over_pairs_is_one_row_per_image_measure_and_noise():
    rows = pd.DataFrame(
        [
            {
                **{"model": "m", "images": "faces", "method": method, "noise": noise},
                **{"image": image, "pair": f"{image} {pair}", "first": "ig"},
                **{"before": 1.0, "after": 2.0, "log_relative_change": value + pair},
            }
            for image in (0, 1)
            for pair in (0, 1)
            for noise in ("salt", "gaussian")
            for method, value in (("xmgd", 1.0), ("kl_divergence", 3.0))
        ]
    )
    found = mean_over_pairs(rows.sample(frac=1, random_state=0))
    assert len(found) == 2 * 2 * 2
    means = found.groupby("method")["log_relative_change"].unique()
    assert means["xmgd"].tolist() == [1.5]
    assert means["kl_divergence"].tolist() == [3.5]
