"""Rows of an experiment, checked and paired, for the external tests."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class MethodPair:
    """Rows of one network and path with the plain rule and with the IDGI rule.

    `base` and `idgi` have one row per image, in the same order, indexed by the image.
    """

    model: str
    path: str
    base: pd.DataFrame
    idgi: pd.DataFrame

    def select(self, kept: Any) -> "MethodPair":
        """The same pair with the images of a boolean mask, or of a list of images."""
        return MethodPair(self.model, self.path, self.base.loc[kept], self.idgi.loc[kept])


def identified(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `image` naming an image across image sets: `digits/00042`.

    Two networks that saw the same image share its name; images of two sets never do. Rows without
    a column `images` come from one set.
    """
    if "images" not in rows.columns:
        return rows
    numbers = rows["image"].astype(str).str.zfill(8)
    return rows.assign(image=rows["images"].astype(str) + "/" + numbers)


@dataclass(frozen=True)
class Steps:
    """The number of steps that a test was run at, and the declared one (None: any)."""

    used: int
    declared: int | None

    @property
    def differ(self) -> bool:
        """Whether the claim's number of steps was not computed."""
        return self.declared is not None and self.declared != self.used

    @property
    def note(self) -> str:
        """One sentence."""
        more = f", the most that were computed ({self.declared} are declared)"
        return f"At {self.used} steps{more if self.differ else ''}."


def at_steps(rows: pd.DataFrame, declared: int | None) -> tuple[pd.DataFrame, Steps]:
    """The rows of the declared number of steps, else of the largest there is; and which it was."""
    present = {int(steps) for steps in rows["steps"].unique()}
    used = declared if declared in present else max(present)
    return rows[rows["steps"] == used], Steps(used, declared)


def method_pairs(rows: pd.DataFrame, paths: Collection[str]) -> Iterator[MethodPair]:
    """Every network and declared path that has rows, in the order of their names.

    Raises:
        ValueError: an image that lacks one of the two methods, or that appears twice.
    """
    for (model, path), group in rows.groupby(["model", "path"], sort=True):
        if path in paths:
            yield MethodPair(str(model), str(path), *_both(group, f"{model}, {path}", str(path)))


def _both(group: pd.DataFrame, where: str, path: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    base, idgi = (of_method(group, name, where) for name in (path, f"{path}+idgi"))
    if not base.index.equals(idgi.index):
        lonely = len(base.index.symmetric_difference(idgi.index))
        raise ValueError(f"{where}: {lonely} images lack the rows of one of the two methods")
    return base, idgi


def of_method(group: pd.DataFrame, method: str, where: str) -> pd.DataFrame:
    """Rows of one method, indexed by image, in the order of the images.

    Raises:
        ValueError: an image that appears twice.
    """
    found = group[group["method"] == method].set_index("image").sort_index()
    if found.index.has_duplicates:
        raise ValueError(f"{where}: duplicate rows of {method} for the same image")
    return found


def missing_paths(
    compared: Collection[tuple[str, str]], models: Sequence[str], paths: Sequence[str]
) -> list[str]:
    """Declared paths without rows: by name, with the network where only some lack them."""
    found = []
    for path in paths:
        lacking = [model for model in models if (model, path) not in compared]
        if len(lacking) == len(models):
            found.append(path)
        else:
            found += [f"{model}, {path}" for model in lacking]
    return found


def models_of(rows: pd.DataFrame) -> list[str]:
    """The networks that have rows, sorted."""
    return sorted(str(model) for model in rows["model"].unique())


def finite_lists(column: pd.Series) -> np.ndarray:
    """`(N,)` which cells hold a list of finite numbers; None, NaN and lists with NaN do not."""
    return np.array([_finite(cell) for cell in column], dtype=bool)


def _finite(cell: Any) -> bool:
    if cell is None or np.ndim(cell) != 1:
        return False
    return bool(np.isfinite(np.asarray(cell, dtype=float)).all())


def stacked(column: pd.Series) -> np.ndarray:
    """`(N, T)` the lists of a column under each other.

    Raises:
        ValueError: lists of different lengths.
    """
    cells = [np.asarray(cell, dtype=float) for cell in column]
    lengths = {len(cell) for cell in cells}
    if len(lengths) > 1:
        raise ValueError(f"lists of {sorted(lengths)} information points in one family")
    return np.stack(cells) if cells else np.zeros((0, 0))
