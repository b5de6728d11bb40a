"""DRE, MGnet and DRE+ as explainers: like every other, and what is theirs."""

import copy

import pytest
import torch
from torch import nn

from saliency_audit.attributions import create
from saliency_audit.attributions.registry import TRAINED
from saliency_audit.attributions.relevance import (
    Design,
    RelevanceMask,
    SelfTuned,
    load_relevance_estimator,
)
from saliency_audit.attributions.relevance.background import gaussian_blurred
from saliency_audit.attributions.relevance.estimator import untrained
from saliency_audit.attributions.relevance.generator import HEADS

LAYERS = ("one", "two", "three")
EXACT = {"rtol": 0, "atol": 1e-6}


@pytest.fixture
def explainers(trained):
    return {name: create(name, **trained[name]) for name in TRAINED}


@pytest.fixture(params=sorted(TRAINED))
def explain(request, explainers):
    return explainers[request.param]


def test_maps_follow_the_images(explain, network, pictures):
    images, targets = pictures[0][:5], pictures[1][:5]
    maps = explain(network, images, targets)
    assert (maps.shape, maps.dtype) == ((5, 1, 16, 16), torch.float32)
    assert maps.min() >= 0
    assert maps.max() <= 1
    assert not maps.requires_grad
    assert explain(network, images[:0], targets[:0]).shape == (0, 1, 16, 16)
    wide = explain(network.double(), images.double(), targets)
    network.float()
    assert wide.dtype == torch.float64
    torch.testing.assert_close(wide.float(), maps, rtol=0, atol=1e-4)


def test_order_and_company_of_images_change_nothing(explain, network, pictures):
    images, targets = pictures[0][:6], pictures[1][:6]
    together = explain(network, images, targets)
    order = torch.tensor([3, 0, 5, 4, 1, 2])
    torch.testing.assert_close(
        explain(network, images[order], targets[order]), together[order], **EXACT
    )
    for i in range(3):
        alone = explain(network, images[i : i + 1], targets[i : i + 1])
        torch.testing.assert_close(alone[0], together[i], **EXACT)


def test_another_class_has_another_map(explain, network, pictures):
    images, targets = pictures[0][:4], pictures[1][:4]
    assert not torch.allclose(
        explain(network, images, targets), explain(network, images, (targets + 1) % 4), atol=1e-3
    )


def test_the_model_is_left_as_found(explain, network, pictures):
    model = copy.deepcopy(network).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    explain(model, pictures[0][:2], pictures[1][:2])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(part.training for part in model.modules())
    assert not any(part._forward_hooks for part in model.modules())


def test_one_pass_for_a_mask_and_two_for_a_product(network, pictures, explainers):
    create("saliency")(network, pictures[0][:1], pictures[1][:1])  # which asks it once
    passes = []
    handle = network.register_forward_hook(lambda *given: passes.append(len(given[2])))
    counts = {}
    try:
        for name, explain in explainers.items():
            passes.clear()
            explain(network, pictures[0][:1], pictures[1][:1])
            counts[name] = sum(passes)
    finally:
        handle.remove()
    assert counts == {"dre": 1, "mgnet": 1, "dre+mgnet": 2, "dre+self": 1 + 33}


def test_the_product_of_two_masks(network, pictures, explainers):
    images, targets = pictures[0][:3], pictures[1][:3]
    dre, mgnet, product = (
        explainers[name](network, images, targets) for name in ("dre", "mgnet", "dre+mgnet")
    )
    assert not torch.allclose(dre, mgnet, atol=1e-2)
    torch.testing.assert_close(product, dre * mgnet)


# What has a head of whom


@pytest.fixture
def with_head(network, pictures):
    return lambda head: flat(network, pictures[0], head=head)


