"""The MeGe/ReCo experiments on a few digits: shapes, what rows mean, and what cannot be asked for."""

import numpy as np
import pandas as pd
import pytest
import torch

from saliency_audit import study
from saliency_audit.attributions import RandomMap, Saliency
from saliency_audit.datasets import open_images
from saliency_audit.metrics import mu_fidelity, spearman
from saliency_audit.metrics.similarity import DISTANCES
from saliency_audit.models import TrainingPlan, state_digest
from saliency_audit.models.cross_training import folded_images
from saliency_audit.models.small import DigitsCNN
from saliency_audit.study import explanations
from saliency_audit.study.experiments import mege_distances
from saliency_audit.study.explanations import MAPS, Effort, explain
from saliency_audit.study.predictors import (
    Series,
    cross_training,
    degraded_model,
    series_of,
    trained,
)

TINY = {
    "predictors": ("digits_train:small",),
    "degraded": ("digits_train:small",),
    "levels": (30,),
    "folds": 3,
    "n_train": 120,
    "epochs": 3,
}
SETTINGS = {"n_train": 120, "folds": 3, "epochs": 3, "seed": 0}
FEW = {**TINY, "n_images": 9, "steps": 4, "samples": 3, "masks": 10, "subsets": 8, "slice_size": 6}


@pytest.fixture(scope="module")
def scratch(module_project):
    """A project of this module's own, so that predictors are trained once."""
    trained.cache_clear()
    yield module_project
    trained.cache_clear()


@pytest.fixture(scope="module")
def rows(scratch):
    return study.compute(study.get_experiment("mege_stability"), "embedded", FEW)


def test_a_row_per_method_image_and_series(rows):
    assert len(rows) == len(MAPS) * 9 * 3
    kinds = rows[["degradation", "level"]].drop_duplicates().to_numpy().tolist()
    assert sorted(kinds) == [["labels", 30], ["none", 0], ["weights", 30]]
    for _, group in rows.groupby(["degradation", "method"]):
        assert group["image"].nunique() == len(group) == 9


def test_distances_are_missing_at_the_own_fold_alone_unless_a_map_is_constant(rows):
    for row in rows.itertuples():
        missing = {k for k, value in enumerate(row.distances) if np.isnan(value)}
        assert row.fold in missing
        if row.constant == 0:
            assert missing == {row.fold}
        assert len(row.right) == 3
    assert (rows[rows["method"] == "random"]["constant"] == 0).all()


def test_a_distance_is_that_of_two_predictors_maps(rows, scratch):
    setting = cross_training(Series("digits_train", "small"), SETTINGS)
    data = folded_images("digits_train", 120, 3, 0)
    image, label = data.pictures[:1], data.labels[:1]
    explain_it = Saliency(output="logit")
    maps = [
        explain_it(trained(setting, fold).model, image, label).abs().sum(dim=1) for fold in range(3)
    ]
    fold = int(data.folds[0])
    chosen = (rows["degradation"] == "none") & (rows["method"] == "saliency")
    row = rows[chosen & (rows["image"] == data.indices[0])].iloc[0]
    assert row["fold"] == fold
    for other in {0, 1, 2} - {fold}:
        expected = 1 - spearman(maps[fold], maps[other]).abs().item()
        assert row["distances"][other] == pytest.approx(expected, abs=1e-6)
        with torch.no_grad():
            answer = trained(setting, other).model(image).argmax().item()
        assert row["right"][other] == (answer == label.item())


@pytest.mark.parametrize("seed", [0, 2])
def test_every_fold_and_every_seed_of_the_study_draw_anew(scratch, seed):
    found = study.compute(
        study.get_experiment("mege_stability"), "embedded", {**FEW, "degraded": (), "seed": seed}
    )
    data = folded_images("digits_train", 120, 3, seed)
    image, label, fold = data.pictures[:1], data.labels[:1], int(data.folds[0])
    row = found[(found["method"] == "random") & (found["image"] == data.indices[0])].iloc[0]
    # Random maps look at the image and their seed, at no network.
    drawn = [
        RandomMap(seed=1000 * seed + 1 + k)(DigitsCNN(), image, label).sum(dim=1) for k in range(3)
    ]
    for other in {0, 1, 2} - {fold}:
        expected = 1 - spearman(drawn[fold], drawn[other]).abs().item()
        assert row["distances"][other] == pytest.approx(expected, abs=1e-6)


