"""Predictors made worse on purpose: noise on their weights, wrong labels in their training."""

from copy import deepcopy

import torch
from torch import Tensor, nn


def with_noisy_weights(
    model: nn.Module, share: float, *, deviation: float = 0.5, seed: int = 0
) -> nn.Module:
    """A copy of the model with N(0, deviation²) added to a share of every convolution's weights.

    The weights are drawn at random in each layer, whatever their size. Of one seed the larger
    shares contain the smaller ones, with the same noise. Biases, batch norm and linear layers stay.

    The MeGe/ReCo paper says twice what is randomised: a share of the layers (§4.2) and, followed
    here, a share of the parameters of each convolution (Appendix E.2). It writes N(0, 0.5) without
    saying whether 0.5 is the variance; it is read as the standard deviation.

    Args:
        model: left as it is.
        share: of the weights, in [0, 1].
        deviation: standard deviation of the noise.
        seed: of choice and noise; layers of equal shape draw different ones.

    Raises:
        ValueError: a share outside [0, 1], or a model without a convolution.

    Source: MeGe/ReCo paper, Appendix E.2.
    """
    _check_share(share)
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


def with_switched_labels(labels: Tensor, share: float, classes: int, *, seed: int = 0) -> Tensor:
    """The labels with a share of them, drawn at random, changed to another class each.

    Of one seed the larger shares contain the smaller ones, changed to the same classes.

    Args:
        labels: `(N,)` int64.
        share: how many to switch, in [0, 1]; share · N rounded.
        classes: number of classes, at least 2.
        seed: of choice and new classes.

    Raises:
        ValueError: a share outside [0, 1], or fewer than 2 classes.

    Source: MeGe/ReCo paper, §4.2.
    """
    _check_share(share)
    if classes < 2:
        raise ValueError(f"a label has another class to switch to from 2 on, got {classes}")
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    away = torch.randint(1, classes, (len(labels),), generator=generator)
    switched = labels.clone()
    chosen = order[: round(share * len(labels))]
    switched[chosen] = (labels[chosen] + away[chosen]) % classes
    return switched


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"the share must lie in [0, 1], got {share!r}")
