"""Models that are no modules: functions, methods, partials, objects that can be called."""

import threading
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from saliency_audit.attributions import create

IMAGES = torch.rand(3, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
TARGETS = torch.tensor([0, 3, 1])


class Network(nn.Module):
    """A convolution, batch norm, dropout, and a head; two ways to ask it."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(4)
            self.features = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6))
            self.dropout, self.head = nn.Dropout(0.5), nn.Linear(6 * 64, 4)

    def forward(self, images):
        return self.head(self.dropout(F.relu(self.features(images)).flatten(1)))

    def classify(self, images, scale=1.0):
        return self(images) * scale


def network():
    return Network().double().eval()


class Holds:
    """An object that calls its network."""

    def __init__(self, model):
        self.model = model

    def __call__(self, images):
        return self.model(images)


def plain(model):
    def function(images):
        return model(images)

    return function


def ask(model, images):
    return model(images)


FUNCTIONS = {
    "a function": plain,
    "a lambda": lambda model: lambda images: model(images),
    "a partial of a function": lambda model: partial(ask, model),
    "an object": Holds,
}
METHODS_OF_NETWORKS = {
    "forward": lambda model: model.forward,
    "another method": lambda model: model.classify,
    "a partial of a method": lambda model: partial(model.classify, scale=1.0),
    "a partial of a partial": lambda model: partial(partial(model.classify), scale=1.0),
}
FORMS = {**FUNCTIONS, **METHODS_OF_NETWORKS}


def layers_of_functions(call, form):
    return call.has("layer") and form in FUNCTIONS


@pytest.mark.traits("model")
@pytest.mark.parametrize("form", FORMS)
def test_it_is_explained_like_the_network(any_call, form):
    model = network()
    if layers_of_functions(any_call, form):
        with pytest.raises(
            ValueError, match=r"is a function, whose layers have no names: .*Module"
        ):
            any_call(FORMS[form](model), IMAGES, TARGETS)
        return
    expected = any_call(model, IMAGES, TARGETS)
    found = any_call(FORMS[form](model), IMAGES, TARGETS)
    assert torch.equal(found.nan_to_num(9), expected.nan_to_num(9))
    predicted = any_call(FORMS[form](model), IMAGES, None)
    assert torch.equal(predicted.nan_to_num(9), any_call(model, IMAGES, None).nan_to_num(9))


@pytest.mark.traits("model")
@pytest.mark.parametrize("form", METHODS_OF_NETWORKS)
def test_a_network_is_put_in_evaluation_mode_for_its_method_and_restored(any_call, form):
    expected = any_call(network(), IMAGES, TARGETS)
    model = network().train()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    found = any_call(FORMS[form](model), IMAGES, TARGETS)
    assert torch.equal(found.nan_to_num(9), expected.nan_to_num(9))
    assert all(part.training for part in model.modules())
    assert all(part.requires_grad and part.grad is None for part in model.parameters())
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())


@pytest.mark.traits("model")
@pytest.mark.parametrize("form", FUNCTIONS)
@pytest.mark.parametrize("training", ["dropout", "features"])
def test_a_network_that_a_function_leaves_in_training_mode_is_noticed(any_call, form, training):
    model = network()
    getattr(model, training).train()
    message = r"other images.*function in evaluation mode|DeepLIFT has no rule for .*BatchNorm"
    if layers_of_functions(any_call, form):
        message += "|whose layers have no names"
    with pytest.raises(ValueError, match=message):
        any_call(FORMS[form](model), IMAGES, TARGETS)
    assert getattr(model, training).training


@pytest.mark.traits("backward")
@pytest.mark.parametrize("form", FUNCTIONS)
def test_no_gradients_are_left_in_the_network(any_method, form):
    if layers_of_functions(any_method, form):
        return
    model = network()
    any_method.create()(FORMS[form](model), IMAGES, TARGETS)
    assert all(part.requires_grad and part.grad is None for part in model.parameters())


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
def test_reentrant_checkpoints_behind_a_function_are_refused_not_paid_with_gradients():
    model = network()

    def function(images):
        return checkpoint(model, images, use_reentrant=True)

    with pytest.raises(ValueError, match=r"reentrant checkpoints: give the torch\.nn\.Module"):
        create("saliency")(function, IMAGES, TARGETS)
    with pytest.raises(ValueError, match="does not depend on its input"):
        create("saliency")(lambda images: model(IMAGES), IMAGES, TARGETS)
    assert all(part.grad is None for part in model.parameters())


@pytest.mark.parametrize("name", ["gradcam", "gradcam++"])
def test_layers_of_a_method_s_network_have_its_own_names(name):
    model = network()
    expected = create(name, layer="features.0")(model, IMAGES, TARGETS)
    found = create(name, layer="features.0")(model.classify, IMAGES, TARGETS)
    assert torch.equal(found, expected)
    with pytest.raises(ValueError, match=r"no layer 'network.features.0'; .*: features.0;"):
        create(name, layer="network.features.0")(model.classify, IMAGES, TARGETS)


def test_what_a_function_answers_is_checked_like_a_model_s():
    for answer, got in (
        (lambda x: x, r"\(2, 3, 8, 8\)"),
        (lambda x: x.numpy(force=True), "ndarray"),
    ):
        with pytest.raises(ValueError, match=f"must return logits of shape .* got {got}"):
            create("rise", masks=2)(answer, IMAGES, 0)


def test_functions_and_methods_of_one_network_in_several_threads():
    model = network().train()
    alone = create("ig", steps=30, batch_size=1)
    expected = alone(model, IMAGES, TARGETS)
    again = network()
    forms = [model.forward, model.classify, partial(model.classify, scale=1.0), again, plain(again)]
    found = [None] * len(forms)

    def explain(place):
        found[place] = alone(forms[place], IMAGES, TARGETS)

    threads = [threading.Thread(target=explain, args=(i,)) for i in range(len(forms))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(maps, expected) for maps in found)
    assert all(part.training for part in model.modules())


def test_a_network_in_training_mode_behind_a_function_is_refused_before_it_changes():
    for kept in (nn.BatchNorm2d(4), nn.BatchNorm2d(4, momentum=None)):
        network = nn.Sequential(
            nn.Conv2d(3, 4, 3), kept, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
        ).train()
        before = {name: value.clone() for name, value in network.state_dict().items()}
        for targets in (0, None):
            with pytest.raises(ValueError, match=r"behind the function.*\.eval\(\)"):
                create("saliency")(lambda z, net=network: net(z), torch.rand(2, 3, 8, 8), targets)
        assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


class Output(dict):
    """As of transformers: a dict with its entries as attributes."""

    @property
    def logits(self):
        return self["logits"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda z: z.sum(), r"got \(\)"),
        (lambda z: z.mean(dim=(2, 3))[0], r"got \(3,\)"),
        (
            lambda z: Output(logits=z.mean(dim=(2, 3))),
            r"Output; .*lambda images: model\(images\)\.logits",
        ),
        (lambda z: {"out": z.mean(dim=(2, 3))}, r"dict; give a function that picks the logits"),
        (lambda z: (z.mean(dim=(2, 3)), z), r"tuple; give a function that picks the logits"),
    ],
)
def test_answers_that_are_no_logits_are_named_with_a_remedy(answer, message):
    with pytest.raises(ValueError, match=message):
        create("saliency")(answer, torch.rand(2, 3, 8, 8), 0)


def test_channels_that_come_last_are_named():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(ValueError, match=r"channels seem to come last.*permute"):
        create("saliency")(network, torch.rand(2, 8, 9, 3), 0)
