"""Rows of GGIG's settings: complete, and those of `ggig_mnist` where the setting is the same."""

import numpy as np

from saliency_audit import study
from saliency_audit.study.experiments import ggig_settings
from saliency_audit.study.selection import select

KEYS = ["method", "scaling", "sign", "image"]
MEASURES = ["spearman", "weighted_jaccard", "reverse_mse"]
FEW = {"n_images": 6, "steps": 5, "ascents": 3}


def test_one_row_per_map_scale_and_sign(project):
    rows = study.compute(study.get_experiment("ggig_settings"), "embedded", FEW)
    assert not rows.duplicated(KEYS).any()
    images = rows["image"].nunique()
    counts = rows.groupby(["method", "scaling"]).size()
    assert (counts == 2 * images).all()
    assert ("constant", "unit") not in counts
    assert rows["method"].nunique() == 9
    constant = rows[rows["method"] == "constant"]
    assert constant["spearman"].isna().all()
    assert (constant["weighted_jaccard"] > 0.28).all()


def test_from_0_to_1_they_are_the_rows_of_the_main_experiment(project):
    rows = study.compute(study.get_experiment("ggig_settings"), "embedded", FEW)
    main = study.compute(study.get_experiment("ggig_mnist"), "embedded", FEW)
    shared = {"saliency", "ig_without_product", "ggig", "ggig_absolute", "edge", "random"}
    unit = rows[(rows["scaling"] == "unit") & rows["method"].isin(shared)]
    both = unit.merge(main, on=["method", "sign", "image"], suffixes=("", "_main"))
    assert len(both) == len(unit)
    for measure in MEASURES:
        np.testing.assert_allclose(both[measure], both[f"{measure}_main"], atol=1e-6)


def test_the_maximum_without_an_ascent_is_at_most_ggigs(project):
    chosen = select("digits_cnn", "digits", 0, 0, 6)
    given = {**FEW, "learning_rate": 0.5, "seed": 0}
    maps = ggig_settings._maps(chosen, given)
    assert (maps["ig_max"] <= maps["ggig"] + 1e-6).all()
    assert (maps["ig_max"] < maps["ggig"] - 1e-3).any()
