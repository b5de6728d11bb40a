"""A network with one output is explained and measured like the same network with two logits."""

import copy
import inspect
import warnings

import pytest
import torch
from torch import nn

from saliency_audit import metrics, sanity
from saliency_audit.attributions import create, quantus_explain, smooth
from saliency_audit.attributions.engine import predict
from saliency_audit.attributions.registry import TRAINED
from saliency_audit.attributions.relevance import (
    Design,
    EstimatorPlan,
    find_pyramid,
    train_relevance_estimator,
)
from saliency_audit.attributions.scores import class_scores, logits
from saliency_audit.models import TrainingPlan, training

EXACT = {"rtol": 1e-10, "atol": 1e-12}
CLASSES = torch.tensor([1, 0, 1, 0, 1])


class Before(nn.Module):
    """The columns that somebody writes by hand: the logit of class 0 is `sign` times the output."""

    def __init__(self, network, sign):
        super().__init__()
        self.network, self.sign = network, sign

    def forward(self, images):
        logit = self.network(images)
        return torch.cat([self.sign * logit, logit], dim=1)


def by_hand(network, output="probability"):
    """Softmax sees only differences of logits; as a logit, class 0 has the opposite log-odds."""
    return Before(network, -1 if output == "logit" else 0)


class Sigmoid(nn.Module):
    """The network's probability, computed in one of torch's ways."""

    def __init__(self, network, answer):
        super().__init__()
        self.network, self.answer = network, answer

    def forward(self, images):
        return self.answer(self.network(images))


SPELLINGS = {
    "torch.sigmoid": torch.sigmoid,
    "method": lambda z: z.sigmoid(),
    "in place": lambda z: z.clone().sigmoid_(),
    "functional": nn.functional.sigmoid,
    "module": nn.Sigmoid(),
    "expit": torch.special.expit,
    "squeezed and back": lambda z: z.squeeze(1).sigmoid()[:, None],
    "a copy": lambda z: torch.sigmoid(z).clone(),
}


