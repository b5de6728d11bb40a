"""The settings of DRE and MGnet: what each changes, and the rows of their estimators."""

from dataclasses import replace

import pytest
import torch

from saliency_audit.attributions.relevance import Objective
from saliency_audit.study import get_experiment
from saliency_audit.study.dre_settings import (
    CONTROLLERS,
    DRE_CONSTRAINTS,
    MGNET_CONSTRAINTS,
    SETTINGS,
)
from saliency_audit.study.estimators import CONSTRAINTS, dre_setting, mgnet_setting
from saliency_audit.study.experiment import ParameterError

EXPERIMENT = get_experiment("dre_settings")
DRE = dre_setting("shapes_cnn", 64, 1, 1, 0)
QUICK = {
    "n_images": 6,
    "settings": "dre,eta1.5_h0.5,square",
    "n_train": 64,
    "epochs": 1,
    "filter_epochs": 1,
    "train_seeds": "0,1",
}


def test_the_five_controllers_of_the_paper():
    designs = [change(DRE).design for change in CONTROLLERS.values()]
    found = [(design.eta, design.h) for design in designs]
    assert found == [(0.5, 2.5), (1.5, 2.5), (1.5, 1.5), (2.5, 2.5), (1.5, 0.5)]
    assert {design.head for design in designs} == {"controller"}


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        (DRE_CONSTRAINTS, ["abs", "bs", "s", "b", ""]),
        (MGNET_CONSTRAINTS, ["abs", "bs", "as", "ab", "a"]),
    ],
)
def test_the_constraints_that_each_of_the_five_settings_keeps(settings, kept):
    def letters(objective: Objective) -> str:
        return "".join(
            name[0] for name in ("area", "background", "smoothness") if getattr(objective, name)
        )

    objectives = [change(DRE).objective for change in settings.values()]
    assert [letters(objective) for objective in objectives] == kept
    assert objectives[0] == CONSTRAINTS


def test_all_that_differs_from_dre_is_what_a_setting_is_about():
    assert SETTINGS["dre"](DRE) == DRE
    assert SETTINGS["mgnet"](DRE) == mgnet_setting(DRE)
    for name, change in SETTINGS.items():
        found = change(DRE)
        if name == "released":
            continue
        assert (found.model, found.n_train, found.background) == ("shapes_cnn", 64, DRE.background)
        plan = replace(found.plan, batch_norm="evaluation", filter_further=False)
        assert plan == DRE.plan
        assert (found == DRE) == (name == "dre")


def test_the_released_recipe_differs_where_the_code_does():
    found = SETTINGS["released"](DRE)
    assert found.design == replace(DRE.design, upsampler="shuffle")
    assert found.background == replace(DRE.background, blur=11.0)
    assert found.plan == replace(DRE.plan, filter_loss="released", batch_norm="batch")
    assert found.objective == DRE.objective


@pytest.fixture(scope="module")
def rows():
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", QUICK))
    with torch.random.fork_rng():
        return EXPERIMENT.compute(task).rows


def test_a_row_per_training_setting_and_image(rows):
    counts = rows.groupby(["train_seed", "method"])["image"].nunique()
    assert len(counts) == 2 * 3
    assert (counts == rows["image"].nunique()).all()
    assert not rows.duplicated(["train_seed", "method", "image"]).any()


def test_settings_and_seeds_change_the_maps(rows):
    areas = rows.pivot_table(index="image", columns=["train_seed", "method"], values="map_area")
    assert areas.T.drop_duplicates().shape[0] == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": "dre,lime"}, "unknown setting 'lime'; known: eta0.5_h2.5, dre"),
        ({"settings": "[]"}, "at least one setting"),
        ({"train_seeds": "[]"}, "train_seeds must be whole numbers"),
        ({"epochs": 0}, "epochs must be at least 1"),
    ],
)
def test_parameters_that_cannot_be(change, message):
    with pytest.raises(ParameterError, match=message):
        EXPERIMENT.configure("embedded", change)
