"""The XMGD paper's other detectors: one output, trained by the one loop, explained like any network."""

import pytest
import torch
from torch import nn

from saliency_audit.attributions import create
from saliency_audit.attributions.engine import predict
from saliency_audit.datasets import CATALOG
from saliency_audit.datasets.faceforensics import GENERATORS
from saliency_audit.datasets.standins import FAMILIES
from saliency_audit.models import CLASSIFIERS
from saliency_audit.models.catalog import FAKE_DETECTORS
from saliency_audit.models.detectors import DETECTORS
from saliency_audit.models.training import TrainingPlan, predicted_classes, train
from saliency_audit.study.detector_maps import METHODS
from saliency_audit.study.selection import images_of


@pytest.fixture(scope="module")
def faces():
    """Bright pictures are class 1."""
    images = torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(0)) / 2
    labels = torch.arange(8) % 2
    return images + labels[:, None, None, None] / 2, labels


@pytest.mark.parametrize("name", DETECTORS)
def test_architectures_are_trained_and_explained_by_the_four_methods(name, faces):
    images, labels = faces
    plan = TrainingPlan(epochs=1, batch_size=4, learning_rate=1e-4)
    network = train(DETECTORS[name].build, images, labels, plan)
    assert not network.training
    with torch.no_grad():
        logits = network(images)
    assert logits.shape == (8, 1)
    assert torch.equal(predicted_classes(network, images), (logits[:, 0] > 0).long())
    probabilities, _ = predict(network, images, torch.ones(8, dtype=torch.int64))
    torch.testing.assert_close(probabilities, logits[:, 0].sigmoid(), rtol=1e-3, atol=1e-4)
    for method in METHODS:
        settings = {"steps": 2} if method == "ig" else {}
        maps = create(method, output="logit", **settings)(network, images[:1], labels[:1])
        assert maps.shape == (1, 3, 64, 64)
        assert maps.isfinite().all()
        assert maps.abs().max() > 0


def test_one_output_learns_its_two_classes(faces):
    images, labels = faces

    def build():
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1))

    plan = TrainingPlan(epochs=60, batch_size=4, learning_rate=0.3)
    network = train(build, images, labels, plan)
    assert torch.equal(predicted_classes(network, images), labels)
    # The loss is that of the same network with two outputs, of which the first is held at 0.
    found = train(build, images, labels, TrainingPlan(epochs=1, batch_size=8, learning_rate=0.1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        expected = build()
    optimizer = torch.optim.Adam(expected.parameters(), lr=0.1)
    loss = nn.functional.binary_cross_entropy_with_logits(expected(images)[:, 0], labels.float())
    loss.backward()
    optimizer.step()
    for one, other in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


def test_each_detector_has_an_entry_and_its_own_faces():
    for size in ("", "small_"):
        for family in FAMILIES:
            for name in DETECTORS:
                entry = CLASSIFIERS[f"{size}{name}_{family}"]
                assert entry.title.startswith(DETECTORS[name].title)
                assert images_of(entry.name, None) == f"{size}standin_{family}"


def test_each_of_the_seven_detectors_has_an_entry_for_each_generator():
    for name, detector in FAKE_DETECTORS.items():
        for generator, title in GENERATORS.items():
            entry = CLASSIFIERS[f"{name}_{generator}"]
            assert entry.title == f"{detector.title} on {title}"
            assert images_of(entry.name, None) == generator
            assert f"{generator}_train" in CATALOG
    assert images_of("mesoinception4_f2f", None) == "face2face"


def test_the_paper_has_five_architectures_beside_mesonets():
    titles = [detector.title for detector in DETECTORS.values()]
    assert titles == ["ResNet", "Xception", "Inception", "MobileNet", "SqueezeNet"]


def test_a_squeezenet_can_say_no():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = DETECTORS["squeezenet"].build().eval()
    with torch.no_grad():
        network.model.classifier[1].bias.fill_(-5)
        assert (network(torch.rand(2, 3, 64, 64)) < 0).all()
