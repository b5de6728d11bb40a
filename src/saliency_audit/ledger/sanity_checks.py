"""Which methods pass which sanity check: one answer per network, method and check.

The claims about GGIG ask whether three methods pass. Here the same is asked of every method of the
library. Signs, levels, margins and numbers of images are those that the claims declare. Only the
limit of four checks is ours: halfway between the worst and the best. A method passes if its whole
95 % interval lies on the right side of the limit, fails if it lies on the wrong side, and is
undecided if it holds the limit.

Maps of unrelated networks can be alike, for example if a map is a product with the input. So the
similarity of maps is compared with the method's own floor: the similarity of its maps to those of
unrelated networks on the same images. What is kept is (similarity − floor) / (1 − floor): 1 for an
unchanged map, 0 for one that is like an unrelated network's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.ending import require_columns
from saliency_audit.ledger.resampling import Floats, mean_of_statistics
from saliency_audit.ledger.schema import load_claims
from saliency_audit.ledger.statistics import RESAMPLES, Estimate, bootstrap_mean
from saliency_audit.study.experiments.ggig_product import WITHOUT_BASELINE

Parameters = Mapping[str, Any]

MEASURE = "spearman"
KEPT = "kept beyond the floor"
# Above this, the range from the floor to 1 is too narrow to see a map change.
HIGHEST_FLOOR = 0.9
NETWORK = ["model", "images"]
MAPS = [*NETWORK, "method"]
IMAGES = [*MAPS, "image"]


class Finding(StrEnum):
    """What the rows say of a method."""

    PASSES = "passes"
    FAILS = "fails"
    UNDECIDED = "undecided"
    # The network itself still knows the class.
    DOES_NOT_APPLY = "does not apply"
    # Maps of unrelated networks are so alike that a change would not show.
    CANNOT_TELL = "cannot tell"
    NO_FLOOR = "no floor recorded"


@dataclass(frozen=True)
class Score:
    """How much of its answer a changed network still gives.

    Attributes:
        probability: of the original class, mean over images and draws.
        chance: 1/C.
        forgotten: whether the interval lies within the declared margin of chance.
    """

    probability: Estimate
    chance: float
    forgotten: bool


@dataclass(frozen=True)
class SanityCheck:
    """A question to a method.

    Attributes:
        name: short, for keys and columns.
        title: what is asked, in a few words.
        scale: what the estimate is.
        claim: whose declared parameters it uses.
        experiment: whose rows answer it.
        columns: that those rows must have.
        passes: "below" or "above" the limit.
        limit: from the claim's parameters; for the ratio of the sums of `part` and `whole`.
        values: from rows and parameters to a line per model, images, method and image, with part
            and whole; if the check needs floors, also with similarity, floor and recorded (whether
            there are maps of unrelated networks).
        scores: from rows and parameters to scores by model and images, for checks in which the
            network itself must have forgotten.
    """

    name: str
    title: str
    scale: str
    claim: str
    experiment: str
    columns: tuple[str, ...]
    passes: str
    limit: Callable[[Parameters], float]
    values: Callable[[pd.DataFrame, Parameters], pd.DataFrame]
    scores: Callable[[pd.DataFrame, Parameters], Mapping[tuple[str, str], Score]] | None = None


@dataclass(frozen=True)
class Answer:
    """What the rows say of one network and method.

    Attributes:
        check: the question's name.
        model: the network.
        images: the image set.
        method: as in `study.ggig_methods`.
        finding: the answer.
        limit: that the estimate is compared with.
        n: images with a value.
        undefined: images without one, for example because a map is constant.
        undefined_pairs: of the pairs of maps behind them, the share without a similarity, whether
            or not the image has a value from its other pairs.
        estimate: ratio of sums over the images with its interval; None without a floor or with one
            above `HIGHEST_FLOOR`.
        similarity: mean over the images; None if the check is about something else.
        floor: mean over the same images; None if there is none.
        score: of the changed network, if the check depends on it.
    """

    check: str
    model: str
    images: str
    method: str
    finding: Finding
    limit: float
    n: int
    undefined: int
    undefined_pairs: float = 0.0
    estimate: Estimate | None = None
    similarity: Estimate | None = None
    floor: float | None = None
    score: Score | None = None


def _under_noise(rows: pd.DataFrame, declared: Parameters) -> pd.DataFrame:
    rows = rows[rows["sign"] == declared["sign"]]
    return _kept(_noisy(rows, declared), rows[rows["against"] == "unrelated"])


def _noisy(rows: pd.DataFrame, declared: Parameters) -> pd.DataFrame:
    return rows[(rows["against"] == "noise") & (rows["level"] == declared["level"])]


def _scores(rows: pd.DataFrame, declared: Parameters) -> dict[tuple[str, str], Score]:
    """The score under noise, which is the same in the rows of all methods and signs."""
    once = _noisy(rows, declared).drop_duplicates([*NETWORK, "image", "draw"])
    found = {}
    for (model, images), group in once.groupby(NETWORK):
        of_images = group.groupby("image")["probability"].mean()
        probability = bootstrap_mean(of_images.to_numpy(dtype=float))
        chance, margin = 1 / int(group["classes"].iloc[0]), declared["score_margin"]
        near = chance - margin <= probability.low and probability.high <= chance + margin
        found[str(model), str(images)] = Score(probability, chance, near)
    return found


def _last_layer_random(rows: pd.DataFrame, declared: Parameters) -> pd.DataFrame:
    chosen = rows[rows["sign"] == declared["sign"]]
    first = chosen[(chosen["how"] == "cascade") & (chosen["stage"] == 1)]
    return _kept(first, _all_random(chosen))


def _one_layer_random(rows: pd.DataFrame, declared: Parameters) -> pd.DataFrame:
    chosen = rows[rows["sign"] == declared["sign"]]
    return _kept(chosen[chosen["how"] == "independent"], _all_random(chosen))


def _all_random(rows: pd.DataFrame) -> pd.DataFrame:
    """The end of the cascade: no trained layer is left, so the network is unrelated."""
    chosen = rows[rows["how"] == "cascade"]
    return chosen[chosen["stage"] == chosen.groupby("model")["stage"].transform("max")]


def _kept(changed: pd.DataFrame, unrelated: pd.DataFrame) -> pd.DataFrame:
    """What maps of changed networks keep above their floor; draws and layers are averaged."""
    similarity, floor = (
        rows.groupby(IMAGES, sort=False)[MEASURE]
        .agg(similarity="mean", pairs="size", defined="count")
        .reset_index()
        for rows in (changed, unrelated)
    )
    floor = floor.rename(columns={"similarity": "floor"})
    table = similarity.merge(
        floor, on=IMAGES, how="left", suffixes=("", "_floor"), indicator="recorded"
    )
    return table.assign(
        pairs=table["pairs"] + table["pairs_floor"].fillna(0),
        defined=table["defined"] + table["defined_floor"].fillna(0),
        recorded=table["recorded"] == "both",
        part=table["similarity"] - table["floor"],
        whole=1 - table["floor"],
    )


def _on_background(rows: pd.DataFrame, declared: Parameters) -> pd.DataFrame:
    """Share of the map on the background, and of the area: images count by their background.

    In a mean of ratios, a few images with a narrow rim of background would decide.
    """
    wanted = (rows["background"] == declared["background"]) & (
        rows["squares"] == declared["squares"]
    )
    return rows[wanted].rename(columns={"outside": "part", "area_outside": "whole"})


def _two_baselines(rows: pd.DataFrame, declared: Parameters) -> pd.DataFrame:
    """Methods that start at a baseline; the maps of others do not depend on one."""
    pair = {"black", "white"}
    wanted = rows["first"].isin(pair) & rows["second"].isin(pair)
    wanted &= ~rows["method"].isin(WITHOUT_BASELINE)
    chosen = rows[wanted & (rows["sign"] == declared["sign"])]
    return chosen.assign(part=chosen[MEASURE], whole=1.0)


def _halfway(declared: Parameters) -> float:
    return 0.5


def _agreement(declared: Parameters) -> float:
    return float(declared["agreement"])


SANITY_CHECKS = (
    SanityCheck(
        "noise",
        "Forgets the map under noise of σ on the weights?",
        KEPT,
        "GG-SIGMA",
        "ggig_sigma",
        ("sign", "against", "level", "draw", "probability", "classes", MEASURE),
        "below",
        _halfway,
        _under_noise,
        _scores,
    ),
    SanityCheck(
        "last layer random",
        "Forgets it when the last layer is random?",
        KEPT,
        "GG-RANDOM",
        "ggig_randomization",
        ("sign", "how", "stage", MEASURE),
        "below",
        _halfway,
        _last_layer_random,
    ),
    SanityCheck(
        "one layer random",
        "Forgets it when one layer is random?",
        KEPT,
        "GG-RANDOM",
        "ggig_randomization",
        ("sign", "how", "stage", MEASURE),
        "below",
        _halfway,
        _one_layer_random,
    ),
    SanityCheck(
        "background",
        "Keeps off a checkerboard background?",
        "share of map / of area",
        "GG-BACKGROUND",
        "ggig_background",
        ("background", "squares", "outside", "area_outside"),
        "below",
        _halfway,
        _on_background,
    ),
    SanityCheck(
        "baseline",
        "Same map from a black and a white baseline?",
        "rank correlation",
        "GG-PRODUCT",
        "ggig_product",
        ("sign", "first", "second", MEASURE),
        "above",
        _agreement,
        _two_baselines,
    ),
)


def declared_parameters() -> dict[str, Parameters]:
    """What the claims behind the checks declare, by the claim's id."""
    claims = load_claims()
    return {check.claim: _flat(claims[check.claim].external.parameters) for check in SANITY_CHECKS}


