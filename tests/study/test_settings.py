"""A profile may hold several settings; what is asked for goes to all of them, networks to theirs."""

from dataclasses import dataclass

import pandas as pd
import pytest

from saliency_audit.study import (
    Column,
    Experiment,
    Outcome,
    ParameterError,
    Task,
    available,
    compute,
    get_experiment,
    local_folder,
)
from saliency_audit.study.experiment import describe
from saliency_audit.study.inputs import Inputs


@dataclass(frozen=True)
class Parameters:
    models: tuple[str, ...] = ("digit",)
    count: int = 2
    steps: int = 10


EXPERIMENT = Experiment(
    name="two",
    title="Two settings",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": {
            "digits": Parameters(models=("digit", "letter")),
            "photographs": Parameters(models=("large",), steps=3),
        },
    },
    split=lambda given: [
        Task(f"{model}-{number}", {"model": model, "number": number, "steps": given.steps})
        for model in given.models
        for number in range(given.count)
    ],
    compute=lambda task: Outcome(pd.DataFrame([task.parameters])),
    recorded=(
        Column("model", "text", "", "network"),
        Column("number", "integer", "", "of the task"),
        Column("steps", "integer", "", "of the setting"),
    ),
    # Its networks are in no catalogue.
    reads=lambda parameters: Inputs(),
)


def asked(**overrides):
    return [
        (setting.models, setting.count, setting.steps)
        for setting in EXPERIMENT.configure("reference", overrides)
    ]


def test_a_profile_of_several_settings_has_the_tasks_of_all():
    tasks = EXPERIMENT.tasks(EXPERIMENT.configure("reference"))
    assert [task.name for task in tasks] == [
        *("digit-0", "digit-1", "letter-0", "letter-1", "large-0", "large-1")
    ]
    assert [task.parameters["steps"] for task in tasks] == [10] * 4 + [3] * 2


def test_a_value_goes_to_every_setting():
    assert asked(count=5) == [(("digit", "letter"), 5, 10), (("large",), 5, 3)]
    assert asked(steps=7) == [(("digit", "letter"), 2, 7), (("large",), 2, 7)]


def test_networks_go_to_the_setting_that_has_them():
    assert asked(models="large") == [(("large",), 2, 3)]
    assert asked(models="large,letter") == [(("letter",), 2, 10), (("large",), 2, 3)]


def test_a_setting_can_be_chosen_and_then_takes_any_network():
    assert asked(setting="photographs") == [(("large",), 2, 3)]
    assert asked(setting="photographs", models="digit,new", steps=4) == [(("digit", "new"), 2, 4)]
    assert asked(setting="photographs,digits") == asked()


@pytest.mark.parametrize(
    ("profile", "overrides", "message"),
    [
        (
            "reference",
            {"models": "digit,new"},
            r"two: no setting has new; choose one as well \(-p setting=NAME\): "
            r"digits \(digit, letter\); photographs \(large\)",
        ),
        (
            "reference",
            {"setting": "photograph"},
            "two has no setting photograph at reference; known: digits, photographs",
        ),
        (
            "embedded",
            {"setting": "digits"},
            "two has no setting digits at embedded; known: it has a single one, without a name",
        ),
        ("reference", {"setting": 3}, "parameter setting takes str, got 3"),
        ("reference", {"large_steps": 3}, "two has no parameter large_steps; known: models: "),
    ],
)
def test_what_no_setting_takes_is_refused(profile, overrides, message):
    with pytest.raises(ParameterError, match=message):
        EXPERIMENT.configure(profile, overrides)


def test_settings_are_told_to_those_who_ask_for_an_unknown_parameter():
    assert describe(EXPERIMENT).endswith("setting: names of the profile's settings = all")
    assert "setting" not in describe(get_experiment("ggig_mnist"))


def test_rows_of_a_chosen_setting_lie_apart(project):
    whole = compute(EXPERIMENT, "reference")
    chosen = compute(EXPERIMENT, "reference", {"setting": "photographs"})
    pd.testing.assert_frame_equal(chosen, whole[4:].reset_index(drop=True))
    folders = {local_folder(EXPERIMENT, "reference", overrides) for overrides in ALIKE}
    assert len(folders) == 1


# Asked for in another way, and the same rows.
ALIKE = ({"setting": "photographs"}, {"setting": ["photographs"]}, {"models": "large"})


@pytest.mark.parametrize("name", available())
def test_settings_of_a_profile_have_names_and_networks_of_their_own(name):
    experiment = get_experiment(name)
    for profile in experiment.profiles:
        settings = experiment.settings(profile)
        assert len(settings) == 1 or all(settings)
        models = [m for setting in settings.values() for m in getattr(setting, "models", ())]
        assert len(set(models)) == len(models)
