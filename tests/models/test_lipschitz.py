"""The 1-Lipschitz CNN: no pair of pictures further apart in logits than in pixels, also once plain."""

import pytest
import torch
from torch import nn

from saliency_audit.models import TrainingPlan, train
from saliency_audit.models.architectures import architecture, load_plain
from saliency_audit.models.lipschitz import constrained, lipschitz_cnn, plain_weights


def steepest(model, images, iterations=40):
    """Largest singular value of the Jacobian at each image, by power iteration."""
    direction = torch.randn_like(images)
    for _ in range(iterations):
        direction = direction / torch.linalg.vector_norm(direction, dim=(1, 2, 3), keepdim=True)
        _, along = torch.func.jvp(model, (images,), (direction,))
        _, back = torch.func.vjp(model, images)
        (direction,) = back(along)
    return torch.linalg.vector_norm(along, dim=1)


@pytest.fixture(scope="module")
def trained():
    """Both forms of a small network after some training on noise, weights pushed to extremes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        images, labels = torch.rand(64, 1, 8, 8), torch.randint(0, 10, (64,))
    found = architecture("lipschitz-4", 10, 1, 8, 0.0)
    plan = TrainingPlan(epochs=20, batch_size=16, learning_rate=0.05, temperature=50)

    def build():  # in the memory format in which the experiments train
        return found.trainable().to(memory_format=torch.channels_last)

    model = train(build, images, labels, plan)
    return model, load_plain(found, found.weights(model)), images


def test_the_plain_network_computes_what_the_constrained_one_does(trained):
    model, plain, images = trained
    torch.testing.assert_close(plain(images), model(images), rtol=1e-6, atol=1e-7)
    kinds = {type(layer) for layer in plain.model}
    assert kinds == {nn.Conv2d, nn.PReLU, nn.AvgPool2d, nn.Dropout, nn.Flatten, nn.Linear}


def test_its_lipschitz_constant_is_at_most_one(trained):
    _, plain, images = trained
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        slopes = steepest(plain, images[:8])
        near = images + 0.1 * torch.randn_like(images)
    assert slopes.max() <= 1 + 1e-4
    assert slopes.max() > 1e-3  # a constant network would prove nothing
    for layer in plain.model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            # Nine windows of a 3×3 convolution overlap: together they stretch by 3 at most.
            overlaps = 3 if isinstance(layer, nn.Conv2d) else 1
            stretch = overlaps * torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
            assert stretch <= 1 + 1e-3
    for others in (near, images.flip(0), torch.zeros_like(images)):
        apart = torch.linalg.vector_norm(others - images, dim=(1, 2, 3))
        answers = torch.linalg.vector_norm(plain(others) - plain(images), dim=1)
        assert (answers <= apart * (1 + 1e-4)).all()


def test_a_steep_slope_of_a_prelu_is_held_back():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        plain = lipschitz_cnn(10, 1, 8, filters=4)
        model = constrained(plain)
        images = torch.rand(8, 1, 8, 8)
    nn.init.constant_(model.prelu1.weight, -7.0)
    plain.load_state_dict(plain_weights(model))
    assert plain.prelu1.weight.item() == -1
    torch.testing.assert_close(plain.eval()(images), model.eval()(images))
    assert steepest(plain, images).max() <= 1 + 1e-4


def test_the_sizes_are_those_of_table_4():
    model = lipschitz_cnn(10, 3, 32)
    assert [layer.out_channels for layer in model if isinstance(layer, nn.Conv2d)] == [48, 96, 96]
    assert model.head.weight.shape == (10, 96 * 4 * 4)
    assert [layer.p for layer in model if isinstance(layer, nn.Dropout)] == [0.2, 0.2]
    with pytest.raises(ValueError, match="multiple of 8, got 28"):
        lipschitz_cnn(10, 1, 28)
