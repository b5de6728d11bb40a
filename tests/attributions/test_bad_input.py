"""Each documented error, with a message that says what was wrong and what would be right."""

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
    available,
    create,
    walk,
)
from saliency_audit.attributions.engine import frozen, score, score_and_gradient

MODEL = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
IMAGES = torch.full((2, 1, 4, 3), 0.5)
TARGETS = torch.tensor([0, 2])
BLACK = torch.zeros_like(IMAGES)


def with_value(value, index=1):
    images = IMAGES.clone()
    images[index, 0, 2, 1] = value
    return images


BAD_INPUTS = {
    "no tensor": (IMAGES.numpy(), TARGETS, "inputs must be a torch tensor, got ndarray"),
    "targets that are no tensor": (IMAGES, [0, 2], "targets must be a torch tensor, got list"),
    "one image without its batch dimension": (
        IMAGES[0],
        TARGETS,
        r"shape \(N, C, H, W\), got \(1, 4, 3\)",
    ),
    "no pixels": (IMAGES[..., :0], TARGETS, r"no pixels: shape \(2, 1, 4, 0\)"),
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


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_inputs_and_targets(path_method, case):
    images, targets, message = BAD_INPUTS[case]
    with pytest.raises(ValueError, match=message):
        create(path_method, steps=3)(MODEL, images, targets)


def test_ends_of_the_range_are_allowed(path_method):
    images = torch.zeros(2, 1, 4, 3)
    images[1] = 1
    assert create(path_method, steps=3)(MODEL, images, TARGETS).isfinite().all()


class Answers(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, images):
        return self.answer(images)


BAD_MODELS = {
    "feature maps": (lambda x: x, r"logits of shape \(\d+, classes\), got \(\d+, 1, 4, 3\)"),
    "one score per image": (lambda x: x.mean(dim=(1, 2, 3)), r"\(\d+, classes\), got \(\d+,\)"),
    "a mean over the batch": (
        lambda x: x.mean(dim=0).flatten(1),
        r"\(\d+, classes\), got \(1, 12\)",
    ),
    "a tuple": (lambda x: (x.flatten(1), x), r"\(\d+, classes\), got tuple"),
    "a detached answer": (lambda x: x.detach().flatten(1), "has no gradient"),
}


@pytest.mark.parametrize("case", BAD_MODELS)
def test_models(path_method, case):
    answer, message = BAD_MODELS[case]
    with pytest.raises(ValueError, match=message):
        create(path_method, steps=3)(Answers(answer), IMAGES, TARGETS)


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
    "a number": (0.0, "baselines must be a torch tensor, got float"),
    "one for all": (torch.zeros(1, 1, 4, 3), r"shape of the inputs \(2, 1, 4, 3\), got \(1, 1, 4"),
    "another size": (torch.zeros(2, 1, 3, 4), r"of the inputs \(2, 1, 4, 3\), got \(2, 1, 3, 4\)"),
    "another type": (torch.zeros(2, 1, 4, 3, dtype=torch.float64), "finite torch.float32"),
    "NaN": (with_value(float("nan")), "finite torch.float32"),
}


@pytest.mark.parametrize("case", BAD_BASELINES)
@pytest.mark.parametrize("path", [StraightPath(3), GuidedPath(3)])
def test_baselines(case, path):
    baselines, message = BAD_BASELINES[case]
    with pytest.raises(ValueError, match=message):
        PathAttribution(path, IDGI())(MODEL, IMAGES, TARGETS, baselines)


def test_a_blur_path_takes_no_baselines():
    message = "BlurPath makes its own start and takes no baselines"
    with pytest.raises(ValueError, match=message):
        PathAttribution(BlurPath(3), IDGI())(MODEL, IMAGES, TARGETS, BLACK)
    with pytest.raises(ValueError, match=message):
        walk(MODEL, IMAGES, TARGETS, path=BlurPath(3), rules=[Riemann()], baselines=BLACK)
    with pytest.raises(ValueError, match=message):
        create("blurig", baseline="white")


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True, "all", None])
def test_batch_sizes(path_method, batch_size):
    with pytest.raises(ValueError, match='positive number or "auto", got'):
        create(path_method, steps=3, batch_size=batch_size)(MODEL, IMAGES, TARGETS)


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


@pytest.mark.parametrize("steps", [0, -1, 2.5, True, None, "64"])
def test_numbers_of_steps_that_are_no_path(path_method, steps):
    with pytest.raises(ValueError, match=f"a path needs at least . points?, got {steps!r}"):
        create(path_method, steps=steps)


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


@pytest.mark.parametrize("name", available())
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_refused_by_every_method(name, dtype):
    with pytest.raises(ValueError, match=f"inputs must be float32 or float64, got {dtype}"):
        create(name)(MODEL, IMAGES.to(dtype), TARGETS)


@pytest.mark.parametrize("output", ["probability", "log_probability"])
def test_the_softmax_over_one_column_is_refused(path_method, output):
    model = Answers(lambda x: x.sum(dim=(1, 2, 3))[:, None])
    first = torch.zeros_like(TARGETS)
    with pytest.raises(ValueError, match="one column, and the softmax over one class is always 1"):
        create(path_method, steps=3, output=output)(model, IMAGES, first)
    logits = create(path_method, steps=3, output="logit")(model, IMAGES, first)
    assert logits.abs().max() > 0


def test_images_of_another_type_than_the_weights_are_named():
    model = nn.Sequential(nn.Flatten(), nn.Linear(IMAGES[0].numel(), 3))
    with pytest.raises(ValueError, match=r"the images are torch.float64 .* weights torch.float32"):
        create("saliency")(model, IMAGES.double(), TARGETS)


class Flattens(nn.Module):
    """Flattens by `view`, which a picture in another memory format than the usual refuses."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4 * 6 * 5, 4)

    def forward(self, images):
        return self.head(self.conv(images).view(len(images), -1))


@pytest.mark.parametrize("name", sorted(set(available()) - {"guided_backprop"}))
def test_models_that_flatten_by_view_are_explained(name, images, targets):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        by_view = Flattens().double()
    equal = nn.Sequential(by_view.conv, nn.Flatten(), by_view.head)
    maps = create(name)(by_view, images, targets)
    torch.testing.assert_close(maps, create(name)(equal, images, targets), rtol=1e-9, atol=1e-12)


class WorksInPlace(nn.Module):
    """Normalises the images that it is given, not a copy."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        return self.model(images.sub_(0.5).div_(0.25))


@pytest.mark.parametrize("name", sorted(set(available()) - {"guided_backprop"}))
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_models_that_work_in_place_do_not_reach_the_images(name, layout, images, targets):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = WorksInPlace(nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten(), nn.Linear(120, 4)))
    images = images.contiguous(memory_format=layout)
    kept = images.clone()
    assert create(name)(model.double(), images, targets).isfinite().all()
    assert torch.equal(images, kept)


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
    "no such output": ("ig+idgi", {"output": "odds"}, "unknown output 'odds'; known: probability"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_settings_are_refused_when_the_method_is_made(case):
    name, settings, message = BAD_SETTINGS[case]
    with pytest.raises(ValueError, match=message):
        create(name, **settings)


@pytest.mark.parametrize("name", sorted({"ig", "saliency", "gradcam", "rise", "ggig"}))
def test_a_plain_function_is_no_model(name):
    with pytest.raises(ValueError, match=r"must be a torch.nn.Module, got function; call the"):
        create(name)(lambda x: x.sum(dim=(2, 3)), IMAGES, TARGETS)