TAKEN = {
    ("dre", "estimator"): ("controller",),
    ("mgnet", "estimator"): ("sigmoid", "two_channels"),
    ("dre+self", "estimator"): ("controller",),
    ("dre+mgnet", "estimator"): ("controller",),
    ("dre+mgnet", "mgnet"): ("sigmoid", "two_channels"),
}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(("name", "field"), TAKEN)
def test_a_name_takes_estimators_of_its_own_kind(trained, with_head, name, field, head):
    given = {**trained[name], field: with_head(head)}
    if head in TAKEN[name, field]:
        assert getattr(create(name, **given), field) is given[field]
        return
    owner = {"controller": "which is DRE's", "square": "neither DRE's nor MGnet's"}
    with pytest.raises(ValueError, match=f"^{field} must be an estimator of") as refusal:
        create(name, **given)
    assert owner.get(head, "which is MGnet's") in str(refusal.value)
    assert "RelevanceMask(found), which takes any head" in str(refusal.value)


def test_the_remedy_for_the_other_name_is_that_name(estimator, mgnet, network, pictures):
    image, target = pictures[0][:1], pictures[1][:1]
    for wrong, right, found in (("dre", "mgnet", mgnet), ("mgnet", "dre", estimator)):
        with pytest.raises(ValueError, match=f"create\\('{right}', estimator=found\\)"):
            create(wrong, estimator=found)
        mask = create(right, estimator=found)(network, image, target)
        assert torch.equal(RelevanceMask(found)(network, image, target), mask)


@pytest.mark.parametrize("head", HEADS)
def test_a_mask_without_a_name_takes_any_head(network, pictures, with_head, head):
    mask = RelevanceMask(with_head(head))(network, pictures[0][:2], pictures[1][:2])
    assert mask.shape == (2, 1, 16, 16)


