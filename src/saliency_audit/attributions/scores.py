"""Class scores: what of the model's answer an explanation explains."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

OUTPUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "probability": lambda logits: logits.softmax(dim=1),
    "logit": lambda logits: logits,
    "log_probability": lambda logits: logits.log_softmax(dim=1),
}


def class_scores(model: nn.Module, inputs: Tensor, targets: Tensor, output: str) -> Tensor:
    """Score f_c(x) of each input for its target class.

    Args:
        model: maps `(N, C, H, W)` to logits `(N, classes)`.
        inputs: `(N, C, H, W)`.
        targets: class indices `(N,)`, int64.
        output: "probability" (softmax), "logit" or "log_probability".

    Returns:
        `(N,)` scores, differentiable.

    Raises:
        ValueError: unknown output, a model that does not answer `(N, classes)`, or a target that
            is no class of the model.
    """
    if output not in OUTPUTS:
        raise ValueError(f"unknown output {output!r}; known: {', '.join(OUTPUTS)}")
    logits = model(inputs)
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(inputs):
        shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(
            f"the model must return logits of shape ({len(inputs)}, classes), got {shape}"
        )
    classes = logits.shape[1]
    if targets.numel() and not (int(targets.min()) >= 0 and int(targets.max()) < classes):
        raise ValueError(
            f"targets must lie in 0..{classes - 1} for this model, "
            f"got {int(targets.min())}..{int(targets.max())}"
        )
    scores = OUTPUTS[output](logits).gather(1, targets[:, None]).squeeze(1)
    return scores


def check_inputs(inputs: Tensor, targets: Tensor) -> None:
    """Refuse what no method can explain, naming the cause and the remedy.

    Raises:
        ValueError: inputs not float `(N, C, H, W)`, not finite or outside [0, 1]; targets not
            int64 `(N,)`.
    """
    for name, value in (("inputs", inputs), ("targets", targets)):
        if not isinstance(value, Tensor):
            raise ValueError(f"{name} must be a torch tensor, got {type(value).__name__}")
    inputs = inputs.detach()
    if inputs.ndim != 4:
        raise ValueError(f"inputs must have shape (N, C, H, W), got {tuple(inputs.shape)}")
    if 0 in inputs.shape[1:]:
        raise ValueError(f"inputs have no pixels: shape {tuple(inputs.shape)}")
    if not inputs.is_floating_point():
        raise ValueError(
            f"inputs must be floating point in [0, 1], got {inputs.dtype}; divide by 255"
        )
    if not torch.isfinite(inputs).all():
        bad = [i for i, image in enumerate(inputs) if not torch.isfinite(image).all()]
        raise ValueError(f"inputs hold NaN or infinite values (images {bad[:5]})")
    if inputs.numel() and not (float(inputs.min()) >= 0 and float(inputs.max()) <= 1):
        raise ValueError(
            f"inputs must lie in [0, 1] (normalisation belongs inside the model), "
            f"got {float(inputs.min()):.3g}..{float(inputs.max()):.3g}"
        )
    if targets.shape != (len(inputs),) or targets.dtype != torch.int64:
        raise ValueError(
            f"targets must be int64 class indices of shape ({len(inputs)},), "
            f"got {targets.dtype} {tuple(targets.shape)}"
        )
