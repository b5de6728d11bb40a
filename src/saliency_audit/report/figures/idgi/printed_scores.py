"""What the IDGI paper prints for a comparison of an external test."""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd

from saliency_audit.ledger import Claim, printed_tables
from saliency_audit.ledger.external.evidence.ladders import AREAS, INSERTION
from saliency_audit.report.names import network

SCORES = {area: score for score, area in AREAS.items()}

# "which varies from 33K to 39K, corresponding to different models" (§4.1).
IMAGES = "33K–39K"


def printed_pair(claim: Claim, keys: Mapping[str, str]) -> tuple[float, float] | None:
    """The printed numbers of the base and of its IDGI variant; None if the paper has no such pair.

    Where the claim declares one number of steps, they are the scores at it. Where it declares
    several, they are the changes from the first to the last.

    Args:
        claim: a claim about Tables 1–3 or 6–17.
        keys: of a comparison: model, path, and score or curve.
    """
    declared = steps_of(claim)
    steps = [declared] if isinstance(declared, int) else [declared[0], declared[-1]]
    base = _printed(claim, keys, keys["path"], steps)
    idgi = _printed(claim, keys, f"{keys['path']}+idgi", steps)
    if base is None or idgi is None:
        return None
    if len(steps) == 1:
        return base[0], idgi[0]
    return base[-1] - base[0], idgi[-1] - idgi[0]


def steps_of(claim: Claim) -> int | list[int]:
    """The numbers of steps that a claim's test declares."""
    parameters = claim.external.parameters
    declared: int | list[int] = (
        parameters["questions"][0]["where"]["steps"]
        if "questions" in parameters
        else parameters["steps"]
    )
    return declared


def _printed(
    claim: Claim, keys: Mapping[str, str], method: str, steps: Sequence[int]
) -> list[float] | None:
    table = _tables(claim.paper, claim.printed)
    chosen = table[
        (table["metric"] == _metric(claim, keys))
        & (table["model"] == network(keys["model"]))
        & (table["method"] == method)
    ]
    # Table 4 prints differences and has no number of steps.
    cells = chosen.dropna(subset="steps").set_index("steps")["value"]
    found = [float(cells.get(count, np.nan)) for count in steps]
    return None if np.isnan(found).any() else found


@cache
def _tables(paper: str, names: tuple[str, ...]) -> pd.DataFrame:
    """Read once: a page asks for dozens of pairs."""
    return printed_tables(paper, *names)


def _metric(claim: Claim, keys: Mapping[str, str]) -> str:
    if "curve" in keys:
        return SCORES[keys["curve"], claim.external.parameters["complexity"]]
    return f"insertion_{keys['score']}" if keys["score"] in INSERTION else keys["score"]