def test_self_tuning_is_its_formula(network, pictures, estimator):
    images, targets = pictures[0][:3], pictures[1][:3]
    points, pixels = 8, 256
    mask = create("dre", estimator=estimator)(network, images, targets)
    tuned = SelfTuned(estimator, points=points)(network, images, targets)
    blurred = gaussian_blurred(images, 10**0.5)
    for i in range(3):
        order = mask[i].flatten().argsort(descending=True, stable=True)
        reached = []
        for step in range(points + 1):
            picture = blurred[i].clone().flatten()
            shown = order[: step * pixels // points]
            picture[shown] = images[i].flatten()[shown]
            with torch.no_grad():
                scores = network(picture.reshape(1, 1, 16, 16)).softmax(dim=1)
            reached.append(float(scores[0, targets[i]]))
        rising = torch.tensor(reached).cummax(dim=0).values
        for rank in (0, 31, 32, 100, 255):
            place = (rank + 1) * points / pixels
            low = min(int(place), points - 1)
            there = rising[low] + (place - low) * (rising[low + 1] - rising[low])
            pixel = order[rank]
            expected = mask[i].flatten()[pixel] * (rising[-1] - there)
            assert float(tuned[i].flatten()[pixel]) == pytest.approx(float(expected), abs=1e-5)


# Files, and models that do not fit


def test_a_saved_estimator_gives_the_same_masks(network, pictures, estimator, tmp_path):
    file = tmp_path / "estimator.pt"
    estimator.save(file)
    state = torch.get_rng_state()
    loaded = load_relevance_estimator(file, network)
    assert torch.equal(torch.get_rng_state(), state)
    assert loaded.digest == estimator.digest
    assert loaded.layers == estimator.layers
    images, targets = pictures[0][:3], pictures[1][:3]
    first, second = (
        create("dre", estimator=each)(network, images, targets) for each in (estimator, loaded)
    )
    assert torch.equal(first, second)


def test_files_that_are_no_estimator_of_this_model(network, estimator, tmp_path):
    file = tmp_path / "estimator.pt"
    estimator.save(file)
    other = copy.deepcopy(network)
    other.one[0].weight.data += 1
    with pytest.raises(ValueError, match="another classifier"):
        load_relevance_estimator(file, other)
    with pytest.raises(ValueError, match="there is no file"):
        load_relevance_estimator(tmp_path / "none.pt", network)
    stored = torch.load(file, weights_only=True)
    stored["estimator"]["classes"] += 1
    torch.save(stored, unfit := tmp_path / "unfit.pt")
    with pytest.raises(ValueError, match="no relevance estimator"):
        load_relevance_estimator(unfit, network)
    for content in (b"text", b""):
        file.write_bytes(content)
        with pytest.raises(ValueError, match="no relevance estimator"):
            load_relevance_estimator(file, network)


def flat(network, images, **design):
    """An estimator whose scores are the same everywhere."""
    found = untrained(network, images, LAYERS, Design(**design), seed=0)
    for value in found.generator.last.parameters():
        nn.init.constant_(value, 0.3 if value.ndim == 1 else 0)
    found.generator.eval().requires_grad_(False)
    return found


def test_flat_scores_are_the_same_mask_everywhere_with_the_released_eps(network, pictures):
    images, targets = pictures[0][:2], pictures[1][:2]
    mask = create("dre", estimator=flat(network, images, h=2.0))(network, images, targets)
    torch.testing.assert_close(mask, torch.full_like(mask, 0.25))


def test_flat_scores_without_eps_are_refused_with_the_map_and_a_remedy(network, pictures):
    images, targets = pictures[0][:2], pictures[1][:2]
    explain = create("dre", estimator=flat(network, images, eps=0.0))
    with pytest.raises(ValueError, match=r"constant map is 0.*\(maps \[0.*\]\).*give eps=1e-05"):
        explain(network, images, targets)


def test_models_with_other_classes_or_layers_are_refused(network, pictures, estimator):
    class More(nn.Module):
        """The same layers, and a class more."""

        def __init__(self):
            super().__init__()
            self.one, self.two, self.three = network.one, network.two, network.three

        def forward(self, images):
            small = nn.functional.max_pool2d(self.one(images), 2)
            last = self.three(nn.functional.max_pool2d(self.two(small), 2))
            return last.mean(dim=(2, 3))[:, :5]

    explain = create("dre", estimator=estimator)
    image, target = pictures[0][:1], pictures[1][:1]
    with pytest.raises(ValueError, match="5 classes, the estimator was trained for 4"):
        explain(More(), image, target)
    plain = nn.Sequential(nn.Flatten(), nn.Linear(256, 4))
    with pytest.raises(ValueError, match="no layer 'one'"):
        explain(plain, image, target)
    wider = copy.deepcopy(network)
    wider.two[0] = nn.Conv2d(4, 7, 3, padding=1)
    wider.three[0] = nn.Conv2d(7, 8, 3, padding=1)
    with pytest.raises(ValueError, match=r"have \(4, 7, 8\) channels here, and \(4, 6, 8\)"):
        explain(wider, image, target)


@pytest.mark.parametrize("name", sorted(TRAINED))
@pytest.mark.parametrize("target", [4, -1])
def test_targets_that_are_no_classes_are_refused(network, pictures, trained, name, target):
    with pytest.raises(ValueError, match=r"targets must lie in 0\.\.3 for this model"):
        create(name, **trained[name])(network, pictures[0][:1], [target])


def test_an_estimator_goes_into_a_folder_that_exists(estimator, tmp_path):
    for place, message in ((tmp_path / "none" / "a.pt", "no folder"), (tmp_path, "is a folder")):
        with pytest.raises(ValueError, match=message):
            estimator.save(place)


@pytest.mark.parametrize("name", sorted(TRAINED))
def test_without_an_estimator_the_remedy_is_named(name, network, pictures):
    with pytest.raises(ValueError, match="train_relevance_estimator"):
        create(name)(network, pictures[0][:1], pictures[1][:1])
    with pytest.raises(ValueError, match="must be a RelevanceEstimator, got str"):
        create(name, estimator="file.pt")


@pytest.mark.parametrize("settings", [{"points": 0}, {"points": 2.5}, {"blur": -1}])
def test_self_tuning_that_is_none(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        SelfTuned(**settings)
