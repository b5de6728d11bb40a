"""Rows of GGIG with fewer points and steps, held against the whole climb."""

import pytest
import torch

from saliency_audit import study
from saliency_audit.attributions import GGIG, AscendingPath, Saliency, walk
from saliency_audit.models.degradation import with_sigma_noise
from saliency_audit.models.randomization import Randomisation, all_reinitialised
from saliency_audit.sanity import similarities
from saliency_audit.study.experiments.ggig_climb import MaximumSoFar, climbs
from saliency_audit.study.selection import select

RATE = 0.05
FEW = {
    "models": ("digits_cnn",),
    "points": (3, 9),
    "ascents": (1, 4),
    "learning_rate": RATE,
    "n_images": 6,
    "slice_size": 4,
}


@pytest.fixture(scope="module")
def rows(module_project):
    return study.compute(study.get_experiment("ggig_climb"), "embedded", FEW)


def test_one_walk_gives_the_maps_of_every_setting():
    chosen = select("digits_cnn", "digits", 0, 0, 6)
    on = (chosen.model, chosen.pictures, chosen.targets)
    found = climbs(*on, points=(3, 5, 9), ascents=(1, 2, 4), learning_rate=RATE)
    assert len(found) == 9
    for (points, ascents), maps in found.items():
        torch.testing.assert_close(maps, GGIG(points, ascents, RATE)(*on), rtol=1e-4, atol=1e-4)


def test_the_points_of_a_line_that_is_walked_in_parts_are_told_apart():
    chosen = select("digits_cnn", "digits", 0, 0, 2)
    on = (chosen.model, chosen.pictures, chosen.targets)
    path = AscendingPath(9, 2, RATE)
    (found,) = walk(*on, path=path, rules=[MaximumSoFar(4, 1, 2)], output="logit", batch_size=3)
    torch.testing.assert_close(found, GGIG(3, 1, RATE)(*on), rtol=1e-4, atol=1e-4)


def test_a_row_per_image_sign_and_setting_or_other_method(rows):
    images = rows["image"].nunique()
    assert 4 <= images <= 6
    assert len(rows) == images * 2 * (2 * 2 + 4)
    assert set(rows["method"]) == {"ggig", "saliency", "ig_without_product", "edge", "random"}
    whole = rows[(rows["points"] == 9) & (rows["ascents"] == 4)]
    assert (whole["spearman"] > 1 - 1e-6).all()


def test_other_methods_are_held_against_the_whole_climb(rows):
    chosen = select("digits_cnn", "digits", 0, 0, 4)
    on = (chosen.model, chosen.pictures, chosen.targets)
    whole = GGIG(9, 4, RATE)(*on)
    expected = similarities(Saliency(output="logit")(*on), whole, "signed")["spearman"]
    mine = rows[(rows["method"] == "saliency") & (rows["sign"] == "signed")].set_index("image")
    found = torch.from_numpy(mine.loc[list(chosen.indices), "spearman"].to_numpy().copy())
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_photographs_have_climbs_of_their_own():
    experiment = study.get_experiment("ggig_climb")
    settings = experiment.configure("reference")
    ascents = {
        task.parameters["model"]: max(task.parameters["ascents"])
        for task in experiment.tasks(settings)
    }
    assert ascents == {"mnist_cnn": 200, "shapes_cnn": 200, "squeezenet1_0": 100} | {
        "mobilenet_v2": 100
    }


def test_maps_on_changed_networks_are_held_against_the_trained_ones(project):
    few = {**FEW, "draws": 2}
    del few["models"]
    rows = study.compute(study.get_experiment("ggig_climb_checks"), "embedded", few)
    images = rows["image"].nunique()
    assert len(rows) == images * 2 * 2 * 2 * (2 * 2)
    chosen = select("digits_cnn", "digits", 0, 0, 4)
    on = (chosen.pictures, chosen.targets)
    method = GGIG(3, 4, RATE)
    trained = method(chosen.model, *on)
    for against, changed in (
        ("noise", with_sigma_noise(chosen.model, 1.0, seed=1)),
        ("unrelated", all_reinitialised(chosen.model, chosen.pictures[:1], Randomisation(seed=1))),
    ):
        expected = similarities(method(changed, *on), trained, "signed")["spearman"]
        mine = rows[(rows["against"] == against) & (rows["draw"] == 1) & (rows["points"] == 3)]
        mine = mine[(mine["ascents"] == 4) & (mine["sign"] == "signed")].set_index("image")
        found = torch.from_numpy(mine.loc[list(chosen.indices), "spearman"].to_numpy().copy())
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        *((name, {"learning_rate": -1.0}) for name in ("ggig_sigma", "ggig_climb", "ggig_product")),
        *((name, {"learning_rate": -1.0}) for name in ("ggig_mnist", "ggig_climb_checks")),
        *((name, {"learning_rate": -1.0}) for name in ("ggig_information_curves", "method_cost")),
        ("ggig_randomization", {"ways": ()}),
        ("ggig_sigma", {"methods": ()}),
        *((name, {"models": ()}) for name in ("ggig_mnist", "method_cost", "ggig_climb_checks")),
    ],
)
def test_what_cannot_be_computed_is_refused_before(name, change):
    with pytest.raises(ValueError, match=r"learning_rate|empty|at least one m"):
        study.get_experiment(name).configure("embedded", change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": (4, 9)}, "must divide 8, but 4 points have 3"),
        ({"points": ()}, "steps must be at least 2"),
        ({"ascents": ()}, "ascents"),
        ({"ascents": (0, 5)}, "ascents"),
        ({"slice_size": 0}, "slice_size"),
        ({"models": ("digits_cn",)}, "digits_cn"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        study.get_experiment("ggig_climb").configure("embedded", change)
