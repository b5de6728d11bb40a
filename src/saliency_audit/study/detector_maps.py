"""The maps that the XMGD study compares: its four methods, of all of its networks alike."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saliency_audit.attributions import create, saliency
from saliency_audit.attributions.rounding import is_constant
from saliency_audit.datasets.faceforensics import GENERATORS
from saliency_audit.datasets.standins import FAMILIES
from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics import MultiScale
from saliency_audit.metrics.levels import weighted_pixels
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.selection import MESO_GENERATORS, Selection
from saliency_audit.study.validation import validate_counts

# In the order of the paper's Table 1.
METHODS = ("ig", "saliency", "deeplift", "guided_backprop")
# Those of networks with rectifiers that end at 6, which guided backpropagation is not defined for.
WITHOUT_GUIDED = METHODS[:3]
# MesoNet's detectors, each for two generators; and those of one of the paper's generators.
MESO = ("meso4_df", "meso4_f2f", "mesoinception4_df", "mesoinception4_f2f")
MESO_DEEPFAKES = ("meso4_df", "mesoinception4_df")


@dataclass(frozen=True)
class MethodParameters(SliceParameters):
    """Parameters of maps: `explained` are methods of the paper, `steps` the points of IG."""

    explained: tuple[str, ...] = METHODS
    steps: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.explained:
            raise ValueError("at least one method is needed")
        for name in self.explained:
            refuse_unknown("method", name, METHODS)


@dataclass(frozen=True)
class MapParameters(MethodParameters):
    """Parameters of maps and of the mixtures that are fitted to them.

    Mixtures have `components` Gaussians; a pixel of saliency s in [0, 1] weighs as much as `width`
    goes into s, and s if that is 0. The paper gives neither number.
    """

    components: int = 10
    width: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(components=self.components)
        mixtures_in(vars(self))


def detector_and_generator(model: str) -> tuple[str, str]:
    """The two halves of a detector's name: `meso4_df` -> `meso4`, `deepfakes`.

    Raises:
        ValueError: a network that is not for one generator, or family of stand-ins.
    """
    detector, _, ending = model.rpartition("_")
    generator = MESO_GENERATORS.get(ending, ending)
    if not detector or generator not in (*GENERATORS, *FAMILIES):
        known = ", ".join((*MESO_GENERATORS, *GENERATORS, *FAMILIES))
        raise ValueError(f"{model!r} detects no single generator; its name must end in _{known}")
    return detector, generator


def mixtures_in(given: Mapping[str, Any], **more: Any) -> MultiScale:
    """How a task fits its mixtures; `more` are further fields of `MultiScale`."""
    return MultiScale(given["components"], given["width"] or None, seed=given["seed"], **more)


def maps_of(chosen: Selection, given: Mapping[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """Each method of a task with its maps: `(N, H, W)` on the CPU, absolute values over channels.

    Args:
        chosen: the N images.
        given: parameters of the task, `explained` and `steps`; also `output`, the score that is
            explained, where it is not the probability.
    """
    for name in given["explained"]:
        yield name, map_of(name, *chosen.inputs, given)


def map_of(
    name: str, model: nn.Module, pictures: Tensor, targets: Tensor, given: Mapping[str, Any]
) -> Tensor:
    """A method's maps of any pictures, as `maps_of` has them: `(N, H, W)` on the CPU."""
    settings: dict[str, Any] = {"steps": given["steps"]} if name == "ig" else {}
    settings |= {"output": given["output"]} if "output" in given else {}
    return saliency(create(name, **settings)(model, pictures, targets), "sum_abs").cpu()


def unit_maps(maps: Tensor, side: int) -> Tensor:
    """Maps `(N, H, W)` as they are compared: square, by means over cells, each from 0 to 1.

    Args:
        maps: `(N, H, W)`.
        side: of the result in pixels; larger than the maps, they are interpolated.

    Returns:
        `(N, side, side)` float64; NaN where a map is constant.
    """
    values = maps.double()[:, None]
    if side <= min(maps.shape[1:]):
        scaled = F.adaptive_avg_pool2d(values, side)[:, 0]
    else:
        scaled = F.interpolate(values, (side, side), mode="bilinear", align_corners=False)[:, 0]
    low, high = scaled.amin(dim=(1, 2), keepdim=True), scaled.amax(dim=(1, 2), keepdim=True)
    flat = is_constant(scaled)[:, None, None]
    return (scaled - low) / (high - low).where(~flat, torch.nan)


def defined_in_all(units: Iterable[Tensor], *fitted: MultiScale) -> Tensor:
    """Of which images every method's map can be compared: `(N,)` bool.

    Args:
        units: `unit_maps` `(N, side, side)` of each method; none may be constant.
        fitted: settings of the mixtures that are fitted to these maps, which have `enough_pixels`.
    """
    found = []
    for unit in units:
        found.append(unit.isfinite().flatten(1).all(dim=1))
        found += [enough_pixels(unit, settings) for settings in fitted]
    return torch.stack(found).all(dim=0)


def enough_pixels(units: Tensor, settings: MultiScale) -> Tensor:
    """Which maps have, at every level, weights on as many pixels as there are Gaussians.

    Args:
        units: `(N, side, side)`.
        settings: how mixtures are fitted.

    Returns:
        `(N,)` bool; False where a map is constant.
    """
    found = torch.ones(len(units), dtype=torch.bool)
    for side in settings.kernels:
        found &= weighted_pixels(units, side, settings) >= settings.components
    return found


def require_mixtures(means: Mapping[str, Tensor], settings: MultiScale, model: str) -> None:
    """Refuse aggregated maps to which no mixture can be fitted: no image can be left out of them.

    Args:
        means: a map `(side, side)` by method.
        settings: how mixtures are fitted.
        model: the network or networks whose maps they are, for the message.

    Raises:
        ValueError: names the method.
    """
    for name, mean in means.items():
        if not enough_pixels(mean[None], settings).all():
            raise ValueError(
                f"the mean map of {name!r} for {model} has fewer pixels with a weight than "
                f"mixtures have Gaussians ({settings.components}): take fewer `components`, a "
                "smaller `width` (0 for the saliency itself) or more images"
            )
