"""Rows of the similarity of maps to the digit."""

import pytest
import torch

from saliency_audit import study
from saliency_audit.attributions import GGIG, Saliency
from saliency_audit.sanity import MEASURES, similarities
from saliency_audit.study.selection import select

FEW = {
    **{"n_images": 7, "steps": 5, "ascents": 3, "short_ascents": 2, "learning_rate": 0.05},
    "slice_size": 4,
}
METHODS = {
    *("saliency", "ig_without_product", "ig", "ggig", "ggig_absolute", "ggig_trapezoid"),
    *("ggig_short", "edge", "random"),
}


@pytest.fixture(scope="module")
def rows(module_project):
    return study.compute(study.get_experiment("ggig_mnist"), "embedded", FEW)


def test_a_row_per_image_method_and_sign(rows):
    assert set(rows["method"]) == METHODS
    images = rows["image"].nunique()
    assert len(rows) == images * len(METHODS) * 2
    assert 5 <= images <= 7
    assert set(rows["climb_ascents"]) == {3}
    assert set(rows["short_climb_ascents"]) == {2}
    assert rows["ssim"].isna().all()  # 8×8 pixels are too few
    assert rows[["spearman", "weighted_jaccard", "reverse_mse"]].notna().all().all()


@pytest.mark.parametrize("sign", ["absolute", "signed"])
def test_values_are_those_of_the_library(rows, sign):
    chosen = select("digits_cnn", "digits", 0, 0, 4)
    explainers = {
        "saliency": Saliency(output="logit"),
        "ggig": GGIG(5, 3, 0.05),
        "ggig_absolute": GGIG(5, 3, 0.05, absolute=True),
        "ggig_trapezoid": GGIG(5, 3, 0.05, trapezoid=True),
        "ggig_short": GGIG(5, 2, 0.05),
    }
    for method, explain in explainers.items():
        maps = explain(chosen.model, chosen.pictures, chosen.targets)
        found = similarities(maps, chosen.pictures, sign)
        mine = rows[(rows["method"] == method) & (rows["sign"] == sign)].set_index("image")
        for name in set(MEASURES) - {"ssim"}:
            expected = torch.from_numpy(mine.loc[list(chosen.indices), name].to_numpy().copy())
            torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-5)


def test_the_whole_climb_ends_with_the_slice_that_holds_the_last_climbed_image(module_project):
    experiment = study.get_experiment("ggig_mnist")
    few = study.compute(experiment, "embedded", {**FEW, "n_climbed": 3, "short_ascents": 9})
    images = few.groupby("method")["image"].nunique()
    assert (
        images["ggig"]
        == images["ggig_absolute"]
        < images["ggig_short"]
        == images["ig_without_product"]
    )
    first = select("digits_cnn", "digits", 0, 0, 4)
    assert set(few.loc[few["method"] == "ggig", "image"]) == set(first.indices)
    # A short climb is never longer than the whole one.
    table = few.pivot(index=["image", "sign"], columns="method", values="spearman").dropna()
    assert (table["ggig"] == table["ggig_short"]).all()
    assert set(few["climb_ascents"]) == set(few["short_climb_ascents"]) == {3}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ascents": 0}, "ascents"),
        ({"short_ascents": 0}, "short_ascents"),
        ({"n_climbed": 0}, "n_climbed"),
        ({"steps": 1}, "steps"),
        ({"models": ("mnist_ccn",)}, "mnist_ccn"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        study.get_experiment("ggig_mnist").configure("embedded", change)


@pytest.mark.data("mnist_train")
def test_the_network_of_the_reference_run_is_as_accurate_as_the_papers(data_root):
    chosen = select("mnist_cnn", "mnist_test", 0, 0, 2000)
    assert len(chosen.indices) / 2000 > 0.985
