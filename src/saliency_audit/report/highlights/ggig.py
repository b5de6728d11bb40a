"""Findings about GGIG."""

from saliency_audit.ledger import Scope, Verdict
from saliency_audit.report.highlights.finding import (
    Audits,
    Highlight,
    rows_of,
)
from saliency_audit.report.names import network
from saliency_audit.report.words import count, number, percent


def constant_map_wins(audits: Audits) -> Highlight | None:
    """GG-MNIST: in the released scaling a constant map is more like the digit than GGIG."""
    rows = rows_of("ggig_settings")
    if rows is None:
        return None
    released = rows[(rows["scaling"] == "released") & (rows["sign"] == "absolute")]
    scores = released.groupby("method", observed=True)["weighted_jaccard"].median()
    constant, ggig = scores.get("constant"), scores.get("ggig")
    if constant is None or ggig is None or not constant > ggig:
        return None
    digits = count(released["image"].nunique(), "digit")
    return Highlight(
        "GG-MNIST",
        Scope.REPLICATION,
        f"{number(constant, 2)} against {number(ggig, 2)}",
        "GGIG's maps are said to be more like the digit than others. In the scaling of the "
        "released code a map that is 1 everywhere is more like it still: weighted Jaccard "
        f"{number(constant, 2)} against {number(ggig, 2)}, over {digits}.",
    )


def training_falls_short(audits: Audits) -> Highlight | None:
    """GG-TRAIN: trained as described, or as released, the network misses its accuracy."""
    result = audits["GG-TRAIN"].strongest_of(Scope.REPLICATION)[1]
    rows = rows_of("ggig_training")
    if rows is None or not result.headline or result.verdict is not Verdict.NOT_REPRODUCED:
        return None
    claimed = audits["GG-TRAIN"].claim.external.parameters
    released = rows[rows["scaling"] == "released"]
    last = released[released["iterations"] == released["planned"]]
    reached = (last["correct"] / last["tested"]).tolist()
    if not reached or max(reached) >= claimed["accuracy"]:
        return None
    return Highlight(
        "GG-TRAIN",
        Scope.REPLICATION,
        f"{percent(result.headline.value)}, not {percent(claimed['accuracy'])}",
        f"After {claimed['iterations']} steps the small network of the GGIG paper is said to reach "
        f"{percent(claimed['accuracy'])}. It reaches {percent(result.headline.value)}. The "
        f"released code makes {count(int(last['planned'].max()), 'step')}: "
        f"{percent(max(reached), 2)}, the best of {count(len(reached), 'network')}.",
    )


def class_behind_the_board(audits: Audits) -> Highlight | None:
    """GG-BACKGROUND: before the checkerboard the networks see something else."""
    rows = rows_of("ggig_cutouts")
    if rows is None:
        return None
    board = rows[(rows["background"] != "none") & (rows["method"] == "ggig")]
    kept = board[board["asked"] == "own"].groupby("model", observed=True)["kept"]
    if kept.ngroups == 0 or not kept.mean().max() < 0.5:
        return None
    seen = sorted((int(values.sum()), len(values), network(str(model))) for model, values in kept)
    (least, of, worst), (most, _, best) = seen[0], seen[-1]
    return Highlight(
        "GG-BACKGROUND",
        Scope.GENERALISATION,
        f"{least} of {of}",
        "A checkerboard behind the object is said to leave the saliency on the object. It changes "
        f"what the networks see: {worst} sees the same class as before on {least} of {of} "
        f"photographs, {best}, the best, on {most}.",
    )