def _flat(parameters: Parameters) -> Parameters:
    """Declared parameters, with those of the questions of paired comparisons among them."""
    questions = parameters.get("questions", [])
    found = dict(parameters)
    for question in reversed(questions):
        found |= question.get("where", {})
        for _, against in question["pairs"]:
            if isinstance(against, float):
                found["agreement"] = against
    return found


def answers(
    rows: Mapping[str, pd.DataFrame], declared: Mapping[str, Parameters] | None = None
) -> tuple[Answer, ...]:
    """Every check on every network and method that its experiment's rows have.

    An image whose maps were constant in some of the draws keeps the mean of the others. The sums
    over the images are resampled by image. With fewer images than the claim's
    `images_per_comparison`, or where more than half of them have no value, nothing is decided.

    Args:
        rows: by the experiment's name; experiments that are absent are left out.
        declared: parameters by claim; those of the ledger if not given.

    Returns:
        An `Answer` per check, network and method, in the order of `SANITY_CHECKS` and of the rows.

    Raises:
        ValueError: rows without a column that a check needs.
    """
    declared = declared_parameters() if declared is None else declared
    found: list[Answer] = []
    for check in SANITY_CHECKS:
        given = rows.get(check.experiment)
        if given is None or given.empty:
            continue
        require_columns(check.name, given, [*IMAGES, *check.columns])
        found += _answers(check, given, declared[check.claim])
    return tuple(found)


