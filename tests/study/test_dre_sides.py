"""Accuracy by side: the same images at every side, and answers that are the classifier's."""

import pytest
import torch

from saliency_audit.datasets import open_images, read_batch
from saliency_audit.models import load_classifier
from saliency_audit.study import get_experiment
from saliency_audit.study.experiment import ParameterError

EXPERIMENT = get_experiment("dre_sides")


@pytest.fixture(scope="module")
def rows():
    given = {"n_images": 12, "slice_size": 12, "sides": "48,64"}
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", given))
    return EXPERIMENT.compute(task).rows


def test_every_image_has_a_row_at_every_side(rows):
    images = [group["image"].tolist() for _, group in rows.groupby("side")]
    assert images[0] == images[1]
    assert len(set(images[0])) == 12


def test_answers_are_those_of_the_classifier(rows):
    model = load_classifier("normed_shapes_cnn")
    for side, group in rows.groupby("side"):
        batch = read_batch(open_images("shapes", int(side)), group["image"].tolist())
        assert batch.images.shape[-1] == side
        with torch.no_grad():
            found = model(batch.images).softmax(dim=1)
        assert group["true_class"].tolist() == batch.labels.tolist()
        right = found.argmax(dim=1) == batch.labels
        assert group["correct"].tolist() == right.long().tolist()
        true = found.gather(1, batch.labels[:, None])[:, 0]
        assert group["true_probability"].tolist() == pytest.approx(true.tolist(), abs=1e-5)


@pytest.mark.parametrize("sides", ["0", "64,-1"])
def test_sides_that_cannot_be_are_refused(sides):
    with pytest.raises(ParameterError, match="sides must be whole numbers of pixels"):
        EXPERIMENT.configure("embedded", {"sides": sides})
