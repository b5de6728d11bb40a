"""Each documented error, with a message that says what was wrong and what would be right."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.attributions import (
    IDGI,
    BlurPath,
    GuidedPath,
    PathAttribution,
    Riemann,
    StraightPath,
    create,
    walk,
)
from saliency_audit.attributions.engine import frozen, score, score_and_gradient

MODEL = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
# Every method can explain it.
torch.manual_seed(1)  # with these weights both ReLUs are active everywhere
RECTIFIED = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(24, 3))
IMAGES = torch.full((2, 1, 4, 3), 0.5)
TARGETS = torch.tensor([0, 2])
BLACK = torch.zeros_like(IMAGES)
LARGER = torch.full((2, 1, 8, 8), 0.5)


def with_value(value, index=1):
    images = IMAGES.clone()
    images[index, 0, 2, 1] = value
    return images


BAD_INPUTS = {
    "no tensor": (IMAGES.numpy(), TARGETS, "inputs must be a torch tensor, got a numpy array"),
    "one image without its batch dimension": (
        IMAGES[0],
        TARGETS,
        r"shape \(N, C, H, W\), got \(1, 4, 3\)",
    ),
    "no pixels": (IMAGES[..., :0], TARGETS, r"no pixels: shape \(2, 1, 4, 0\)"),
    "bytes": ((IMAGES * 255).byte(), TARGETS, "floating point.*uint8; divide by 255"),
    "NaN": (with_value(float("nan")), TARGETS, r"NaN or infinite values \(images \[1\]\)"),
    "infinity": (with_value(float("inf"), 0), TARGETS, r"NaN or infinite values \(images \[0\]\)"),
    "above one": (with_value(1.01), TARGETS, r"got 0\.5\.\.1\.01 \(images \[1\]\); normal"),
    "below zero": (with_value(-0.01), TARGETS, r"\[0, 1\], got -0\.01\.\.0\.5 \(images \[1\]\)"),
    "too few targets": (IMAGES, TARGETS[:1], r"2 integers or one.*got torch.int64 \(1,\)"),
}


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_inputs_and_targets(any_method, case):
    images, targets, message = BAD_INPUTS[case]
    with pytest.raises(ValueError, match=message):
        any_method.create()(RECTIFIED, images, targets)


# RISE sees one image at a time.
UNKNOWN_CLASSES = {
    "a class too many": (torch.tensor([0, 3]), r"targets must lie in 0\.\.2.*got [03]\.\.3"),
    "a negative class": (torch.tensor([-1, 2]), r"targets must lie in 0\.\.2.*got -1\.\.(2|-1)"),
}


@pytest.mark.traits("model")
@pytest.mark.parametrize("case", UNKNOWN_CLASSES)
def test_classes_that_the_model_does_not_know(any_method, case):
    targets, message = UNKNOWN_CLASSES[case]
    with pytest.raises(ValueError, match=message):
        any_method.create()(RECTIFIED, IMAGES, targets)


def test_ends_of_the_range_are_allowed(any_method):
    images = torch.zeros(2, 1, 4, 3)
    images[1] = 1
    assert any_method.create()(RECTIFIED, images, TARGETS).isfinite().all()


FEATURES = RECTIFIED[:2]
# What a model may answer instead of logits, from feature maps (N, 2, 4, 3).
BAD_MODELS = {
    "feature maps": (lambda x: x, r"logits of shape \(\d+, classes\), got \(\d+, 2, 4, 3\)"),
    "one score per image": (lambda x: x.mean(dim=(1, 2, 3)), r"\(\d+, classes\), got \(\d+,\)"),
    "a mean over the batch": (
        lambda x: x.mean(dim=0).flatten(1),
        r"\(\d+, classes\), got \(2, 12\)|changes with the other images",
    ),
    "a tuple": (lambda x: (x.flatten(1), x), r"\(\d+, classes\), got tuple"),
}


class Answers(nn.Module):
    """Feature maps, and what the function makes of them."""

    def __init__(self, answer, features=None):
        super().__init__()
        self.answer = answer
        self.features = features or nn.Identity()

    def forward(self, images):
        return self.answer(self.features(images))


@pytest.mark.traits("model")
@pytest.mark.parametrize("case", BAD_MODELS)
def test_models(any_method, case):
    answer, message = BAD_MODELS[case]
    images, targets = torch.cat([IMAGES, IMAGES[:1]]), torch.tensor([0, 2, 1])
    with pytest.raises(ValueError, match=message):
        any_method.create()(Answers(answer, FEATURES), images, targets)


@pytest.mark.traits("backward")
def test_answers_without_a_gradient(any_method):
    model = Answers(lambda x: x.detach().flatten(1), FEATURES)
    cam = any_method.name.startswith("gradcam")
    message = "does not depend on the layer" if cam else "has no gradient"
    with pytest.raises(ValueError, match=message):
        any_method.create()(model, IMAGES, TARGETS)


def first_logit(function):
    """A model whose logit of class 0 is the function of the image, the others 0."""

    def answer(images):
        value = function(images)
        return torch.stack([value, 0 * images.sum(dim=(1, 2, 3)), 0 * value.detach()], dim=1)

    return Answers(answer)


# Not finite at the darkest points of every path: black, or the most blurred image.
NOT_FINITE = {
    "0/0": (lambda x: torch.where(x.mean(dim=(1, 2, 3)) < 0.45, torch.nan, x.sum(dim=(1, 2, 3)))),
    "log 0": (lambda x: (x.mean(dim=(1, 2, 3)) - 0.45).relu().log()),
    "overflow": (lambda x: torch.where(x.mean(dim=(1, 2, 3)) < 0.45, 1.0, 0.0) * 1e38 * 1e38),
}


@pytest.mark.parametrize(
    ("case", "output"),
    [
        ("0/0", "logit"),
        ("0/0", "probability"),
        ("log 0", "logit"),
        ("log 0", "log_probability"),
        ("overflow", "logit"),
        ("overflow", "probability"),
    ],
)
def test_scores_that_are_not_finite(path_method, case, output):
    explain = create(path_method, steps=3, output=output)
    message = r"the model's scores are NaN or infinite at \d+ of \d+ points; look in it for"
    with pytest.raises(ValueError, match=message):
        explain(first_logit(NOT_FINITE[case]), IMAGES, torch.zeros_like(TARGETS))


def test_gradients_that_are_not_finite(path_method):
    # A root has a value at zero but no slope.
    def root(images):
        total = images.sum(dim=(1, 2, 3))
        return (total - total.detach()).sqrt()

    explain = create(path_method, steps=3, output="logit")
    with pytest.raises(ValueError, match=r"gradients are NaN or infinite at (\d+) of \1 points"):
        explain(first_logit(root), IMAGES, torch.zeros_like(TARGETS))


@pytest.mark.parametrize("quadrature", ["right", "midpoint", "gauss_legendre"])
def test_a_score_that_is_not_finite_beyond_the_points(quadrature):
    model = first_logit(lambda x: x.sum(dim=(1, 2, 3)).log())
    arguments = model, IMAGES, torch.zeros_like(TARGETS)
    path = StraightPath(3, quadrature)
    with pytest.raises(ValueError, match="scores are NaN or infinite at 2 of 2 points"):
        PathAttribution(path, IDGI(), output="logit")(*arguments)
    # The Riemann sum does not ask for the score at black.
    assert PathAttribution(path, Riemann(), output="logit")(*arguments).isfinite().all()


def test_the_message_counts_the_points():
    model = first_logit(lambda x: x.sum(dim=(1, 2, 3)).sqrt())
    points, targets = torch.cat([BLACK, IMAGES, BLACK[:1]]), torch.tensor([0, 1, 0, 0, 0])
    with (
        frozen(model),
        pytest.raises(ValueError, match="gradients are NaN or infinite at 3 of 5 points"),
    ):
        score_and_gradient(model, points, targets, "logit")
    model = first_logit(lambda x: 1 / x.sum(dim=(1, 2, 3)))
    for ask in (score, score_and_gradient):
        with frozen(model), pytest.raises(ValueError, match="scores are NaN or infinite at 2 of 5"):
            ask(model, points, torch.tensor([0, 1, 0, 0, 0]), "logit")


def test_large_finite_numbers_are_no_error():
    # Their sum is infinite, they are not.
    model = first_logit(lambda x: (x * 1e38).mean(dim=(1, 2, 3)) * 12)
    with frozen(model):
        targets = torch.zeros(8, dtype=torch.int64)
        scores, gradients = score_and_gradient(
            model, IMAGES.repeat(4, 1, 1, 1) / 3, targets, "logit"
        )
    assert scores.sum().isinf()
    assert gradients.sum().isinf()
    torch.testing.assert_close(scores, torch.full((8,), 2e38))
    torch.testing.assert_close(gradients, torch.full((8, 1, 4, 3), 1e38))


BAD_BASELINES = {
    "another size": (torch.zeros(2, 1, 3, 4), r"of the inputs \(2, 1, 4, 3\), got \(2, 1, 3, 4\)"),
    "more images": (torch.zeros(3, 1, 4, 3), r"of the inputs \(2, 1, 4, 3\), got \(3, 1, 4, 3\)"),
    "more channels": (torch.zeros(2, 3, 4, 3), r"of the inputs \(2, 1, 4, 3\), got \(2, 3, 4, 3\)"),
    "an axis too many": (torch.zeros(1, 2, 1, 4, 3), r"got \(1, 2, 1, 4, 3\)"),
    # Of one channel, though the images are three pixels wide.
    "three channels": (torch.zeros(3), r"got \(3,\); a single axis means one number per channel"),
    "a list for three channels": ([0.0, 0.5, 1.0], r"got \(3,\); a single axis means one number"),
    "no numbers": ([], r"got \(0,\); a single axis"),
    "NaN": (with_value(float("nan")), "finite torch.float32"),
    "not a number": (float("nan"), "finite torch.float32"),
    "too large": (torch.full((4, 3), 1e300, dtype=torch.float64), "finite torch.float32"),
    "bytes": (torch.zeros(4, 3, dtype=torch.uint8), "floating point.*got Tensor of torch.uint8"),
    "integers": (np.zeros((4, 3), dtype=int), "floating point.*got ndarray of int64"),
    "a mask": (torch.zeros(4, 3, dtype=torch.bool), "floating point.*got Tensor of torch.bool"),
    "a truth": (True, "floating point.*got bool"),
    "rows of numbers": ([[0.0, 0.5, 1.0]], "floating point.*got list"),
    "another name": ("grey", "unknown baseline 'grey'; known: black, white, blur"),
    "a dictionary": ({}, "floating point.*got dict"),
}


@pytest.mark.parametrize("case", BAD_BASELINES)
@pytest.mark.traits("baseline")
def test_baselines(any_method, case):
    baselines, message = BAD_BASELINES[case]
    if any_method.name.startswith("blurig"):
        message = "BlurPath makes its own start and takes no baselines"
    with pytest.raises(ValueError, match=message):
        any_method.create()(RECTIFIED, IMAGES, TARGETS, baselines)


# Of the settings too, which are single numbers.
BAD_BASELINE_SETTINGS = {
    "an array": (np.zeros(3), "got ndarray; give pictures of your own when the method is called"),
    "a tensor": (torch.zeros(3), "got Tensor; give pictures of your own"),
    "a list": ([0.0, 0.5, 1.0], "one number per channel as a tuple, finite, got list"),
    "nothing": (None, "baseline must be one of black, white, blur, a number.*got NoneType"),
    "no numbers": ((), r"got \(\)"),
    "a truth": (True, "got bool"),
    "NaN": (float("nan"), "finite, got nan"),
    "an infinite channel": ((0.0, float("inf")), r"finite, got \(0.0, inf\)"),
    "a name among numbers": ((0.0, "white"), r"got \(0.0, 'white'\)"),
    "another name": ("grey", "unknown baseline 'grey'; known: black, white, blur"),
}


@pytest.mark.parametrize("case", BAD_BASELINE_SETTINGS)
@pytest.mark.traits("baseline")
def test_baselines_as_settings(any_method, case):
    baseline, message = BAD_BASELINE_SETTINGS[case]
    with pytest.raises(ValueError, match=message):
        any_method.create(baseline=baseline)


def test_a_blur_path_takes_no_baselines():
    message = "BlurPath makes its own start and takes no baselines"
    with pytest.raises(ValueError, match=message):
        PathAttribution(BlurPath(3), IDGI())(MODEL, IMAGES, TARGETS, BLACK)
    with pytest.raises(ValueError, match=message):
        walk(MODEL, IMAGES, TARGETS, path=BlurPath(3), rules=[Riemann()], baselines=BLACK)
    with pytest.raises(ValueError, match=message):
        create("blurig", baseline="white")


@pytest.mark.traits("batch_size")
@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True, "all", None])
def test_batch_sizes(any_method, batch_size):
    with pytest.raises(ValueError, match='positive number or "auto", got'):
        any_method.create(batch_size=batch_size)(RECTIFIED, IMAGES, TARGETS)


def test_output_is_checked_by_walk_too():
    with pytest.raises(ValueError, match="unknown output 'odds'; known: probability, logit"):
        walk(
            MODEL,
            IMAGES,
            TARGETS,
            path=StraightPath(3),
            rules=[Riemann()],
            baselines=BLACK,
            output="odds",
        )


@pytest.mark.traits("steps")
@pytest.mark.parametrize("steps", [0, -1, 2.5, True, None, "64"])
def test_numbers_of_steps_that_are_no_path(any_method, steps):
    with pytest.raises(ValueError, match=f"a path needs at least . points?, got {steps!r}"):
        any_method.create(steps=steps)


@pytest.mark.parametrize(
    ("path", "settings", "least"),
    [
        (StraightPath, {"quadrature": "mean"}, 2),
        (StraightPath, {"quadrature": "trapezoid"}, 2),
        (StraightPath, {"quadrature": "left"}, 1),
        (StraightPath, {"quadrature": "right"}, 1),
        (StraightPath, {"quadrature": "midpoint"}, 1),
        (StraightPath, {"quadrature": "gauss_legendre"}, 1),
        (GuidedPath, {}, 1),
        (BlurPath, {}, 2),
    ],
)
def test_least_number_of_steps(path, settings, least):
    with pytest.raises(ValueError, match=f"at least {least} points?, got {least - 1}"):
        path(steps=least - 1, **settings)
    for rule in (Riemann(), IDGI()):
        explain = PathAttribution(path(steps=least, **settings), rule)
        assert explain(MODEL, IMAGES, TARGETS).isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_refused(any_method, dtype):
    with pytest.raises(ValueError, match=f"inputs must be float32 or float64, got {dtype}"):
        any_method.create()(RECTIFIED, IMAGES.to(dtype), TARGETS)


@pytest.mark.traits("model")
def test_images_of_another_type_than_the_weights_are_named(any_method):
    with pytest.raises(ValueError, match=r"the images are torch.float64 .* weights torch.float32"):
        any_method.create()(RECTIFIED, IMAGES.double(), TARGETS)


BAD_SETTINGS = {
    "no such method": ("integrated", {}, "unknown method 'integrated'; available: .*ig, ig"),
    "no such setting": ("ig", {"step": 5}, "method 'ig'.*'step'"),
    "a setting of another path": ("ig", {"max_sigma": 5.0}, "method 'ig'.*'max_sigma'"),
    "no such quadrature": (
        "ig",
        {"quadrature": "simpson"},
        "unknown quadrature 'simpson'; known: mean, trapezoid, left, right",
    ),
    "no such schedule": (
        "blurig+idgi",
        {"schedule": "cosine"},
        "unknown schedule 'cosine'; known: linear, sqrt",
    ),
    "no width": ("blurig", {"max_sigma": 0.0}, "max_sigma must be a positive number, got 0.0"),
    "no fraction": ("gig", {"fraction": 25}, r"fraction must lie in \[0, 1\], got 25"),
    "no distance": ("gig+idgi", {"max_dist": -0.1}, r"max_dist must lie in \[0, 1\], got -0.1"),
    "no such baseline": (
        "ig",
        {"baseline": "grey"},
        "unknown baseline 'grey'; known: black, white",
    ),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_settings_are_refused_when_the_method_is_made(case):
    name, settings, message = BAD_SETTINGS[case]
    with pytest.raises(ValueError, match=message):
        create(name, **settings)


@pytest.mark.traits("output")
def test_an_unknown_output_is_refused_when_the_method_is_made(any_method):
    with pytest.raises(ValueError, match="unknown output 'odds'; known: probability, logit"):
        any_method.create(output="odds")


def test_a_setting_of_no_method_is_refused(any_method):
    message = f"method '{re.escape(any_method.name)}' has no setting 'colour'; it has "
    with pytest.raises(ValueError, match=message):
        any_method.create(colour="red")


@pytest.mark.traits("model")
@pytest.mark.parametrize(
    ("model", "got"),
    [
        (None, "NoneType"),
        (3, "int"),
        (MODEL.state_dict(), "OrderedDict"),
        (nn.ReLU, "the class ReLU"),
    ],
)
def test_what_cannot_be_called_is_no_model(any_call, model, got):
    with pytest.raises(ValueError, match=f"a function from images to logits, got {got}"):
        any_call(model, LARGER, TARGETS)
