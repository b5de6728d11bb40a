"""An estimator explains the network that it was trained for, and knows it by its weights."""

import copy

import pytest
import torch

from saliency_audit import digests
from saliency_audit.attributions import create
from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.registry import TRAINED
from saliency_audit.attributions.relevance import (
    EstimatorPlan,
    RelevanceMask,
    load_relevance_estimator,
    train_relevance_estimator,
)

OTHER = "other weights than the one that the estimator was trained for"
NARROWER = (torch.float16, torch.bfloat16)


def step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.rand(2, 1, 16, 16)).sum().backward()
    optimizer.step()


def in_numpy(model):
    model.two[0].weight.detach().numpy()[1, 1, 0, 0] += 1e-6


def learn_statistics(model):
    model.train()(torch.rand(4, 1, 16, 16))
    model.eval()


# All that changes a network where it stands, with or without torch's counting it.
WRITES = {
    "a step of an optimizer": step,
    "one value by data": lambda model: model.three[0].weight.data[0, 0, 0, 0].add_(1e-6),
    "all signs by data": lambda model: model.three[0].weight.data.neg_(),
    "data replaced": lambda model: setattr(
        model.one[0].bias, "data", model.one[0].bias.data + 1e-6
    ),
    "noise by data": lambda model: model.two[0].weight.data.normal_(),
    "numpy": in_numpy,
    "another parameter": lambda model: setattr(
        model.two[0], "bias", torch.nn.Parameter(model.two[0].bias + 1e-6)
    ),
    "statistics": learn_statistics,
    "a buffer": lambda model: model.one[1].running_var.data[0].mul_(1.001),
}


@pytest.mark.parametrize("name", sorted(TRAINED))
def test_another_network_is_refused_unless_it_is_asked_for(
    trained, network, another, pictures, name
):
    given = pictures[0][:2], pictures[1][:2]
    with pytest.raises(ValueError, match=OTHER) as refusal:
        create(name, **trained[name])(another, *given)
    assert "check_classifier=False" in str(refusal.value)
    on_purpose = create(name, **trained[name], check_classifier=False)
    assert not torch.equal(on_purpose(another, *given), on_purpose(network, *given))


def test_both_estimators_of_a_product_are_compared(trained, another, network, pictures):
    plan = EstimatorPlan(epochs=1, filter_epochs=1, batch_size=16)
    layers, images = ("one", "two", "three"), pictures[0]
    strange = train_relevance_estimator(another, layers, images, plan=plan)
    explain = create("dre+mgnet", **{**trained["dre+mgnet"], "estimator": strange})
    for model in (network, another):
        with pytest.raises(ValueError, match=OTHER):
            explain(model, images[:1])


def test_scores_and_masks_are_of_the_same_network(estimator, network, another, pictures):
    images, targets = pictures[0][:2], pictures[1][:2]
    for ask in (estimator.scores, estimator.masks):
        with frozen(another), pytest.raises(ValueError, match=OTHER):
            ask(another, images, targets)
        with frozen(another):
            ask(another, images, targets, check_classifier=False)
        with frozen(network):
            ask(network, images, targets)


@pytest.mark.parametrize("write", WRITES)
def test_a_network_that_changes_where_it_stands_is_another(estimator, network, pictures, write):
    model, image = copy.deepcopy(network), pictures[0][:1]
    explain = RelevanceMask(estimator)
    before = copy.deepcopy(model.state_dict())
    mask = explain(model, image, 0)
    assert torch.equal(mask, explain(network, image, 0))
    WRITES[write](model)
    with pytest.raises(ValueError, match=OTHER):
        explain(model, image, 0)
    model.load_state_dict(before)
    assert torch.equal(explain(model, image, 0), mask)


@pytest.mark.parametrize("precision", [torch.float64, *NARROWER])
def test_a_floating_type_makes_no_other_network(estimator, network, another, pictures, precision):
    image = pictures[0][:1].to(torch.float64 if precision == torch.float64 else torch.float32)
    explain = RelevanceMask(estimator)
    rounded = explain(copy.deepcopy(network).to(precision), image, 0)
    torch.testing.assert_close(
        rounded.float(), explain(network, image.float(), 0), rtol=0, atol=0.05
    )
    with pytest.raises(ValueError, match=OTHER):
        explain(copy.deepcopy(another).to(precision), image, 0)


@pytest.mark.parametrize("precision", [torch.float64, *NARROWER])
def test_an_estimator_for_a_network_of_any_type_explains_it_in_single(network, pictures, precision):
    model = copy.deepcopy(network).to(precision)
    if precision == torch.float64:
        model.one[0].weight.data += 1e-12  # no single number
    images = pictures[0].to(torch.float64 if precision == torch.float64 else torch.float32)
    plan = EstimatorPlan(epochs=1, filter_epochs=1, batch_size=16)
    found = train_relevance_estimator(model, ("one", "two", "three"), images, plan=plan)
    RelevanceMask(found)(model, images[:1], 0)
    RelevanceMask(found)(copy.deepcopy(model).float(), images[:1].float(), 0)


def test_a_file_is_loaded_for_the_network_in_double(estimator, network, pictures, tmp_path):
    estimator.save(tmp_path / "estimator.pt")
    wide = copy.deepcopy(network).double()
    found = load_relevance_estimator(tmp_path / "estimator.pt", wide)
    images = pictures[0][:2]
    own = RelevanceMask(estimator)(network, images, 0)
    for model in (network, copy.deepcopy(network).half()):
        RelevanceMask(found)(model, images, 0)
    assert torch.equal(RelevanceMask(found)(network, images, 0), own)


def test_weights_are_hashed_once_for_many_calls(estimator, network, pictures, monkeypatch):
    model, hashed, digest = copy.deepcopy(network), [], digests.state_digest
    monkeypatch.setattr(
        digests, "state_digest", lambda *given: hashed.append(given) or digest(*given)
    )
    for number in range(3):
        RelevanceMask(estimator)(model, pictures[0][number : number + 1], 0)
    assert hashed == [(model, None)]