def _answers(check: SanityCheck, rows: pd.DataFrame, declared: Parameters) -> list[Answer]:
    scores = check.scores(rows, declared) if check.scores else {}
    groups = check.values(rows, declared).groupby(MAPS, sort=False)
    return [
        _answer(check, declared, (str(model), str(images), str(method)), table, scores)
        for (model, images, method), table in groups
    ]


def _answer(
    check: SanityCheck,
    declared: Parameters,
    of: tuple[str, str, str],
    table: pd.DataFrame,
    scores: Mapping[tuple[str, str], Score],
) -> Answer:
    """The answer on the lines of one network and method."""
    recorded = "recorded" not in table or bool(table["recorded"].any())
    defined = table.dropna(subset=["part", "whole"] if recorded else ["similarity"])
    few = len(defined) < declared["images_per_comparison"] or 2 * len(defined) < len(table)
    floors = "floor" in table and recorded and len(defined)
    floor = float(defined["floor"].mean()) if floors else None
    high = floor is not None and floor > HIGHEST_FLOOR
    estimate = _ratio_of_sums(defined) if recorded and len(defined) and not high else None
    limit, score = check.limit(declared), scores.get(of[:2])
    if score and not score.forgotten:
        finding = Finding.DOES_NOT_APPLY
    elif not recorded:
        finding = Finding.NO_FLOOR
    elif few:
        finding = Finding.UNDECIDED
    elif estimate is None:
        finding = Finding.CANNOT_TELL
    else:
        finding = _side(check.passes, limit, estimate)
    return Answer(
        check.name,
        *of,
        finding=finding,
        limit=limit,
        n=len(defined),
        undefined=len(table) - len(defined),
        undefined_pairs=_undefined_pairs(table) if "pairs" in table else 0.0,
        estimate=estimate,
        similarity=_mean(defined["similarity"]) if "similarity" in table else None,
        floor=floor,
        score=score,
    )


def _undefined_pairs(table: pd.DataFrame) -> float:
    return float(1 - table["defined"].sum() / table["pairs"].sum())


def _ratio_of_sums(table: pd.DataFrame) -> Estimate:
    """Sum of `part` over that of `whole`, resampled by image."""

    def ratio(means: Floats) -> Floats:
        found: Floats = means[..., 0] / means[..., 1]
        return found

    return mean_of_statistics([table.set_index("image")[["part", "whole"]]], ratio, RESAMPLES)


def _mean(values: pd.Series) -> Estimate | None:
    return bootstrap_mean(values.to_numpy(dtype=float)) if len(values) else None


def _side(passes: str, limit: float, estimate: Estimate) -> Finding:
    if estimate.high < limit:
        return Finding.PASSES if passes == "below" else Finding.FAILS
    if estimate.low > limit:
        return Finding.PASSES if passes == "above" else Finding.FAILS
    return Finding.UNDECIDED
