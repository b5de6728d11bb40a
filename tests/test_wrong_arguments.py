"""Every argument refuses what it cannot be by an error of ours: its name, the value, the remedy."""

import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import saliency_audit
from saliency_audit import metrics
from saliency_audit.datasets.faceforensics import open_faceforensics
from saliency_audit.datasets.videos import read_frames
from saliency_audit.errors import NUMBERS

PACKAGE = Path(saliency_audit.__file__).parent
RANDOM = torch.Generator().manual_seed(3)
MAPS, OTHERS = torch.rand(2, 3, 16, 16, generator=RANDOM)
SEQUENCES = torch.rand(2, 3, 12, 12, generator=RANDOM)
IMAGES = torch.rand(3, 3, 16, 16, generator=RANDOM)
REGIONS = MAPS > 0.5
NETWORK = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 4))
SETTINGS = metrics.MultiScale(components=2, restarts=1, kernels=(1, 3))
FITS = metrics.fit_maps(MAPS, SETTINGS)
POINTS, WEIGHTS = torch.rand(30, 2, generator=RANDOM), torch.rand(2, 30, generator=RANDOM)
OF_FOLDS, FOLDS = torch.rand(3, 4, 8, 8, generator=RANDOM), torch.tensor([0, 1, 2])
DISTANCES = metrics.rank_distances(OF_FOLDS, FOLDS)
MIXTURE = {
    "means": [[0.0, 0.0], [1.0, 1.0]],
    "covariances": [np.eye(2).tolist()] * 2,
    "weights": [0.5, 0.5],
}

# What an argument cannot be: the value, and what the message must say; "…" stands for its name.
Wrong = Mapping[str, tuple[Any, str]]


def of_numbers(kind: str, *more: Any) -> Wrong:
    """What is no number of a kind of `NUMBERS`."""
    values = ("5", None, [1], float("nan"), True, torch.ones(2), *more)
    return {repr(v): (v, f"… must {re.escape(NUMBERS[kind][0])}, got ") for v in values}


def all_say(message: str, *values: Any) -> Wrong:
    return {repr(value): (value, message) for value in values}


NO_TENSORS = {
    "list": ([[1.0]], "… must be .*tensor.*, got list"),
    "numpy": (np.ones((3, 16, 16)), "… must be a torch tensor.* numpy array; torch.from_numpy"),
    "None": (None, "… must be .*tensor.*, got NoneType"),
    "text": ("maps", "… must be .*tensor.*, got str"),
    "number": (3, "… must be .*tensor.*, got int"),
}
NO_FLOATS = {
    "whole numbers": (MAPS.long(), r"… must be floats .*got torch\.int64 .*; convert them"),
    "truth values": (REGIONS, r"… must be floats .*got torch\.bool .*; convert them"),
    "complex": (MAPS.to(torch.complex64), r"… must be floats .*got torch\.complex64"),
}
OTHER_SHAPES = {
    "one map": (MAPS[0], r"… must be floats of shape .*got .* \(16, 16\); .*maps\[None\]"),
    "channels": (IMAGES, r"… must be floats of shape .*got .*; reduce .* with `saliency`"),
    "no pixels": (MAPS[..., :0], r"… have no pixels: shape \(3, 16, 0\)"),
}
PAIRED = {"smaller": (MAPS[..., :-1], r"… .*one s(hape|ize), got .*15.*; resize them")}
NO_NUMBERS = {
    "truth values": (REGIONS, r"… must hold real numbers, got torch\.bool; take numbers"),
    "complex": (MAPS.to(torch.complex64), "… must hold real numbers, got torch.complex64; take"),
}
MAP_SET = {**NO_TENSORS, **NO_FLOATS, **OTHER_SHAPES}
SEQUENCE_SET = {
    **NO_TENSORS,
    "one": (SEQUENCES[0], r"… sequences must be .*got .*; .*maps\[None\]"),
    "shorter": (SEQUENCES[:, :2], "… .*one shape, got .*2.*; resize them"),
}
SALIENCY = {
    **NO_TENSORS,
    **NO_NUMBERS,
    "one map": (MAPS[0], r"… .*must have .*shape .*got \(16, 16\)"),
    "channels": (IMAGES, r"… .*must have .*shape .*; reduce attribution maps"),
}
BOOLS = all_say("… must be True or False, got ", None, 1, "no", torch.ones(2))
SEEDS = all_say("… must be a list of whole numbers.*got.*; leave it out", 7, "12", 2.5, object())
SEEDS |= {"some": ([0.5, 1, -1], r"… must be whole numbers ≥ 0 \(images \[0, 2\]\); leave")}
SETTINGS_OF = all_say("… must be a MultiScale, got .*; MultiScale", None, "fine", 3, {"width": 1})
FITTED = all_say("… must be a ScaledMixtures, got .*; fit_maps makes", None, "fits", MAPS, [FITS])
MODELS = all_say("the … must be a torch.nn.Module or a function.*, got", None, "net", 3, nn.Linear)
TARGETS = all_say("… must be class indices.*got", "cat", [0.5, 1.0, 2.0], torch.rand(3), object())
BATCH = all_say('… must be a positive number or "auto", got', 0, "big", 1.5, None, [2])
PICTURES = {
    **NO_TENSORS,
    "one image": (IMAGES[0], r"… must have shape \(N, C, H, W\), got \(3, 16, 16\); .*image\[None"),
    "bytes": (IMAGES.byte(), r"… must be floating point in \[0, 1\], got torch.uint8; divide"),
    "half": (IMAGES.half(), r"… must be float32 or float64, got torch.float16: convert"),
}
MARKED = {
    **NO_TENSORS,
    "numbers": (MAPS, r"… must be bool, got torch\.float32; compare"),
}
ARRAYS = all_say(
    "… must be an array of numbers, got .*; give lists", "far", [[1, 2], [3]], object(), ["a", "b"]
)
PATHS = all_say("… must be a path, got .*; give a Path", None, 3, b"video", ["a"], object())
TEXTS = all_say("… must be a str, got .*; give a string", None, 3, Path("c23"), ["c23"])
WHOLE = of_numbers("whole", 0, -1, 2.5)
POSITIVE = of_numbers("positive", 0, -1.0, float("inf"))
ONE_OR_LESS = of_numbers("share or all", 0, -1, 1.5)
DISTANCE = all_say(
    "… must be a number of pixels ≥ 0, got",
    *("5", None, [1], -1, float("nan"), True, torch.ones(2)),
)
KERNELS = all_say(
    r"… must be a tuple of odd whole numbers, such as \(1, 3, 5\), got",
    *(3, None, "135", [1, 3], (), (2,), (1, 4), (1.5,), (-1,), ("3",), (True,), torch.ones(3)),
)


