"""Passes of the DRE study's methods are those that their definitions ask for."""

import pytest
import torch

from saliency_audit.attributions import create
from saliency_audit.models import load_classifier
from saliency_audit.study import get_experiment
from saliency_audit.study.dre_methods import METHODS, VARIANTS, Effort, asked_of
from saliency_audit.study.experiment import ParameterError
from saliency_audit.study.experiments import dre_cost
from saliency_audit.study.experiments.dre_cost import _name_of_layer, _ready

EXPERIMENT = get_experiment("dre_cost")
QUICK = {
    "n_images": 2,
    "n_train": 64,
    "epochs": 1,
    "filter_epochs": 1,
    "iterations": 3,
    "inversions": 13,
    "samples": 5,
    "steps": 7,
    "repeats": 2,
}
# Forward, backward, generator and steps of an optimiser.
EXPECTED = {
    "dre": (1, 0, 1, 0),
    "mgnet": (1, 0, 1, 0),
    # The picture, the background and 34 discs, before the first of three steps.
    "mpert": (2 + 34 + 3, 3, 0, 3),
    # The maps; 11 steps of one picture, then two of two.
    "finv": (1 + 11 + 2 * 2, 11 + 2 * 2, 0, 13),
    "xpert": (3, 3, 0, 3),
    "gradcam": (1, 1, 0, 0),
    "gradcam++": (1, 1, 0, 0),
    "saliency": (1, 1, 0, 0),
    "smoothgrad": (5, 5, 0, 0),
    "ig": (7, 7, 0, 0),
    # The mask; the blurred picture and 32 more.
    "dre+self": (1 + 33, 0, 1, 0),
    "dre+mgnet": (2, 0, 2, 0),
}
COUNTS = ["forward_passes", "backward_passes", "generator_passes", "optimizer_steps"]


@pytest.fixture(scope="module")
def rows():
    first, _ = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", QUICK))
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng():
        patch.setattr(dre_cost, "WITHIN", 0.01)
        return EXPERIMENT.compute(first).rows


def test_a_row_per_repeat_and_method(rows):
    assert list(rows["method"]) == 2 * [*METHODS, *VARIANTS]
    assert list(rows["repeat"]) == [0] * 12 + [1] * 12
    assert rows["image"].nunique() == 1
    assert (rows["seconds"] > 0).all()


@pytest.mark.parametrize("method", EXPECTED)
def test_passes_are_those_of_the_definition(rows, method):
    mine = rows.loc[rows["method"] == method, COUNTS]
    assert [tuple(row) for row in mine.to_numpy()] == 2 * [EXPECTED[method]]


def test_what_was_asked_for_stands_beside_the_count(rows):
    found = rows.drop_duplicates("method").set_index("method")["asked"]
    asked = {"mpert": 3, "xpert": 3, "finv": 13, "smoothgrad": 5, "ig": 7}
    assert dict(found) == {name: asked.get(name, 1) for name in EXPECTED}
    assert asked_of("mpert+shared", Effort()) == 300


@pytest.mark.parametrize("name", ["gradcam", "gradcam++"])
def test_naming_the_layer_changes_no_map(name):
    model, pictures = load_classifier("shapes_cnn"), torch.rand(1, 3, 64, 64)
    plain = create(name)
    named = _ready(plain, _name_of_layer(model, pictures))
    torch.testing.assert_close(named(model, pictures, 0), plain(model, pictures, 0))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"explained": "dre,lime"}, "lime"), ({"repeats": 0}, "repeats"), ({"steps": 1}, "steps")],
)
def test_parameters_that_cannot_be(change, message):
    with pytest.raises(ParameterError, match=message):
        EXPERIMENT.configure("embedded", change)
