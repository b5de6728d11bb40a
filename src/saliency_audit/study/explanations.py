"""The explanations that the MeGe/ReCo study compares, with the settings of its Appendix B."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from saliency_audit.attributions import (
    LAST_CONVOLUTION,
    GradCam,
    GradCamPlusPlus,
    MeanGradient,
    RandomMap,
    Riemann,
    Rise,
    Saliency,
    SmoothGrad,
    StraightPath,
    walk,
)
from saliency_audit.attributions.quadrature import weights

# The paper's seven methods, in the order of its text, and its control.
METHODS = ("saliency", "gradient_input", "ig", "smoothgrad", "gradcam", "gradcam++", "rise")
CONTROL = "random"
# The last two show what the product with the input contributes.
MAPS = (*METHODS, CONTROL, "ig_without_product", "random_input")


@dataclass(frozen=True)
class Effort:
    """How many points the sampling methods take; the paper's numbers are the defaults.

    Attributes:
        steps: of Integrated Gradients, by the trapezoidal rule.
        samples: of SmoothGrad.
        masks: of RISE.
    """

    steps: int = 60
    samples: int = 60
    masks: int = 1000


def explain(
    model: nn.Module, images: Tensor, targets: Tensor, effort: Effort, seed: int
) -> Mapping[str, Tensor]:
    """The map of every method: `(N, H, W)` each, in the order of `MAPS`.

    The score is the logit, the baseline black, as the paper writes them. Channels are added up:
    Saliency is |∂f/∂x|, Gradient ⊙ Input x ⊙ |∂f/∂x|, the others keep their sign.

    The seed fixes SmoothGrad's noise, RISE's masks and the random maps. It should differ between
    models: with shared masks, RISE's maps would agree because of the masks. A large part of such a
    map is the mean of f over the masks times the mean mask, so even untrained networks would look
    alike.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        images: `(N, C, H, W)` in [0, 1].
        targets: `(N,)` int64, the class that is explained.
        effort: steps, samples, masks.
        seed: of noise, masks and random maps.

    Source: MeGe/ReCo paper, §4.1 and Appendix B.
    """
    gradients = Saliency(output="logit")(model, images, targets).abs()
    path = StraightPath(effort.steps, "trapezoid")
    integrated, mean = walk(
        model,
        images,
        targets,
        path=path,
        rules=[Riemann(), MeanGradient(weights(path.quadrature, path.steps))],
        output="logit",
    )
    smooth = SmoothGrad(effort.samples, 0.2, "absolute", seed=seed, output="logit")
    noise = RandomMap(seed=seed)(model, images, targets)
    maps = {
        "saliency": gradients,
        "gradient_input": images * gradients,
        "ig": integrated,
        "smoothgrad": smooth(model, images, targets),
        "gradcam": GradCam(LAST_CONVOLUTION, output="logit")(model, images, targets),
        "gradcam++": GradCamPlusPlus(LAST_CONVOLUTION, output="logit")(model, images, targets),
        "rise": Rise(masks=effort.masks, seed=seed, output="logit")(model, images, targets),
        CONTROL: noise,
        "ig_without_product": mean,
        "random_input": images * noise,
    }
    return {name: maps[name].sum(dim=1) for name in MAPS}
