"""What a test adds to recorded rows before it compares them: no new measurement, only a reading."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

# What a share of the saliency is compared with that ignores the background.
HALF_THE_AREA = "half the area"
# What maps are compared with that know nothing of the object, and what "most methods" are.
SHARE_OF_THE_BOX = "share of the box"
MEAN_OF_THE_TEN = "mean of the ten"
# What a mean over networks stands under.
MEAN_OF_NETWORKS = "mean of the networks"


@dataclass(frozen=True)
class Derived:
    """Rows or columns that follow from the recorded ones.

    Attributes:
        apply: adds them.
        columns: which recorded columns a value needs, where it is not one itself or needs more.
    """

    apply: Callable[[pd.DataFrame], pd.DataFrame]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)


def half_the_area(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of one more method, which puts half of the background's share of the area there.

    Args:
        rows: of `ggig_background` or `ggig_cutouts`.
    """
    keys = ["model", "images", "background", "squares", "image", "asked"]
    once = rows.drop_duplicates([key for key in keys if key in rows])
    added = once.assign(
        method=HALF_THE_AREA, outside=once["area_outside"] / 2, beyond=once["area_beyond"] / 2
    )
    return pd.concat([rows, added], ignore_index=True)


def magnitudes(rows: pd.DataFrame) -> pd.DataFrame:
    """Rank correlations without their signs: a map may order the pixels against another."""
    return rows.assign(spearman_magnitude=rows["spearman"].abs())


def mean_over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per image and method, with the mean of every number over the training seeds.

    The seeds are no sample to draw intervals from: those of a test are over images, for the
    trainings that there are.

    Args:
        rows: of `dre_settings`, or of `dre_monotony`, where `map` is the image; undefined values of
            a seed are left out.
    """
    names = [name for name in ("model", "images", "method", "image", "map") if name in rows]
    numbers = rows.select_dtypes("number").columns.difference(names)
    return rows.groupby(names, sort=False, as_index=False)[list(numbers)].mean()


def mean_over_networks(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per image and method, with the mean of every number over the networks.

    Networks that were shown other image sets explain other images. A number is undefined if it is
    so for one of the image's networks: all methods are compared on the same networks.

    Args:
        rows: of `xmgd_model_metrics`.
    """
    names = ["images", "method", "image"]
    numbers = list(rows.select_dtypes("number").columns.difference(names))
    means = rows.groupby(names, sort=False)[numbers].mean(skipna=False)
    return means.reset_index().assign(model=MEAN_OF_NETWORKS)


def mean_over_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per image, measure and noise, with the mean of every number over the pairs of methods.

    The maps of one image are no independent sample: images are the units of the test.

    Args:
        rows: of `xmgd_noise`.
    """
    names = ["model", "images", "method", "noise", "image"]
    numbers = ["before", "after", "log_relative_change"]
    return rows.groupby(names, sort=False, as_index=False)[numbers].mean()


def beside_the_box(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of two more methods: no method at all, and the mean of all.

    A point at random hits the object with a chance equal to the share of the picture that the
    object, or its box, covers. A random order of the pixels has the same share as its M_E, nearly.

    Args:
        rows: of `dre_misclassified`; the mean is over the methods that an image has.
    """
    names = ["model", "images", "classified", "image"]
    values = ["hit", "explainability"]
    groups = rows.groupby(names, sort=False, as_index=False)
    mean = groups[values].mean().assign(method=MEAN_OF_THE_TEN)
    share = groups[["area"]].first().assign(method=SHARE_OF_THE_BOX)
    chance = share.assign(**dict.fromkeys(values, share["area"]))
    return pd.concat([rows, mean, chance], ignore_index=True)


DERIVED = {
    "beside_the_box": Derived(
        beside_the_box,
        {value: (value, "area", "classified") for value in ("hit", "explainability")},
    ),
    "half_the_area": Derived(
        half_the_area,
        {"outside": ("outside", "area_outside"), "beyond": ("beyond", "area_beyond")},
    ),
    "mean_over_networks": Derived(mean_over_networks),
    "mean_over_pairs": Derived(mean_over_pairs),
    "mean_over_seeds": Derived(mean_over_seeds),
    "magnitudes": Derived(magnitudes, {"spearman_magnitude": ("spearman",)}),
}