def test_the_product_is_all_that_lies_between_two_methods(scratch):
    setting = cross_training(Series("digits_train", "small"), SETTINGS)
    data = folded_images("digits_train", 120, 3, 0)
    images, labels = data.pictures[:4], data.labels[:4]
    model = trained(setting, 0).model
    maps = explain(model, images, labels, Effort(6, 2, 8), seed=1)
    assert tuple(maps) == MAPS
    assert all(found.shape == (4, 8, 8) for found in maps.values())
    grey = images[:, 0]
    torch.testing.assert_close(maps["ig"], grey * maps["ig_without_product"], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(maps["gradient_input"], grey * maps["saliency"])
    torch.testing.assert_close(maps["random_input"], grey * maps["random"])
    again = explain(model, images, labels, Effort(6, 2, 8), seed=2)
    assert not torch.equal(again["random"], maps["random"])
    assert not torch.equal(again["rise"], maps["rise"])
    assert torch.equal(again["saliency"], maps["saliency"])


def test_fidelity_is_that_of_the_predictor_that_has_not_seen_the_image(rows, scratch):
    setting = cross_training(Series("digits_train", "small"), SETTINGS)
    data = folded_images("digits_train", 120, 3, 0)
    image, label = data.pictures[:1], data.labels[:1]
    fold = int(data.folds[0])
    model = trained(setting, fold).model
    salient = Saliency(output="logit")(model, image, label).abs().sum(dim=1)
    expected = mu_fidelity(model, image, salient, label, subsets=8).item()
    chosen = (rows["degradation"] == "none") & (rows["method"] == "saliency")
    row = rows[chosen & (rows["image"] == data.indices[0])].iloc[0]
    assert row["mu_fidelity"] == pytest.approx(expected, abs=1e-6)
    assert row["accuracy"] == trained(setting, fold).accuracy
    assert rows[rows["degradation"] == "weights"]["accuracy"].isna().all()


def test_maps_of_untrained_networks_have_nothing_in_common():
    # Shared masks would make RISE's maps alike whatever the networks are.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        networks = [DigitsCNN().eval() for _ in range(4)]
    images = torch.stack([open_images("digits").read(index) for index in range(6)])
    labels = torch.tensor(open_images("digits").labels[:6])
    maps = [
        explain(model, images, labels, Effort(4, 4, 100), seed=seed)["rise"]
        for seed, model in enumerate(networks)
    ]
    distances = [1 - spearman(maps[a], maps[b]).abs() for a in range(4) for b in range(a)]
    assert torch.cat(distances).mean() > 0.5


def test_folds_get_different_noise():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = DigitsCNN()
    series = Series("digits_train", "small", "weights", 30)
    first, second = (degraded_model(series, model, fold, 0) for fold in (0, 1))
    assert state_digest(first) != state_digest(second)
    assert state_digest(first) == state_digest(degraded_model(series, model, 0, 0))
    assert degraded_model(Series("digits_train", "small"), model, 0, 0) is model


def test_more_images_than_were_trained_on_are_refused(scratch):
    experiment = study.get_experiment("mege_stability")
    settings = experiment.configure("embedded", {**FEW, "n_train": None, "n_images": 1300})
    task = experiment.tasks(settings)[-1]
    with pytest.raises(ValueError, match="1300 images are to be explained and 1198 were trained"):
        experiment.compute(task)


def test_slices_do_not_change_a_row(scratch, rows):
    whole = study.compute(
        study.get_experiment("mege_stability"),
        "embedded",
        {**FEW, "slice_size": 9, "degraded": ()},
    )
    keys = ["method", "image"]
    first = rows[rows["degradation"] == "none"].sort_values(keys, ignore_index=True)
    second = whole.sort_values(keys, ignore_index=True)
    np.testing.assert_allclose(
        np.stack(first["distances"]), np.stack(second["distances"]), atol=1e-6
    )
    np.testing.assert_allclose(first["mu_fidelity"], second["mu_fidelity"], atol=1e-5)
    for column in ("image", "image_name", "fold", "constant", "accuracy"):
        assert first[column].tolist() == second[column].tolist()
    assert np.stack(first["right"]).tolist() == np.stack(second["right"]).tolist()


def test_accuracy_rows_count_each_fold(scratch):
    found = study.compute(study.get_experiment("mege_accuracy"), "embedded", TINY)
    assert len(found) == 3 * 3
    assert (found["held_out"] == 40).all()
    assert (found["seen"] == 80).all()
    sound = found[found["degradation"] == "none"]
    setting = cross_training(Series("digits_train", "small"), SETTINGS)
    assert sound["correct"].tolist() == [trained(setting, fold).correct for fold in range(3)]


def test_series_of_the_reference_run():
    (parameters,) = study.get_experiment("mege_stability").configure("reference")
    names = [series.name for series in series_of(parameters)]
    assert len(names) == len(set(names)) == 7 + 1 + 7
    assert names[0] == "cifar10_train-resnet18-8-none00"


def test_switched_labels_reach_the_training_and_noise_does_not():
    switched = cross_training(Series("digits_train", "small", "labels", 10), SETTINGS)
    assert switched.switched == 0.1
    noisy = cross_training(Series("digits_train", "small", "weights", 10), SETTINGS)
    assert noisy.switched == 0
    assert isinstance(noisy.plan, TrainingPlan)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predictors": ("digits_train",)}, "a predictor is written IMAGE_SET:ARCHITECTURE"),
        ({"predictors": ("cifar:small",)}, "unknown image set 'cifar'"),
        ({"predictors": ("digits_train:vgg",)}, "unknown architecture 'vgg'"),
        (
            {"degraded": ("mnist_train:small",)},
            r"\['mnist_train:small'\] are not among the predictors \['digits_train:small'.*"
            r"-p degraded=digits_train:small\), or none \(-p degraded=\[\]\)",
        ),
        ({"levels": (0, 5)}, r"levels are percentages above 0, got \[0\]"),
        ({"folds": 1}, "at least 2 folds, got 1"),
        ({"n_images": 200}, "n_images 200 is above n_train 120"),
        ({"steps": 1}, "steps must be at least 2"),
        ({"subsets": 2}, "at least 3 subsets, got 2"),
    ],
)
def test_what_cannot_be_asked_for(change, message):
    experiment = study.get_experiment("mege_stability")
    with pytest.raises(ValueError, match=message):
        experiment.configure("embedded", {**FEW, **change})


