"""Rows of the metrics that ask the model."""

import numpy as np
import pytest
import torch

from saliency_audit.attributions import create, saliency
from saliency_audit.datasets import open_images, read_batch
from saliency_audit.metrics import average_drop, insertion_correlation
from saliency_audit.models import load_classifier
from saliency_audit.study import get_experiment
from saliency_audit.study.detector_maps import METHODS

EXPERIMENT = get_experiment("xmgd_model_metrics")
QUICK = {"n_images": 6, "slice_size": 6, "steps": 4, "points": 5, "images": "shapes"}


@pytest.fixture(scope="module")
def found(untrained):
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", {**QUICK, "models": untrained}))
    return EXPERIMENT.compute(task)


def test_a_row_per_image_and_method_whatever_the_network_decides(found):
    rows = found.rows
    assert len(rows) == 6 * len(METHODS)
    assert list(dict.fromkeys(rows["method"])) == list(METHODS)
    assert found.notes["misclassified"] > 0
    assert (rows["target"] != rows["true_class"]).any()


def test_values_are_those_of_the_metrics_for_the_predicted_class(found, untrained):
    rows = found.rows[found.rows["method"] == "saliency"]
    model = load_classifier(untrained)
    batch = read_batch(open_images("shapes"), rows["image"].tolist())
    with torch.no_grad():
        probabilities = model(batch.images).softmax(dim=1)
    predicted = probabilities.argmax(dim=1)
    assert rows["target"].tolist() == predicted.tolist()
    np.testing.assert_allclose(rows["confidence"], probabilities.amax(dim=1), atol=1e-6)
    maps = saliency(create("saliency", output="logit")(model, batch.images, predicted), "sum_abs")
    drops = average_drop(model, batch.images, maps, predicted)
    np.testing.assert_allclose(rows["average_drop"], drops, atol=1e-6)
    # Maps of gradients have no ties, so that seeds do not matter.
    rises = insertion_correlation(model, batch.images, maps, predicted, points=5)
    np.testing.assert_allclose(rows["insertion_correlation"], rises, atol=1e-3)


def test_columns_agree_with_each_other(found):
    rows = found.rows
    change = (rows["confidence"] - rows["kept"]) / rows["confidence"]
    np.testing.assert_allclose(rows["average_drop"], change.clip(lower=0), atol=1e-5)
    assert ((rows["increase_in_confidence"] == 1) == (rows["kept"] > rows["confidence"])).all()
    lost = (rows["confidence"] - rows["deleted"]) / rows["confidence"]
    np.testing.assert_allclose(rows["average_drop_in_deletion"], lost, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"explained": "ig"}, "at least two methods"),
        ({"explained": "ig,rise"}, "unknown method 'rise'"),
        ({"output": "score"}, "unknown output 'score'"),
        ({"points": 1}, "at least 2"),
    ],
)
def test_parameters_that_cannot_be(change, message):
    with pytest.raises(ValueError, match=message):
        EXPERIMENT.configure("embedded", change)
