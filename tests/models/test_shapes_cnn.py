"""The network for shapes: trained by its recipe, good enough to explain, fit for every method."""

import pytest
import torch
from torch import nn

from saliency_audit.datasets import open_images, read_batch
from saliency_audit.datasets.shapes import shapes_training_set
from saliency_audit.models import TrainingPlan, catalog, load_classifier, state_digest, train
from saliency_audit.models.kept import one_thread
from saliency_audit.models.small import ShapesCNN


@pytest.fixture(scope="module")
def trained():
    catalog._loaded.cache_clear()
    before = torch.get_rng_state()
    model = load_classifier("shapes_cnn")
    assert torch.equal(before, torch.get_rng_state())
    return model


def test_it_names_shapes_it_has_not_seen(trained):
    images = open_images("shapes")
    batch = read_batch(images, range(len(images)))
    with torch.no_grad():
        right = trained(batch.images).argmax(dim=1) == batch.labels
    assert right.double().mean() >= 0.95
    assert min(right[batch.labels == label].double().mean() for label in range(8)) > 0.8


def test_its_recipe_gives_another_one_as_good():
    recipe = catalog._RECIPES["shapes_cnn"]
    images, labels = recipe.training_set()
    with one_thread():
        again = train(recipe.build, images, labels, recipe.plan)
    batch = read_batch(open_images("shapes"), range(1000))
    with torch.no_grad():
        right = again(batch.images).argmax(dim=1) == batch.labels
    assert right.double().mean() >= 0.95


def test_it_is_trained_once_and_ready_to_use(trained):
    assert load_classifier("shapes_cnn") is trained
    assert not any(module.training for module in trained.modules())


def test_the_one_with_batch_normalisation_names_them_too_and_takes_other_sizes():
    model = load_classifier("normed_shapes_cnn")
    batch = read_batch(open_images("shapes"), range(400))
    with torch.no_grad():
        right = model(batch.images).argmax(dim=1) == batch.labels
        assert model(torch.rand(2, 3, 96, 96)).shape == (2, 8)
    assert right.double().mean() >= 0.95
    assert sum(isinstance(part, nn.BatchNorm2d) for part in model.modules()) == 4


@pytest.fixture
def restored_threads():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_the_number_of_threads_outside_plays_no_part(restored_threads):
    images, labels = shapes_training_set(128)
    digests = set()
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        with one_thread():
            assert torch.get_num_threads() == 1
            model = train(catalog._untrained_shapes_cnn, images, labels, TrainingPlan(epochs=1))
        assert torch.get_num_threads() == threads
        digests.add(state_digest(model))
    assert len(digests) == 1


def test_the_number_of_threads_comes_back_after_an_error(restored_threads):
    torch.set_num_threads(2)
    with pytest.raises(RuntimeError, match="stop"), one_thread():
        raise RuntimeError("stop")
    assert torch.get_num_threads() == 2


def test_its_layers_suit_hooks_and_class_activation_maps():
    model = ShapesCNN().eval()
    calls, shapes = [], {}

    def note(name):
        def hook(module, inputs, output):
            calls.append(name)
            shapes[name] = tuple(output.shape)

        return hook

    for name, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_hook(note(name))
    images = torch.rand(2, 3, 64, 64, requires_grad=True)
    logits = model(images)
    assert logits.shape == (2, 8)
    assert len(calls) == len(set(calls))  # no module is used twice
    convolutions = [n for n, m in model.named_modules() if isinstance(m, nn.Conv2d)]
    assert convolutions[-1] == "features.conv4"
    assert shapes["features.conv4"] == (2, 64, 8, 8)
    rectifiers = [m for m in model.modules() if isinstance(m, nn.ReLU)]
    assert len(rectifiers) == 4
    assert not any(module.inplace for module in rectifiers)
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    assert (gradient != 0).any(dim=3).all(dim=1).any()
    assert gradient.isfinite().all()
