"""What the tests of maps on changed models share: which measures there are, what is undefined."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.rule import named
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean

# Measures whose floor for unrelated maps is 0 where signs are kept.
CENTRED = ("spearman",)


def measures_of(rows: pd.DataFrame, measures: Sequence[str]) -> list[str]:
    """The measures that the maps of a network have at all; SSIM needs 11 pixels a side.

    Args:
        rows: of one network.
        measures: those declared.
    """
    return [name for name in measures if rows[name].notna().any()]


def lacking(found: Mapping[str, Sequence[str]], measures: Sequence[str]) -> list[str]:
    """Declared measures that no network has.

    Args:
        found: the measures of each network.
        measures: those declared.
    """
    return [name for name in measures if not any(name in each for each in found.values())]


def too_small(found: Mapping[str, Sequence[str]], measures: Sequence[str]) -> str:
    """The sentence on networks whose maps are too small for a measure; empty without any."""
    left = [
        f"{model}, {name}" for model, each in found.items() for name in measures if name not in each
    ]
    return f"Undefined for all maps and left out: {named(left)}." if left else ""


def undefined(rows: pd.DataFrame, measures: Sequence[str]) -> tuple[int, int]:
    """How many values are undefined because a map is constant, and how many there are.

    Args:
        rows: of one network and the methods in question.
        measures: those that the network has.
    """
    values = rows[list(measures)].to_numpy(dtype=float)
    return int(np.isnan(values).sum()), values.size


def undefined_sentence(lost: int, total: int) -> str:
    """The sentence on constant maps."""
    if not lost:
        return ""
    return f"{lost} of {total} similarities are undefined, a map being constant, and left out."


def mean_over_images(values: pd.Series) -> Estimate | None:
    """Mean with its bootstrap interval over images of values indexed by them; None without any.

    Values of one image are resampled together.
    """
    known = values.dropna()
    if known.empty:
        return None
    return bootstrap_mean(known.to_numpy(dtype=float), known.index.tolist())


def shifted(found: Estimate, by: float) -> Estimate:
    """An estimate moved by a margin, to be judged against 0."""
    return Estimate(found.mean + by, found.low + by, found.high + by, found.n)
