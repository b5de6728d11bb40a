"""The training of the GGIG paper's network: what is trained, for how long, and when it is tested."""

from itertools import pairwise

import pytest
import torch

from saliency_audit import study
from saliency_audit.models.small import MnistCNN
from saliency_audit.study.experiments.ggig_training import look_at


def test_the_layers_are_the_papers():
    network = MnistCNN()
    assert sum(p.numel() for p in network.parameters()) == (
        (25 * 32 + 32) + (25 * 32 * 64 + 64) + (1024 * 10 + 10)
    )
    assert network(torch.rand(2, 1, 28, 28)).shape == (2, 10)
    assert (network.features(torch.randn(2, 1, 28, 28)) >= 0).all()


def test_rows_count_steps_and_images(project):
    rows = study.compute(
        study.get_experiment("ggig_training"),
        "embedded",
        {"seeds": 2, "iterations": 12, "long_iterations": 40, "long_scalings": ("unit",)},
    )
    last = rows.groupby(["scaling", "seed"])["iterations"].max()
    assert last[("unit", 0)] == 40
    assert (last.drop(("unit", 0)) == 12).all()
    assert len(last) == 6
    assert (rows["seen"] == 64 * rows["iterations"]).all()
    at = rows[rows["iterations"] == 12]
    assert len(at) == 6
    assert (rows["correct"] <= rows["tested"]).all()
    final = rows[(rows["scaling"] == "unit") & (rows["seed"] == 0)].sort_values("iterations")
    assert final["correct"].iloc[-1] > final["correct"].iloc[0]


def test_a_longer_training_passes_through_the_shorter_one(project):
    experiment = study.get_experiment("ggig_training")
    common = {"seeds": 1, "iterations": 8, "scalings": ("standardised",)}
    short = study.compute(experiment, "embedded", {**common, "long_iterations": 8})
    long = study.compute(
        experiment,
        "embedded",
        {**common, "long_iterations": 30, "long_scalings": ("standardised",)},
    )
    shared = long[long["iterations"] <= 8].reset_index(drop=True)
    assert shared["correct"].tolist() == short["correct"].tolist()


def test_looks_are_even_on_a_logarithmic_axis():
    found = sorted(look_at(400, 30000))
    assert found[0] == 1
    assert found[-1] == 30000
    assert 400 in found
    late = [step for step in found if step >= 100 and step != 400]
    assert all(1.1 < b / a < 1.35 for a, b in pairwise(late[:-1]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scalings": ("log",)}, r"unknown scalings \['log'\]; known: unit, standardised, bytes"),
        ({"long_iterations": 100}, "long_iterations 100 is below iterations 400"),
        ({"seeds": 0}, "seeds"),
        ({"training_images": "mnist_tren"}, "unknown image set 'mnist_tren'"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        study.get_experiment("ggig_training").configure("embedded", change)
