"""What is measured of a map alone, or of a map and the object of its picture."""

import torch
from torch import Tensor

from saliency_audit.metrics import (
    box_iou,
    explainability,
    map_area,
    mass_inside,
    pointing_game,
    total_variation,
)
from saliency_audit.metrics.similarity import min_max
from saliency_audit.study.columns import Column

OBJECT_COLUMNS = (
    Column(
        "explainability", "number", "0 to 1", "M_E: average precision of the map for the object"
    ),
    Column("box_iou", "number", "0 to 1", "overlap of the map's box with the object's"),
    Column("hit", "number", "0 to 1", "whether the most salient pixel lies on the object"),
    Column("background_mass", "number", "share", "of the map's values outside the object"),
    Column("map_area", "number", "0 to 1", "mean of the map, scaled to [0, 1]"),
    Column("total_variation", "number", "0 to 1", "mean difference of neighbours in it"),
)


def object_measures(values: Tensor, regions: Tensor | None) -> dict[str, Tensor]:
    """A value per map for each of `OBJECT_COLUMNS`.

    Args:
        values: maps `(N, H, W)` ≥ 0, on the CPU.
        regions: `(N, H, W)` bool, where the objects are; None for pictures of scenes.

    Returns:
        `(N,)` each; area and total variation are NaN of a constant map, what needs an object is NaN
        of a scene.
    """
    unit = min_max(values)
    constant = unit.isnan().flatten(1).any(dim=1)
    unit = unit.nan_to_num()
    return {
        **_of_objects(values, regions),
        "map_area": map_area(unit).where(~constant, torch.nan),
        "total_variation": total_variation(unit).where(~constant, torch.nan),
    }


def _of_objects(values: Tensor, regions: Tensor | None) -> dict[str, Tensor]:
    if regions is None:
        nothing = torch.full((len(values),), torch.nan, dtype=torch.float64)
        return dict.fromkeys(("explainability", "box_iou", "hit", "background_mass"), nothing)
    return {
        "explainability": explainability(values, regions),
        "box_iou": box_iou(values, regions),
        "hit": pointing_game(values, regions),
        "background_mass": 1 - mass_inside(values, regions),
    }
