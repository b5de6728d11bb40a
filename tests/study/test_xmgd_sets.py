"""XMGD's experiments on sets of maps: noise, sizes, aggregated maps; what their numbers are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from saliency_audit.metrics import MultiScale, fit_maps
from saliency_audit.study import aggregated_maps
from saliency_audit.study.aggregated_maps import Explained, aggregated, distances_between
from saliency_audit.study.detector_maps import detector_and_generator
from saliency_audit.study.experiments import (
    xmgd_correlation,
    xmgd_noise,
    xmgd_set_size,
    xmgd_spread,
)

QUICK = MultiScale(components=2, restarts=1)


def embedded(module, **changes):
    """Rows of the embedded profile with some parameters changed."""
    experiment = module.EXPERIMENT
    (task,) = experiment.split(replace(experiment.settings("embedded")[""], **changes))
    return experiment.compute(task)


def test_salt_sets_a_share_of_the_pixels_to_one_and_leaves_the_rest():
    units = 0.5 * torch.rand(2, 40, 40, dtype=torch.float64)
    changed = xmgd_noise.noisy(units, "salt", 0.01, [0, 1])
    assert ((changed == 1).sum(dim=(1, 2)) == 16).all()
    assert torch.equal(changed[changed != 1], units[changed != 1])
    assert not torch.equal(changed[0] == 1, changed[1] == 1)


def test_gaussian_noise_has_its_deviation_and_is_not_negative():
    units = torch.full((1, 60, 60), 0.5, dtype=torch.float64)
    change = xmgd_noise.noisy(units, "gaussian", 0.05, [3]) - units
    assert change.std().item() == pytest.approx(0.05, rel=0.05)
    assert xmgd_noise.noisy(torch.zeros(1, 9, 9), "gaussian", 0.1, [0]).min() == 0


def test_noise_rows_of_an_image_do_not_depend_on_the_others():
    few = embedded(xmgd_noise, n_images=3).rows
    more = embedded(xmgd_noise, n_images=5).rows
    assert set(few["noise"]) == set(xmgd_noise.NOISES)
    assert not few.duplicated(["pair", "noise", "method"]).any()
    shared = more[more["image"].isin(few["image"])].reset_index(drop=True)
    order = ["pair", "noise", "method"]
    ours = few.sort_values(order)["log_relative_change"].to_numpy()
    np.testing.assert_allclose(ours, shared.sort_values(order)["log_relative_change"], atol=1e-4)
    change = (few["after"] / few["before"] - 1).abs().clip(lower=1e-6)
    np.testing.assert_allclose(few["log_relative_change"], np.log(change))


def test_set_sizes_are_drawn_often_and_the_reference_is_the_whole():
    rows = embedded(xmgd_set_size, n_images=30, sizes=(3, 10, 500), draws=2, components=2).rows
    assert set(rows["size"]) == {3, 10}
    assert len(rows) == 2 * 2 * 3
    (largest,) = set(rows["largest"])
    assert 10 < largest <= 30
    assert rows.groupby("method")["reference"].nunique().eq(1).all()
    expected = (rows["value"] / rows["reference"] - 1) ** 2
    np.testing.assert_allclose(rows["squared_deviation"], expected)


def test_aggregated_maps_are_means_over_drawn_images_and_then_over_networks():
    one = Explained("net", {"ig": torch.tensor([[[1.0]], [[3.0]]]).double()}, np.array([4, 7]))
    other = Explained("net", {"ig": torch.tensor([[[10.0]]]).double()}, np.array([4]))
    assert aggregated([one, other], {4: 1, 7: 1})["ig"].item() == (2 + 10) / 2
    assert aggregated([one, other], {4: 1, 7: 3})["ig"].item() == (2.5 + 10) / 2
    # A network of whose images none is drawn is left out.
    assert aggregated([one, other], {4: 0, 7: 2})["ig"].item() == 3


def test_distances_of_equal_maps_are_zero_under_every_measure():
    drawn = torch.rand(16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    maps = {"a": drawn, "b": drawn, "c": drawn.T}
    found = list(distances_between(maps, fit_maps(torch.stack([*maps.values()]), QUICK)))
    assert len(found) == 9
    for first, second, _, value in found:
        if (first, second) == ("a", "b"):
            assert value == pytest.approx(0, abs=1e-9)
        else:
            assert value > 1e-4


def test_how_many_draws_are_fitted_at_once_does_not_matter(monkeypatch):
    units = torch.rand(2, 4, 16, 16, generator=torch.Generator().manual_seed(0)).double()
    part = Explained("net", dict(zip("ab", units, strict=True)), np.arange(4))
    given = {"components": 2, "width": 0.05, "seed": 0, "resamples": 4}
    found = []
    for count in (1, 3, 32):
        monkeypatch.setattr(aggregated_maps, "FITTED_TOGETHER", count)
        found.append(list(aggregated_maps.resampled_distances([part], np.arange(4), given)))
    assert [row["draw"] for row in found[0]] == [draw for draw in range(5) for _ in range(3)]
    for rows in found[1:]:
        for row, expected in zip(rows, found[0], strict=True):
            assert row == expected | {"distance": pytest.approx(expected["distance"], abs=1e-9)}


def test_spread_rows_have_all_pairs_of_all_draws():
    outcome = embedded(
        xmgd_spread,
        n_images=8,
        resamples=2,
        components=2,
        models=("small_faces_cnn_swap", "small_faces_cnn_smooth"),
        steps=4,
    )
    rows = outcome.rows
    assert len(rows) == 3 * 3 * 6
    assert set(rows["draw"]) == {0, 1, 2}
    assert set(rows["model"]) == {"small_faces_cnn_swap+small_faces_cnn_smooth"}
    assert (rows["distance"] >= 0).all()
    assert set(outcome.notes["networks_sha256"]) == {
        "small_faces_cnn_swap",
        "small_faces_cnn_smooth",
    }


QUICKLY = {"n_images": 8, "resamples": 2, "components": 2, "steps": 4}


def test_correlation_rows_are_of_one_detector_and_its_own_faces():
    experiment = xmgd_correlation.EXPERIMENT
    models = ("small_faces_cnn_swap", "small_faces_branched_smooth")
    tasks = experiment.split(replace(experiment.settings("embedded")[""], models=models, **QUICKLY))
    assert [task.parameters["images"] for task in tasks] == [
        "small_standin_swap",
        "small_standin_smooth",
    ]
    outcome = experiment.compute(tasks[1])
    rows = outcome.rows
    assert len(rows) == 3 * 3 * 6
    assert not rows.duplicated(["method", "draw", "first", "second"]).any()
    assert set(rows["detector"]) == {"small_faces_branched"}
    assert set(rows["generator"]) == {"smooth"}
    assert set(rows["set_size"]) == {outcome.notes["used"]}


def test_the_images_themselves_are_as_far_apart_as_one_network_s_spread():
    model = ("small_faces_cnn_swap",)
    ours = embedded(xmgd_correlation, models=model, **QUICKLY).rows
    theirs = embedded(xmgd_spread, models=model, **QUICKLY).rows
    both = ["method", "first", "second", "distance"]
    first, second = (rows.loc[rows["draw"] == 0, both].reset_index() for rows in (ours, theirs))
    assert first.equals(second)


def test_a_draw_is_of_the_same_faces_for_every_network(monkeypatch):
    """Whatever each classifies correctly: candidates are drawn, not the images that are left."""
    seen = []
    monkeypatch.setattr(
        xmgd_correlation,
        "resampled_distances",
        lambda parts, images, given: seen.append(images.tolist()) or iter(()),
    )
    for model in ("small_faces_cnn_warp", "small_faces_separable_colour"):
        assert embedded(xmgd_correlation, models=(model,), **QUICKLY).rows.empty
    assert seen[0] == seen[1]
    assert len(seen[0]) == 8


def test_the_paper_s_design_has_seven_detectors_and_five_generators():
    experiment = xmgd_correlation.EXPERIMENT
    (paper,) = experiment.settings("paper").values()
    found = {detector_and_generator(model) for model in paper.models}
    assert len(found) == 35
    assert [len({names[place] for names in found}) for place in (0, 1)] == [7, 5]
    images = {task.parameters["images"] for task in experiment.split(paper)}
    assert images == {"deepfakes", "face2face", "faceshifter", "faceswap", "neuraltextures"}


def test_mesonet_explains_stand_ins_of_its_generator():
    experiment = xmgd_correlation.EXPERIMENT
    tasks = experiment.split(experiment.settings("reference")["mesonet"])
    found = {task.parameters["model"]: task.parameters["images"] for task in tasks}
    assert found == {
        "meso4_df": "standin_swap",
        "meso4_f2f": "standin_warp",
        "mesoinception4_df": "standin_swap",
        "mesoinception4_f2f": "standin_warp",
    }
    assert detector_and_generator("mesoinception4_f2f") == ("mesoinception4", "face2face")


@pytest.mark.parametrize(
    ("parameters", "changes", "message"),
    [
        (xmgd_noise.Parameters, {"explained": ("ig",)}, "at least two methods"),
        (xmgd_set_size.Parameters, {"explained": ("ig",)}, "two methods are compared"),
        (xmgd_set_size.Parameters, {"sizes": (1, 5)}, "at least 2"),
        (xmgd_set_size.Parameters, {"cells": 64}, "do not fit"),
        (xmgd_spread.Parameters, {"explained": ("ig", "saliency")}, "at least three methods"),
        (xmgd_spread.Parameters, {"resamples": 0}, "resamples must be at least 1"),
        (xmgd_correlation.Parameters, {"side": 0}, "side must be at least 1"),
        (
            xmgd_correlation.Parameters,
            {"models": ("shapes_cnn",)},
            "'shapes_cnn' detects no single generator",
        ),
        (
            xmgd_correlation.Parameters,
            {"imitated": True, "images": "standin_swap"},
            "either `images` or `imitated`",
        ),
    ],
)
def test_parameters_are_checked(parameters, changes, message):
    with pytest.raises(ValueError, match=message):
        parameters(**changes)
