"""Searched masks in the DRE study: their widths, and that an image's map is its own."""

from copy import deepcopy

import pytest
import torch

from saliency_audit.attributions import create
from saliency_audit.study.dre_methods import SHARED, WIDTHS, Effort, explainers
from saliency_audit.study.searched_masks import SearchedMask, scaled_widths
from saliency_audit.study.selection import select

EFFORT = Effort(iterations=8, inversions=14)


@pytest.fixture(scope="module")
def given():
    return select("shapes_cnn", "shapes", 0, 0, 3).inputs


@pytest.mark.parametrize("name", WIDTHS)
def test_the_widths_of_the_papers_are_the_defaults(name):
    method = create(name)
    assert WIDTHS[name] == {width: getattr(method, width) for width in WIDTHS[name]}
    assert scaled_widths(WIDTHS[name], 224) == WIDTHS[name]


def test_widths_of_smaller_pictures():
    mpert = scaled_widths(WIDTHS["mpert"], 64)
    assert mpert == pytest.approx({"stride": 2, "mask_blur": 10 / 7, "jitter": 2, "blur": 20 / 7})
    assert scaled_widths(WIDTHS["xpert"], 128) == {"step": 4, "sigma": 12.0, "blur": 80 / 7}
    least = scaled_widths(WIDTHS["mpert"], 4)
    assert (least["stride"], least["jitter"]) == (1, 2)


@pytest.mark.parametrize("name", [*WIDTHS, *SHARED])
def test_a_map_follows_from_its_image_alone(name, given):
    model, pictures, targets = given
    explain = explainers([name], "shapes_cnn", {}, EFFORT, seed=0)[name]
    together = explain(model, pictures, targets)
    assert together.shape == (3, 1, 64, 64)
    assert together.dtype == pictures.dtype
    assert together.flatten(1).std(dim=1).min() > 0
    reverse = explain(model, pictures.flip(0), targets.flip(0)).flip(0)
    assert torch.equal(together, reverse)
    assert torch.equal(together[1:2], explain(model, pictures[1:2], targets[1:2]))


@pytest.mark.parametrize("double", [True, False])
def test_the_search_is_the_methods_own_at_scaled_widths(double, given):
    model, pictures, targets = given
    images, classes = pictures[:1], targets[:1]
    found = SearchedMask("finv", {"iterations": 14}, {"blur": 11.0}, double)(model, images, classes)
    kind = torch.float64 if double else torch.float32
    twin = deepcopy(model).to(kind)
    expected = create("finv", iterations=14, blur=11 * 64 / 224)(twin, images.to(kind), classes)
    assert torch.equal(found, expected.to(found.dtype))


def test_the_model_stays_in_single_precision(given):
    model, pictures, targets = given
    before = {name: value.clone() for name, value in model.state_dict().items()}
    SearchedMask("mpert", {"iterations": 2}, WIDTHS["mpert"], True)(model, pictures, targets)
    for name, value in model.state_dict().items():
        assert value.dtype == before[name].dtype
        assert torch.equal(value, before[name])


@pytest.mark.parametrize(("variant", "name"), SHARED.items())
def test_a_variant_searches_with_the_backgrounds_of_dre(variant, name, given):
    both = explainers([name, variant], "shapes_cnn", {}, EFFORT, seed=3)
    own, shared = (found.settings for found in both.values())
    assert shared == own | {"perturbation": "shared", "seed": 3}
    one, other = (found(*given) for found in both.values())
    assert (one - other).abs().max() > 0.01
