"""DRE's distribution controller: from a map to scores in (0, 1) whose distribution is chosen."""

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from saliency_audit.attributions.members import refuse_members
from saliency_audit.errors import refuse_non_tensor, refuse_number

ETA, H = 1.5, 2.5
"""The paper's setting (§3.4.2): a right-skewed distribution with a clear tail over (0, 1)."""

#: What `torch.nn.InstanceNorm2d`, and with it the authors' code, adds to every variance.
RELEASED_EPS = 1e-5

# Differences of so many units in the last place are rounding.
_ROUNDING = 16


class DistributionController(nn.Module):
    """z = sigmoid(η·y)^h with y = (x − E[x])/√V[x] over the pixels of each map.

    It has no weights and rises strictly in x, so the order of the scores stays as it is. `eta`
    stretches the standardised scores: 1.5 makes normal ones about uniform at h = 1. `h` above 1
    skews the result to the right, below 1 to the left. `controlled_scores` has the densities.

    E and V are those of the map itself, V divided by the number of pixels, as in instance
    normalisation without affine weights and without running averages: the mode makes no difference.
    `eps` is added to the variance. The paper adds nothing, and a constant map, whose scores have no
    order, is then refused. The authors' code adds `RELEASED_EPS`; a constant map then becomes
    0.5^h everywhere, and one of little contrast loses most of it.

    Source: DRE paper, Eq. 5-7, §3.4.

    Raises:
        ValueError: an `eta` or `h` that is not above 0, or a negative `eps`.
    """

    def __init__(self, eta: float = ETA, h: float = H, eps: float = 0.0) -> None:
        super().__init__()
        validate_settings(eta, h)
        _validate_eps(eps)
        self.eta, self.h, self.eps = float(eta), float(h), float(eps)

    def forward(self, maps: Tensor) -> Tensor:
        """See `control`."""
        return control(maps, self.eta, self.h, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"eta={self.eta:g}, h={self.h:g}, eps={self.eps:g}"


def control(maps: Tensor, eta: float = ETA, h: float = H, eps: float = 0.0) -> Tensor:
    """Scores of maps after the controller; `DistributionController` says what the settings do.

    Args:
        maps: `(…, H, W)` floats, of any range; each `(H, W)` is a map of its own.
        eta: η > 0.
        h: exponent > 0.
        eps: added to the variance, ≥ 0.

    Returns:
        `(…, H, W)` in [0, 1], of the same type and device, with a gradient. In theory inside
        (0, 1): in float32, scores with ηy above 17 round to 1.

    Raises:
        ValueError: settings out of range, maps of another shape or type, a value that is not
            finite, or, without `eps`, a map that is constant up to rounding.
    """
    validate_settings(eta, h)
    return torch.exp(h * logsigmoid(eta * _standardised(maps, eps))).to(maps.dtype)


def standardise(maps: Tensor, eps: float = 0.0) -> Tensor:
    """y = (x − E[x])/√(V[x] + eps) over the pixels of each map (Eq. 6).

    Args:
        maps: `(…, H, W)` floats; each `(H, W)` is a map of its own.
        eps: added to the variance, ≥ 0.

    Returns:
        `(…, H, W)` of the same type and device, with a gradient; mean 0, and without `eps`
        variance 1.

    Raises:
        ValueError: as `control`.
    """
    return _standardised(maps, eps).to(maps.dtype)


def _standardised(maps: Tensor, eps: float) -> Tensor:
    """At least in float32: sums of thousands of scores lose too much in half the digits."""
    _validate_eps(eps)
    _validate_maps(maps, constant=eps > 0)
    wide = maps if maps.dtype == torch.float64 else maps.float()
    # y does not depend on the unit of x, but the squares of 1e20 or 1e-30 are no floats
    unit = wide.detach().abs().amax(dim=(-2, -1), keepdim=True)
    unit = unit.clamp(min=1) if eps else unit
    centred = wide / unit - (wide / unit).mean(dim=(-2, -1), keepdim=True)
    variance = centred.square().mean(dim=(-2, -1), keepdim=True)
    return centred / (variance + eps / unit / unit).sqrt()


def validate_settings(eta: float, h: float) -> None:
    """Refuse settings that are no controller.

    Raises:
        ValueError: an `eta` or `h` that is not a finite number above 0.
    """
    for name, value in (("eta", eta), ("h", h)):
        refuse_number(name, value, "positive")


def _validate_eps(eps: float) -> None:
    refuse_number("eps", eps, "not negative")


def _validate_maps(maps: Tensor, *, constant: bool) -> None:
    """Refuse what has no distribution of scores; constant maps unless they are allowed."""
    refuse_non_tensor("maps", maps)
    if maps.ndim < 2 or not maps.is_floating_point() or 0 in maps.shape[-2:]:
        raise ValueError(
            f"maps must be floats of shape (…, H, W) with pixels, got {maps.dtype} "
            f"{tuple(maps.shape)}"
        )
    flat = maps.detach().flatten(-2).reshape(-1, maps.shape[-2] * maps.shape[-1])
    low, high = flat.aminmax(dim=1) if len(flat) else (flat.new_empty(0),) * 2
    size = torch.maximum(low.abs(), high.abs())
    endless = ~torch.isfinite(size)
    level = high - low <= _ROUNDING * torch.finfo(maps.dtype).eps * size
    # the device is asked once: a training comes here at every step
    if not (endless | (level & (not constant))).any():
        return
    refuse_members(endless, "maps hold NaN or infinite values", "leave these out")
    refuse_members(
        level,
        "the variance of a constant map is 0, and its scores have no order to keep",
        f"leave these out, or give eps={RELEASED_EPS:g} as the authors' code does, which makes "
        "them 0.5^h everywhere",
    )
