"""An explanation or a metric leaves the model, its inputs and the random generators as found."""

import gc
import random
import weakref

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.attributions import StraightPath, available, create
from saliency_audit.attributions.engine import frozen, score_and_gradient
from saliency_audit.attributions.registry import PATHS
from saliency_audit.metrics import information_points, insertion_score, mu_fidelity, taylor_error


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
    """Mixed training flags, running statistics, dropout, frozen parameters, gradients and a hook."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            nn.Sequential(nn.BatchNorm2d(4), nn.Dropout(0.5)),
            nn.Flatten(),
            Breaks(breaks_after),
            nn.Linear(256, 3),
        )
    model.train()
    model[1].eval()
    model[3][1].eval()
    model[0].weight.requires_grad_(False)
    model[6].weight.grad = torch.full_like(model[6].weight, 2.0)
    model[2].register_forward_hook(lambda module, given, output: None)
    return model


def hooks(model):
    return [
        {
            name: len(value)
            for name, value in vars(module).items()
            if "hook" in name and isinstance(value, dict)
        }
        for module in model.modules()
    ]


def snapshot(model):
    return {
        "state": {key: value.clone() for key, value in model.state_dict().items()},
        "trainable": [parameter.requires_grad for parameter in model.parameters()],
        "gradients": [
            None if parameter.grad is None else parameter.grad.clone()
            for parameter in model.parameters()
        ],
        "training": [module.training for module in model.modules()],
        "hooks": hooks(model),
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].copy(),  # noqa: NPY002 (the global state is what is tested)
        "python": random.getstate(),
        "grad_mode": torch.is_grad_enabled(),
    }


def assert_same(before, after):
    for part in before:
        if part == "state":
            assert before[part].keys() == after[part].keys()
            assert all(torch.equal(before[part][key], after[part][key]) for key in before[part])
        elif part == "gradients":
            for old, new in zip(before[part], after[part], strict=True):
                assert (old is None) == (new is None)
                assert old is None or torch.equal(old, new)
        elif part in ("torch", "numpy"):
            assert np.array_equal(before[part], after[part]), part
        else:
            assert before[part] == after[part], part


# Small batches, so that every method that asks the model asks it three times at least.
SETTINGS = {
    **{name: {"batch_size": 1} for name in available()},
    **{f"{path}{rule}": {"steps": 6, "batch_size": 4} for path in PATHS for rule in ("", "+idgi")},
    "ggig": {"steps": 3, "ascents": 3, "batch_size": 1},
    "smoothgrad": {"samples": 2, "batch_size": 2},
    "rise": {"masks": 5, "batch_size": 4},
    "edge": {},
    "random": {},
}
# These do not look at the model.
CONTROLS = ("edge", "random")


def explain(name):
    def call(model, images, targets):
        return create(name, **SETTINGS[name])(model, images, targets)

    return call


def insert(model, images, targets):
    return insertion_score(model, images, images[:, 0].detach(), targets, batch_size=4).curves


def fidelity(model, images, targets):
    return mu_fidelity(model, images, images[:, 0].detach(), targets, subsets=5, batch_size=4)


def reveal(model, images, targets):
    saliency = images[:, 0].detach()
    # The pictures are too small for MS-SSIM.
    points = information_points(
        model, images, saliency, targets, complexities=("entropy",), batch_size=4, workers=1
    )
    return torch.stack([points.entropy, points.probability, points.correct])


def project(model, images, targets):
    return taylor_error(model, images, targets, path=StraightPath(6), batch_size=4)


CALLS = {
    **{name: explain(name) for name in available()},
    "insertion_score": insert,
    "mu_fidelity": fidelity,
    "information_points": reveal,
    "taylor_error": project,
}


@pytest.fixture
def images():
    return torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def targets():
    return torch.tensor([0, 2, 1])


@pytest.mark.parametrize(
    ("name", "breaks_after"),
    [
        (name, calls)
        for name in CALLS
        for calls in ((10**9,) if name in CONTROLS else (10**9, 0, 2))
    ],
)
def test_everything_is_as_before(name, breaks_after, images, targets):
    model = awkward_model(breaks_after)
    kept_images, kept_targets = images.clone(), targets.clone()
    before = snapshot(model)
    if breaks_after < 10**9:
        with pytest.raises(RuntimeError, match="broken on purpose"):
            CALLS[name](model, images, targets)
    else:
        answer = CALLS[name](model, images, targets)
        assert not answer.requires_grad
        assert answer.isfinite().all()
    assert_same(before, snapshot(model))
    assert torch.equal(images, kept_images)
    assert torch.equal(targets, kept_targets)
    assert images.grad is None
    assert not images.requires_grad


@pytest.mark.parametrize("name", sorted(set(available()) - set(CONTROLS)))
def test_everything_is_as_before_where_the_answer_is_refused(name, images, targets):
    class NotFinite(nn.Module):
        def forward(self, values):
            return values / 0

    model = awkward_model().append(NotFinite())
    before = snapshot(model)
    with pytest.raises(ValueError, match="scores are NaN or infinite"):
        CALLS[name](model, images, targets)
    assert_same(before, snapshot(model))


@pytest.mark.parametrize("name", CALLS)
def test_inputs_that_require_gradients_get_none(name, images, targets):
    expected = CALLS[name](awkward_model(), images, targets)
    images.requires_grad_(True)
    answer = CALLS[name](awkward_model(), images, targets)
    assert torch.equal(answer, expected)
    assert not answer.requires_grad
    assert images.requires_grad
    assert images.grad is None


@pytest.mark.parametrize("name", CALLS)
def test_the_model_answers_in_evaluation_mode(name, images, targets):
    # Dropout and batch statistics of training mode would make every call another answer.
    model = awkward_model()
    answer = CALLS[name](model, images, targets)
    assert torch.equal(answer, CALLS[name](model.eval(), images, targets))
    assert torch.equal(answer, CALLS[name](model.train(), images, targets))


@pytest.mark.parametrize("name", CALLS)
def test_works_where_the_caller_switched_gradients_off(name, images, targets):
    model = awkward_model()
    expected = CALLS[name](model, images, targets)
    with torch.no_grad():
        assert torch.equal(CALLS[name](model, images, targets), expected)
        assert not torch.is_grad_enabled()


@pytest.mark.parametrize("name", CALLS)
def test_nothing_keeps_the_model_alive(name, images, targets):
    model = awkward_model()
    answer = CALLS[name](model, images, targets)
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


def test_flags_come_back_when_the_last_of_two_overlapping_blocks_ends():
    model = awkward_model()
    before = snapshot(model)
    first, second = frozen(model), frozen(model)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert not any(module.training for module in model.modules())
    second.__exit__(None, None, None)
    assert_same(before, snapshot(model))


def test_no_weight_gradients_are_computed_inside():
    model = awkward_model()
    with frozen(model):
        assert not any(parameter.requires_grad for parameter in model.parameters())
        assert not any(module.training for module in model.modules())
