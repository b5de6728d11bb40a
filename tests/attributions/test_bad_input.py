"""Each documented error, with a message that says what was wrong and what would be right."""

import pytest
import torch
from torch import nn

from saliency_audit.attributions import (
    IDGI,
    PathAttribution,
    Riemann,
    StraightPath,
    available,
    create,
    walk,
)

MODEL = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
IMAGES = torch.full((2, 1, 4, 3), 0.5)
TARGETS = torch.tensor([0, 2])


def with_value(value, index=1):
    images = IMAGES.clone()
    images[index, 0, 2, 1] = value
    return images


BAD_INPUTS = {
    "one image without its batch dimension": (
        IMAGES[0],
        TARGETS,
        r"shape \(N, C, H, W\), got \(1, 4, 3\)",
    ),
    "bytes": ((IMAGES * 255).byte(), TARGETS, "floating point.*uint8; divide by 255"),
    "NaN": (with_value(float("nan")), TARGETS, r"NaN or infinite values \(images \[1\]\)"),
    "infinity": (with_value(float("inf"), 0), TARGETS, r"NaN or infinite values \(images \[0\]\)"),
    "above one": (with_value(1.01), TARGETS, r"\[0, 1\] \(normalisation belongs.*0\.5\.\.1\.01"),
    "below zero": (with_value(-0.01), TARGETS, r"\[0, 1\].*-0\.01\.\.0\.5"),
    "too few targets": (IMAGES, TARGETS[:1], r"shape \(2,\), got torch.int64 \(1,\)"),
    "a column of targets": (IMAGES, TARGETS[:, None], r"shape \(2,\), got torch.int64 \(2, 1\)"),
    "32-bit targets": (IMAGES, TARGETS.int(), "int64 class indices.*torch.int32"),
    "a class too many": (IMAGES, torch.tensor([0, 3]), r"targets must lie in 0\.\.2.*got 0\.\.3"),
    "a negative class": (IMAGES, torch.tensor([-1, 2]), r"targets must lie in 0\.\.2.*got -1\.\.2"),
}


@pytest.mark.parametrize("method", available())
@pytest.mark.parametrize("case", BAD_INPUTS)
def test_inputs_and_targets(method, case):
    images, targets, message = BAD_INPUTS[case]
    with pytest.raises(ValueError, match=message):
        create(method, steps=3)(MODEL, images, targets)


@pytest.mark.parametrize("method", available())
def test_ends_of_the_range_are_allowed(method):
    images = torch.zeros(2, 1, 4, 3)
    images[1] = 1
    assert create(method, steps=3)(MODEL, images, TARGETS).isfinite().all()


class Answers(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, images):
        return self.answer(images)


BAD_MODELS = {
    "feature maps": (lambda x: x, r"logits of shape \(6, classes\), got \(6, 1, 4, 3\)"),
    "one score per image": (lambda x: x.mean(dim=(1, 2, 3)), r"\(6, classes\), got \(6,\)"),
    "a mean over the batch": (lambda x: x.mean(dim=0).flatten(1), r"\(6, classes\), got \(1, 12\)"),
    "a tuple": (lambda x: (x.flatten(1), x), r"\(6, classes\), got tuple"),
    "a detached answer": (lambda x: x.detach().flatten(1), "has no gradient"),
}


@pytest.mark.parametrize("case", BAD_MODELS)
def test_models(case):
    answer, message = BAD_MODELS[case]
    with pytest.raises(ValueError, match=message):
        create("ig", steps=3)(Answers(answer), IMAGES, TARGETS)


BAD_BASELINES = {
    "one for all": (torch.zeros(1, 1, 4, 3), r"shape of the inputs \(2, 1, 4, 3\), got \(1, 1, 4"),
    "another type": (torch.zeros(2, 1, 4, 3, dtype=torch.float64), "finite torch.float32"),
    "NaN": (with_value(float("nan")), "finite torch.float32"),
}


@pytest.mark.parametrize("case", BAD_BASELINES)
def test_baselines(case):
    baselines, message = BAD_BASELINES[case]
    with pytest.raises(ValueError, match=message):
        PathAttribution(StraightPath(3), IDGI())(MODEL, IMAGES, TARGETS, baselines)


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True, "all", None])
def test_batch_sizes(batch_size):
    with pytest.raises(ValueError, match='positive number or "auto", got'):
        create("ig", steps=3, batch_size=batch_size)(MODEL, IMAGES, TARGETS)


def test_output_is_checked_by_walk_too():
    with pytest.raises(ValueError, match="unknown output 'odds'; known: probability, logit"):
        walk(
            MODEL,
            IMAGES,
            TARGETS,
            path=StraightPath(3),
            rules=[Riemann()],
            baselines=torch.zeros_like(IMAGES),
            output="odds",
        )


BAD_SETTINGS = {
    "no such method": ("integrated", {}, "unknown method 'integrated'; available: ig, ig"),
    "no such setting": ("ig", {"step": 5}, "method 'ig'.*'step'"),
    "one point": ("ig", {"steps": 1}, "at least 2 points .*got 1"),
    "half a point": ("ig+idgi", {"steps": 2.5}, "at least 2 points .*got 2.5"),
    "points as text": ("ig", {"steps": "64"}, "at least 2 points .*got '64'"),
    "no such quadrature": ("ig", {"quadrature": "simpson"}, "unknown quadrature 'simpson'; known"),
    "no such baseline": (
        "ig",
        {"baseline": "grey"},
        "unknown baseline 'grey'; known: black, white",
    ),
    "no such output": ("ig+idgi", {"output": "odds"}, "unknown output 'odds'; known: probability"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_settings_are_refused_when_the_method_is_made(case):
    name, settings, message = BAD_SETTINGS[case]
    with pytest.raises(ValueError, match=message):
        create(name, **settings)
