"""What holds for all methods that search a mask, with the background that they share."""

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from saliency_audit.attributions import FeatureInversion, create
from saliency_audit.attributions.engine import loss_gradient
from saliency_audit.attributions.mask_search import descend, drawn
from saliency_audit.attributions.seeding import image_generator

SETTINGS = {
    "mpert": {"iterations": 4, "stride": 2},
    "finv": {"iterations": 4, "inversion_iterations": 2},
    "xpert": {"iterations": 4, "step": 2, "sigma": 2.0, "areas": (0.1, 0.4), "weight": 9.0},
}
EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(params=SETTINGS)
def shared(request):
    """Makes the explainer with the shared perturbation."""
    name = request.param
    return lambda **more: create(name, **{"perturbation": "shared", **SETTINGS[name], **more})


def test_with_shared_backgrounds_company_changes_nothing(
    shared, rectified_network, images, targets
):
    expected = shared()(rectified_network, images, targets)
    order = torch.tensor([3, 0, 4, 1, 2])
    permuted = shared()(rectified_network, images[order], targets[order])
    torch.testing.assert_close(permuted, expected[order], **EXACT)
    for size in (1, 2, 3, 100):
        maps = shared(batch_size=size)(rectified_network, images, targets)
        torch.testing.assert_close(maps, expected, **EXACT)


def test_the_perturbation_makes_a_difference(shared, rectified_network, images, targets):
    given = (rectified_network, images, targets)
    assert not torch.allclose(shared()(*given), shared(perturbation="native")(*given))


def test_backgrounds_are_drawn_anew_for_each_image(images):
    def generators():
        return [image_generator(image, 0) for image in images]

    at_once = generators()
    first, second = drawn(images, at_once), drawn(images, at_once)
    assert first.shape == images.shape
    assert ((first - second).abs().amax((1, 2, 3)) > 0).any()
    alone = drawn(images[2:3], generators()[2:3])
    assert torch.equal(alone[0], first[2])


class Reentrant(nn.Module):
    """Allows `backward` only."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        return checkpoint(self.model, images, use_reentrant=True)


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
def test_models_with_reentrant_checkpoints(shared, rectified_network, images, targets):
    explain = shared()
    if isinstance(explain, FeatureInversion):
        with pytest.raises(ValueError, match="layer's output has no gradient: it stands"):
            shared(layer="model.1")(Reentrant(rectified_network), images, targets)
        return
    expected = explain(rectified_network, images, targets)
    found = explain(Reentrant(rectified_network), images, targets)
    torch.testing.assert_close(found, expected, **EXACT)


def test_each_row_descends_alone():
    start = torch.rand(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    goal = torch.tensor([[0.2], [0.9], [1.5]])

    def towards(goal):
        return lambda step: lambda values: (values - goal).square().sum(dim=1)

    def adam(values):
        return torch.optim.Adam(values, lr=0.05)

    together = descend(nn.Identity(), start, towards(goal), adam, 200, (0.0, 1.0))
    torch.testing.assert_close(together, goal.clamp(max=1).double().expand(3, 4), atol=1e-2, rtol=0)
    for row in range(3):
        alone = descend(
            nn.Identity(), start[row : row + 1], towards(goal[row]), adam, 200, (0.0, 1.0)
        )
        assert torch.equal(alone[0], together[row])
    assert torch.equal(descend(nn.Identity(), start, towards(goal), adam, 0, (0.0, 1.0)), start)


def test_a_loss_without_the_values_is_refused():
    with pytest.raises(ValueError, match="losses do not depend on the values"):
        loss_gradient(nn.Identity(), lambda values: torch.ones(2), torch.zeros(2, 3))


def test_a_gradient_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="gradients are NaN or infinite at 1 of 2"):
        loss_gradient(
            nn.Identity(),
            lambda values: values.sqrt().sum(dim=1),
            torch.tensor([[0.0, 1.0], [2.0, 1.0]]),
        )
