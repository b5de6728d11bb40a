"""The detectors of stand-ins: their weights are part of the project, and tell them from real faces."""

import pytest
import torch

from saliency_audit.datasets import open_images
from saliency_audit.datasets.faces import FORGED, REAL, read_all
from saliency_audit.models import load_classifier
from saliency_audit.models.kept import shipped

# At least 55 of 80 right, which guessing reaches with a probability of 5e-4; what was measured on
# the validation parts (40 real and 40 forged faces): swap 0.90, warp 0.80, smooth 0.99.
FLOOR = 55 / 80


@pytest.mark.parametrize("family", ["swap", "warp", "smooth"])
def test_each_family_is_told_from_real_faces_that_were_not_trained_on(family):
    name = f"small_faces_cnn_{family}"
    weights = shipped(name)
    assert weights is not None
    assert weights.stat().st_size < 300_000
    pictures, labels = read_all(open_images(f"small_standin_{family}"))
    with torch.no_grad():
        right = load_classifier(name)(pictures).argmax(dim=1) == labels
    assert len(labels) == 80
    assert right.double().mean() >= FLOOR
    assert min(right[labels == kind].double().mean() for kind in (FORGED, REAL)) > 0.5
