"""DeepLIFT: the difference between the scores of image and reference, divided among the pixels."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from saliency_audit.attributions.arguments import Asked, Method
from saliency_audit.attributions.baselines import (
    Baseline,
    Baselines,
    baselines_for,
    validate_baseline,
)
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, score_and_gradient
from saliency_audit.attributions.rescale import rescale_rules
from saliency_audit.attributions.scores import validate_output
from saliency_audit.attributions.substitution import (
    Substitution,
    graph_nodes,
    is_opaque,
    is_rectifier,
    operation,
)
from saliency_audit.attributions.targets import Targets

# Nonlinear operations without a rule, by autograd's names; those that have one remain in the graph
# only where they could not be caught.
NONLINEAR = frozenset(
    "Sigmoid Tanh Hardsigmoid LogSigmoid Softmax LogSoftmax Logsumexp Exp Log Sqrt Rsqrt Pow Abs "
    "Norm LinalgVectorNorm NativeLayerNorm NativeGroupNorm MaxPool2DWithIndices "
    "MaxPool3DWithIndices AdaptiveMaxPool2D AdaptiveMaxPool3D Max Min Amax Amin Maximum Minimum "
    "Var Std Sort Topk Where".split()
)
# How far a map may miss the difference of the scores, as a share of its absolute sum.
SLACK = 1e-3
# And in units of the last digit of the scores.
ROUNDING = 100
BILINEAR = frozenset("Mul Div Mm Bmm".split())


@dataclass(frozen=True)
class DeepLift(Method):
    """DeepLIFT with the rescale rule: signed contributions to f_c(x) − f_c(x′), in its units.

    Each map sums to f_c(x) − f_c(x′) up to rounding. Where image and reference agree at a
    nonlinearity, its slope stands in for the ratio of differences. The rescale rule does not cover
    softmax, which has several inputs: it is split into exp, sum and log. Max pooling follows the
    rule of SHAP's DeepLIFT.

    Activations may be modules or functions, shared or in place. A model with a nonlinearity that
    has no rule (a product of two activations, attention, layer norm, …) is refused, either by the
    name of the operation or because the maps do not sum to the difference.

    captum 0.9 is not used. It agrees where activations are separate modules with linear layers
    between them. Elsewhere (a max pool right after a ReLU, overlapping pools) its maps do not sum
    to the difference or mix the images of a batch, and it cannot use a module twice.

    `baseline` is "black", "white" or "blur", a number, or a tuple of one number per channel; a call
    may give others instead (`baselines_for`). Without `multiplies` a map holds the multipliers,
    which times x − x′ are the contributions: in units of the score per unit of intensity.

    Source: Shrikumar et al. 2017, §3.5.1.
    """

    baseline: Baseline = "black"
    output: str = "probability"
    batch_size: int | str = "auto"
    multiplies: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_baseline(self.baseline)
        validate_output(self.output)

    def __call__(
        self,
        model: Model,
        inputs: Tensor,
        targets: Targets = None,
        baselines: Baselines = None,
    ) -> Tensor:
        """Attribution maps `(N, C, H, W)`.

        Image and reference are evaluated together, so a batch holds `batch_size` / 2 images, at
        least one.

        Args:
            model: maps `(N, C, H, W)` to logits.
            inputs: `(N, C, H, W)` in [0, 1], unless `check_range` is off.
            targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
            baselines: the references x′ in any form that `baselines_for` takes; `baseline` if not
                given.

        Raises:
            ValueError: malformed inputs, targets, baselines, model output or batch size; a model
                with a nonlinearity that has no rule.
        """
        with self.asked(model, inputs, targets) as call:
            references = baselines_for(call.inputs, baselines, self.baseline)

            def run(size: int) -> Tensor:
                return self._maps(call, references, max(1, size // 2))

            return halving_on_oom(run, self.batch_size, call.inputs)

    def _maps(self, call: Asked, references: Tensor, size: int) -> Tensor:
        """All maps, `size` images with their references at a time."""
        maps = torch.empty_like(call.inputs)
        for start in range(0, len(maps), size):
            block = slice(start, start + size)
            images, classes = call.inputs[block], call.targets[block]
            pair = torch.cat([images, references[block]])
            with Substitution(rescale_rules(len(pair))):
                scores, multipliers = score_and_gradient(
                    _Checked(call.model), pair, classes.repeat(2), self.output
                )
            multipliers = multipliers[: len(images)]
            contributions = multipliers * (images - references[block])
            _refuse_incomplete(contributions, scores)
            maps[block] = contributions if self.multiplies else multipliers
        return maps


def _refuse_incomplete(maps: Tensor, scores: Tensor) -> None:
    """Refuse maps that are not complete: some nonlinearity without a rule went unnoticed.

    Args:
        maps: `(N, C, H, W)`.
        scores: `(2N,)` of the images, then of their references.
    """
    wanted = scores[: len(maps)] - scores[len(maps) :]
    gaps = (maps.sum(dim=(1, 2, 3)) - wanted).abs()
    # Rounding grows with what cancels within a map, and with the scores that are subtracted.
    largest = scores.abs().reshape(2, -1).amax(dim=0)
    rounding = ROUNDING * torch.finfo(scores.dtype).eps * largest
    allowed = rounding + SLACK * maps.abs().sum(dim=(1, 2, 3))
    if (gaps > allowed).any():
        worst = int((gaps - allowed).argmax())
        raise ValueError(
            f"DeepLIFT's map sums to {float(maps[worst].sum()):.4g}, the scores differ by "
            f"{float(wanted[worst]):.4g}: this model has an operation that the rescale rule does "
            "not cover, or works in half precision; use another method, or a model in float32"
        )


class _Checked(nn.Module):
    """The model; refuses output that has passed through a nonlinearity without a rule."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @property
    def stands_for(self) -> nn.Module:
        """The model itself."""
        return self.model

    def forward(self, images: Tensor) -> Tensor:
        logits = self.model(images)
        if isinstance(logits, Tensor) and logits.requires_grad:
            missed = Counter(operation(node) for node in graph_nodes(logits) if _lacks_rule(node))
            if missed:
                found = ", ".join(f"{count} × {name}" for name, count in sorted(missed.items()))
                raise ValueError(
                    f"DeepLIFT has no rule for {found} in this model: its maps would not sum to "
                    "the difference of the scores; use another method"
                )
        return logits


def _lacks_rule(node: Any) -> bool:
    name = operation(node)
    product = name in BILINEAR and sum(parent is not None for parent, _ in node.next_functions) > 1
    batch_statistics = getattr(node, "_saved_training", False) is True
    caught_too_late = is_rectifier(node) or is_opaque(node)
    return caught_too_late or product or batch_statistics or name in NONLINEAR
