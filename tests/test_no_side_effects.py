"""An explanation or a metric leaves the model, its inputs and the random generators as found."""

import gc
import random
import warnings
import weakref
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from saliency_audit.attributions import create
from saliency_audit.attributions.engine import frozen, score_and_gradient
from saliency_audit.metrics.registry import METRICS


class Breaks(nn.Module):
    """Answers the first calls and then raises."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def forward(self, values):
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("broken on purpose")
        return values


def awkward_model(breaks_after=10**9):
    """Mixed flags, running statistics, dropout, a shared ReLU in place, stored gradients, hooks."""
    relu = nn.ReLU(inplace=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            relu,
            nn.Sequential(nn.BatchNorm2d(4), nn.Dropout(0.5)),
            nn.Conv2d(4, 4, 3, padding=1),
            relu,
            nn.Flatten(),
            Breaks(breaks_after),
            nn.Linear(256, 3),
        )
    model.train()
    model[1].eval()
    model[3][1].eval()
    model[0].weight.requires_grad_(False)
    model[8].weight.grad = torch.full_like(model[8].weight, 2.0)
    relu.register_forward_hook(lambda module, given, output: None)
    relu.register_forward_pre_hook(lambda module, given: None)
    return model


def snapshot(model):
    return {
        "state": {key: value.clone() for key, value in model.state_dict().items()},
        "gradients": [
            None if parameter.grad is None else parameter.grad.clone()
            for parameter in model.parameters()
        ],
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].copy(),  # noqa: NPY002 (the global state is what is tested)
        "python": random.getstate(),
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "trainable": [parameter.requires_grad for parameter in model.parameters()],
        "training": [module.training for module in model.modules()],
        "hooks": [
            (name, len(value))
            for module in model.modules()
            for name, value in vars(module).items()
            if "hook" in name and isinstance(value, dict)
        ],
        "grad_mode": torch.is_grad_enabled(),
        "relu": F.relu,
        "warnings": list(warnings.filters),
    }


def assert_same(before, after):
    assert before.keys() == after.keys()
    assert before["state"].keys() == after["state"].keys()
    for key, value in before["state"].items():
        assert torch.equal(value, after["state"][key]), key
    for old, new in zip(before["gradients"], after["gradients"], strict=True):
        assert (old is None) == (new is None)
        assert old is None or torch.equal(old, new)
    for part in ("torch", "numpy"):
        assert np.array_equal(before[part], after[part]), part
    for part in before.keys() - {"state", "gradients", "torch", "numpy"}:
        assert before[part] == after[part], part


@contextmanager
def unchanged(model, images, targets):
    """What happens inside leaves no trace in the model, the images, the targets or torch."""
    before = snapshot(model)
    kept_images, kept_targets = images.clone(), targets.clone()
    yield
    assert_same(before, snapshot(model))
    assert torch.equal(images, kept_images)
    assert torch.equal(targets, kept_targets)
    assert images.grad is None
    assert not images.requires_grad
    # No mode is left behind: a plain gradient is plain again.
    kink = torch.tensor([1.0], requires_grad=True)
    with torch.enable_grad():
        (-F.relu(kink)).backward()
    assert kink.grad.item() == -1.0


def test_every_metric_that_asks_the_model_has_a_line_in_the_table(metric_calls):
    asking = {metric.computed_by for metric in METRICS.values() if metric.needs == "model"}
    missing = asking - {call.name for call in metric_calls}
    assert not missing, f"add {', '.join(sorted(missing))} to METRICS in tests/conftest.py"


@pytest.fixture
def images():
    return torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def targets():
    return torch.tensor([0, 2, 1])


# Every call asks the model three times at least.
@pytest.mark.parametrize("breaks_after", [None, 0, 2])
def test_everything_is_as_before(any_call, images, targets, breaks_after):
    model = awkward_model(10**9 if breaks_after is None else breaks_after)
    with unchanged(model, images, targets):
        if breaks_after is None or not any_call.has("model"):
            answer = any_call(model, images, targets)
            assert not answer.requires_grad
            assert answer.isfinite().all()
        else:
            with pytest.raises(RuntimeError, match="broken on purpose"):
                any_call(model, images, targets)


class NotFinite(nn.Module):
    def forward(self, values):
        return values / 0


@pytest.mark.traits("model")
def test_everything_is_as_before_where_the_answer_is_refused(any_method, images, targets):
    model = awkward_model().append(NotFinite())
    with (
        unchanged(model, images, targets),
        pytest.raises(ValueError, match="scores are NaN or infinite"),
    ):
        any_method.create()(model, images, targets)


REFUSED = {
    "guided_backprop": (nn.GELU(), "this model also has"),
    "deeplift": (nn.LayerNorm(8), "has no rule for"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_everything_is_as_before_where_the_model_is_refused(name, images, targets):
    model = awkward_model()
    model[3], message = REFUSED[name]
    with unchanged(model, images, targets), pytest.raises(ValueError, match=message):
        create(name)(model, images, targets)


def test_inputs_that_require_gradients_get_none(any_call, images, targets):
    expected = any_call(awkward_model(), images, targets)
    images.requires_grad_(True)
    answer = any_call(awkward_model(), images, targets)
    assert torch.equal(answer, expected)
    assert not answer.requires_grad
    assert images.requires_grad
    assert images.grad is None


def test_the_model_answers_in_evaluation_mode(any_call, images, targets):
    # Dropout and batch statistics of training mode would make every call another answer.
    model = awkward_model()
    answer = any_call(model, images, targets)
    assert torch.equal(answer, any_call(model.eval(), images, targets))
    assert torch.equal(answer, any_call(model.train(), images, targets))


def test_works_where_the_caller_switched_gradients_off(any_call, images, targets):
    model = awkward_model()
    expected = any_call(model, images, targets)
    with torch.no_grad():
        assert torch.equal(any_call(model, images, targets), expected)
        assert not torch.is_grad_enabled()


@pytest.fixture
def young_objects_only():
    """Garbage collection that looks at what the test makes, not at all modules: much quicker."""
    gc.collect(0)
    gc.freeze()
    yield
    gc.unfreeze()


def test_nothing_keeps_the_model_alive(any_call, images, targets, young_objects_only):
    model = awkward_model()
    answer = any_call(model, images, targets)
    watch = weakref.ref(model)
    del model
    gc.collect()
    assert watch() is None
    assert answer.isfinite().all()


def test_the_engine_does_not_mark_the_points_it_is_given(images, targets):
    points = images.contiguous(memory_format=torch.channels_last)
    with frozen(awkward_model()) as model:
        score_and_gradient(model, points, targets, "logit")
    assert not points.requires_grad


def test_flags_come_back_when_the_last_of_two_overlapping_blocks_ends(images, targets):
    model = awkward_model()
    with unchanged(model, images, targets):
        first, second = frozen(model), frozen(model)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert not any(parameter.requires_grad for parameter in model.parameters())
        assert not any(module.training for module in model.modules())
        second.__exit__(None, None, None)


def test_no_weight_gradients_are_computed_inside():
    model = awkward_model()
    with frozen(model):
        assert not any(parameter.requires_grad for parameter in model.parameters())
        assert not any(module.training for module in model.modules())
