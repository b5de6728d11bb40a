"""Rows of wrongly and correctly classified images."""

import numpy as np
import pytest
import torch

from saliency_audit.attributions import create, saliency
from saliency_audit.datasets import open_images, read_batch, read_regions
from saliency_audit.metrics import explainability
from saliency_audit.models import load_classifier
from saliency_audit.study import get_experiment
from saliency_audit.study.dre_methods import POOL
from saliency_audit.study.experiments.dre_misclassified import choose

EXPERIMENT = get_experiment("dre_misclassified")
SCORES = get_experiment("dre_scores")
# A network without training is right one time in eight.
QUICK = {"n_images": 40, "explained": "gradcam,saliency", "images": "shapes"}


@pytest.fixture(scope="module")
def found(untrained):
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", {**QUICK, "models": untrained}))
    return EXPERIMENT.compute(task)


def test_as_many_wrong_images_as_right_ones_and_a_row_per_method(found):
    rows, notes = found.rows, found.notes
    images = rows.groupby("classified")["image"].nunique()
    assert images["wrongly"] == images["correctly"] >= 2
    assert notes["used"] == images.sum() < notes["candidates"] == 40
    assert notes["misclassified"] > images["wrongly"]
    assert not rows.duplicated(["image", "method"]).any()
    assert len(rows) == 2 * images.sum()


def test_the_class_that_is_explained_is_the_predicted_one(found, untrained):
    rows = found.rows[found.rows["method"] == "saliency"]
    source, model = open_images("shapes"), load_classifier(untrained)
    batch = read_batch(source, rows["image"].tolist())
    with torch.no_grad():
        predicted = model(batch.images).argmax(dim=1)
    assert rows["target"].tolist() == predicted.tolist()
    assert rows["true_class"].tolist() == batch.labels.tolist()
    right = rows["target"] == rows["true_class"]
    assert (right == (rows["classified"] == "correctly")).all()

    maps = saliency(create("saliency")(model, batch.images, predicted), "sum_abs")
    regions = read_regions(source, batch.indices)
    np.testing.assert_allclose(rows["explainability"], explainability(maps, regions), atol=1e-6)
    tops = maps.flatten(1).argmax(dim=1)
    hits = [float(mask.flatten()[top]) for mask, top in zip(regions, tops, strict=True)]
    assert rows["hit"].tolist() == hits
    np.testing.assert_allclose(rows["area"], regions.double().mean(dim=(1, 2)))


def test_columns_that_do_not_depend_on_the_method(found):
    names = ["classified", "target", "true_class", "confidence", "area"]
    assert (found.rows.groupby("image")[names].nunique() == 1).all().all()


def test_a_slice_without_a_wrong_image_has_no_rows():
    tasks = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", {**QUICK, "n_images": 5}))
    outcome = EXPERIMENT.compute(tasks[0])
    assert outcome.notes["misclassified"] == outcome.notes["used"] == 0
    assert outcome.rows.empty


def test_the_masks_are_those_of_the_chosen_images(untrained):
    given = {"model": untrained, "images": "shapes", "seed": 0, "first": 0, "last": 30}
    chosen, masks = choose(given)
    assert torch.equal(masks, read_regions(chosen.source, chosen.indices))


@pytest.mark.parametrize("profile", ["embedded", "reference", "paper"])
def test_estimators_are_those_that_others_train(profile):
    training = ["n_train", "epochs", "filter_epochs", "train_seed"]
    for mine in EXPERIMENT.configure(profile):
        theirs = next(each for each in SCORES.configure(profile) if each.models == mine.models)
        assert [getattr(mine, name) for name in training] == [
            getattr(theirs, name) for name in training
        ]
        assert mine.explained == POOL
