"""What is left of the order of a map's scores after a mapping."""

from collections.abc import Sequence

from torch import Tensor

from saliency_audit.attributions.relevance.generator import enlarged
from saliency_audit.metrics import share_within, spearman, top_pixels
from saliency_audit.study.columns import Column

ORDER_COLUMNS = (
    Column("spearman", "number", "−1 to 1", "rank correlation of the map before and after"),
    Column("spearman_upsampled", "number", "−1 to 1", "the same, both upsampled to image size"),
    Column(
        "top_quarter",
        "number",
        "share",
        "of the quarter with the highest scores that is in it before and after",
    ),
)


def order_measures(before: Tensor, after: Tensor, size: Sequence[int]) -> dict[str, Tensor]:
    """A value per map for each of `ORDER_COLUMNS`.

    Args:
        before: maps `(N, 1, h, w)`.
        after: the same maps after a mapping.
        size: height and width of an image.

    Returns:
        `(N,)` each.
    """
    return {
        "spearman": spearman(before[:, 0], after[:, 0]),
        "spearman_upsampled": spearman(upsampled(before, size), upsampled(after, size)),
        "top_quarter": shared_top(before, after),
    }


def upsampled(maps: Tensor, size: Sequence[int]) -> Tensor:
    """`(N, 1, h, w)` -> `(N, *size)`, bilinear, as masks become as large as images."""
    return enlarged(maps, size)[:, 0]


def shared_top(before: Tensor, after: Tensor) -> Tensor:
    """Share of the quarter of the pixels that are highest in both: `(N,)` in [0, 1]."""
    return share_within(*(top_pixels(each[:, 0], 0.25) for each in (after, before)))
