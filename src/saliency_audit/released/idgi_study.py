"""The IDGI study's maps, insertion score and information curve as its released code has them.

The model takes standardised pixels, (x − mean)/std, as there. `data/released/idgi.yml` says what
differs from the text and where it stands in the code.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from saliency_audit.attributions.arguments import asked
from saliency_audit.attributions.called import Model, as_module
from saliency_audit.attributions.path_attribution import walk
from saliency_audit.attributions.paths import Path
from saliency_audit.attributions.pixel_curves import pixel_curves, reveal_order, unchanged
from saliency_audit.attributions.rules import IDGI, Riemann
from saliency_audit.attributions.scores import validate_inputs, validate_saliency
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import refuse_unknown
from saliency_audit.metrics.arrays import floats
from saliency_audit.metrics.complexity import png_size
from saliency_audit.metrics.information_curve import from_first_to_last
from saliency_audit.metrics.insertion import areas
from saliency_audit.models.normalized import Normalized
from saliency_audit.released.idgi_paths import (
    DIRECTIONS,
    CutBlurPath,
    CutGuidedPath,
    CutStraightPath,
)
from saliency_audit.released.padded_ms_ssim import padded_ms_ssim

#: The insertion score's share of pixels between two levels.
LEVEL = 0.05
#: The information curve's number of pictures, points between 0 and 1, and least prediction.
REVEALS, POINTS, LEAST = 25, 100, 0.8
Axis = Literal["file_size", "ms_ssim"]


def maps(
    model: Model,
    images: Tensor,
    targets: Targets,
    path: str,
    steps: int,
    mean: Sequence[float] | Tensor,
    std: Sequence[float] | Tensor,
    max_sigma: float = 50.0,
    batch_size: int | str = "auto",
) -> tuple[Tensor, Tensor]:
    """Signed sums over channels of a path method and of IDGI on the same points.

    IG and Blur IG walk in standardised pixels, from standardised black; `CutStraightPath` and
    `CutBlurPath` say along which points. Guided IG walks in [0, 1] and takes its gradient with
    respect to standardised pixels, so that each channel of its plain map is std times what
    the text has.

    Args:
        model: maps standardised pixels `(N, C, H, W)` to logits.
        images: `(N, C, H, W)` in [0, 1].
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        path: "ig", "gig" or "blurig".
        steps: points; for "ig" and "blurig" a divisor of 128.
        mean: of each channel.
        std: of each channel.
        max_sigma: the blur of "blurig" beyond its last point, in pixels.
        batch_size: path points per batch.

    Returns:
        The plain map and IDGI's, `(N, H, W)` each, signed, in units of the probability.

    Raises:
        ValueError: an unknown path, a number of steps that does not divide 128, malformed images,
            targets, mean, std or model output, pictures too small for the blur.

    Source: `TMLR-IDGI/ig.py`, `blurig.py`, `gig.py`.
    """
    refuse_unknown("path", path, DIRECTIONS)
    validate_inputs(images)
    scaling = Scaling(images, mean, std)
    whole: dict[str, Callable[[], Path]] = {
        "ig": lambda: CutStraightPath(steps),
        "gig": lambda: CutGuidedPath(steps),
        "blurig": lambda: CutBlurPath(steps, max_sigma, blur="taps"),
    }
    network = as_module(model)
    pictures, black = scaling.standardised(images), scaling.standardised(torch.zeros_like(images))
    if path == "gig":
        # The way is kept in double precision there, and pixels go to the network in single.
        network, pictures = GradientOfStandardised(network, scaling), images.double()
    plain, idgi = walk(
        network,
        pictures,
        targets,
        path=whole[path](),
        rules=[Riemann(), IDGI()],
        baselines=black if path == "ig" else None,
        batch_size=batch_size,
        check_range=False,
    )
    idgi = DIRECTIONS[path] * idgi
    return plain.sum(dim=1).to(images.dtype), idgi.sum(dim=1).to(images.dtype)


def insertion(
    model: Model,
    images: Tensor,
    maps: Tensor,
    targets: Targets,
    mean: Sequence[float] | Tensor,
    std: Sequence[float] | Tensor,
    batch_size: int | str = "auto",
) -> tuple[Tensor, Tensor]:
    """Insertion scores from a black picture, in 21 levels of 5 % of the pixels.

    The most salient pixels come first, by the signed map, with all channels at once. Pixels of
    equal saliency come in a random order of a fixed seed; there their order is the sort's.

    Args:
        model: maps standardised pixels `(N, C, H, W)` to logits.
        images: `(N, C, H, W)` in [0, 1].
        maps: `(N, H, W)`, signed.
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        mean: of each channel.
        std: of each channel.
        batch_size: pictures per forward pass.

    Returns:
        `(N,)` areas under the curves of the probability, and of the probability divided by its last
        value (NaN where that is 0). Higher is better.

    Raises:
        ValueError: malformed images, maps, targets, mean, std or model output.

    Source: `TMLR-IDGI/metrics.py`, `insert_pixels` and `insertion_score`.
    """
    validate_inputs(images)
    network = Normalized(as_module(model), *Scaling(images, mean, std).numbers).to(images)
    with asked(network, images, targets, batch_size=batch_size) as call:
        curves, _ = pixel_curves(
            call,
            maps,
            before=torch.zeros_like,
            after=unchanged,
            stops=_levels,
            seeds=None,
            batch_size=batch_size,
        )
    # Each level counts as 5 %, although pixels are whole.
    return areas(curves, LEVEL * torch.arange(curves.shape[1]).double(), whole=curves[:, -1])


def reveals(image: Tensor, blurred: Tensor, saliency: Tensor) -> Tensor:
    """The 25 pictures of an information curve: from blurred to sharp in equal shares of pixels.

    Args:
        image: `(C, H, W)`.
        blurred: the same size; there PIL's Gaussian of radius 20 of the file before resizing.
        saliency: `(H, W)`, signed; the most salient pixels are revealed first.

    Returns:
        `(25, C, H, W)`.

    Raises:
        ValueError: sizes that do not match, or a map that is not finite.

    Source: `TMLR-IDGI/script_pic.py`.
    """
    validate_inputs(image[None])
    if blurred.shape != image.shape:
        raise ValueError(
            f"the blurred picture must have the image's shape {tuple(image.shape)}, "
            f"got {tuple(blurred.shape)}"
        )
    validate_inputs(blurred[None])
    ranks = reveal_order(validate_saliency(image[None], saliency[None]), [0])
    counts = torch.from_numpy(np.linspace(0, ranks.numel(), REVEALS).astype(int)).to(ranks.device)
    shown = ranks < counts[:, None, None]
    return torch.where(shown[:, None], image, blurred)


def curve(
    image: Tensor,
    predictions: Tensor | NDArray[np.floating],
    pictures: Tensor,
    axis: Axis = "file_size",
) -> NDArray[np.float64]:
    """One image's information curve at 0, .01 … 1.

    The prediction is scaled from the first picture (0) to the last (1), clipped, and the largest so
    far. Against the file size, that of PNG files is scaled in the same way; against MS-SSIM, its
    value is taken as it is, so that the points begin at the first picture's. (0, 0) is a point, the
    value at 1 is 1.

    Args:
        image: `(3, H, W)` in [0, 1].
        predictions: `(P,)` of the pictures: the probability for a softmax information curve, 1 or 0
            for the accuracy's.
        pictures: `(P, 3, H, W)`, from blurred to sharp (`reveals`).
        axis: "file_size" or "ms_ssim".

    Returns:
        `(101,)` in [0, 1].

    Raises:
        ValueError: an image that is left out there, because its last prediction is below .8 or not
            above the first, or its last file not larger than the first; malformed arguments.

    Source: `TMLR-IDGI/metrics.py`, `compute_pic_metric`.
    """
    refuse_unknown("axis", axis, ("file_size", "ms_ssim"))
    validate_inputs(pictures)
    if image.shape != pictures.shape[1:]:
        raise ValueError(
            f"image must have the pictures' shape {tuple(pictures.shape[1:])}, "
            f"got {tuple(image.shape)}"
        )
    validate_inputs(image[None])
    heights = torch.as_tensor(predictions, dtype=torch.float64).detach().cpu().numpy()
    if heights.shape != (len(pictures),) or len(pictures) < 2:
        raise ValueError(
            f"predictions must be one number for each of at least 2 pictures, got shape "
            f"{heights.shape} for {len(pictures)} pictures"
        )
    if not np.isfinite(heights).all():
        raise ValueError("predictions hold NaN or infinite values; check what the model returns")
    if heights[-1] < LEAST or heights[-1] <= heights[0]:
        raise ValueError(
            f"this image has no curve in the released code: the prediction must be at least {LEAST}"
            f" at the end and rise, got {heights[0]:g} at the start and {heights[-1]:g} at the end"
        )
    if axis == "file_size":
        sizes = png_sizes(pictures).astype(np.float64)
        if sizes[-1] <= sizes[0]:
            raise ValueError(
                "this image has no curve in the released code: its file must be larger than the "
                f"first picture's, got {sizes[-1]:g} and {sizes[0]:g} bytes"
            )
        places = _unit(sizes)
    else:
        places = padded_ms_ssim(pictures, image).double().cpu().numpy()
    rising = np.maximum.accumulate(_unit(heights))
    places, rising = np.append(places, 0.0), np.append(rising, 0.0)
    order = np.argsort(places, kind="stable")
    grid = np.linspace(0, 1, POINTS, endpoint=False)
    return np.append(np.interp(grid, places[order], rising[order]), 1.0)


def png_sizes(pictures: Tensor) -> NDArray[np.int64]:
    """Bytes of each picture `(P, 3, H, W)` in [0, 1] as a PNG file; levels are rounded down."""
    levels = pictures.mul(255).byte().permute(0, 2, 3, 1).cpu().numpy()
    return np.array([png_size(picture) for picture in levels])


class Scaling:
    """Mean and standard deviation of each channel, beside images.

    Args:
        images: `(N, C, H, W)`.
        mean: C numbers.
        std: C numbers above 0.

    Raises:
        ValueError: other numbers.
    """

    def __init__(
        self, images: Tensor, mean: Sequence[float] | Tensor, std: Sequence[float] | Tensor
    ) -> None:
        given = (("mean", mean), ("std", std))
        listed = [torch.from_numpy(floats(name, values)).flatten() for name, values in given]
        for name, values in zip(("mean", "std"), listed, strict=True):
            if len(values) != images.shape[1] or not torch.isfinite(values).all():
                raise ValueError(
                    f"{name} must be one finite number for each of {images.shape[1]} channels, got "
                    f"{values.tolist()}"
                )
        if not (listed[1] > 0).all():
            raise ValueError(f"std must be above 0 in each channel, got {listed[1].tolist()}")
        self.numbers = tuple(listed[0].tolist()), tuple(listed[1].tolist())
        self._mean, self._std = (values.reshape(-1, 1, 1).to(images) for values in listed)

    def standardised(self, images: Tensor) -> Tensor:
        """(x − mean)/std, in the number type of the images given at first."""
        return (images.to(self._mean) - self._mean) / self._std


class GradientOfStandardised(nn.Module):
    """A network asked about pixels in [0, 1] whose gradient is that of standardised pixels."""

    def __init__(self, network: nn.Module, scaling: Scaling) -> None:
        super().__init__()
        self.network, self._scaling = network, scaling

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)` of images `(N, C, H, W)`."""
        plain: Tensor = _Standardised.apply(images, self._scaling)
        logits: Tensor = self.network(plain)
        return logits


class _Standardised(torch.autograd.Function):
    """Standardisation with the identity as its way back."""

    @staticmethod
    def forward(context: object, images: Tensor, scaling: Scaling) -> Tensor:
        return scaling.standardised(images)

    @staticmethod
    def backward(context: object, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient.double(), None


def _levels(height: int, width: int) -> Tensor:
    """Pixels shown at each level, rounded down."""
    shares = np.arange(0, 1 + LEVEL, LEVEL)
    return torch.from_numpy((shares * height * width).astype(int))


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = from_first_to_last(torch.from_numpy(values)[None])[0].numpy()
    return found
