"""Rows of the ten methods: what they hold, and what M_F is scaled over."""

import pandas as pd
import pytest
import torch

from saliency_audit.study import get_experiment
from saliency_audit.study.dre_methods import POOL
from saliency_audit.study.experiment import ParameterError

EXPERIMENT = get_experiment("dre_scores")
QUICK = {
    "n_images": 6,
    "explained": ",".join((*POOL, "dre+self", "dre+mgnet", "mpert")),
    "n_train": 64,
    "epochs": 1,
    "filter_epochs": 1,
    "iterations": 2,
    "inversions": 1,
    "samples": 2,
    "steps": 4,
}


@pytest.fixture(scope="module")
def rows():
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", QUICK))
    with torch.random.fork_rng():
        return EXPERIMENT.compute(task).rows


def test_a_row_per_image_and_method_and_one_more_where_it_is_scaled(rows):
    counts = rows.groupby(["method", "normalised"])["image"].nunique()
    n = rows["image"].nunique()
    assert n >= 4
    assert (counts == n).all()
    scaled = set(rows.loc[rows["normalised"], "method"])
    assert scaled == set(POOL)
    assert set(rows["method"]) - scaled == {"dre+self", "dre+mgnet", "mpert"}


def test_faithfulness_is_scaled_over_the_methods_of_the_paper(rows):
    values = rows.pivot_table(
        index=["image", "method"], columns="normalised", values="faithfulness"
    )
    pool = values.dropna()
    assert len(pool)
    for _, image in pool.groupby("image"):
        raw = image[False]
        expected = (raw - raw.min()) / (raw.max() - raw.min())
        pd.testing.assert_series_equal(image[True], expected, check_names=False, atol=1e-12)


def test_it_is_not_scaled_over_other_methods():
    few = {**QUICK, "explained": "dre,gradcam,saliency"}
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", few))
    assert not EXPERIMENT.compute(task).rows["normalised"].any()


def test_all_but_faithfulness_is_the_same_in_both(rows):
    others = ["explainability", "box_iou", "hit", "background_mass", "map_area", "total_variation"]
    scaled = rows[rows["normalised"]].set_index(["image", "method"])[others]
    raw = rows[~rows["normalised"]].set_index(["image", "method"])[others]
    pd.testing.assert_frame_equal(scaled, raw.loc[scaled.index])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"explained": "dre,lime"}, "unknown method 'lime'; known: dre, mgnet"),
        ({"explained": "[]"}, "at least one method"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"iterations": 0}, "iterations must be at least 1"),
        ({"quick_times": 0}, "quick_times must be at least 1"),
    ],
)
def test_parameters_that_cannot_be(change, message):
    with pytest.raises(ParameterError, match=message):
        EXPERIMENT.configure("embedded", change)


def test_quick_methods_explain_further_images():
    asked = {**QUICK, "quick_times": 4, "explained": "dre,gradcam,ig,mpert"}
    first, further = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", asked))
    bounds = [(task.parameters["first"], task.parameters["last"]) for task in (first, further)]
    assert bounds == [(0, 6), (6, 24)]
    assert set(first.parameters["explained"]) == {"dre", "gradcam", "ig", "mpert"}
    assert set(further.parameters["explained"]) == {"dre", "gradcam"}
    assert further.parameters.keys() == first.parameters.keys()
    assert "quick_times" not in first.parameters


def test_most_slices_of_quick_methods_stay_when_all_methods_explain_more():
    def bounds(n_images, quick_times):
        asked = {"n_images": n_images, "quick_times": quick_times, "slice_size": 2}
        tasks = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", asked))
        quick = [task for task in tasks if "ig" not in task.parameters["explained"]]
        return [(task.parameters["first"], task.parameters["last"]) for task in quick]

    assert bounds(6, 10) == [(6, 20), (20, 40), (40, 60)]
    assert bounds(30, 2) == [(30, 40), (40, 60)]
    assert bounds(4, 3) == [(4, 12)]
    assert bounds(20, 2) == [(20, 40)]


def test_without_a_quick_method_there_are_no_further_images():
    asked = {**QUICK, "quick_times": 4, "explained": "ig,mpert"}
    assert len(EXPERIMENT.tasks(EXPERIMENT.configure("embedded", asked))) == 1
