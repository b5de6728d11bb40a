"""From attribution maps `(N, C, H, W)` to saliency `(N, H, W)`."""

from collections.abc import Callable

from torch import Tensor

from saliency_audit.errors import refuse_non_tensor, refuse_unknown

REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sum_abs": lambda maps: maps.abs().sum(dim=1),
    "abs_sum": lambda maps: maps.sum(dim=1).abs(),
    "sum": lambda maps: maps.sum(dim=1),
    "max_abs": lambda maps: maps.abs().amax(dim=1),
}


def saliency(maps: Tensor, reduction: str = "sum_abs") -> Tensor:
    """Reduce attribution maps over their channels.

    Args:
        maps: `(N, C, H, W)`.
        reduction: "sum_abs" (Σ|a|, what the reference visualisation of the path methods uses),
            "abs_sum" (|Σa|), "sum" (signed) or "max_abs".

    Returns:
        `(N, H, W)`.

    Raises:
        ValueError: unknown reduction or a tensor that is not `(N, C, H, W)`.
    """
    refuse_unknown("reduction", reduction, REDUCTIONS)
    refuse_non_tensor("maps", maps)
    if maps.ndim != 4:
        raise ValueError(f"maps must have shape (N, C, H, W), got {tuple(maps.shape)}")
    return REDUCTIONS[reduction](maps)
