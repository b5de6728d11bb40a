"""The 1-Lipschitz CNN of the MeGe/ReCo paper: constrained layers to train, plain ones to use."""

from collections import OrderedDict

import torch
from torch import Tensor, nn


def lipschitz_cnn(classes: int, channels: int, side: int, filters: int = 48) -> nn.Sequential:
    """Table 4 of the paper, with `filters` maps in its first convolution and twice as many after.

    Three 3×3 convolutions that keep the size, each followed by a mean over 2×2 pixels, times 2.
    This pooling has Lipschitz constant 1; the plain mean would have ½, and three of them would
    leave an eighth of the signal. The table states neither the size of the kernels nor this factor,
    which is that of the pooling in the library that the authors name.

    The network is 1-Lipschitz in the Euclidean norm, pixels in [0, 1] to logits, once its weights
    are those that `plain_weights` takes from a constrained one.

    Args:
        classes: number of classes.
        channels: of the pictures.
        side: of the pictures, a multiple of 8.
        filters: maps of the first convolution; the paper's 48 is the default.

    Raises:
        ValueError: pictures whose side is not a multiple of 8.

    Source: MeGe/ReCo paper, Table 4 and Appendix E.1.
    """
    if side % 8:
        raise ValueError(f"three times halved: the side must be a multiple of 8, got {side}")

    def pool() -> nn.AvgPool2d:
        return nn.AvgPool2d(2, divisor_override=2)

    wide = 2 * filters
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(channels, filters, 3, padding=1),
            prelu1=nn.PReLU(),
            pool1=pool(),
            dropout1=nn.Dropout(0.2),
            conv2=nn.Conv2d(filters, wide, 3, padding=1),
            prelu2=nn.PReLU(),
            pool2=pool(),
            dropout2=nn.Dropout(0.2),
            conv3=nn.Conv2d(wide, wide, 3, padding=1),
            pool3=pool(),
            flatten=nn.Flatten(),
            head=nn.Linear(wide * (side // 8) ** 2, classes),
        )
    )


def constrained(plain: nn.Sequential) -> nn.Sequential:
    """The same network with deel-torchlip's constrained layers, for training.

    The singular values of convolutions and the linear layer are driven to 1 (power iteration, then
    Björck's). Convolutions are also divided by the most that overlapping windows can add, 3 for
    3×3. The slope of a PReLU is unbounded, and above 1 the layer would stretch distances; the
    printed "PReLU" is read as torchlip's, whose slope is kept within ±1.

    Args:
        plain: of `lipschitz_cnn`; its weights are not used.
    """
    from deel import torchlip  # only training needs it

    def of(layer: nn.Module) -> nn.Module:
        if isinstance(layer, nn.Conv2d):
            return torchlip.SpectralConv2d(layer.in_channels, layer.out_channels, 3, padding=1)
        if isinstance(layer, nn.Linear):
            return torchlip.SpectralLinear(layer.in_features, layer.out_features)
        return torchlip.LPReLU() if isinstance(layer, nn.PReLU) else layer

    return nn.Sequential(OrderedDict((name, of(layer)) for name, layer in plain.named_children()))


@torch.no_grad()
def plain_weights(trained: nn.Sequential) -> dict[str, Tensor]:
    """The effective weights of a constrained network, under the names of the plain one."""
    found: dict[str, Tensor] = {}
    # In evaluation mode the layers keep the weights from before the last optimiser step. In
    # training mode they constrain the current ones.
    trained.train()
    for name, layer in trained.named_children():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            found[f"{name}.weight"] = layer.weight.detach().clone()
            assert layer.bias is not None
            found[f"{name}.bias"] = layer.bias.detach().clone()
        elif isinstance(layer, nn.PReLU):
            found[f"{name}.weight"] = layer.weight.detach().clamp(-1, 1)
    trained.eval()
    return found
