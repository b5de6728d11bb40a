"""Rows of maps on models with noise on their weights and with re-initialised layers."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit import study
from saliency_audit.attributions import Saliency
from saliency_audit.models.degradation import with_sigma_noise
from saliency_audit.models.randomization import Randomisation, all_reinitialised, cascade
from saliency_audit.sanity import similarities
from saliency_audit.study.ggig_methods import METHODS
from saliency_audit.study.selection import select

FEW = {
    "setting": "digits",
    "n_images": 5,
    "methods": ("saliency", "ggig", "edge", "random"),
    "draws": 2,
    "steps": 3,
    "ascents": 2,
    "slice_size": 3,
}
MEASURES = ["spearman", "weighted_jaccard", "reverse_mse"]


def computed(name, **more):
    return study.compute(study.get_experiment(name), "embedded", {**FEW, **more})


@pytest.fixture(scope="module")
def sigma(module_project):
    return computed("ggig_sigma", levels=(0.0, 1.0))


@pytest.fixture(scope="module")
def randomised(module_project):
    return computed("ggig_randomization")


@pytest.fixture(scope="module")
def digits():
    return select("digits_cnn", "digits", 0, 0, 5)


def mean_of(rows, **keys):
    for name, value in keys.items():
        rows = rows[rows[name] == value]
    return rows["spearman"].mean()


def expected(model, digits, sign="signed"):
    maps = [
        Saliency(output="logit")(each, digits.pictures, digits.targets)
        for each in (model, digits.model)
    ]
    return similarities(*maps, sign)["spearman"].numpy()


def test_a_row_per_image_method_sign_level_and_draw(sigma):
    images = sigma["image"].nunique()
    assert 4 <= images <= 5
    assert len(sigma) == images * 4 * 2 * (2 + 1) * 2
    assert (sigma["classes"] == 10).all()
    assert sigma.loc[sigma["against"] == "unrelated", "level"].isna().all()
    assert sigma["ssim"].isna().all()  # 8×8 pixels are too few
    assert sigma[MEASURES].notna().all().all()


@pytest.mark.parametrize("name", ["ggig_sigma", "ggig_randomization"])
def test_methods_that_are_computed_apart_see_the_same_changed_networks(module_project, name):
    both = ("saliency", "gradient_input")
    together = computed(name, n_images=3, methods=both)
    apart = computed(name, n_images=3, methods=both[:1], also=both)
    assert len(apart) == len(together)
    keys = [column for column in together if column not in MEASURES]
    ordered = [table.sort_values(keys, ignore_index=True) for table in (together, apart)]
    pd.testing.assert_frame_equal(*ordered)


def test_similarities_are_those_of_the_changed_models(sigma, digits):
    for against, model in (
        ("noise", with_sigma_noise(digits.model, 1.0, seed=1)),
        ("unrelated", all_reinitialised(digits.model, digits.pictures[:1], Randomisation(seed=1))),
    ):
        mine = sigma[(sigma["against"] == against) & (sigma["draw"] == 1)]
        mine = mine[(mine["method"] == "saliency") & (mine["sign"] == "signed")]
        if against == "noise":
            mine = mine[mine["level"] == 1]
        found = mine.set_index("image").loc[list(digits.indices), "spearman"]
        assert np.allclose(found, expected(model, digits), atol=1e-4)
        score = model(digits.pictures).softmax(dim=1).gather(1, digits.targets[:, None])
        probability = mine.set_index("image").loc[list(digits.indices), "probability"]
        assert np.allclose(probability, score.detach().squeeze(1), atol=1e-5)


def test_controls_stay_or_are_drawn_anew(sigma):
    assert mean_of(sigma, method="edge") == 1
    assert mean_of(sigma, method="random", against="noise", level=0.0) == 1
    assert abs(mean_of(sigma, method="random", against="noise", level=1.0)) < 0.2
    assert abs(mean_of(sigma, method="random", against="unrelated")) < 0.2


def test_a_row_per_image_method_sign_way_stage_and_draw(randomised, digits):
    assert len(randomised) == len(digits.indices) * 4 * 2 * 2 * 3 * 2
    assert sorted(randomised["stage"].unique()) == [1, 2, 3]
    assert randomised.loc[randomised["stage"] == 1, "layer"].unique().tolist() == ["head"]
    how = Randomisation("truncated_normal", seed=1)
    stages = list(cascade(digits.model, digits.pictures[:1], how))
    mine = randomised[(randomised["how"] == "cascade") & (randomised["draw"] == 1)]
    mine = mine[(mine["method"] == "saliency") & (mine["sign"] == "absolute")]
    last = mine[mine["stage"] == 3].set_index("image").loc[list(digits.indices), "spearman"]
    assert np.allclose(last, expected(stages[-1].model, digits, "absolute"), atol=1e-4)
    # Nested stages and single layers agree at the first, and only there.
    by_way = randomised[randomised["method"] == "ggig"].pivot_table(
        index="stage", columns="how", values="spearman"
    )
    same = np.isclose(by_way["cascade"], by_way["independent"])
    assert same.tolist() == [True, False, False]
    assert abs(mean_of(randomised, method="random")) < 0.1
    assert mean_of(randomised, method="edge") == 1


@pytest.mark.parametrize("name", ["ggig_sigma", "ggig_randomization"])
def test_networks_of_larger_pictures_have_parameters_of_their_own(name):
    experiment = study.get_experiment(name)
    small, large = (task.parameters for task in experiment.tasks(experiment.configure("embedded")))
    assert (small["model"], large["model"]) == ("digits_cnn", "shapes_cnn")
    assert (small["images"], large["images"]) == ("digits", "shapes")
    assert (small["steps"], large["steps"]) == (11, 5)
    assert tuple(small["methods"]) == METHODS
    assert set(large["methods"]) == {"saliency", "ig_without_product", "ggig", "edge", "random"}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("ggig_sigma", {"levels": (0.0, -1.0)}, "levels"),
        ("ggig_sigma", {"draws": 0}, "draws"),
        ("ggig_sigma", {"ascents": 0}, "ascents"),
        ("ggig_sigma", {"models": ()}, "at least one model"),
        ("ggig_sigma", {"also": ("gigg",)}, "gigg"),
        ("ggig_randomization", {"methods": ("gigg",)}, "gigg"),
        ("ggig_randomization", {"ways": ("backwards",)}, "backwards"),
        ("ggig_randomization", {"initialiser": "zeros"}, "zeros"),
        ("ggig_randomization", {"models": ("shape_cnn",)}, "shape_cnn"),
        ("ggig_randomization", {"most_stages": 1}, "most_stages must be at least 2"),
    ],
)
def test_settings_that_cannot_be_are_refused(name, change, message):
    with pytest.raises(ValueError, match=message):
        study.get_experiment(name).configure("embedded", change)


@pytest.mark.parametrize("name", ["ggig_sigma", "ggig_randomization"])
def test_a_slice_without_a_correct_image_has_no_rows(name, untrained):
    first = next(n for n in range(50) if not select(untrained, "shapes", 0, n, n + 1).indices)
    experiment = study.get_experiment(name)
    settings = experiment.configure("embedded", {"setting": "digits", "n_images": 1})
    (task,) = experiment.tasks(settings)
    given = {"model": untrained, "images": "shapes", "first": first, "last": first + 1}
    outcome = experiment.compute(study.Task(task.name, {**task.parameters, **given}))
    assert outcome.rows.empty
    assert outcome.notes["used"] == 0
    assert {"model", "spearman"} <= set(outcome.rows.columns)
