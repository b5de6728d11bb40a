"""The training of the GGIG paper's network: what is trained, for how long, and when it is tested."""

from itertools import pairwise

import pytest
import torch

from saliency_audit import study
from saliency_audit.datasets import open_images, read_batch
from saliency_audit.models.small import MnistCNN
from saliency_audit.models.training import InOrder, train
from saliency_audit.study.experiments import ggig_training
from saliency_audit.study.experiments.ggig_training import is_enough, look_at


def compute(**changes):
    return study.compute(study.get_experiment("ggig_training"), "embedded", changes)


def long_training(scaling, **changes):
    """One seed of one scaling, which may go on to 500 steps."""
    one = {"scalings": (scaling,), "long_scalings": (scaling,), "long_iterations": 500}
    return compute(**{**one, **changes})


def test_the_layers_are_the_papers():
    network = MnistCNN()
    assert sum(p.numel() for p in network.parameters()) == (
        (25 * 32 + 32) + (25 * 32 * 64 + 64) + (1024 * 10 + 10)
    )
    assert network(torch.rand(2, 1, 28, 28)).shape == (2, 10)
    assert (network.features(torch.randn(2, 1, 28, 28)) >= 0).all()


def test_rows_count_steps_and_images(project):
    rows = compute(seeds=2, iterations=12, long_iterations=40, long_scalings=("unit",))
    last = rows.groupby(["scaling", "seed"])["iterations"].max()
    assert last[("unit", 0)] == 40
    assert (last.drop(("unit", 0)) == 12).all()
    assert len(last) == 6
    assert (rows["seen"] == 64 * rows["iterations"]).all()
    at = rows[rows["iterations"] == 12]
    assert len(at) == 6
    assert (rows["correct"] <= rows["tested"]).all()
    assert rows["finite"].all()
    long = (rows["scaling"] == "unit") & (rows["seed"] == 0)
    assert (rows["planned"] == long.map({True: 40, False: 12})).all()
    final = rows[long].sort_values("iterations")
    assert final["correct"].iloc[-1] > final["correct"].iloc[0]


def test_the_training_of_the_released_code_sees_the_images_in_one_order(project, monkeypatch):
    asked = []

    def watched(build, images, labels, plan, **more):
        asked.append((images, plan))
        return train(build, images, labels, plan, **more)

    monkeypatch.setattr(ggig_training, "train", watched)
    rows = compute(iterations=4, long_iterations=4, scalings=("unit",), released_iterations=70)
    found = rows[rows["scaling"] == "released"]
    assert (found["planned"] == 70).all()
    assert found["iterations"].max() == 70
    assert set(rows["scaling"]) == {"unit", "released"}
    (_, unit), (images, released) = asked
    assert not isinstance(unit, InOrder)
    assert isinstance(released, InOrder)
    source = open_images("digits_train")
    as_given = read_batch(source, range(len(source.names))).images
    assert torch.equal(torch.nn.functional.interpolate(as_given, (28, 28), mode="bilinear"), images)


def test_a_longer_training_passes_through_the_shorter_one(project):
    common = {"seeds": 1, "iterations": 8, "scalings": ("standardised",)}
    short = compute(**common, long_iterations=8)
    long = compute(**common, long_iterations=30, long_scalings=("standardised",))
    shared = long[long["iterations"] <= 8].reset_index(drop=True)
    assert shared["correct"].tolist() == short["correct"].tolist()


def test_a_long_training_ends_when_it_was_at_the_goal_in_a_row(project):
    # Any network is above one right answer in a thousand, so only the number of looks decides.
    rows = long_training("unit", iterations=6, goal=0.001, in_a_row=9, look_every=2)
    assert rows["iterations"].tolist() == [1, 2, 4, 6, 8, 10, 12, 14, 16]
    assert (rows["planned"] == 500).all()


def test_a_training_never_ends_before_the_stated_step(project):
    rows = long_training("unit", iterations=12, goal=0.001, in_a_row=1)
    assert rows["iterations"].max() == 12


def test_a_goal_that_is_not_reached_ends_at_the_last_step(project):
    rows = long_training("unit", iterations=4, long_iterations=11, goal=1.0)
    assert rows["iterations"].max() == 11


def test_weights_that_left_the_finite_numbers_end_a_long_training(project):
    rows = long_training("bytes", iterations=4, learning_rate=1e30)
    assert rows["iterations"].tolist() == [1, 2, 3, 4]
    assert not rows["finite"].iloc[-1]
    # Zeros are what a network of NaN says.
    assert rows["correct"].iloc[-1] < 0.15 * rows["tested"].iloc[-1]


@pytest.mark.parametrize(
    ("correct", "finite", "enough"),
    [
        ([90, 90, 90], True, True),
        ([10, 90, 90, 90], True, True),
        ([90, 90], True, False),
        ([90, 90, 89], True, False),
        ([90, 90, 89, 90, 90], True, False),
        ([10], False, True),
    ],
)
def test_three_looks_in_a_row_are_enough(correct, finite, enough):
    rows = [{"correct": number, "tested": 100, "finite": finite} for number in correct]
    assert is_enough(rows, 0.9, 3) is enough


def test_looks_are_even_on_a_logarithmic_axis_and_then_on_a_linear_one():
    found = sorted(look_at(400, 30000, 1000))
    assert found[0] == 1
    assert 400 in found
    early = [step for step in found if 10 < step < 1000 and step != 400]
    assert all(1.35 < b / a < 1.46 for a, b in pairwise(early))
    assert found[-30:] == list(range(1000, 30001, 1000))
    assert max(look_at(400, 400, 1000)) == 400
    assert len(look_at(400, 400, 1000)) == 18


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scalings": ("log",)}, r"unknown scalings \['log'\]; known: unit, standardised, bytes"),
        ({"long_iterations": 100}, "long_iterations 100 is below iterations 400"),
        ({"seeds": 0}, "seeds"),
        ({"in_a_row": 0}, "in_a_row"),
        ({"released_iterations": -1}, "released_iterations must be ≥ 0, got -1"),
        ({"look_every": 0}, "look_every"),
        ({"goal": 99.15}, "goal must be a share above 0 and at most 1, got 99.15"),
        ({"training_images": "mnist_tren"}, "unknown image set 'mnist_tren'"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        study.get_experiment("ggig_training").configure("embedded", change)