def choice(name: str) -> Wrong:
    return all_say(f"unknown {name} .*; known: ", "nope", None, 3, ["mean"], object())


METRIC_OF_MODEL = {
    "model": MODELS,
    "images": PICTURES,
    "saliency": SALIENCY,
    "targets": TARGETS,
}
HOW = {"seeds": SEEDS, "batch_size": BATCH, "check_range": BOOLS}
PAIR = {"first": {**MAP_SET, **PAIRED}, "second": {**MAP_SET, **PAIRED}}
TO_REGIONS = {"saliency": SALIENCY, "regions": MARKED}
OF_MODEL = {"model": NETWORK, "images": IMAGES, "saliency": MAPS, "targets": None}
BOTH = {"first": MAPS, "second": OTHERS}
ON_OBJECTS = {"saliency": MAPS, "regions": REGIONS}
PAIR_OF_MIXTURES = {f"{name}_{side}": MIXTURE[name] for side in "ab" for name in MIXTURE}
GAUSSIANS = {name: of for name, of in PAIR_OF_MIXTURES.items() if not name.startswith("weights")}

# A call that works, and by argument what it refuses.
CALLS: dict[str, tuple[Callable[..., Any], Mapping[str, Any], Mapping[str, Wrong]]] = {
    "MultiScale": (
        metrics.MultiScale,
        {},
        {
            **dict.fromkeys(("components", "restarts", "iterations"), WHOLE),
            **dict.fromkeys(("tolerance", "floor"), POSITIVE),
            "width": {text: wrong for text, wrong in ONE_OR_LESS.items() if text != "None"},
            "kernels": KERNELS,
            "window": choice("window"),
            "seed": of_numbers("from 0", -1, 2.5),
        },
    ),
    "ScaledMixtures": (
        metrics.ScaledMixtures,
        {"levels": FITS.levels},
        {
            "levels": all_say(
                "… must be a tuple of WeightedMixture.*, got .*; fit_maps",
                *(None, "levels", list(FITS.levels), (), (MAPS,), (*FITS.levels, FITS), 3),
                (FITS.levels[0], FITS.levels[1].at(torch.tensor([0]))),
            ),
            "settings": {text: wrong for text, wrong in SETTINGS_OF.items() if text != "None"},
        },
    ),
    "ScaledMixtures.at": (
        FITS.at,
        {"chosen": torch.tensor([0])},
        {
            "chosen": {
                **NO_TENSORS,
                **all_say(
                    r"… must be indices \(M,\) or a mask \(3,\) of 3 maps, got torch",
                    *(torch.tensor([3]), torch.tensor([-4]), torch.tensor([0.5])),
                    *(torch.tensor([[0]]), torch.tensor([True])),
                ),
            }
        },
    ),
    "fit_maps": (
        metrics.fit_maps,
        {"maps": MAPS, "settings": SETTINGS},
        {"maps": MAP_SET, "settings": SETTINGS_OF},
    ),
    "xmgd": (
        metrics.xmgd,
        {**BOTH, "settings": SETTINGS},
        {**PAIR, "settings": SETTINGS_OF, "squared": BOOLS},
    ),
    **{
        function.__name__: (
            function,
            {"first": FITS, "second": FITS},
            {"first": FITTED, "second": FITTED},
        )
        for function in (metrics.xmgd_terms, metrics.xmgd_matrix)
    },
    "xmgd_of_sequences": (
        metrics.xmgd_of_sequences,
        {"first": SEQUENCES, "second": SEQUENCES, "settings": SETTINGS},
        {
            "first": SEQUENCE_SET,
            "second": SEQUENCE_SET,
            "settings": SETTINGS_OF,
            "duration": POSITIVE,
        },
    ),
    "fit_weighted_gmm": (
        metrics.fit_weighted_gmm,
        {"points": POINTS, "weights": WEIGHTS, "components": 2},
        {
            "points": {
                **NO_TENSORS,
                **NO_NUMBERS,
                "one": (POINTS[0], r"… must be \(n, d\) .*got \(2,\)"),
                "none": (POINTS[:, :0], r"… must be at least one number each, got \(30, 0\)"),
            },
            "weights": {
                **NO_TENSORS,
                **NO_NUMBERS,
                "one": (WEIGHTS[0], r"… \(B, n\), got .*\(30,\); .*weights\[None\]"),
            },
            **dict.fromkeys(("components", "restarts", "iterations"), WHOLE),
            **dict.fromkeys(("tolerance", "floor"), POSITIVE),
            "start": {
                **all_say("… must be a WeightedMixture, got .*; fit_weighted", "k-means", 3, FITS),
                "of others": (FITS.levels[0], r"… must have means .* \(2, 2, 2\), got \(3, 2, 2\)"),
            },
            "seed": of_numbers("from 0", -1, 2.5),
        },
    ),
    "mixture_wasserstein": (
        metrics.mixture_wasserstein,
        PAIR_OF_MIXTURES,
        {
            **{name: ARRAYS | {"deep": ([[[[1.0]]]], "… .*, got .*")} for name in PAIR_OF_MIXTURES},
            "squared": BOOLS,
        },
    ),
    "gaussian_wasserstein_squared": (
        metrics.gaussian_wasserstein_squared,
        GAUSSIANS,
        dict.fromkeys(GAUSSIANS, ARRAYS),
    ),
    "kl_divergence": (
        metrics.kl_divergence,
        BOTH,
        {**PAIR, "symmetric": BOOLS, "floor": of_numbers("share", 0, 1, -0.5)},
    ),
    "frechet_distance": (
        metrics.frechet_distance,
        BOTH,
        {
            **PAIR,
            "side": WHOLE | {"too many": (17, "smaller side")},
        },
    ),
    "rank_distances": (
        metrics.rank_distances,
        {"maps": OF_FOLDS, "folds": FOLDS},
        {
            "maps": NO_TENSORS
            | {"whole": (OF_FOLDS.long(), r"… must be floats .*got torch\.int64 .*; convert them")}
            | {"one": (OF_FOLDS[:, 0], r"… must be floats of shape \(N, K, H, W\), got")},
            "folds": NO_TENSORS
            | all_say("… must be int64.*, got .*; give", FOLDS.float(), FOLDS[:2], FOLDS[None]),
        },
    ),
    "sorted_by_agreement": (
        metrics.sorted_by_agreement,
        {"distances": DISTANCES, "correct": DISTANCES > 0.9, "folds": FOLDS},
        {
            "distances": NO_TENSORS
            | NO_NUMBERS
            | {"flat": (DISTANCES[0], r"… \(4,\) and correct \(3, 4\) do not match; both must")},
            "correct": NO_TENSORS
            | {
                "numbers": (DISTANCES, r"… must be bool, got torch\.float64; correct\.bool"),
                "flat": (DISTANCES[0] > 0, r"… \(4,\) do not match; both must be"),
            },
            "folds": NO_TENSORS | all_say("… must be int64", FOLDS.float(), FOLDS[:2]),
        },
    ),
    **{
        name: (getattr(metrics, name), BOTH, PAIR)
        for name in ("spearman", "weighted_jaccard", "normalized_mse", "ssim", "wasserstein1")
    },
    "dice": (metrics.dice, BOTH, {**PAIR, "level": ONE_OR_LESS}),
    "norm_distance": (
        metrics.norm_distance,
        BOTH,
        {
            **PAIR,
            "order": all_say(
                "… must be a number > 0, or inf, got",
                *("2", None, [2], True, float("nan"), 0, -1, torch.ones(2)),
            ),
        },
    ),
    "faithfulness": (
        metrics.faithfulness,
        OF_MODEL,
        {
            **METRIC_OF_MODEL,
            "points": WHOLE,
            "blur": of_numbers("not negative", -1, float("inf")),
            **HOW,
        },
    ),
    "normalised_over_methods": (
        metrics.normalised_over_methods,
        {"values": MAPS[0]},
        {
            "values": NO_TENSORS
            | NO_NUMBERS
            | {"one": (MAPS[0, 0], r"… must be \(M, N\) .*got \(16,\); stack those")},
        },
    ),
    "insertion_correlation": (
        metrics.insertion_correlation,
        OF_MODEL,
        {
            **METRIC_OF_MODEL,
            "points": all_say(
                "… must be a whole number ≥ 2, got", "5", None, 1, 2.5, True, [3], torch.ones(2)
            ),
            **HOW,
        },
    ),
    "masked_confidence": (
        metrics.masked_confidence,
        {**OF_MODEL, "share": 0.5},
        {
            **METRIC_OF_MODEL,
            "share": all_say(
                r"… must lie in \(0, 1\) and keep some .*, got .*; None takes",
                *("0.5", 0, 1, -1, 2, [0.5], float("nan"), True, 1e-6, torch.ones(2)),
            ),
            "baseline": all_say(
                "baseline", "grey", {}, object(), float("nan"), torch.ones(5), [1.0, 2.0]
            ),
            **HOW,
        },
    ),
    **{
        name: (getattr(metrics, name), OF_MODEL, METRIC_OF_MODEL)
        for name in ("increase_in_confidence", "average_drop", "average_drop_in_deletion")
    },
    **{
        name: (getattr(metrics, name), ON_OBJECTS, TO_REGIONS)
        for name in ("explainability", "region_iou", "mass_inside")
    },
    "box_iou": (metrics.box_iou, ON_OBJECTS, {**TO_REGIONS, "threshold": ONE_OR_LESS}),
    "pointing_game": (
        metrics.pointing_game,
        ON_OBJECTS,
        {
            **TO_REGIONS,
            "tolerance": DISTANCE,
        },
    ),
    "widened": (
        metrics.widened,
        {"regions": REGIONS, "tolerance": 1.0},
        {
            "regions": MARKED | {"one": (REGIONS[0], r"… must have shape .*; .*region\[None\]")},
            "tolerance": DISTANCE,
        },
    ),
    "read_frames": (
        read_frames,
        {"path": "video.mp4", "count": 3},
        {"path": PATHS, "count": WHOLE},
    ),
    "open_faceforensics": (
        open_faceforensics,
        {
            **{"name": "tiny", "root": Path("faces"), "generator": "deepfakes", "part": "test"},
            "how_to_get": "Ask for it.",
        },
        {
            **dict.fromkeys(("name", "how_to_get", "compression"), TEXTS),
            "root": PATHS,
            "generator": choice("generator"),
            "part": choice("part"),
            "frames": WHOLE,
            "side": WHOLE,
        },
    ),
}


def test_every_argument_has_its_refusals():
    for name, (function, _, refused) in CALLS.items():
        parameters = inspect.signature(function).parameters.values()
        taken = {each.name for each in parameters if each.kind != each.VAR_KEYWORD}
        assert taken == set(refused), name


# The videos of these are not there.
UNANSWERED = ("read_frames", "open_faceforensics")


@pytest.mark.parametrize("name", [name for name in CALLS if name not in UNANSWERED])
def test_the_calls_work_otherwise(name):
    function, good, _ = CALLS[name]
    function(**good)


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name, call in CALLS.items() for argument in call[2]]
)
def test_what_an_argument_cannot_be_is_named_with_the_value_and_the_remedy(name, argument):
    function, good, refused = CALLS[name]
    for label, (value, message) in refused[argument].items():
        pattern = message.replace("… ", rf"\b{argument}\b.*")
        with pytest.raises(ValueError, match=f"(?s){pattern}") as raised:
            pytest.fail(f"{label} was taken: {function(**{**good, argument: value})}")
        place = Path(str(raised.traceback[-1].path))
        assert place.is_relative_to(PACKAGE), f"{label}: raised by {place}"
