"""Curves with a band: means or medians along an axis, with their intervals or quantiles."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.ledger.resampling import (
    Floats,
    percentile_interval,
    resample_counts,
    resampled_means,
    resampled_medians,
)
from saliency_audit.ledger.statistics import bootstrap_mean

RESAMPLES = 1000


@dataclass(frozen=True)
class Band:
    """A value, its lower and its upper end at every place of an axis: `(k,)` each."""

    places: Floats
    values: Floats
    low: Floats
    high: Floats


def mean_curve(rows: pd.DataFrame, along: str, column: str) -> Band:
    """Mean over images and draws, with 95 % bootstrap intervals over images.

    Args:
        rows: with the column image.
        along: column of the places.
        column: what is averaged: over the rows of an image at a place, then over the images.
    """
    return mean_band(rows.groupby(["image", along])[column].mean().unstack(along))


def mean_band(table: pd.DataFrame) -> Band:
    """Means of columns with 95 % bootstrap intervals, the same images drawn for all columns.

    Args:
        table: image × place; images that lack a place are left out; NaN if none is left.
    """
    known = table.dropna()
    places, values = (part.to_numpy(dtype=float) for part in (known.columns, known))
    if not len(values):
        nothing = np.full(len(places), np.nan)
        return Band(places, nothing, nothing, nothing)
    draws = resampled_means(values, resample_counts(len(values), RESAMPLES))
    return Band(places, values.mean(axis=0), *percentile_interval(draws))


def separate_means(rows: pd.DataFrame, along: str, column: str) -> Band:
    """Mean of the defined values at every place, each place with its own 95 % bootstrap interval.

    Args:
        rows: one per image and place.
        along: column of the places.
        column: what is averaged.
    """
    known = rows.dropna(subset=column)
    places = np.unique(known[along].to_numpy(dtype=float))
    means = [
        bootstrap_mean(known.loc[known[along] == place, column].to_numpy(dtype=float))
        for place in places
    ]
    values, low, high = (
        np.array([getattr(mean, end) for mean in means]) for end in ("value", "low", "high")
    )
    return Band(places, values, low, high)


def median_band(places: Floats, values: Floats) -> Band:
    """Pointwise median over images with its 95 % bootstrap interval.

    Args:
        places: `(k,)`.
        values: `(images, k)`.
    """
    draws = resampled_medians(values, resample_counts(len(values), RESAMPLES))
    return Band(places, np.median(values, axis=0), *percentile_interval(draws))


def spread_band(table: pd.DataFrame, shares: tuple[float, float]) -> Band:
    """Means of columns with two of their quantiles as ends.

    Args:
        table: image or draw × place.
        shares: the lower and the upper quantile, in [0, 1].
    """
    low, high = (table.quantile(share).to_numpy(dtype=float) for share in shares)
    return Band(table.columns.to_numpy(dtype=float), table.mean().to_numpy(), low, high)
