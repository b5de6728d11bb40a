"""Maps, insertion scores and curves against what the IDGI study's code itself answered."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.released import idgi_study
from saliency_audit.released.idgi_paths import (
    BLURS,
    CutBlurPath,
    CutGuidedPath,
    CutStraightPath,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "idgi_released.npz"
WHOLE_STEPS = (8, 16, 32, 64, 128)
WALKS = [(path, steps) for path in ("ig", "blurig") for steps in WHOLE_STEPS]
WALKS += [("gig", 8), ("gig", 32)]


@pytest.fixture(scope="module")
def answers():
    """The stored numbers by key, as tensors of their own precision."""
    with np.load(GOLDEN) as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored}


@pytest.fixture(scope="module")
def network(answers):
    """The stored network, which takes standardised pixels."""
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv2d(3, 8, 3, padding=1))
    model.add_module("relu1", nn.ReLU())
    model.add_module("conv2", nn.Conv2d(8, 16, 3, stride=2, padding=1))
    model.add_module("relu2", nn.ReLU())
    model.add_module("pool", nn.AdaptiveAvgPool2d(4))
    model.add_module("flatten", nn.Flatten())
    model.add_module("fc", nn.Linear(256, 10))
    state = {name: value for name, value in answers.items() if name.startswith("state/")}
    model.load_state_dict({name.removeprefix("state/"): state[name] for name in state})
    return model


@pytest.fixture(scope="module")
def scaling(answers):
    """Mean and standard deviation of the channels."""
    return answers["mean"], answers["std"]


@pytest.mark.parametrize(("path", "steps"), WALKS)
def test_maps_are_those_of_the_released_code(answers, network, scaling, path, steps) -> None:
    images, targets = answers["inputs"], answers["targets"]
    found = idgi_study.maps(network, images, targets, path, steps, *scaling, max_sigma=6)
    for name, values in zip((path, f"{path}+idgi"), found, strict=True):
        expected = answers[f"{name}/steps{steps}"]
        assert values.shape == expected.shape
        # Guided IG chooses its way by the order of gradients, which rounding can turn around.
        tolerance = (5e-5 if name == "gig" else 1e-5) * float(expected.abs().amax())
        torch.testing.assert_close(values, expected.to(values), atol=tolerance, rtol=0)


@pytest.mark.parametrize("name", ["ig/steps32", "ig+idgi/steps32"])
def test_insertion_is_that_of_the_released_code(answers, network, scaling, name) -> None:
    images, targets = answers["inputs"], answers["targets"]
    found = idgi_study.insertion(network, images, answers[name], targets, *scaling)
    for kind, values in zip(("probability", "ratio"), found, strict=True):
        expected = answers[f"insertion_{kind}/{name}"].double()
        torch.testing.assert_close(values, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("picture", [0, 1])
def test_curves_are_those_of_the_released_code(answers, picture) -> None:
    image, blurred = answers["curves/images"][picture], answers["curves/blurred"][picture]
    pictures = idgi_study.reveals(image, blurred, answers["curves/saliency"][picture])
    sizes = answers[f"curves/png_sizes/{picture}"].numpy()
    assert idgi_study.png_sizes(pictures).tolist() == sizes.tolist()
    predictions = answers["curves/predictions"][picture]
    for axis, name in (("file_size", "compression"), ("ms_ssim", "msssim")):
        found = idgi_study.curve(image, predictions, pictures, axis)
        expected = answers[f"curves/{name}/{picture}"].numpy()
        assert found.shape == (101,)
        np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)


def test_the_exact_blur_differs_by_their_rounding_only(answers, scaling) -> None:
    pictures = idgi_study.Scaling(answers["inputs"], *scaling).standardised(answers["inputs"])
    walkers = [CutBlurPath(8, 6.0, blur=blur).start(pictures, pictures) for blur in BLURS]
    points = [walker.points(0, 8) for walker in walkers]
    torch.testing.assert_close(*points, atol=1e-5, rtol=0)
    slopes = [walker.increments(0, 8, points[0]) for walker in walkers]
    assert 0 < float((slopes[0] - slopes[1]).abs().max()) < 1e-3
    exact = CutBlurPath(8, 6.0, blur="taps").start(pictures.double(), pictures.double())
    torch.testing.assert_close(
        slopes[0].double(), exact.increments(0, 8, points[0]), atol=2e-4, rtol=0
    )


def test_a_cut_path_ends_before_the_image() -> None:
    images = torch.rand(1, 3, 4, 4)
    ends = {8: 0.8819, 16: 0.9449, 32: 0.9764, 64: 0.9921, 128: 1.0}
    for steps, share in ends.items():
        walker = CutStraightPath(steps).start(images, torch.zeros_like(images))
        torch.testing.assert_close(
            walker.points(steps - 1, steps)[:, 0], share * images, atol=1e-4, rtol=0
        )
        assert walker.end is None


SMALL = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
MEAN, STD = (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)


def _tiny(images):
    return images.mean(dim=(2, 3))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: idgi_study.maps(_tiny, SMALL, 0, "line", 8, MEAN, STD), "unknown path"),
        (lambda: idgi_study.maps(_tiny, SMALL, 0, "ig", 10, MEAN, STD), "divide 128"),
        (lambda: idgi_study.maps(_tiny, SMALL, 0, "blurig", 8, MEAN, STD), "cannot be mirrored"),
        (lambda: idgi_study.maps(_tiny, SMALL, 0, "ig", 8, (0.5,), STD), "mean must be one"),
        (lambda: idgi_study.maps(_tiny, SMALL, 0, "ig", 8, MEAN, (1, 0, 1)), "std must be above 0"),
        (lambda: idgi_study.maps(_tiny, 3 * SMALL, 0, "ig", 8, MEAN, STD), r"\[0, 1\]"),
        (
            lambda: idgi_study.insertion(_tiny, SMALL, SMALL.mean(1) * torch.nan, 0, MEAN, STD),
            "NaN",
        ),
        (lambda: idgi_study.reveals(SMALL[0], SMALL[0, :, :4], SMALL[0, 0]), "blurred picture"),
        (lambda: idgi_study.curve(SMALL[0], [0.1, 0.9], SMALL, "size"), "unknown axis"),
        (lambda: idgi_study.curve(SMALL[0], [0.1, 0.7], SMALL), "at least 0.8"),
        (lambda: idgi_study.curve(SMALL[0], [0.9, 0.9], SMALL), "rise"),
        (lambda: idgi_study.curve(SMALL[0], [0.1], SMALL), "one number for each"),
        (lambda: idgi_study.curve(SMALL[0], [0.1, float("nan")], SMALL), "NaN"),
        (lambda: idgi_study.curve(SMALL[0, :, :4], [0.1, 0.9], SMALL), "image must have"),
        (lambda: idgi_study.curve(SMALL[0] * torch.nan, [0.1, 0.9], SMALL), "NaN"),
        (lambda: idgi_study.reveals(SMALL[0], 255 * SMALL[0], SMALL[0, 0]), r"\[0, 1\]"),
        (lambda: idgi_study.reveals(SMALL[0], SMALL[0] * torch.nan, SMALL[0, 0]), "NaN"),
        (
            lambda: idgi_study.maps(_tiny, SMALL, 0, "ig", 8, MEAN, None),
            "std must be one finite number",
        ),
        (
            lambda: idgi_study.maps(_tiny, SMALL, 0, "ig", 8, "abc", STD),
            "mean must be an array of numbers",
        ),
        (lambda: idgi_study.curve(SMALL[0], [0.1, 0.9], SMALL[:1].repeat(2, 1, 1, 1)), "larger"),
        (lambda: idgi_study.curve(SMALL[0], [0.1, 0.9], SMALL, "ms_ssim"), "at least 161"),
        (lambda: CutBlurPath(8, blur="soft"), "unknown blur"),
        (lambda: CutBlurPath(8, -1.0), "max_sigma"),
        (lambda: CutGuidedPath(8, fraction=2), "fraction"),
    ],
)
def test_wrong_arguments_are_named(wrong, message) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()
