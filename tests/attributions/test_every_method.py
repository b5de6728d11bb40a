"""What holds for every registered method: the table in `tests/conftest.py` says how each is run."""

import copy

import pytest
import torch
from torch import nn

from saliency_audit.attributions import available, create
from saliency_audit.attributions.registry import TRAINED
from saliency_audit.attributions.scores import OUTPUTS, class_scores

EXACT = {"rtol": 0, "atol": 1e-12}


def test_every_registered_method_has_a_line_in_the_table(all_methods):
    names = [method.name for method in all_methods]
    ready = sorted(set(available()) - set(TRAINED))  # the others: test_relevance_maps.py
    missing = set(ready) - set(names)
    assert not missing, f"add {', '.join(sorted(missing))} to METHODS in tests/conftest.py"
    assert sorted(names) == ready


# Configuration


def test_an_explainer_is_its_configuration(any_method):
    explain = any_method.create()
    assert explain == any_method.create()
    assert hash(explain) == hash(any_method.create())
    for setting, value in any_method.settings.items():
        assert f"{setting}={value}" in repr(explain)
        assert explain != any_method.create(**{setting: value + 1})


def test_no_two_methods_are_equal(all_methods):
    assert len({method.create() for method in all_methods}) == len(all_methods)


@pytest.mark.traits("gradients")
def test_scores_are_probabilities_unless_the_definition_says_otherwise(any_method):
    # The score of GGIG's paper is the logit.
    expected = "logit" if any_method.name == "ggig" else "probability"
    assert create(any_method.name).output == expected


# Maps


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_maps_follow_the_images(any_method, rectified_network, images, targets, dtype):
    network = copy.deepcopy(rectified_network).to(dtype)
    images = images.clone().to(dtype).requires_grad_()
    maps = any_method.create()(network, images, targets)
    channels = 1 if any_method.places else 3
    assert (maps.shape, maps.dtype) == ((5, channels, 6, 5), dtype)
    assert maps.isfinite().all()
    assert not maps.requires_grad
    assert images.grad is None
    maps += 1  # its own memory, no expanded view
    none = any_method.create()(network, images[:0], targets[:0])
    assert (none.shape, none.dtype) == ((0, channels, 6, 5), dtype)
    assert not none.requires_grad


def test_images_differ_in_their_maps_and_so_do_classes(any_method, rectified_network):
    images = torch.rand(2, 3, 6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    first, second = any_method.create()(rectified_network, images, torch.tensor([1, 1]))
    assert not torch.allclose(first, second)
    _, other = any_method.create()(rectified_network, images, torch.tensor([1, 2]))
    assert torch.equal(second, other) == (any_method.asks == "nothing")


def test_order_and_company_of_images_change_nothing(any_method, rectified_network, images, targets):
    explain = any_method.create()
    together = explain(rectified_network, images, targets)
    order = torch.tensor([3, 0, 4, 1, 2])
    permuted = explain(rectified_network, images[order], targets[order])
    torch.testing.assert_close(permuted, together[order], **EXACT)
    for i in range(len(images)):
        single = explain(rectified_network, images[i : i + 1], targets[i : i + 1])
        torch.testing.assert_close(single[0], together[i], **EXACT)


@pytest.mark.traits("batch_size")
@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 7, 1000])
def test_batch_size_changes_nothing_and_bounds_the_batches(
    any_method, counting, rectified_network, images, targets, batch_size
):
    expected = any_method.create()(rectified_network, images, targets)
    model = counting(rectified_network)
    maps = any_method.create(batch_size=batch_size)(model, images, targets)
    torch.testing.assert_close(maps, expected, **EXACT)
    assert max(model.sizes) <= max(batch_size, any_method.least_batch)


def test_the_layout_in_memory_changes_nothing(any_method, rectified_network, images, targets):
    explain = any_method.create()
    expected = explain(rectified_network, images, targets)
    for other in (
        images.contiguous(memory_format=torch.channels_last),
        images.mT.contiguous().mT,
        torch.cat([images, images])[:5],
    ):
        torch.testing.assert_close(explain(rectified_network, other, targets), expected, **EXACT)


@pytest.mark.traits("seed")
def test_random_numbers_follow_from_the_seed_alone(any_method, rectified_network, images, targets):
    given = (rectified_network, images, targets)
    maps = any_method.create(seed=5, **any_method.chance)(*given)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(123)
        assert torch.equal(any_method.create(seed=5, **any_method.chance)(*given), maps)
    assert not torch.allclose(any_method.create(seed=6, **any_method.chance)(*given), maps)


# Models


