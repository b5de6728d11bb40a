"""Rows of pictures without classes: all are kept, each for the network's own answer."""

import pytest
import torch

from saliency_audit.attributions import create, saliency
from saliency_audit.datasets import open_images, read_batch, read_regions
from saliency_audit.metrics import explainability
from saliency_audit.models import load_classifier
from saliency_audit.study import get_experiment
from saliency_audit.study.dre_methods import WIDTHS
from saliency_audit.study.experiments.dre_cutouts import WITHOUT_SEARCH

EXPERIMENT = get_experiment("dre_cutouts")


@pytest.fixture(scope="module")
def found(untrained):
    given = {"models": untrained, "images": "shapes", "n_images": 12, "explained": "gradcam,ig"}
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", given))
    return EXPERIMENT.compute(task)


def test_every_image_is_kept_right_or_wrong(found):
    assert found.notes["used"] == found.rows["image"].nunique() == 12
    assert found.notes["misclassified"] > 6
    assert found.rows["method"].tolist() == 12 * ["gradcam"] + 12 * ["ig"]


def test_maps_are_of_the_networks_answer_and_measured_against_the_mask(found, untrained):
    rows = found.rows[found.rows["method"] == "gradcam"]
    source, model = open_images("shapes"), load_classifier(untrained)
    batch = read_batch(source, rows["image"].tolist())
    with torch.no_grad():
        answers = model(batch.images).argmax(dim=1)
    assert rows["target"].tolist() == answers.tolist()
    maps = saliency(create("gradcam")(model, batch.images, answers), "sum_abs")
    regions = read_regions(source, batch.indices)
    expected = explainability(maps, regions).tolist()
    assert rows["explainability"].tolist() == pytest.approx(expected, abs=1e-6)
    assert rows["area"].tolist() == regions.double().mean(dim=(1, 2)).tolist()


@pytest.mark.parametrize("profile", ["embedded", "reference", "paper"])
def test_no_method_searches(profile):
    for setting in EXPERIMENT.configure(profile):
        assert setting.explained == WITHOUT_SEARCH
        assert not set(setting.explained) & set(WIDTHS)
    assert len(WITHOUT_SEARCH) == 7


def test_estimators_are_those_of_the_scores():
    scores = {
        setting.models: setting for setting in get_experiment("dre_scores").configure("reference")
    }
    for setting in EXPERIMENT.configure("reference"):
        other = scores[setting.models]
        for name in ("n_train", "epochs", "filter_epochs", "train_seed"):
            assert getattr(setting, name) == getattr(other, name)
