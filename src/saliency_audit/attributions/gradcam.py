"""Grad-CAM and Grad-CAM++: feature maps of one layer, weighted by gradients of the class score."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.attributions.arguments import Method
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, score_and_activation_gradient
from saliency_audit.attributions.layers import channels_first, find_layer, validate_layout
from saliency_audit.attributions.scores import validate_output
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import is_finite


@dataclass(frozen=True)
class GradCam(Method):
    """max(0, Σ_k α_k A_k), α_k the spatial mean of ∂f_c/∂A_k, upsampled bilinearly.

    A is the output of `layer` (a name in `model.named_modules()`), by default the last feature map
    as a whole (`find_layer`): `layer4` of a ResNet, `features` of a DenseNet. `LAST_CONVOLUTION`
    takes the convolution that runs last, before batch norm and activation. `layout` says in which
    order the axes of A stand, where that is not to be seen (`channels_first`). With `raw` the map
    has the layer's own places and is not enlarged. Values are in units of the score and not scaled
    to [0, 1]; ≥ 0 with `relu`, signed without.

    Layers may work in place or be followed by others that do: the feature maps are copied first.

    Source: Selvaraju et al. 2017; MeGe/ReCo paper, Appendix B.
    """

    layer: str | None = None
    relu: bool = True
    layout: str = "auto"
    raw: bool = False
    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_output(self.output)
        validate_layout(self.layout)

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, 1, H, W)`, `(N, 1, h, w)` with `raw`: one value per location.

        Raises:
            ValueError: malformed inputs, targets, model output or batch size; a layer that does
                not exist, does not run once, or whose output has no places.
        """
        maps = weighted_features(_mean_gradient, model, inputs, targets, self)
        maps = maps.clamp(min=0) if self.relu else maps
        return maps if self.raw else enlarged(maps, inputs)


@dataclass(frozen=True)
class GradCamPlusPlus(Method):
    """max(0, Σ_k w_k A_k), w_k = Σ_ij α_ijk max(0, g_ijk), upsampled bilinearly; g = ∂f_c/∂A.

    α_ijk = g²/(2g² + Σ_ab A_abk g³): the higher derivatives of exp(f_c), whose factor exp(f_c) only
    scales the whole map and is omitted. α is 0 where g is. The denominator assumes A ≥ 0: for the
    output of a convolution, the default as in `GradCam`, it can vanish, and single locations then
    dominate. To avoid that, name the activation after it as `layer`. `epsilon` is added to the
    denominator. At 0 the weights are those of the paper: small gradients weigh g/2. Other libraries
    add 1e-6 or 1e-4, which is not small compared with g²: their small gradients weigh g³/epsilon,
    so that few locations carry the map. `epsilon=1e-6, output="logit"` and the activation as
    `layer` give the maps of pytorch-grad-cam, which scales them to [0, 1].

    The MeGe/ReCo paper prints the weights without max(0, g); the original is followed here.

    Source: Chattopadhay et al. 2018, Eq. 19; MeGe/ReCo paper, Appendix B.
    """

    layer: str | None = None
    epsilon: float = 0.0
    layout: str = "auto"
    raw: bool = False
    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_output(self.output)
        validate_layout(self.layout)
        if not is_finite(self.epsilon) or self.epsilon < 0:
            raise ValueError(f"epsilon must be a finite number ≥ 0, got {self.epsilon!r}")

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps, ≥ 0; shape, settings and errors as in `GradCam`."""

        def weights(features: Tensor, gradients: Tensor) -> Tensor:
            return plus_plus_weights(features, gradients, self.epsilon)

        maps = weighted_features(weights, model, inputs, targets, self).clamp(min=0)
        return maps if self.raw else enlarged(maps, inputs)


def plus_plus_weights(features: Tensor, gradients: Tensor, epsilon: float = 0.0) -> Tensor:
    """Grad-CAM++'s weight of every feature map: `(N, K, h, w)` twice -> `(N, K, 1, 1)`."""
    positive = gradients.clamp(min=0)
    # α max(0, g) = g³/(2g² + Σ A g³ + ε): only positive gradients count.
    totals = features.sum(dim=(2, 3), keepdim=True)
    if epsilon == 0:
        # Divided by g², so that the squares of small gradients do not underflow.
        below = 2 + totals * positive
        share = torch.where((positive > 0) & (below != 0), positive / below, 0)
    else:
        share = positive**3 / (2 * positive**2 + totals * positive**3 + epsilon)
    return share.sum(dim=(2, 3), keepdim=True)


def weighted_features(
    weigh: Callable[[Tensor, Tensor], Tensor],
    model: Model,
    inputs: Tensor,
    targets: Targets,
    settings: GradCam | GradCamPlusPlus,
) -> Tensor:
    """Σ_k w_k A_k of one layer, batch by batch: `(N, 1, h, w)`.

    Args:
        weigh: feature maps and their gradients, `(B, K, h, w)` each -> weights that broadcast.
        model: maps `(N, C, H, W)` to logits.
        inputs: `(N, C, H, W)`.
        targets: any form of `Targets`.
        settings: layer, layout, output, batch size and whether the range is checked.

    Errors as in `GradCam`.
    """
    with settings.asked(model, inputs, targets) as call:
        if len(call.inputs) == 0:
            return call.inputs[:, :1]
        chosen = find_layer(call.model, settings.layer, call.inputs)
        size_of_images = (int(inputs.shape[2]), int(inputs.shape[3]))

        def run(size: int) -> Tensor:
            parts = []
            for images, classes in zip(
                call.inputs.split(size), call.targets.split(size), strict=True
            ):
                _, *found = score_and_activation_gradient(
                    call.model, chosen, images, classes, settings.output
                )
                features, gradients = (
                    channels_first(values, settings.layout, chosen, size_of_images)
                    for values in found
                )
                weights = weigh(features, gradients)
                parts.append((weights * features).sum(dim=1, keepdim=True))
            return torch.cat(parts)

        return halving_on_oom(run, settings.batch_size, call.inputs)


def enlarged(maps: Tensor, inputs: Tensor) -> Tensor:
    """Maps upsampled bilinearly to the size of the images, cell centres aligned."""
    if len(maps) == 0:
        return maps
    grown = F.interpolate(maps, size=inputs.shape[2:], mode="bilinear", align_corners=False)
    # No mean of values lies outside them: what is constant stays so, to the last digit.
    return grown.clamp(maps.amin(dim=(2, 3), keepdim=True), maps.amax(dim=(2, 3), keepdim=True))


def _mean_gradient(features: Tensor, gradients: Tensor) -> Tensor:
    return gradients.mean(dim=(2, 3), keepdim=True)
