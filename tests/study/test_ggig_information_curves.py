"""Rows of information points of the GGIG paper's five methods."""

import numpy as np
import pytest

from saliency_audit import study
from saliency_audit.attributions import Edge, saliency
from saliency_audit.metrics import information_points
from saliency_audit.study.selection import select

FEW = {
    "models": ("shapes_cnn", "digits_cnn"),
    "n_images": 4,
    "steps": 5,
    "climb_points": 3,
    "ascents": 2,
    "slice_size": 3,
}


@pytest.fixture(scope="module")
def rows(module_project):
    return study.compute(study.get_experiment("ggig_information_curves"), "embedded", FEW)


def test_a_row_per_image_and_method(rows):
    for _, group in rows.groupby("model"):
        assert set(group["method"]) == {"saliency", "ig_without_product", "ggig", "edge", "random"}
        assert len(group) == 5 * group["image"].nunique()
        # Two pictures frame the curve, whatever the map.
        for _, of_image in group.groupby("image"):
            ends = np.stack(of_image["ic_shannon_entropy"])[:, [0, -1]]
            assert (ends == ends[0]).all()


def test_pictures_of_eight_pixels_have_no_compressed_size(rows):
    small = rows["model"] == "digits_cnn"
    assert rows.loc[small, "ic_file_size"].isna().all()
    assert rows.loc[~small, "ic_file_size"].notna().all()
    assert all(len(points) == 15 for points in rows["ic_shannon_entropy"])


def test_values_are_those_of_the_library(rows):
    chosen = select("shapes_cnn", "shapes", 0, 0, 3)
    on = (chosen.model, chosen.pictures, chosen.targets)
    points = information_points(
        chosen.model,
        chosen.pictures,
        saliency(Edge()(*on)),
        chosen.targets,
        seeds=chosen.seeds,
        mode="fast",
        complexities=("file_size", "shannon_entropy"),
    )
    mine = rows[(rows["model"] == "shapes_cnn") & (rows["method"] == "edge")].set_index("image")
    for position, image in enumerate(chosen.indices):
        for name in ("file_size", "shannon_entropy", "probability", "correct"):
            expected = getattr(points, name)[position].numpy()
            assert mine.loc[image, f"ic_{name}"] == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": ("lime",)}, "unknown method 'lime'"),
        ({"information": "slow"}, "information must be exact or fast"),
        ({"ascents": 0}, "ascents"),
        ({"reduction": "median"}, "median"),
        ({"climb_points": 1}, "steps must be at least 2"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        study.get_experiment("ggig_information_curves").configure("embedded", change)
