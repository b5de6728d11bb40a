"""Methods by name."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from saliency_audit.attributions.path_attribution import PathAttribution
from saliency_audit.attributions.paths import StraightPath
from saliency_audit.attributions.rules import IDGI, Riemann, Rule

Explainer = Callable[[nn.Module, Tensor, Tensor], Tensor]


def _integrated_gradients(rule: Rule) -> Callable[..., Explainer]:
    def build(steps: int = 32, quadrature: str = "mean", **settings: Any) -> Explainer:
        return PathAttribution(StraightPath(steps, quadrature), rule, **settings)

    return build


_METHODS: dict[str, Callable[..., Explainer]] = {
    "ig": _integrated_gradients(Riemann()),
    "ig+idgi": _integrated_gradients(IDGI()),
}


def available() -> tuple[str, ...]:
    """Names that `create` takes."""
    return tuple(sorted(_METHODS))


def create(name: str, **settings: Any) -> Explainer:
    """An explanation method by its name: `create("ig+idgi", steps=64)(model, inputs, targets)`.

    Args:
        name: one of `available()`.
        settings: the method's own fields, such as `steps`, `output`, `batch_size`.

    Returns:
        A callable (model, inputs `(N, C, H, W)` in [0, 1], targets `(N,)`) -> maps `(N, C, H, W)`.

    Raises:
        ValueError: unknown name or setting.
    """
    if name not in _METHODS:
        raise ValueError(f"unknown method {name!r}; available: {', '.join(available())}")
    try:
        return _METHODS[name](**settings)
    except TypeError as error:
        raise ValueError(f"method {name!r}: {error}") from None
