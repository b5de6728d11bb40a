"""XMGD with other choices: each changes what it says and nothing else."""

import pytest

from saliency_audit.parameters import ParameterError
from saliency_audit.study import get_experiment
from saliency_audit.study.experiments.xmgd_sensitivity import variations

SMALL = {
    "n_images": 2,
    "slice_size": 2,
    "side": 20,
    "components": 2,
    "explained": ("saliency", "deeplift", "guided_backprop"),
    "other_components": (3,),
    "other_widths": (0.0,),
    "other_levels": (1,),
    "other_seeds": (1,),
}


@pytest.fixture(scope="module")
def experiment():
    return get_experiment("xmgd_sensitivity")


def test_each_variation_changes_one_field_of_the_settings(experiment):
    (settings,) = experiment.configure("embedded", SMALL)
    tried = {changed: fitted for (changed, _), fitted in variations(vars(settings)).items()}
    base = tried.pop("nothing")
    different = {
        changed: {name for name, value in vars(fitted).items() if value != getattr(base, name)}
        for changed, fitted in tried.items()
    }
    assert different == {
        "components": {"components"},
        "width": {"width"},
        "levels": {"kernels"},
        "window": {"window"},
        "seed": {"seed"},
    }
    assert tried["width"].width is None
    assert tried["levels"].kernels == (1,)


def test_rows_hold_all_choices_pairs_and_images(experiment):
    (task,) = experiment.tasks(experiment.configure("embedded", SMALL))
    rows = experiment.compute(task).rows
    assert len(rows) == rows["image"].nunique() * 3 * 6
    assert not rows.duplicated(["image", "method", "other_method", "changed", "value"]).any()
    assert (rows["xmgd"] > 0).all()
    usual = rows[rows["changed"] == "nothing"]["xmgd"].to_numpy()
    assert (rows[rows["changed"] == "levels"]["xmgd"].to_numpy() != usual).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"explained": ("ig", "saliency")}, "three methods"),
        ({"side": 8, "other_levels": (9,)}, "too small"),
        ({"other_components": (0,)}, "other_components"),
        ({"other_windows": ("median",)}, "median"),
        ({"other_widths": (2.0,)}, "width"),
        ({"other_levels": (4,)}, "odd"),
    ],
)
def test_parameters_that_cannot_be(experiment, change, message):
    with pytest.raises(ParameterError, match=message):
        experiment.configure("embedded", {**SMALL, **change})
