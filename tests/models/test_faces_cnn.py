"""The detectors of stand-ins: their weights are part of the project, and tell them from real faces."""

import pytest
import torch
from torch import nn

from saliency_audit.datasets import open_images
from saliency_audit.datasets.faces import FORGED, REAL, read_all
from saliency_audit.datasets.standins import FAMILIES
from saliency_audit.models import CLASSIFIERS, load_classifier
from saliency_audit.models.catalog import FACE_NETWORKS
from saliency_audit.models.kept import shipped
from saliency_audit.models.receptive_field import receptive_field
from saliency_audit.models.small import Branches
from saliency_audit.study.selection import images_of

# At least 55 of 80 right, which guessing reaches with a probability of 5e-4.
FLOOR = 55 / 80


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("architecture", FACE_NETWORKS)
def test_each_family_is_told_from_real_faces_that_were_not_trained_on(architecture, family):
    name = f"small_{architecture}_{family}"
    weights = shipped(name)
    assert weights is not None
    assert weights.stat().st_size < 300_000
    pictures, labels = read_all(open_images(f"small_standin_{family}"))
    with torch.no_grad():
        right = load_classifier(name)(pictures).argmax(dim=1) == labels
    assert len(labels) == 80
    assert right.double().mean() >= FLOOR
    assert min(right[labels == kind].double().mean() for kind in (FORGED, REAL)) > 0.5


def test_the_designs_see_neighbourhoods_of_different_sizes():
    fields = [
        receptive_field(load_classifier(f"small_{name}_swap"), torch.zeros(1, 3, 64, 64))
        for name in FACE_NETWORKS
    ]
    # Each layer adds (kernel − 1) · dilation · strides so far.
    plain, branched, separable = 4 + 2 + 8 + 4 + 16, 6 + 1 + 12 + 2 + 8, 2 + 2 + 1 + 4 + 2 + 8 + 4
    assert fields == [1 + plain, 1 + branched, 1 + separable]


def test_a_branch_sees_what_is_as_far_apart_as_its_cells():
    branches = Branches(1, 1)
    for branch in branches.branches:
        nn.init.ones_(branch.weight)
        nn.init.zeros_(branch.bias)
    dot = torch.zeros(1, 1, 9, 9)
    dot[0, 0, 4, 4] = 1
    with torch.no_grad():
        seen = branches(dot)[0]
    for apart, found in enumerate(seen, start=1):
        places = {(4 + apart * i, 4 + apart * j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
        assert set(map(tuple, found.nonzero().tolist())) == places


def test_every_small_detector_has_faces_of_its_own_in_both_sizes():
    for size in ("", "small_"):
        for architecture in FACE_NETWORKS:
            for family in FAMILIES:
                entry = CLASSIFIERS[f"{size}{architecture}_{family}"]
                assert images_of(entry.name, None) == f"{size}standin_{family}"
