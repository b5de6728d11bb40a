"""What the experiments on path methods share: both rules' maps, and one row per map."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from torch import Tensor

from saliency_audit.attributions import IDGI, Riemann, walk
from saliency_audit.metrics import insertion_score
from saliency_audit.study.columns import Column, names
from saliency_audit.study.paths import study_path
from saliency_audit.study.selection import Selection, select
from saliency_audit.study.shared_columns import IMAGE, shared

#: Columns that say what a row is about; those of its values follow.
KEYS = (*shared("model", "images", "path", "method", "steps"), *IMAGE)


def select_slice(given: Mapping[str, Any]) -> Selection:
    """The images of a task of `sliced_tasks`."""
    return select(given["model"], given["images"], given["seed"], given["first"], given["last"])


def both_rules(
    chosen: Selection, path: str, steps: int, pictures: Tensor | None = None
) -> dict[str, Tensor]:
    """Attributions `(N, C, H, W)` by method: the path's own rule and IDGI, from one walk.

    `pictures` are explained in place of the chosen ones, for the same classes.
    """
    pictures = chosen.pictures if pictures is None else pictures
    maps = walk(
        chosen.model,
        pictures,
        chosen.targets,
        path=study_path(path, steps, pictures.shape[-1]),
        rules=[Riemann(), IDGI()],
    )
    return dict(zip((path, f"{path}+idgi"), maps, strict=True))


def insertion_columns(chosen: Selection, salient: Tensor, reveal: int) -> dict[str, list[float]]:
    """Insertion scores of the maps, `reveal` rows of the picture revealed per step."""
    scores = insertion_score(
        chosen.model,
        chosen.pictures,
        salient,
        chosen.targets,
        seeds=chosen.seeds,
        pixels_per_step=reveal * chosen.pictures.shape[-1],
    )
    return {"probability": scores.probability.tolist(), "ratio": scores.ratio.tolist()}


def path_rows(
    given: Mapping[str, Any],
    chosen: Selection,
    method: str,
    steps: int,
    values: Mapping[str, Sequence[Any]],
) -> list[dict[str, Any]]:
    """One row per image: what it is about, then its entry of every sequence in `values`."""
    return [
        {
            "model": given["model"],
            "images": given["images"],
            "path": given["path"],
            "method": method,
            "steps": steps,
            **chosen.describe(position),
            **{name: of_images[position] for name, of_images in values.items()},
        }
        for position in range(len(chosen.indices))
    ]


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> pd.DataFrame:
    """The rows with these columns, also where there are none."""
    return pd.DataFrame(rows, columns=names(columns))
