"""Meaningful Perturbation: the smallest region whose blur makes the class score vanish."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saliency_audit.attributions.arguments import Method
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import differentiable_scores, score
from saliency_audit.attributions.gaussian import blur_matrix, blurred
from saliency_audit.attributions.mask_search import (
    descend,
    drawn,
    mask_by_mask,
    validate_perturbation,
)
from saliency_audit.attributions.relevance.background import preserved
from saliency_audit.attributions.scores import validate_output
from saliency_audit.attributions.seeding import image_generator
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import is_finite, refuse_numbers, refuse_unknown

GAMES = ("deletion", "preservation")
STARTS = ("circle", "ones")
# Circles that are tried as the start, as radii in parts of a side of 224 pixels; the width of their
# edge; and the share of the score's fall that must not be left.
RADII = tuple(range(5, 175, 5))
EDGE = 10
SUPPRESSED = 0.01


@dataclass(frozen=True)
class MeaningfulPerturbation(Method):
    """1 − M of argmin_m f_c(x ⊙ M + b ⊙ (1 − M)) + λ₁ Σ|1 − m| + λ₂ Σ|∇m|^β, by gradient descent.

    m has a value in [0, 1] for each cell of `stride` × `stride` pixels, 1 where the picture is
    kept; M is m at the size of the picture under a Gaussian blur of width `mask_blur`. λ₁ is
    `area`, λ₂ `smoothness`, ∇m the differences to the next cell below and to the right, and sums
    run over cells. Adam with `learning_rate` takes `iterations` steps, clipped to [0, 1]. At each,
    the picture is enlarged by `jitter` pixels and cropped anew at up to `jitter` − 1 of them, and
    N(0, `noise`²) is added to what the model sees; both are drawn from the image's `seed`.

    With `game="preservation"` argmin −f_c(x ⊙ M + b ⊙ (1 − M)) + λ₁ Σ|m| + λ₂ Σ|∇m|^β, and the map
    is M. Maps lie in [0, 1] and are 1 where a pixel matters in either game.

    b is the picture under a Gaussian blur of width `blur` ("native"), or a background of DRE's
    §4.1, drawn anew at each step ("shared").

    With `start="circle"` m begins as the smallest of 34 centred discs that takes 99 % of the
    score's fall from the picture to b; this costs 36 passes forward. With "ones" all is kept at
    first. Then come `iterations` passes forward and backward.

    Where paper and code differ, or are silent:

    - Defaults are those of the paper and of the authors' code, which agree; 300 iterations are the
      DRE paper's too. Widths are in pixels of pictures of 224 × 224 pixels and 28 × 28 cells.
    - The authors' code leaves the blur of the mask out of its gradient; here it counts.
    - The kernel at the border is cut off and scaled to one.
    - The port to PyTorch that others compare with has means in place of sums, 1 as start, noise in
      place of jitter and more steps: `area=0.01 / 784, smoothness=0.2 / 756, start="ones"`,
      `noise=0.2, jitter=0, iterations=500`. It also upsamples bilinearly, takes differences one by
      one, and has a median filter for b.

    Source: Fong and Vedaldi 2017, Eq. 3 to 5 and §4.3; ruthcfong/perturb_explanations at 21cffc0,
    code/caffe/python/optimize_mask.py; jacobgil/pytorch-explain-black-box at 74dd6f7, explain.py.
    """

    iterations: int = 300
    area: float = 1e-4
    smoothness: float = 1e-2
    beta: float = 3.0
    learning_rate: float = 0.1
    stride: int = 8
    mask_blur: float = 5.0
    jitter: int = 4
    noise: float = 0.0
    game: str = "deletion"
    start: str = "circle"
    perturbation: str = "native"
    blur: float = 10.0
    seed: int = 0
    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_numbers(
            self,
            whole=("iterations", "stride"),
            from_0=("jitter",),
            positive=("learning_rate",),
            not_negative=("area", "smoothness", "mask_blur", "noise", "blur"),
        )
        if not is_finite(self.beta) or self.beta < 1:
            raise ValueError(f"beta must be a finite number ≥ 1, got {self.beta!r}")
        refuse_unknown("game", self.game, GAMES)
        refuse_unknown("start", self.start, STARTS)
        validate_perturbation(self.perturbation)
        validate_output(self.output)

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, 1, H, W)` in [0, 1]: one value per location.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size.
        """
        with self.asked(model, inputs, targets) as call:

            def search(images: Tensor, classes: Tensor, size: int) -> Tensor:
                return self._maps(call.model, images, classes)

            return mask_by_mask(search, call, self.batch_size)

    def _maps(self, model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
        rows, columns = (
            _enlarging(size, self.stride, self.mask_blur, images) for size in images.shape[2:]
        )
        generators = [image_generator(image, self.seed) for image in images]
        view = self._views(images, generators)
        deletion = self.game == "deletion"

        def losses(step: int) -> Callable[[Tensor], Tensor]:
            pictures, backgrounds = view()
            noise = self._noise(pictures, generators)

            def loss(mask: Tensor) -> Tensor:
                shown = preserved(pictures, rows @ mask @ columns.mT, backgrounds) + noise
                scores = differentiable_scores(model, shown, classes, self.output)
                cost = self.area * (1 - mask if deletion else mask).sum((1, 2, 3))
                return (scores if deletion else -scores) + cost + self._roughness(mask)

            return loss

        if self.start == "circle":
            background = self._background(images, generators)
            circles = smallest_circles(model, images, background, classes, self.output)
            start = 1 - circles if deletion else circles
        else:
            start = torch.ones_like(images[:, :1])
        cells = F.adaptive_avg_pool2d(start, (rows.shape[1], columns.shape[1]))
        adam = partial(torch.optim.Adam, lr=self.learning_rate)
        found = descend(model, cells, losses, adam, self.iterations, (0.0, 1.0))
        kept = (rows @ found @ columns.mT).clamp(0, 1)
        return 1 - kept if deletion else kept

    def _background(self, images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        native = self.perturbation == "native"
        return blurred(images, self.blur) if native else drawn(images, generators)

    def _views(
        self, images: Tensor, generators: Sequence[torch.Generator]
    ) -> Callable[[], tuple[Tensor, Tensor]]:
        """A function that gives pictures and backgrounds of one step, `(B, C, H, W)` each."""
        height, width = images.shape[2:]
        larger = F.interpolate(
            images,
            (height + self.jitter, width + self.jitter),
            mode="bilinear",
            align_corners=False,
        )
        background = blurred(larger, self.blur) if self.perturbation == "native" else None

        def view() -> tuple[Tensor, Tensor]:
            corners = [_corner(self.jitter, generator) for generator in generators]

            def cropped(pictures: Tensor) -> Tensor:
                pairs = zip(pictures, corners, strict=True)
                return torch.stack(
                    [each[:, y : y + height, x : x + width] for each, (y, x) in pairs]
                )

            pictures = cropped(larger)
            if background is None:
                return pictures, drawn(pictures, generators)
            return pictures, cropped(background)

        return view

    def _noise(self, pictures: Tensor, generators: Sequence[torch.Generator]) -> Tensor | float:
        if not self.noise:
            return 0.0
        shape = pictures.shape[1:]
        draws = [torch.randn(shape, generator=one, dtype=torch.float32) for one in generators]
        return self.noise * torch.stack(draws).to(pictures)

    def _roughness(self, mask: Tensor) -> Tensor:
        """λ₂ Σ |∇m|^β of masks `(B, 1, h, w)`: `(B,)`."""
        down = F.pad(torch.diff(mask, dim=2), (0, 0, 0, 1))
        right = F.pad(torch.diff(mask, dim=3), (0, 1))
        # For β < 2 a root would have no gradient where the mask is flat.
        squares = (down.square() + right.square()).clamp(min=torch.finfo(mask.dtype).tiny)
        return self.smoothness * (squares ** (self.beta / 2)).sum((1, 2, 3))


def smallest_circles(
    model: nn.Module, images: Tensor, background: Tensor, classes: Tensor, output: str
) -> Tensor:
    """The smallest centred disc of each image that takes 99 % of the score's fall to b.

    Args:
        model: a `frozen` model.
        images: `(B, C, H, W)`.
        background: b, the same.
        classes: `(B,)`.
        output: see `class_scores`.

    Returns:
        `(B, 1, H, W)` in [0, 1], 1 within the disc; the largest disc if none takes so much.

    Source: Fong and Vedaldi 2017, §4.3; sizes and the soft edge are those of the authors' code.
    """
    discs = _discs(images)
    whole, none = (score(model, shown, classes, output) for shown in (images, background))
    chosen = torch.full_like(classes, len(discs) - 1)
    for number, disc in reversed(list(enumerate(discs))):
        shown = torch.lerp(images, background, disc)
        left = (score(model, shown, classes, output) - none) / (whole - none)
        chosen[left <= SUPPRESSED] = number
    return discs[chosen]


def _discs(images: Tensor) -> Tensor:
    """Discs of growing size about the centre, with soft edges: `(34, 1, H, W)`."""
    height, width = (int(size) for size in images.shape[2:])
    # The scale for pictures that are not square: that of a square with as long a diagonal.
    scale = math.hypot(height, width) / (224 * math.sqrt(2))
    down = torch.arange(height, device=images.device, dtype=images.dtype) - height // 2
    right = torch.arange(width, device=images.device, dtype=images.dtype) - width // 2
    apart = down[:, None].square() + right.square()
    radii = scale * torch.tensor(RADII, device=images.device, dtype=images.dtype)
    sharp = (apart <= radii[:, None, None].square()).to(images)
    return blurred(sharp[:, None], EDGE * scale)


def _enlarging(size: int, stride: int, sigma: float, like: Tensor) -> Tensor:
    """The matrix `(size, cells)` that enlarges a signal by repetition and blurs it."""
    cells = torch.arange(size, device=like.device) // stride
    repeated = F.one_hot(cells, -(-size // stride)).to(like)
    return blur_matrix(size, sigma, like) @ repeated


def _corner(jitter: int, generator: torch.Generator) -> tuple[int, int]:
    if jitter == 0:
        return 0, 0
    down, right = torch.randint(jitter, (2,), generator=generator).tolist()
    return down, right
