"""Which methods pass which sanity check: one answer per network, method and check.

The claims about GGIG ask whether three methods pass. Here every method of the library is held
against the same limits, which are ours: halfway between a map that stays as it was and an unrelated
one. A method passes where its whole 95 % interval lies on the right side of the limit, fails where
it lies on the wrong one, and is undecided around it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.rows import check_columns
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean

MEASURE = "spearman"


@dataclass(frozen=True)
class SanityCheck:
    """A question to a method.

    Attributes:
        name: short, for keys and columns.
        title: what is asked, in a few words.
        experiment: whose rows answer it.
        columns: that those rows must have.
        limit: of the mean over the images.
        passes: "below" or "above" the limit.
        values: rows of maps and a number each, `value`, that the question is about.
    """

    name: str
    title: str
    experiment: str
    columns: tuple[str, ...]
    limit: float
    passes: str
    values: Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Answer:
    """What the rows say of one network and method.

    Attributes:
        check: the question's name.
        model: the network.
        images: the image set.
        method: as in `study.checked_methods`.
        estimate: mean over the images with its interval; None where no image has a value.
        undefined: images without a value, as where a map is constant.
        passes: None where the interval holds the limit, or where there is no estimate.
    """

    check: str
    model: str
    images: str
    method: str
    estimate: Estimate | None
    undefined: int
    passes: bool | None


def _under_noise(rows: pd.DataFrame) -> pd.DataFrame:
    chosen = rows[(rows["against"] == "noise") & (rows["sign"] == "absolute")]
    return _similar(chosen[chosen["level"] == chosen["level"].max()])


def _all_random(rows: pd.DataFrame) -> pd.DataFrame:
    chosen = rows[(rows["how"] == "cascade") & (rows["sign"] == "absolute")]
    last = chosen.groupby("model")["stage"].transform("max")
    return _similar(chosen[chosen["stage"] == last])


def _one_layer_random(rows: pd.DataFrame) -> pd.DataFrame:
    return _similar(rows[(rows["how"] == "independent") & (rows["sign"] == "absolute")])


def _two_baselines(rows: pd.DataFrame) -> pd.DataFrame:
    pair = {"black", "white"}
    chosen = rows["first"].isin(pair) & rows["second"].isin(pair) & (rows["sign"] == "absolute")
    return _similar(rows[chosen])


def _on_background(rows: pd.DataFrame) -> pd.DataFrame:
    chosen = rows[rows["background"] == "checkerboard"]
    # The experiment draws the board with several numbers of squares, its own first.
    chosen = chosen[chosen["squares"] == chosen["squares"].iloc[0]] if len(chosen) else chosen
    return chosen.assign(value=chosen["outside"] / chosen["area_outside"])


def _similar(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(value=rows[MEASURE])


CHECKS = (
    SanityCheck(
        "noise",
        "Forgets the map under noise of σ on the weights?",
        "ggig_sigma",
        ("sign", "against", "level", MEASURE),
        0.5,
        "below",
        _under_noise,
    ),
    SanityCheck(
        "all layers random",
        "Forgets it when all layers are random?",
        "ggig_randomization",
        ("sign", "how", "stage", MEASURE),
        0.5,
        "below",
        _all_random,
    ),
    SanityCheck(
        "one layer random",
        "Forgets it when one layer is random?",
        "ggig_randomization",
        ("sign", "how", "stage", MEASURE),
        0.5,
        "below",
        _one_layer_random,
    ),
    SanityCheck(
        "background",
        "Keeps off a checkerboard background?",
        "ggig_background",
        ("background", "squares", "outside", "area_outside"),
        0.5,
        "below",
        _on_background,
    ),
    SanityCheck(
        "baseline",
        "Same map from a black and a white baseline?",
        "ggig_product",
        ("sign", "first", "second", MEASURE),
        0.5,
        "above",
        _two_baselines,
    ),
)


def answers(rows: Mapping[str, pd.DataFrame]) -> tuple[Answer, ...]:
    """Every check on every network and method that its experiment's rows have.

    Args:
        rows: by the experiment's name; experiments that are absent are left out.

    Returns:
        An `Answer` per check, network and method, in the order of `CHECKS` and of the rows. Several
        values of an image (draws, layers) are averaged first, the mean is then resampled by image.

    Raises:
        ValueError: rows without a column that a check needs.
    """
    found: list[Answer] = []
    for check in CHECKS:
        given = rows.get(check.experiment)
        if given is None or given.empty:
            continue
        check_columns(check.name, given, ["model", "images", "method", "image", *check.columns])
        groups = check.values(given).groupby(["model", "images", "method"], sort=False)
        found += [_answer(check, group) for _, group in groups]
    return tuple(found)


def _answer(check: SanityCheck, group: pd.DataFrame) -> Answer:
    """The answer on the rows of one network and method."""
    model, images, method = (str(group[name].iloc[0]) for name in ("model", "images", "method"))
    # An image whose maps were constant in some of the draws keeps the mean of the others.
    of_images = group.groupby("image")["value"].mean().to_numpy(dtype=float)
    defined = of_images[np.isfinite(of_images)]
    undefined = len(of_images) - len(defined)
    if not len(defined):
        return Answer(check.name, model, images, method, None, undefined, None)
    estimate = bootstrap_mean(defined)
    return Answer(check.name, model, images, method, estimate, undefined, _passes(check, estimate))


def _passes(check: SanityCheck, estimate: Estimate) -> bool | None:
    if estimate.high < check.limit:
        return check.passes == "below"
    if estimate.low > check.limit:
        return check.passes == "above"
    return None
