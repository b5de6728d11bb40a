"""Rows of maps from several baselines."""

import inspect

import pytest
import torch

from saliency_audit import study
from saliency_audit.attributions.baselines import baselines_for
from saliency_audit.sanity import DIFFERENCE, MEASURES, similarities
from saliency_audit.study import ggig_methods
from saliency_audit.study.experiments.ggig_product import METHODS, WITHOUT_BASELINE
from saliency_audit.study.ggig_methods import Effort, explainers
from saliency_audit.study.selection import select

FEW = {
    "models": ("digits_cnn",),
    "n_images": 6,
    "steps": 5,
    "climb_points": 3,
    "ascents": 2,
    "learning_rate": 0.05,
    "slice_size": 4,
}


@pytest.fixture(scope="module")
def rows(module_project):
    return study.compute(study.get_experiment("ggig_product"), "embedded", FEW)


def test_a_row_per_image_method_sign_and_place(rows):
    assert set(rows["method"]) == set(METHODS)
    places = rows[["first", "second"]].drop_duplicates().apply(tuple, axis=1).tolist()
    assert set(places) == {
        *(("black", "white"), ("black", "blur"), ("white", "blur")),
        *((name, DIFFERENCE) for name in ("black", "white", "blur")),
    }
    images = rows["image"].nunique()
    assert 4 <= images <= 6
    assert len(rows) == images * len(METHODS) * 2 * 6
    assert rows[["model", "images"]].drop_duplicates().to_numpy().tolist() == [
        ["digits_cnn", "digits"]
    ]


def test_values_are_those_of_the_library(rows):
    chosen = select("digits_cnn", "digits", 0, 0, 4)
    effort = Effort(5, 2, 0.05, climb_points=3)
    starts = {name: baselines_for(chosen.pictures, None, name) for name in ("white", "blur")}
    for method, explain in explainers(("ig", "ggig"), effort, 0).items():
        maps = {
            name: explain(chosen.model, chosen.pictures, chosen.targets, start)
            for name, start in starts.items()
        }
        mine = rows[(rows["method"] == method) & (rows["sign"] == "absolute")]
        for second, other in (("blur", maps["blur"]), (DIFFERENCE, chosen.pictures - 1)):
            found = similarities(maps["white"], other, "absolute")
            at = mine[(mine["first"] == "white") & (mine["second"] == second)].set_index("image")
            for name in set(MEASURES) - {"ssim"}:
                expected = torch.from_numpy(at.loc[list(chosen.indices), name].to_numpy().copy())
                torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-4)


def test_the_methods_are_all_that_begin_at_a_baseline():
    made = explainers(ggig_methods.METHODS, Effort(), 0)
    with_baseline = set()
    for name, explain in made.items():
        takes = "baselines" in inspect.signature(explain.__call__).parameters
        path = getattr(explain, "path", None)
        if takes and (path is None or path.has_baseline):
            with_baseline.add(name)
    assert with_baseline == set(METHODS) - set(WITHOUT_BASELINE)


def test_what_has_no_baseline_agrees_with_itself(rows):
    between = rows[(rows["second"] != DIFFERENCE) & rows["method"].isin(WITHOUT_BASELINE)]
    assert set(between["method"]) == {"saliency", "edge", "random"}
    assert between["spearman"].dropna().between(1 - 1e-5, 1 + 1e-5).all()
    assert between["spearman"].notna().mean() > 0.9
    # Random maps know nothing of the picture.
    random = rows[(rows["second"] == DIFFERENCE) & (rows["method"] == "random")]
    assert random["spearman"].abs().mean() < 0.3


def test_other_images_of_a_small_network_may_have_the_setting_of_photographs():
    experiment = study.get_experiment("ggig_product")
    chosen = {"models": ("mnist_cnn",), "images": "fashion_mnist_test", "setting": "photographs"}
    (task, *_) = experiment.tasks(experiment.configure("reference", chosen))
    assert task.parameters["images"] == "fashion_mnist_test"
    assert (task.parameters["climb_points"], task.parameters["ascents"]) == (26, 2)


def test_networks_of_photographs_have_settings_of_their_own():
    experiment = study.get_experiment("ggig_product")
    tasks = experiment.tasks(experiment.configure("reference"))
    seen = {
        (task.parameters["model"], task.parameters["images"], task.parameters["climb_points"])
        for task in tasks
    }
    assert ("mnist_cnn", "mnist_test", 21) in seen
    assert ("mobilenet_v2", "imagenet_sample", 26) in seen
    last = {task.parameters["model"]: task.parameters["last"] for task in tasks}
    assert last == {"mnist_cnn": 300, "squeezenet1_0": 48, "mobilenet_v2": 48}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": ("blurig",)}, "unknown method with a baseline 'blurig'"),
        ({"baselines": ("black", "grey")}, "unknown baseline 'grey'"),
        ({"baselines": ("black",)}, "two baselines are needed"),
        ({"climb_points": 1}, "steps must be at least 2"),
        ({"ascents": 0}, "ascents"),
        ({"models": ("resnet",)}, "resnet"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        study.get_experiment("ggig_product").configure("embedded", change)