def one_output(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(6, 4, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(4 * 8 * 7, 1),
        ).double()
    with torch.no_grad():
        network[5].weight *= 5
    return network.eval()


@pytest.fixture(scope="module")
def network():
    return one_output(3)


@pytest.fixture(scope="module")
def images():
    return torch.rand(5, 3, 8, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def explained_output(line):
    """What a line of the tables explains or measures unless told otherwise."""
    if hasattr(line, "create"):
        return getattr(line.create(), "output", "probability")
    options = inspect.signature(getattr(metrics, line.name)).parameters
    return options["output"].default if "output" in options else "probability"


@pytest.mark.traits("model")
@pytest.mark.parametrize("ends", ["logit", "sigmoid"])
def test_every_method_and_metric_agrees_with_two_logits_by_hand(any_call, network, images, ends):
    model = network if ends == "logit" else Sigmoid(network, torch.sigmoid)
    found = any_call(model, images, CLASSES)
    expected = any_call(by_hand(network, explained_output(any_call)), images, CLASSES)
    torch.testing.assert_close(found, expected, **EXACT, equal_nan=True)
    assert found.isfinite().any()


@pytest.mark.traits("output")
@pytest.mark.parametrize("output", ["probability", "log_probability", "logit"])
def test_every_score_of_a_method_agrees(any_method, network, images, output):
    explain = any_method.create(output=output)
    expected = explain(by_hand(network, output), images, CLASSES)
    for model in (network, Sigmoid(network, torch.sigmoid)):
        torch.testing.assert_close(explain(model, images, CLASSES), expected, **EXACT)


@pytest.mark.traits("model")
def test_without_targets_the_likelier_class_is_explained(any_call, network, images):
    likelier = (network(images)[:, 0] > 0).long()
    assert 0 < likelier.sum() < len(images)
    torch.testing.assert_close(
        any_call(network, images, None), any_call(network, images, likelier), equal_nan=True
    )


@pytest.mark.parametrize("name", sorted(TRAINED))
def test_trained_mask_generators_agree(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(
            *(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            nn.Linear(6, 1),
        ).eval()
    images = torch.rand(12, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    plan = EstimatorPlan(epochs=1, batch_size=4, filter_epochs=1, filter_batch_size=4)
    heads = {
        "mgnet": {"estimator": "sigmoid"},
        "dre+mgnet": {"estimator": "controller", "mgnet": "sigmoid"},
    }
    maps = []
    for model, layers in ((network, ("1", "4")), (by_hand(network), ("network.1", "network.4"))):
        estimators = {
            field: train_relevance_estimator(model, layers, images, plan=plan, design=Design(head))
            for field, head in heads.get(name, {"estimator": "controller"}).items()
        }
        maps.append(create(name, **estimators)(model, images[:2], torch.tensor([0, 1])))
    torch.testing.assert_close(*maps)
    assert maps[0].std() > 0


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_logit_is_what_the_last_sigmoid_was_given(spelling, network, images):
    model = Sigmoid(network, SPELLINGS[spelling])
    for _ in range(2):  # the second time it is known that there is a sigmoid
        torch.testing.assert_close(logits(model, images), logits(network, images), **EXACT)


def test_a_saturated_sigmoid_still_has_its_logit(images):
    sure = one_output(3)
    with torch.no_grad():
        sure[5].bias += 800
    found = class_scores(Sigmoid(sure, torch.sigmoid), images, CLASSES, "logit")
    torch.testing.assert_close(found.abs(), sure(images)[:, 0].abs())
    assert (found.abs() > 700).all()


@pytest.mark.parametrize(
    "answer",
    [
        lambda z: 3 * torch.sigmoid(z),  # not the sigmoid's value
        lambda z: torch.sigmoid(z) * 0.5,
        lambda z: z * torch.sigmoid(z),
        lambda z: torch.tanh(torch.sigmoid(z)),
    ],
)
def test_a_sigmoid_that_is_not_the_end_changes_nothing(answer, network, images):
    model = Sigmoid(network, answer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = logits(model, images)[:, 1:]
    torch.testing.assert_close(found, model(images), **EXACT)


def test_probabilities_without_a_visible_sigmoid_are_warned_of(network, images):
    hidden = Sigmoid(network, lambda z: 1 / (1 + torch.exp(-z)))
    with pytest.warns(UserWarning, match="looks like a probability, but no sigmoid was seen"):
        found = logits(hidden, images)
    torch.testing.assert_close(found[:, 1:], hidden(images), **EXACT)


def test_a_logit_between_0_and_1_is_a_logit_whatever_its_company(network, images):
    with torch.no_grad():
        together = logits(network, images)
        alone = torch.cat([logits(network, image[None]) for image in images])
    torch.testing.assert_close(alone, together)
    # Shifted so that single images fall into [0, 1], where only a look at the model tells.
    shifted = copy.deepcopy(network)
    with torch.no_grad():
        shifted[5].bias += 0.5 - network(images[:1])[0, 0]
    assert 0 < shifted(images[:1]).item() < 1
    found = logits(shifted, images[:1])[:, 1:]
    torch.testing.assert_close(found, shifted(images[:1]), **EXACT)


def test_predictions_of_both_classes_are_complements(network, images):
    ones, zeros = torch.ones(5, dtype=torch.int64), torch.zeros(5, dtype=torch.int64)
    p, right = predict(network, images, ones)
    q, wrong = predict(network, images, zeros)
    torch.testing.assert_close(p, network(images).sigmoid()[:, 0])
    torch.testing.assert_close(p + q, torch.ones_like(p))
    assert torch.equal(right, ~wrong)
    assert torch.equal(right, p > 0.5)


def test_a_network_has_two_classes_and_no_third(network, images):
    with pytest.raises(ValueError, match=r"targets must lie in 0\.\.1 for this model, got 2\.\.2"):
        create("saliency")(network, images, 2)


# One number per image without an axis of its own


class Squeezed(nn.Module):
    """The network as it is often written: `(N,)`, or no axis at all for one image."""

    def __init__(self, network, all_axes=False):
        super().__init__()
        self.network, self.all_axes = network, all_axes

    def forward(self, images):
        found = self.network(images)
        return found.squeeze() if self.all_axes else found.squeeze(1)


REMEDY = r"must return logits of shape \(\d, classes\), got \((\d,)?\); a network with one output"


@pytest.mark.traits("model")
@pytest.mark.parametrize("all_axes", [True, False])
def test_every_call_refuses_answers_without_an_axis(any_call, network, images, all_axes):
    model = Squeezed(network, all_axes)
    for given in (images, images[:1]):
        for classes in (CLASSES[: len(given)], None):
            with pytest.raises(ValueError, match=REMEDY):
                any_call(model, given, classes)


def test_the_remedy_gives_what_the_network_gives(network, images):
    model = nn.Sequential(Squeezed(network), nn.Unflatten(0, (-1, 1)))
    for given in (images, images[:1]):
        assert torch.equal(logits(model, given), logits(network, given))


def squeezed_small():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Squeezed(
            nn.Sequential(
                *(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
                *(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
                nn.Linear(6, 1),
            )
        ).eval()


LABELS = torch.tensor([0, 1, 1, 0])
METHODS = {"saliency": create("saliency")}
# Everything else that takes a model or trains one.
OTHER_CALLS = {
    "train": lambda images: training.train(squeezed_small, images, LABELS, TrainingPlan(epochs=1)),
    "predicted_classes": lambda images: training.predicted_classes(squeezed_small(), images),
    "find_pyramid": lambda images: find_pyramid(squeezed_small(), images),
    "train_relevance_estimator": lambda images: train_relevance_estimator(
        squeezed_small(), ("network.1", "network.4"), images
    ),
    "smooth": lambda images: smooth(create("saliency"), samples=2)(squeezed_small(), images),
    "quantus_explain": lambda images: quantus_explain("saliency")(
        squeezed_small(), images.numpy(), LABELS.numpy()
    ),
    "perturbed_weights": lambda images: sanity.perturbed_weights(
        squeezed_small(), METHODS, images, levels=[0.1]
    ),
    "randomised_layers": lambda images: sanity.randomised_layers(squeezed_small(), METHODS, images),
    "unrelated_models": lambda images: sanity.unrelated_models(squeezed_small(), METHODS, images),
    "baseline_similarity": lambda images: sanity.baseline_similarity(
        squeezed_small(), METHODS, images, 0, {"black": 0 * images, "white": 0 * images + 1}
    ),
}


@pytest.mark.parametrize("call", OTHER_CALLS)
def test_training_and_checks_refuse_answers_without_an_axis(call):
    images = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match=REMEDY):
        OTHER_CALLS[call](images)