# mege_distances


@pytest.fixture(scope="module")
def distances():
    experiment = study.get_experiment("mege_distances")
    settings = experiment.configure(
        "embedded",
        {"side": 16, "radius": 3.0, "shifts": 5, "sigmas": (0.1, 0.5), "draws": 3, "repeats": 2},
    )
    return pd.concat([experiment.compute(task).rows for task in experiment.tasks(settings)])


def test_every_part_has_every_distance(distances):
    counts = distances.groupby(["part", "shape"]).size()
    six = len(DISTANCES)
    assert counts["shift", "disc"] == counts["shift", "blob"] == 6 * 5
    assert counts["noise", "disc"] == six * 2 * 3
    assert counts["area", "disc"] == six * 2 * 3
    assert counts["time", "disc"] == six * 2
    assert (distances[distances["part"] == "time"]["value"] > 0).all()


def test_the_last_shift_is_a_mirror_image(distances):
    disc = mege_distances.region(16, "disc", 3.0, 3.0, 3.0)
    moved = mege_distances.region(16, "disc", 3.0, 3.0, 12.0)
    torch.testing.assert_close(moved, disc.flip(1))
    last = distances[(distances["part"] == "shift") & (distances["level"] == 1)]
    found = last[(last["shape"] == "disc")].set_index("distance")["value"]
    for name, distance in DISTANCES.items():
        assert found[name] == pytest.approx(distance(disc[None], moved[None]).item())
    # All of it moves by nine pixels.
    assert found["wasserstein1"] == pytest.approx(9)


def test_the_disc_covers_its_area():
    radius = (0.1 * 64**2 / torch.pi) ** 0.5
    disc = mege_distances.region(64, "disc", radius, 31.5, 31.5)
    assert disc.mean().item() == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"side": 8}, "at least 11 pixels per side, got 8"),
        ({"radius": 20.0}, "does not fit on 32 pixels"),
        ({"sigmas": (0.0,)}, "sigmas must be above 0"),
        ({"areas": (0.7,)}, "areas between 0 and a half"),
    ],
)
def test_pictures_that_cannot_be(change, message):
    with pytest.raises(ValueError, match=message):
        study.get_experiment("mege_distances").configure("embedded", change)


def test_the_methods_are_the_papers_and_the_controls():
    assert explanations.MAPS[:7] == (
        *("saliency", "gradient_input", "ig", "smoothgrad", "gradcam", "gradcam++", "rise"),
    )
