"""The classes that are explained, in every form that users of peers have them in."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from saliency_audit.attributions import create, smooth
from saliency_audit.sanity import perturbed_weights

IMAGES = torch.rand(3, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
CLASSES = [0, 3, 1]
TARGETS = torch.tensor(CLASSES)


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        trunk = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Flatten())
        found = nn.Sequential(*trunk, nn.Dropout(0.9), nn.Linear(6 * 64, 4)).double()
    with torch.no_grad():
        found[4].weight *= 5
        found[4].bias -= found.eval()(IMAGES).mean(dim=0)  # so that they differ in their classes
    return found.train()  # the classes are predicted in evaluation mode


FORMS = {
    **{
        str(dtype): TARGETS.to(dtype)
        for dtype in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.uint16, torch.uint64)
    },
    "list": CLASSES,
    "tuple": tuple(CLASSES),
    "list of tensors": list(TARGETS),
    "list of numpy's numbers": list(np.array(CLASSES)),
    "numpy": np.array(CLASSES),
    "numpy, big-endian": np.array(CLASSES, dtype=">i4"),
    "numpy, 64 bits without sign": np.array(CLASSES, dtype=np.uint64),
    "every second of numpy": np.array([0, 9, 3, 9, 1, 9])[::2],
    "backwards": torch.tensor(CLASSES[::-1]).flip(0),
    "a column of a table": pd.Series(CLASSES),
    "strided": torch.tensor([[0, 9], [3, 9], [1, 9]])[:, 0],
}
ONE = {
    "int": 2,
    "numpy's int": np.int64(2),
    "a tensor without axes": torch.tensor(2),
    "an array without axes": np.array(2),
}


def equal(first, second):
    return torch.equal(first.nan_to_num(9), second.nan_to_num(9))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_equals_the_tensor(any_call, network, form):
    expected = any_call(network, IMAGES, TARGETS)
    assert equal(any_call(network, IMAGES, FORMS[form]), expected)


@pytest.mark.parametrize("form", ONE)
def test_one_class_for_all(any_call, network, form):
    expected = any_call(network, IMAGES, torch.tensor([2, 2, 2]))
    assert equal(any_call(network, IMAGES, ONE[form]), expected)


def test_consecutive_classes_as_a_range(any_call, network):
    assert equal(any_call(network, IMAGES, range(3)), any_call(network, IMAGES, torch.arange(3)))


def test_none_is_the_class_that_the_model_predicts_in_evaluation_mode(any_call, network):
    with torch.no_grad():
        predicted = network.eval()(IMAGES).argmax(dim=1)
    network.train()
    assert len(predicted.unique()) > 1
    assert equal(any_call(network, IMAGES, None), any_call(network, IMAGES, predicted))
    assert all(part.training for part in network.modules())


@pytest.mark.traits("batch_size")
def test_classes_are_predicted_in_batches_of_the_same_size(any_method, network):
    create("saliency")(network, IMAGES[:1], 0)  # which asks the network once
    sizes = []
    handle = network.register_forward_pre_hook(lambda part, given: sizes.append(len(given[0])))
    any_method.create(batch_size=1)(network, IMAGES)
    handle.remove()
    assert max(sizes) <= max(1, any_method.least_batch)


def test_no_images_have_no_classes(any_method, network):
    for none in (None, [], (), 3, np.array([], dtype=int), torch.empty(0, dtype=torch.uint8)):
        assert len(any_method.create()(network, IMAGES[:0], none)) == 0


@pytest.mark.traits("model")
def test_the_predicted_class_of_nan_is_none(any_call):
    class Broken(nn.Module):
        def forward(self, images):
            return images.mean(dim=(2, 3)) * torch.tensor([1.0, torch.nan, 1.0])

    with pytest.raises(ValueError, match="scores are NaN or infinite"):
        any_call(Broken(), IMAGES, None)


BAD = {
    "a truth": (True, "bool True"),
    "truths": ([True, False, True], r"list of 3 \(bool\)"),
    "a truth among classes": ([1, True, 0], r"list of 3 \(bool, int\)"),
    "a mask": (TARGETS > 0, r"torch.bool \(3,\)"),
    "a mask of numpy": (np.array(CLASSES) > 0, r"an array of bool \(3,\)"),
    "a fraction": (1.5, "float 1.5"),
    "a whole float": (1.0, "float 1.0"),
    "floats": ([0.0, 3.0, 1.0], r"list of 3 \(float\)"),
    "a tensor of floats": (TARGETS.float(), r"torch.float32 \(3,\)"),
    "complex numbers": (TARGETS.to(torch.complex64), r"torch.complex64 \(3,\)"),
    "an array of floats": (np.array(CLASSES, dtype=float), r"an array of float64 \(3,\)"),
    "a column": (TARGETS[:, None], r"\(3, 1\); flatten them: targets.flatten\(\)"),
    "a column of numpy": (np.array(CLASSES)[:, None], r"\(3, 1\); flatten them"),
    "a row": (TARGETS[None], r"torch.int64 \(1, 3\)"),
    "one-hot": (nn.functional.one_hot(TARGETS, 4), r"\(3, 4\); .* largest: targets.argmax\(1\)"),
    "probabilities": (torch.rand(3, 4), r"\(3, 4\); of one value per class take the largest"),
    "too few": (TARGETS[:2], r"3 integers or one for all images, .*got torch.int64 \(2,\)"),
    "one in a list": ([1], r"list of 1 \(int\)"),
    "too many": ([0, 1, 2, 3], r"list of 4 \(int\)"),
    "lists": ([[0], [3], [1]], r"list of 3 \(list\)"),
    "none at all": ([], r"list of 0 \(\)"),
    "a name": ("cat", "str 'cat'; look the name up among the classes"),
    "names": (["cat", "dog", "cat"], r"list of 3 \(str\)"),
    "an array of names": (np.array(["cat", "dog", "cat"]), r"an array of <U3 \(3,\)"),
    "a set": ({0, 1, 3}, "set"),
    "a function": (lambda images: 0, "function"),
    "beyond 64 bits": (2**70, f"int {2**70}"),
    "some beyond 64 bits": ([0, 1, 2**70], r"list of 3 \(int\)"),
    "nothing for one": ([0, None, 1], r"list of 3 \(NoneType, int\)"),
}


@pytest.mark.parametrize("case", BAD)
def test_anything_else_is_refused_by_name(any_call, network, case):
    targets, message = BAD[case]
    with pytest.raises(ValueError, match=f"targets must be class indices, .*{message}"):
        any_call(network, IMAGES, targets)


@pytest.mark.traits("model")
@pytest.mark.parametrize(
    "targets", [-1, [0, -1, 1], 4, [0, 1, 4], np.array([2**63] * 3, np.uint64)]
)
def test_classes_that_the_model_does_not_have(any_call, network, targets):
    with pytest.raises(ValueError, match=r"targets must lie in 0\.\.3 for this model, got"):
        any_call(network, IMAGES, targets)


def test_a_changed_model_is_explained_for_the_class_that_the_unchanged_one_predicts(any_method):
    # A method that notes what it is asked, so that the classes of both calls are seen.
    asked = []

    def explain(model, images, targets):
        asked.append(targets.tolist())
        return any_method.create()(model, images, targets)

    torch.manual_seed(0)
    model = (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 4))
        .double()
        .eval()
    )
    right = model(IMAGES).argmax(dim=1).tolist()
    perturbed_weights(model, {"it": explain}, IMAGES, None, levels=[5.0], draws=2)
    assert asked == [right] * 3


def test_noisy_copies_are_explained_for_the_class_of_the_image_itself(network):
    with torch.no_grad():
        predicted = network.eval()(IMAGES).argmax(dim=1)
    explain = smooth(create("saliency"), samples=5, noise=3.0)
    assert equal(explain(network, IMAGES), explain(network, IMAGES, predicted))
    assert equal(explain(network, IMAGES, 2), explain(network, IMAGES, torch.tensor([2, 2, 2])))
