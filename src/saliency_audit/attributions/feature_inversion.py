"""Guided Feature Inversion: a mask of weighted feature maps that keeps what the network saw."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saliency_audit.attributions.arguments import Method
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import differentiable_scores, score
from saliency_audit.attributions.gaussian import blurred
from saliency_audit.attributions.layers import (
    channels_first,
    find_layer,
    outputs_of,
    validate_layout,
)
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
from saliency_audit.errors import refuse_numbers


@dataclass(frozen=True)
class FeatureInversion(Method):
    """The mask M = Σ_k ω_k A_k, upsampled and scaled, for the best weights ω ≥ 0 of feature maps.

    A are the maps of `layer` for the image, by default the last feature map as a whole, as in
    `GradCam`, and `layout` their order of axes. M(ω) = (Σ − min Σ) / max Σ, bilinear with aligned
    corners. ω starts at `start` and takes `iterations` steps of Adam in two stages, with z = x ⊙ M
    + b ⊙ (1 − M) the picture that M keeps and z̄ = x ⊙ (1 − M) + b ⊙ M the rest:

    - `inversion_iterations` of ‖A(z) − A‖² / ‖A‖² + `inversion_decay` ‖ω‖²;
    - then −f_c(z) + `background` f_c(z̄) + `decay` ‖ω‖².

    The learning rate halves after every `halve_every` steps, in both stages together.

    b is the picture under a Gaussian blur of width `blur` ("native"), or a background of DRE's
    §4.1, drawn anew at each step from the image's `seed` ("shared").

    Maps lie in [0, 1]. One pass gives A; a step of the first stage takes one pass forward and
    backward, one of the second two. The released code passes z through the network twice and z̄
    once at every step, three passes, of which it uses as many as are taken here.

    Where paper and code differ, or are silent:

    - Defaults are those of the released code; its 80 iterations are the DRE paper's too.
    - The paper distinguishes the layer to invert from the one whose maps are weighed; both are the
      last pooling layer in the code, and one `layer` here.
    - If maps have negative values, Σ is divided by max Σ − min Σ, so that M stays in [0, 1].
    - `blur` is in pixels of the picture; the code blurs the file before it is resized.

    Source: Du et al. 2018, §3.2 to 3.4; mndu/guided-feature-inversion at 41d92e0, main.py.
    """

    iterations: int = 80
    inversion_iterations: int = 11
    inversion_decay: float = 5.0
    decay: float = 2.0
    background: float = 1.0
    start: float = 0.1
    learning_rate: float = 0.01
    halve_every: int = 10
    layer: str | None = None
    layout: str = "auto"
    perturbation: str = "native"
    blur: float = 11.0
    seed: int = 0
    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_numbers(
            self,
            whole=("iterations", "halve_every"),
            from_0=("inversion_iterations",),
            positive=("start", "learning_rate"),
            not_negative=("inversion_decay", "decay", "background", "blur"),
        )
        validate_layout(self.layout)
        validate_perturbation(self.perturbation)
        validate_output(self.output)

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, 1, H, W)` in [0, 1]: one value per location.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size; a layer that does
                not exist, does not run once, or whose output has no places.
        """
        with self.asked(model, inputs, targets) as call:
            if len(call.inputs) == 0:
                return torch.empty_like(call.inputs[:, :1])
            layer = find_layer(call.model, self.layer, call.inputs)
            size_of_images = (int(inputs.shape[2]), int(inputs.shape[3]))
            with outputs_of(layer, call.model) as latest:

                def features() -> Tensor:
                    return channels_first(latest(), self.layout, layer, size_of_images)

                def search(images: Tensor, classes: Tensor, size: int) -> Tensor:
                    return self._maps(call.model, images, classes, features)

                return mask_by_mask(search, call, self.batch_size)

    def _maps(
        self, model: nn.Module, images: Tensor, classes: Tensor, features: Callable[[], Tensor]
    ) -> Tensor:
        score(model, images, classes, self.output)
        seen = features().to(images.dtype)
        size = seen.square().sum((1, 2, 3))
        size = torch.where(size > 0, size, 1)
        rows, columns = (
            _upsampling(small, large, images)
            for small, large in zip(seen.shape[2:], images.shape[2:], strict=True)
        )
        generators = [image_generator(image, self.seed) for image in images]
        blur = blurred(images, self.blur) if self.perturbation == "native" else None

        def mask(weights: Tensor) -> Tensor:
            total = torch.einsum("bk,bkhw->bhw", weights, seen)[:, None]
            return scaled(rows @ total @ columns.mT)

        def scores(kept: Tensor, behind: Tensor) -> Tensor:
            shown = preserved(images, kept, behind)
            return differentiable_scores(model, shown, classes, self.output)

        def inversion(weights: Tensor, behind: Tensor) -> Tensor:
            scores(mask(weights), behind)
            lost = (_differentiable(features()) - seen).square().sum((1, 2, 3)) / size
            return lost + self.inversion_decay * weights.square().sum(1)

        def target(weights: Tensor, behind: Tensor) -> Tensor:
            kept = mask(weights)
            gain = scores(kept, behind) - self.background * scores(1 - kept, behind)
            return self.decay * weights.square().sum(1) - gain

        def losses(step: int) -> Callable[[Tensor], Tensor]:
            behind = drawn(images, generators) if blur is None else blur
            stage = inversion if step < self.inversion_iterations else target
            return partial(stage, behind=behind)

        return mask(
            descend(
                model,
                images.new_full(seen.shape[:2], self.start),
                losses,
                partial(torch.optim.Adam, lr=self.learning_rate),
                self.iterations,
                (0.0, None),
                lambda step: self.learning_rate * 0.5 ** (step // self.halve_every),
            )
        )


def _differentiable(features: Tensor) -> Tensor:
    if not features.requires_grad:
        raise ValueError(
            "the layer's output has no gradient: it stands in a checkpoint with use_reentrant=True "
            "or detaches its input; name another one, or take use_reentrant=False"
        )
    return features


def scaled(totals: Tensor) -> Tensor:
    """(Σ − min Σ) / max Σ of each map `(B, 1, H, W)`: in [0, 1], and 0 where a map is constant.

    Where min Σ < 0 the divisor is max Σ − min Σ.
    """
    low = totals.amin((2, 3), keepdim=True)
    divisor = totals.amax((2, 3), keepdim=True) - low.clamp(max=0)
    return (totals - low) / torch.where(divisor > 0, divisor, 1)


def _upsampling(small: int, large: int, like: Tensor) -> Tensor:
    """The matrix `(large, small)` of linear interpolation with aligned ends."""
    units = torch.eye(small, device=like.device, dtype=like.dtype)
    return F.interpolate(units[None], large, mode="linear", align_corners=True)[0].mT
