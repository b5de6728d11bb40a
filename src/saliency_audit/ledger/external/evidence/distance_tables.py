"""Tables of distances between methods' maps, one per detector and generator, and how they agree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from saliency_audit.ledger.resampling import Floats

COLUMNS = (
    *("model", "images", "detector", "generator", "first", "second"),
    *("method", "draw", "set_size", "distance"),
)
# What two combinations can have in common, each with what it is called.
GENERATOR, DETECTOR, NOTHING = "generator", "detector", "nothing"
_COMBINATION = ["detector", "generator"]


@dataclass(frozen=True)
class Tables:
    """The tables of M combinations of a detector and a generator, under one measure.

    Attributes:
        detectors: `(M,)` names.
        generators: `(M,)` names; no two combinations have both in common.
        distances: `(draws, M, pairs)`: of the images themselves, then of resampled images.
        set_size: images of the combination that has fewest.
        left_out: combinations without a table, or with one of equal distances.
    """

    detectors: np.ndarray
    generators: np.ndarray
    distances: Floats
    set_size: int
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.detectors)

    @property
    def title(self) -> str:
        """The detectors and the generators in one line."""
        return f"{_listed(self.detectors)} × {_listed(self.generators)}"

    @property
    def names(self) -> list[str]:
        """Of the combinations."""
        pairs = zip(self.detectors, self.generators, strict=True)
        return [f"{detector}, {generator}" for detector, generator in pairs]

    @cached_property
    def correlations(self) -> Floats:
        """Pearson's correlation of every two tables: `(draws, M, M)`."""
        return table_correlations(self.distances)


def table_correlations(distances: Floats) -> Floats:
    """Pearson's correlation of every two tables.

    Args:
        distances: `(…, M, pairs)`.

    Returns:
        `(…, M, M)`; NaN beside a table of equal distances.
    """
    centred = distances - distances.mean(axis=-1, keepdims=True)
    lengths = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    # Equal distances differ from their mean by rounding.
    flat = lengths <= 1e-12 * np.abs(distances).max(axis=-1, keepdims=True)
    unit = np.divide(centred, lengths, out=np.full_like(centred, np.nan), where=~flat)
    found: Floats = np.clip(unit @ np.swapaxes(unit, -1, -2), -1, 1)
    return found


def shared_by(detectors: NDArray[np.generic], generators: NDArray[np.generic]) -> dict[str, Floats]:
    """Which pairs of combinations have only the generator in common, only the detector, or nothing.

    Args:
        detectors: `(…, M)` a label per combination.
        generators: `(…, M)` the same.

    Returns:
        `(…, M, M)` of 0 and 1 by what is shared; every pair once, above the diagonal.
    """
    same_detector = detectors[..., :, None] == detectors[..., None, :]
    same_generator = generators[..., :, None] == generators[..., None, :]
    once = np.triu(np.ones(same_detector.shape[-2:], dtype=bool), 1)
    found = {
        GENERATOR: same_generator & ~same_detector,
        DETECTOR: same_detector & ~same_generator,
        NOTHING: ~same_generator & ~same_detector,
    }
    return {shared: (pairs & once).astype(float) for shared, pairs in found.items()}


def mean_over(correlations: Floats, pairs: Floats) -> Floats:
    """Mean correlation of some pairs of combinations; NaN if there are none.

    Args:
        correlations: `(…, M, M)`.
        pairs: `(…, M, M)` of 0 and 1.
    """
    chosen = pairs > 0
    sums = np.where(chosen, correlations, 0.0).sum(axis=(-2, -1))
    counts = chosen.sum(axis=(-2, -1))
    known = np.broadcast_to(counts > 0, sums.shape)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=known)


def linked_tables(rows: pd.DataFrame, measure: str) -> Iterator[Tables]:
    """The tables under a measure, of each set of combinations that are linked with one another.

    Two combinations are linked if they share the detector or the generator, or if a third links
    them. What is not linked comes from different studies: other pictures, other sizes.

    Args:
        rows: of `xmgd_correlation`.
        measure: whose distances they are.

    Raises:
        ValueError: two distances of one pair of methods in the same draw of one combination.
    """
    mine = rows[rows["method"] == measure]
    if mine.duplicated([*_COMBINATION, "draw", "first", "second"]).any():
        raise ValueError("duplicate rows of a pair of methods in the same draw of one combination")
    if mine.empty:
        return
    detectors, generators = (pd.factorize(mine[name], sort=True)[0] for name in _COMBINATION)
    size = detectors.max() + 1
    links = coo_array(
        (np.ones(len(mine)), (detectors, size + generators)),
        shape=(size + generators.max() + 1,) * 2,
    )
    _, component = connected_components(links, directed=False)
    for part in dict.fromkeys(component[:size].tolist()):
        yield _tables(mine[component[detectors] == part])


def _tables(rows: pd.DataFrame) -> Tables:
    """Draws and pairs of methods that all combinations have, the images themselves first."""
    ordered = np.sort(rows[["first", "second"]].to_numpy(str), axis=1)
    named = rows.assign(pair=[" / ".join(pair) for pair in ordered])
    wide = named.pivot(index="draw", columns=[*_COMBINATION, "pair"], values="distance")
    combinations = sorted(set(zip(rows["detector"], rows["generator"], strict=True)))
    pairs = sorted(set(named["pair"]))
    full = wide.reindex(
        columns=pd.MultiIndex.from_tuples(
            [(*combination, pair) for combination in combinations for pair in pairs]
        )
    )
    values = full.to_numpy(dtype=float).reshape(len(full), len(combinations), len(pairs))
    (itself,) = np.flatnonzero(full.index == 0)
    usable = np.isfinite(np.diagonal(table_correlations(values[itself])))
    kept = values[:, usable]
    whole = np.isfinite(np.diagonal(table_correlations(kept), axis1=1, axis2=2)).all(axis=1)
    order = [itself, *(place for place in np.flatnonzero(whole) if place != itself)]
    names = np.array(combinations, dtype=str)
    sizes = rows.groupby(_COMBINATION)["set_size"].max()
    return Tables(
        names[usable, 0],
        names[usable, 1],
        kept[order],
        int(sizes.min()),
        tuple(", ".join(name) for name in names[~usable]),
    )


def _listed(names: Sequence[str] | NDArray[np.str_]) -> str:
    return ", ".join(sorted(set(map(str, names))))