class Flattens(nn.Module):
    """Flattens by `view`, which a picture in another memory format than the usual refuses."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.relu = nn.ReLU()
        self.head = nn.Linear(4 * 6 * 5, 4)

    def forward(self, images):
        return self.head(self.relu(self.conv(images)).view(len(images), -1))


def test_models_that_flatten_by_view_are_explained(any_method, images, targets):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        by_view = Flattens().double()
    equal = nn.Sequential(by_view.conv, by_view.relu, nn.Flatten(), by_view.head)
    maps = any_method.create()(by_view, images, targets)
    expected = any_method.create()(equal, images, targets)
    torch.testing.assert_close(maps, expected, rtol=1e-9, atol=1e-12)


class WorksInPlace(nn.Module):
    """Normalises the images that it is given, not a copy."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        return self.model(images.sub_(0.5).div_(0.25))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_models_that_work_in_place_do_not_reach_the_images(
    any_method, rectified_network, layout, images, targets
):
    images = images.contiguous(memory_format=layout)
    kept = images.clone()
    maps = any_method.create()(WorksInPlace(rectified_network), images, targets)
    assert maps.isfinite().all()
    assert torch.equal(images, kept)


class Small(nn.Module):
    """Runs out of memory above a number of images; notes the sizes it answered."""

    def __init__(self, model, most):
        super().__init__()
        self.model, self.most = model, most
        self.sizes = []

    def forward(self, images):
        if len(images) > self.most:
            raise torch.OutOfMemoryError(f"no room for {len(images)} images")
        self.sizes.append(len(images))
        return self.model(images)


@pytest.mark.traits("batch_size")
def test_automatic_batches_shrink_where_the_memory_ends(
    any_method, rectified_network, images, targets
):
    expected = any_method.create()(rectified_network, images, targets)
    least = any_method.least_batch
    for most in (least, 3):
        model = Small(rectified_network, most)
        maps = any_method.create()(model, images, targets)
        torch.testing.assert_close(maps, expected, **EXACT)
        assert max(model.sizes) <= most
    with pytest.raises(torch.OutOfMemoryError):
        any_method.create()(Small(rectified_network, least - 1), images, targets)
    # A size that was asked for is kept.
    with pytest.raises(torch.OutOfMemoryError, match=r"no room for \d+ images"):
        any_method.create(batch_size=10)(Small(rectified_network, 4), images, targets)


# Axioms


def with_linear_score(images):
    """A model whose first logit is a weighted sum of the pixels, the weights, and that class."""
    weights = torch.linspace(-1, 2, images[0].numel(), dtype=torch.float64)
    model = nn.Sequential(nn.Flatten(), nn.Linear(len(weights), 2, bias=False)).double()
    with torch.no_grad():
        model[1].weight[0] = weights
    return model, weights.reshape(images[0].shape), torch.zeros(len(images), dtype=torch.int64)


@pytest.mark.traits("weights")
def test_a_linear_score_gives_its_weights(any_method, images):
    model, weights, first = with_linear_score(images)
    maps = any_method.create(output="logit")(model, images, first)
    torch.testing.assert_close(maps, weights.expand_as(images), **EXACT)


@pytest.mark.traits("product")
def test_a_linear_score_gives_weight_times_pixel(any_method, images):
    model, weights, first = with_linear_score(images)
    maps = any_method.create(output="logit")(model, images, first)
    # The guided path takes a distance of 1e-9 for none.
    limit = 1e-8 if any_method.name == "gig" else 1e-12
    torch.testing.assert_close(maps, weights * images, rtol=0, atol=limit)


@pytest.mark.traits("completeness")
@pytest.mark.parametrize("output", OUTPUTS)
def test_maps_sum_to_the_change_of_the_score(
    any_method, rectified_network, images, targets, output
):
    maps = any_method.create(output=output, baseline="black")(rectified_network, images, targets)
    black = torch.zeros_like(images)
    with torch.no_grad():
        end, start = (
            class_scores(rectified_network, pictures, targets, output)
            for pictures in (images, black)
        )
    assert (end - start).abs().max() > 1e-3
    torch.testing.assert_close(maps.sum(dim=(1, 2, 3)), end - start, rtol=1e-9, atol=1e-12)


class Masked(nn.Module):
    """Does not see the third row."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        keep = torch.ones_like(images)
        keep[:, :, 2] = 0
        return self.model(images * keep)


@pytest.mark.traits("blindness")
def test_a_pixel_the_model_ignores_gets_nothing(any_method, rectified_network, images, targets):
    maps = any_method.create()(Masked(rectified_network), images, targets)
    assert (maps[:, :, 2] == 0).all()
    assert (maps[:, :, 3] != 0).any()


@pytest.mark.traits("gradients")
def test_a_flat_score_gives_zeros(any_method, rectified_network, images, targets):
    *trunk, head = rectified_network
    flat = nn.Linear(head.in_features, head.out_features).double()
    nn.init.zeros_(flat.weight)
    maps = any_method.create()(nn.Sequential(*trunk, flat), images, targets)
    assert (maps == 0).all()


class Raised(nn.Module):
    """All logits are higher by a constant."""

    def __init__(self, model, constant):
        super().__init__()
        self.model, self.constant = model, constant

    def forward(self, images):
        return self.model(images) + self.constant


@pytest.mark.traits("backward")
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_constant_added_to_all_logits_changes_nothing(
    any_method, rectified_network, images, targets, output
):
    explain = any_method.create(output=output)
    expected = explain(rectified_network, images, targets)
    maps = explain(Raised(rectified_network, 3.0), images, targets)
    torch.testing.assert_close(maps, expected, rtol=1e-9, atol=1e-12)
