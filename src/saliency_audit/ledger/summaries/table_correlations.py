"""XM-CORR: the correlation of every two tables, with the intervals of both of its uncertainties."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.evidence.distance_tables import (
    Tables,
    linked_tables,
    shared_by,
)
from saliency_audit.ledger.statistics import Estimate, correlation_interval
from saliency_audit.ledger.summaries.resampled import with_resamples


@dataclass(frozen=True)
class TablePair:
    """Two combinations of a detector and a generator.

    Attributes:
        first: name of one.
        second: name of the other.
        shared: "generator", "detector" or "nothing".
        correlation: of their tables; n is the number of distances, the interval Fisher's for it.
        of_images: the same with the interval over resampled images.
    """

    first: str
    second: str
    shared: str
    correlation: Estimate
    of_images: Estimate


def with_fisher(r: float, n: int) -> Estimate:
    """A correlation of n pairs of numbers with Fisher's 95 % interval."""
    return Estimate(r, *correlation_interval(r, n), n)


def table_pairs(rows: pd.DataFrame, measure: str) -> Iterator[TablePair]:
    """Every two linked combinations, those that share the generator first, then the detector.

    Args:
        rows: of `xmgd_correlation`.
        measure: whose distances are correlated.
    """
    for tables in linked_tables(rows, measure):
        kinds = shared_by(tables.detectors, tables.generators)
        for shared, pairs in kinds.items():
            for one, other in zip(*np.nonzero(pairs), strict=True):
                yield _pair(tables, shared, int(one), int(other))


def _pair(tables: Tables, shared: str, one: int, other: int) -> TablePair:
    found = tables.correlations[:, one, other]
    itself, n = float(found[0]), tables.distances.shape[2]
    first, second = tables.names[one], tables.names[other]
    return TablePair(
        first,
        second,
        shared,
        with_fisher(itself, n),
        with_resamples(pd.Series(found), tables.set_size),
    )
