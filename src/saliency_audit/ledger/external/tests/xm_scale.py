"""XM-SCALE: what three levels change of the distances, compared with the maps alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import SIDES, Effect, bootstrap_ps
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.rows import stacked
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import Counts, Floats, estimate_from, resample_counts

COLUMNS = (
    *("pair", "model", "other_model", "images", "method", "other_method", "image", "window"),
    *("terms", "receptive_field", "other_receptive_field", "variation", "other_variation"),
)
# From the terms of all levels `(m, levels)` to the distance: the whole measure, the map alone.
LEVELS: Mapping[str, Callable[[Floats], Floats]] = {
    "three levels": lambda terms: terms.mean(axis=1),
    "one level": lambda terms: terms[:, 0],
}
# The slope is in squares of the picture's side per so many pixels of receptive field.
PIXELS = 100


@dataclass(frozen=True)
class Sums:
    """Sums and numbers of distances of each image in some groups, so that images can be resampled.

    Attributes:
        totals: `(images, groups)`.
        sizes: `(images, groups)`.
    """

    totals: Floats
    sizes: Floats

    @classmethod
    def of(cls, rows: pd.DataFrame, group: pd.Series, images: pd.Index) -> "Sums":
        """Of the column `distance`, by the groups in their sorted order."""
        table = rows.assign(group=group).pivot_table(
            index="image", columns="group", values="distance", aggfunc=["sum", "count"]
        )
        table = table.reindex(images).fillna(0.0)
        return cls(table["sum"].to_numpy(dtype=float), table["count"].to_numpy(dtype=float))

    def means(self, counts: Counts) -> Floats:
        """Mean distance of every group in every resample: `(R, groups)`; NaN where it is empty."""
        drawn = counts.astype(float)
        with np.errstate(invalid="ignore"):
            found: Floats = (drawn @ self.totals) / (drawn @ self.sizes)
        return found


Statistic = Callable[[pd.DataFrame, pd.Index], Callable[[Counts], Floats] | None]


def absolute_slope(rows: pd.DataFrame, images: pd.Index) -> Callable[[Counts], Floats] | None:
    """Absolute slope of the distance between two networks over the gap of receptive fields.

    Least squares over the pairs of networks, each with its mean over images and methods; None if
    the gaps are all alike.
    """
    between = rows[rows["pair"] == "networks"]
    gap = (between["receptive_field"] - between["other_receptive_field"]).abs() / PIXELS
    pairs = between["model"] + " and " + between["other_model"]
    gaps = gap.groupby(pairs).first()
    if gaps.nunique() < 2:
        return None
    sums = Sums.of(between, pairs, images)
    centred = gaps.to_numpy(dtype=float) - gaps.mean()
    return lambda counts: np.abs(sums.means(counts) @ centred / (centred**2).sum())


def sharp_ratio(rows: pd.DataFrame, images: pd.Index) -> Callable[[Counts], Floats] | None:
    """Mean distance between sharp maps of a network, divided by that between smooth ones.

    A map is sharp if its total variation is above the median of its network's maps; pairs are of
    two methods on one image, those of a sharp and a smooth map are left out. None without both.
    """
    kinds = sharpness(rows)
    used = (rows["pair"] == "methods") & (kinds != "")
    if kinds[used].nunique() < 2:
        return None
    sums = Sums.of(rows[used], kinds[used], images)

    def ratio(counts: Counts) -> Floats:
        sharp, smooth = sums.means(counts).T  # in the order of their names
        return np.asarray(sharp / smooth)

    return ratio


def sharpness(rows: pd.DataFrame) -> pd.Series:
    """Of every pair of maps "sharp", "smooth", or "" if it is of both kinds."""
    first = rows[["model", "method", "image", "variation"]]
    second = rows[["other_model", "other_method", "image", "other_variation"]]
    both = pd.concat([first, second.set_axis(first.columns, axis=1)]).drop_duplicates()
    medians = both.groupby("model")["variation"].median()
    sharp = rows["variation"] > rows["model"].map(medians)
    other = rows["other_variation"] > rows["other_model"].map(medians)
    kinds = np.where(sharp & other, "sharp", np.where(~sharp & ~other, "smooth", ""))
    return pd.Series(kinds, index=rows.index)


STATISTICS: Mapping[str, Statistic] = {
    "slope_over_receptive_fields": absolute_slope,
    "sharp_to_smooth_ratio": sharp_ratio,
}


def _validate(parameters: Parameters) -> None:
    known = {
        "statistics": (list(parameters["statistics"]), STATISTICS),
        "statistics' sides": (list(parameters["statistics"].values()), SIDES),
        "pairs": ([name for pair in parameters["pairs"] for name in pair], LEVELS),
    }
    for what, (given, allowed) in known.items():
        if unknown := [name for name in given if name not in allowed]:
            raise ValueError(f"unknown {what} {unknown}; known: {', '.join(allowed)}")


@external_test(
    needs={"statistics", "pairs", "kernels", "resamples"}, columns=COLUMNS, validate=_validate
)
def scale_difference(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Does a statistic of the distances change as stated from one level to three?

    Args:
        rows: of `xmgd_scales`.
        parameters: `statistics` and the side on which the difference should lie; `pairs` of levels,
            what is compared and what it is compared with; `kernels`, the kinds of filters;
            `resamples`.

    Returns:
        A comparison per image set, kind of filters, statistic and pair: the difference with its
        bootstrap interval over images, and p values. A statistic that rows have no pairs for (one
        network has no other receptive field beside it) is missing.
    """
    effects: list[Effect] = []
    missing: list[str] = []
    rows = rows.sort_values([name for name in COLUMNS if name != "terms"]).reset_index(drop=True)
    for name, group in rows.groupby("images", sort=True):
        for kernel in parameters["kernels"]:
            part = group[group["window"] == kernel]
            for statistic, side in parameters["statistics"].items():
                for other, base in parameters["pairs"]:
                    keys = {
                        "images": str(name),
                        "kernel": str(kernel),
                        "statistic": statistic.replace("_", " "),
                        "levels": f"{other} against {base}",
                    }
                    found = _difference(part, keys, statistic, (other, base), side, parameters)
                    if found is None:
                        missing.append(", ".join(keys.values()))
                    else:
                        effects.append(found)
    return Evidence(
        effects,
        _headline(effects),
        missing=missing,
        nothing="no pair of maps that tells them apart",
    )


def _difference(
    rows: pd.DataFrame,
    keys: Mapping[str, str],
    statistic: str,
    levels: tuple[str, str],
    side: str,
    parameters: Parameters,
) -> Effect | None:
    if rows.empty:
        return None
    images = pd.Index(sorted(rows["image"].unique()))
    terms = stacked(rows["terms"]).astype(float)
    measures = [
        STATISTICS[statistic](rows.assign(distance=LEVELS[name](terms)), images) for name in levels
    ]
    other, base = measures
    if other is None or base is None:
        return None
    counts = resample_counts(len(images), parameters["resamples"])
    draws = other(counts) - base(counts)
    once = np.ones((1, len(images)), dtype=int)
    (value,), (before,) = other(once), base(once)
    known = draws[np.isfinite(draws)]
    return Effect(
        keys,
        estimate_from(value - before, known, len(images)),
        SIDES[side],
        base=float(before),
        other=float(value),
        p=bootstrap_ps(draws, SIDES[side]),
    )


def _headline(effects: Sequence[Effect]) -> Headline | None:
    """The first difference: of the first image set and kind of filters."""
    if not effects:
        return None
    first = effects[0]
    return Headline.of(first.estimate, f"{first.keys['statistic']}, {first.keys['levels']}")
