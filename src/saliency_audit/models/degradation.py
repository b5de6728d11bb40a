"""Deliberately degraded predictors: noise on the weights, or wrong training labels."""

import math
from copy import deepcopy

import torch
from torch import Tensor, nn


def with_noisy_weights(
    model: nn.Module, share: float, *, deviation: float = 0.5, seed: int = 0
) -> nn.Module:
    """A copy of the model with N(0, deviation²) added to a share of every convolution's weights.

    In each layer the weights are chosen at random, regardless of their values. With one seed,
    larger shares contain the smaller ones, with the same noise. Biases, batch norm and linear
    layers are not changed.

    The MeGe/ReCo paper gives two versions: a share of the layers is randomised (§4.2), or a share
    of the parameters of each convolution (Appendix E.2), which is followed here. It writes N(0,
    0.5) without saying whether 0.5 is the variance; it is read as the standard deviation.

    Args:
        model: left as it is.
        share: of the weights, in [0, 1].
        deviation: standard deviation of the noise.
        seed: of choice and noise; layers of equal shape draw different ones.

    Raises:
        ValueError: a share outside [0, 1], or a model without a convolution.

    Source: MeGe/ReCo paper, Appendix E.2.
    """
    _validate_share(share)
    copied = deepcopy(model)
    layers = [layer for layer in copied.modules() if isinstance(layer, nn.Conv2d)]
    if not layers:
        raise ValueError("the model has no 2-D convolution whose weights could be made noisy")
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in layers:
            weights = layer.weight
            chosen = torch.rand(weights.shape, generator=generator) < share
            noise = deviation * torch.randn(weights.shape, generator=generator)
            weights.add_((chosen * noise).to(weights))
    return copied


def with_sigma_noise(model: nn.Module, level: float, *, seed: int = 0) -> nn.Module:
    """A copy of the model with N(0, (level · σ)²) added to every parameter, σ being its tensor's.

    σ is the standard deviation of the values of one parameter tensor, such as the weights of one
    layer; a tensor with a single value has no σ and is not changed. Weights, biases and the affine
    parameters of batch norm are parameters; its running statistics are not. With one seed, the
    noise at two levels differs only in size.

    The GGIG paper has one σ for all parameters and noise of variance ε. Its authors' code, which is
    followed here, takes σ per tensor and ε σ as the standard deviation.

    Args:
        model: left as it is.
        level: size of the noise in σ, ≥ 0.
        seed: of the noise; tensors of equal shape draw different ones.

    Raises:
        ValueError: a negative level, or a model without parameters.

    Source: GGIG paper, §4.
    """
    if not (math.isfinite(level) and level >= 0):
        raise ValueError(f"the level of noise must be a finite number ≥ 0, got {level!r}")
    copied = deepcopy(model)
    parameters = list(copied.parameters())
    if not parameters:
        raise ValueError("the model has no parameters that could be perturbed")
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for values in parameters:
            noise = torch.randn(values.shape, generator=generator)
            if values.numel() > 1:
                values.add_(level * values.std() * noise.to(values))
    return copied


def with_switched_labels(labels: Tensor, share: float, classes: int, *, seed: int = 0) -> Tensor:
    """The labels, a random share of which is changed to another class.

    With one seed, larger shares contain the smaller ones, changed to the same classes.

    Args:
        labels: `(N,)` int64.
        share: how many to switch, in [0, 1]; share · N rounded.
        classes: number of classes, at least 2.
        seed: of choice and new classes.

    Raises:
        ValueError: a share outside [0, 1], or fewer than 2 classes.

    Source: MeGe/ReCo paper, §4.2.
    """
    _validate_share(share)
    if classes < 2:
        raise ValueError(f"a label has another class to switch to from 2 on, got {classes}")
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    away = torch.randint(1, classes, (len(labels),), generator=generator)
    switched = labels.clone()
    chosen = order[: round(share * len(labels))]
    switched[chosen] = (labels[chosen] + away[chosen]) % classes
    return switched


def _validate_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"the share must lie in [0, 1], got {share!r}")
