"""Networks whose last layer somebody trained anew: files as training scripts write them."""

import pytest
import torch
from torch import nn
from torchvision.models import get_model

from saliency_audit.datasets import CATALOG, MissingDataError
from saliency_audit.models import CLASSIFIERS, load_classifier
from saliency_audit.models.fine_tuned import fine_tuned
from saliency_audit.models.normalized import IMAGENET_MEAN, IMAGENET_STD
from saliency_audit.study.selection import OWN_IMAGES


@pytest.fixture(scope="module")
def trained():
    """GoogLeNet with five classes and the auxiliary heads that it is trained with."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        network = get_model(
            "googlenet", weights=None, num_classes=5, transform_input=True, init_weights=False
        ).train()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        network(torch.randn(4, 3, 96, 96))
    return network.eval()


def wrapped(state):
    """As a checkpoint of a network that was trained on several GPUs."""
    return {"epoch": 3, "state_dict": {f"module.{key}": value for key, value in state.items()}}


@pytest.mark.parametrize("form", [dict, wrapped])
def test_answers_are_those_of_torchvisions_network(tmp_path, trained, form):
    path = tmp_path / "weights.pth"
    torch.save(form(trained.state_dict()), path)
    before = torch.get_rng_state()
    found = fine_tuned("mine", "googlenet", 5, path)
    assert torch.equal(before, torch.get_rng_state())
    assert not any(module.training for module in found.modules())
    images = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    mean, std = (torch.tensor(v).reshape(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.no_grad():
        expected = trained((images - mean) / std)
        torch.testing.assert_close(found(images), expected)
    assert expected.std() > 1e-3


def test_a_missing_file_names_place_and_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    message = r"resnet50_birds200\.pth, and nobody .* torchvision's resnet50 with 200 classes"
    with pytest.raises(MissingDataError, match=message) as caught:
        load_classifier("resnet50_birds200")
    assert str(tmp_path / "weights") in str(caught.value)
    assert "SALIENCY_DATA" in str(caught.value)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ([1, 2], "holds list, no state dict"),
        ({"epoch": 1}, "does not fit torchvision's squeezenet1_0 with 5 classes"),
        ({"state_dict": [1]}, "holds list under 'state_dict', no state dict"),
        (get_model("squeezenet1_0", num_classes=4).state_dict(), "does not fit .* with 5 classes"),
    ],
)
def test_other_files_are_refused(tmp_path, stored, message):
    path = tmp_path / "weights.pth"
    torch.save(stored, path)
    with pytest.raises(ValueError, match=message):
        fine_tuned("mine", "squeezenet1_0", 5, path)


def test_a_file_that_torch_cannot_read_is_named(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"no weights")
    with pytest.raises(ValueError, match=r"weights\.pth holds no weights that torch reads safely"):
        fine_tuned("mine", "squeezenet1_0", 5, path)


def test_variants_know_their_architecture_and_their_images():
    found = {name: entry for name, entry in CLASSIFIERS.items() if entry.variant_of}
    assert {entry.architecture for entry in found.values()} <= set(CLASSIFIERS)
    assert CLASSIFIERS["vgg19"].architecture == "vgg19"
    assert CLASSIFIERS["resnet50_places365"].architecture == "resnet50"
    for name in found:
        assert OWN_IMAGES[name] in CATALOG
