"""The methods that the GGIG experiments run: the library's, with the effort asked for."""

import pytest
import torch

from saliency_audit.attributions import available, create
from saliency_audit.study.ggig_methods import METHODS, VARIANTS, Effort, explainers
from saliency_audit.study.selection import select

SMALL = Effort(steps=5, ascents=3, learning_rate=0.01, samples=4, masks=20)


def test_they_are_those_of_the_recorded_rows():
    assert len(METHODS) == 20
    assert {*METHODS} <= {*available(), *VARIANTS}
    # Masks that are searched in hundreds of steps are not.
    assert not {"mpert", "finv", "xpert"} & {*METHODS}


def test_they_are_the_library_s_with_the_effort_and_seed_asked_for():
    chosen = select("digits_cnn", "digits", 0, 0, 4)
    on = (chosen.model, chosen.pictures, chosen.targets)
    made = explainers(METHODS, SMALL, seed=3)
    maps = {name: explain(*on) for name, explain in made.items()}
    expected = {
        "ig": create("ig", steps=5, quadrature="trapezoid", output="logit"),
        "gig+idgi": create("gig+idgi", steps=5, output="logit"),
        "smoothgrad": create("smoothgrad", samples=4, seed=3, output="logit"),
        "rise": create("rise", masks=20, seed=3, output="logit"),
        "ggig_absolute": create(
            "ggig", steps=5, ascents=3, learning_rate=0.01, absolute=True, output="logit"
        ),
        "random": create("random", seed=3),
    }
    for name, explain in expected.items():
        torch.testing.assert_close(maps[name], explain(*on))
    # Without the product: the same times the image is IG.
    torch.testing.assert_close(maps["ig_without_product"] * chosen.pictures, maps["ig"])


def test_ggig_may_climb_from_fewer_points_than_the_lines_have():
    names = ("ig_without_product", "ggig", "ggig_absolute")
    line, *climbs = explainers(names, Effort(steps=9, ascents=2, climb_points=3), seed=0).values()
    assert [line.path.steps, *(climb.steps for climb in climbs)] == [9, 3, 3]
    assert explainers(["ggig"], Effort(steps=9), seed=0)["ggig"].steps == 9


def test_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="lime"):
        explainers(["saliency", "lime"], SMALL, seed=0)


def test_the_climb_may_have_points_of_its_own():
    own = explainers(["ggig", "ig"], Effort(5, 3, 0.1, climb_points=4), seed=0)
    assert own["ggig"] == create("ggig", steps=4, ascents=3, learning_rate=0.1)
    assert own["ig"].path.steps == 5
    assert explainers(["ggig"], Effort(5, 3), seed=0)["ggig"] == create("ggig", steps=5, ascents=3)
