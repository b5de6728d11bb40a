"""Class scores: the number, computed from the model's output, that is explained."""

import warnings
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from saliency_audit.answers import validated_answers
from saliency_audit.attributions.last_sigmoid import LastSigmoid
from saliency_audit.attributions.members import refuse_endless, refuse_members
from saliency_audit.attributions.precision import as_around_the_call
from saliency_audit.attributions.rounding import leveled
from saliency_audit.errors import (
    refuse_non_bool,
    refuse_non_numbers,
    refuse_non_tensor,
    refuse_unknown,
)
from saliency_audit.one_output import two_logits

OUTPUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "probability": lambda z: z.softmax(dim=1),
    "logit": lambda z: z,
    "log_probability": lambda z: z.log_softmax(dim=1),
}


# Sums of probabilities in half precision are that far from 1.
ROUGHLY = 1e-2
SOFTMAX_OUTPUTS = ("probability", "log_probability")


def validate_output(output: str) -> None:
    """Refuse an unknown score.

    Raises:
        ValueError: `output` is not a key of `OUTPUTS`.
    """
    refuse_unknown("output", output, OUTPUTS)


def logits(model: nn.Module, images: Tensor, *, softmax: bool = False) -> Tensor:
    """The model's logits `(N, classes)`; `(N, 2)` of a model with one output.

    One output `(N, 1)` is the logit of class 1, and class 0 is its complement: the columns are 0
    and the output, so that their softmax is 1 − sigmoid and sigmoid. If the model itself ends in a
    sigmoid, the logit is what that sigmoid was given, which loses nothing where a probability is 0
    or 1 to the last digit. The sigmoid is found where it is called, as a module or as a function,
    not by the values. In scripted and compiled code it cannot be seen; there the output is taken
    for a logit, with a warning if all answers lie in [0, 1].

    The model gets a copy, since it may work in place, in the memory format in which convolutions
    are fastest. A model that flattens with `view` gets the usual format. Where the maxima of a pool
    tie, as in a picture of one colour, the format decides which of them gets the gradient: there,
    and hence at a black baseline, gradients can differ from those in torch's usual format. A model
    with weights in half precision gets the images in its type; whatever floating type it returns,
    the logits are in that of the images, so that scores, gradients and sums are.

    Args:
        model: maps `(N, C, H, W)` to logits.
        images: `(N, C, H, W)`.
        softmax: whether to warn of answers that look like probabilities.

    Raises:
        ValueError: the model does not return `(N, classes)`, or its weights differ from the images
            in type or device.
    """
    return two_logits(_answers(model, images, softmax))


def _answers(model: nn.Module, images: Tensor, softmax: bool) -> Tensor:
    """What the model answers, as `(N, classes)` logits or as the one logit `(N, 1)`."""
    with as_around_the_call(images.device):
        found = _one_or_more(model, images)
    if softmax and found.shape[1] > 1:
        warn_of_probabilities(found)
    return found.to(images.dtype)


# Whether a model with one output was seen to end in a sigmoid. This decides nothing about scores:
# it saves a second pass where the answer is yes, and repeated warnings where it is no.
_ENDS_IN_SIGMOID: "WeakKeyDictionary[nn.Module, bool]" = WeakKeyDictionary()


def _one_or_more(model: nn.Module, images: Tensor) -> Tensor:
    """The answers, without the sigmoid at the end of one output."""
    known = getattr(model, "stands_for", model)  # wrappers of methods do not last
    if not _ENDS_IN_SIGMOID.get(known):
        found = validated_answers(_passed(model, images), len(images))
        if found.shape[1] > 1 or not len(found):
            return found
        # A logit need not lie there, a sigmoid's value must.
        if not bool(((found >= 0) & (found <= 1)).all()):
            _ENDS_IN_SIGMOID[known] = False
            return found
    with LastSigmoid(len(images)) as watch:
        found = validated_answers(_passed(model, images), len(images))
    logit = watch.logit(found)
    if logit is None and known not in _ENDS_IN_SIGMOID and len(found) > 1:
        warnings.warn(
            "the model's one answer lies in [0, 1] for every image: it looks like a probability, "
            "but no sigmoid was seen at its end, and it is taken for a logit; let the model return "
            "the logit",
            stacklevel=2,
        )
    _ENDS_IN_SIGMOID[known] = logit is not None
    return found if logit is None else logit


def _passed(model: nn.Module, images: Tensor) -> Any:
    """What the model returns for a copy of the images; explains what torch says of a misfit."""
    given = images.to(half_type(model) or images.dtype)
    try:
        return model(given.clone(memory_format=torch.channels_last))
    except RuntimeError as error:
        if "view size is not compatible" not in str(error):
            _explain_mismatch(model, images, error)
            raise
        return model(given.clone(memory_format=torch.contiguous_format))
    except AssertionError as error:
        if "Guard" not in str(error):
            raise
        raise ValueError(
            "the model was exported for one number of images; export it with a batch of any size: "
            "torch.export.export(…, dynamic_shapes=({0: torch.export.Dim('batch')},))"
        ) from error


def half_type(model: nn.Module) -> torch.dtype | None:
    """The type of the model's weights if it has half the precision of the images."""
    parts = model.parameters() if isinstance(model, nn.Module) else ()
    weights = next((part.dtype for part in parts if part.is_floating_point()), None)
    return weights if weights in (torch.float16, torch.bfloat16) else None


def _explain_mismatch(model: nn.Module, images: Tensor, error: RuntimeError) -> None:
    """Name the cause if weights and images differ in type or device, or channels come last."""
    weights = next((part for part in model.parameters() if part.is_floating_point()), images)
    if weights.dtype != images.dtype or weights.device != images.device:
        raise ValueError(
            f"the images are {images.dtype} on {images.device}, the model's weights "
            f"{weights.dtype} on {weights.device}; convert or move one of them"
        ) from error
    if images.shape[-1] in (1, 3) and images.shape[1] not in (1, 3):
        raise ValueError(
            f"the model cannot take images of shape {tuple(images.shape)}: channels seem to come "
            "last; move them: images.permute(0, 3, 1, 2)"
        ) from error


def class_scores(model: nn.Module, inputs: Tensor, targets: Tensor, output: str) -> Tensor:
    """Score f_c(x) of each input for its target class.

    Of a model with one output (`logits`) z, the logit of class 1 is z and that of class 0 is −z:
    the log-odds of either class.

    Args:
        model: maps `(N, C, H, W)` to logits `(N, classes)`, or to one output `(N, 1)`.
        inputs: `(N, C, H, W)`.
        targets: class indices `(N,)`, int64.
        output: "probability" (softmax), "logit" or "log_probability".

    Returns:
        `(N,)` scores, differentiable.

    Raises:
        ValueError: unknown output, a model that does not return `(N, classes)`, or a target that is
            not a class of the model.
    """
    validate_output(output)
    found = _answers(model, inputs, output in SOFTMAX_OUTPUTS)
    columns = two_logits(found)
    validate_classes(columns, targets)
    if found.shape[1] == 1 and output == "logit":
        columns = torch.cat([-found, found], dim=1)
    return OUTPUTS[output](columns).gather(1, targets[:, None]).squeeze(1)


def warn_of_probabilities(found: Tensor) -> None:
    """Warn of rows that are probabilities already, of which the softmax is taken once more."""
    rows = found.detach()
    if len(rows) and bool((rows >= 0).all() & ((rows.sum(dim=1) - 1).abs() < ROUGHLY).all()):
        warnings.warn(
            "the model's answers are ≥ 0 and sum to 1: they look like probabilities, not logits, "
            "and their softmax is explained; let the model return logits, or explain its answers "
            "as they are (output='logit')",
            stacklevel=2,
        )


def validate_classes(outputs: Tensor, targets: Tensor) -> None:
    """Refuse targets that are not classes of the model.

    Raises:
        ValueError: names the classes.
    """
    classes = outputs.shape[1]
    if targets.numel() and not (int(targets.min()) >= 0 and int(targets.max()) < classes):
        raise ValueError(
            f"targets must lie in 0..{classes - 1} for this model, "
            f"got {int(targets.min())}..{int(targets.max())}"
        )


def validate_inputs(inputs: Tensor, *, check_range: bool = True, name: str = "inputs") -> None:
    """Refuse inputs that no method can explain.

    Args:
        inputs: what a user gave.
        check_range: whether they must lie in [0, 1].
        name: of the argument.

    Raises:
        ValueError: not float32 or float64 `(N, C, H, W)`, not finite or, with `check_range`,
            outside [0, 1].
    """
    refuse_non_tensor(name, inputs)
    inputs = inputs.detach()
    if inputs.ndim != 4:
        one = "; one image is a batch of one: image[None]" if inputs.ndim == 3 else ""
        raise ValueError(f"{name} must have shape (N, C, H, W), got {tuple(inputs.shape)}{one}")
    if 0 in inputs.shape[1:]:
        raise ValueError(f"{name} have no pixels: shape {tuple(inputs.shape)}")
    validate_pixels(name, inputs, check_range=check_range)


def validate_pixels(name: str, values: Tensor, *, check_range: bool = True) -> None:
    """Refuse pixels that are not float32 or float64, not finite, or outside [0, 1].

    Without `check_range` any finite numbers pass.

    One step of rounding beyond the ends, as a division by 255 or a resampling leaves it, is inside.

    Raises:
        ValueError: names the cause and the remedy.
    """
    if not values.is_floating_point():
        raise ValueError(
            f"{name} must be floating point in [0, 1], got {values.dtype}; divide by 255"
        )
    if values.dtype not in (torch.float32, torch.float64):
        # Sums of squares over a picture overflow in half precision.
        raise ValueError(
            f"{name} must be float32 or float64, got {values.dtype}: convert them with .float(); "
            "the model may stay in half precision"
        )
    refuse_endless(values, name, members="images")
    refuse_non_bool("check_range", check_range)
    if not check_range or not values.numel():
        return
    step = torch.finfo(values.dtype).eps
    low, high = float(values.min()), float(values.max())
    if low >= -step and high <= 1 + step:
        return
    refuse_members(
        (values < -step) | (values > 1 + step),
        f"{name} must lie in [0, 1], got {low:.3g}..{high:.3g}",
        "normalisation belongs inside the model; methods, and metrics that have it, take other "
        "numbers with check_range=False",
        members="images",
    )


def validate_saliency(inputs: Tensor, saliency: Tensor, what: str = "saliency maps") -> Tensor:
    """The saliency, moved to the device of the inputs; refused unless finite and `(N, H, W)`.

    Args:
        inputs: `(N, C, H, W)`.
        saliency: what a user gave.
        what: the saliency in messages about some of the maps.

    Raises:
        ValueError: names the cause.
    """
    refuse_non_numbers("saliency", saliency)
    wanted = (len(inputs), *inputs.shape[2:])
    if saliency.shape != wanted:
        raise ValueError(
            f"saliency must have shape {wanted} for these images, got {tuple(saliency.shape)}; "
            "reduce attribution maps over channels first (attributions.saliency)"
        )
    refuse_endless(saliency, what)
    return leveled(saliency.detach()).to(inputs.device)
