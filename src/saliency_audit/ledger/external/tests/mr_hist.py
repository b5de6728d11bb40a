"""MR-HIST: do S= and S≠ separate better for 1-Lipschitz networks?"""

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, LOWER
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.fold_effects import (
    SCORE_NAMES,
    Asked,
    counted,
    few_images,
    headline,
    sizes_of,
)
from saliency_audit.ledger.external.evidence.folds import COLUMNS, paired_rows
from saliency_audit.ledger.external.tests.mr_lip import NO_ROWS, compared, undefined_remarks
from saliency_audit.ledger.fold_statistics import BINS

# Statistic, and the side on which the constrained network is expected.
SEPARATION = {"auroc": HIGHER, "mean_equal": LOWER}


def _validate(parameters: Parameters) -> None:
    if parameters["bins"] != BINS:
        raise ValueError(f"histograms have {BINS} bins, got {parameters['bins']}")


@external_test(needs={"bins", "excepted", "resamples"}, columns=COLUMNS, validate=_validate)
def better_separation(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Are S= and S≠ further apart for 1-Lipschitz networks, and is the mean of S= smaller?

    Args:
        rows: of `mege_stability`.
        parameters: `bins` of the histograms on [0, 1]; `excepted`, methods that do not decide;
            `resamples`.

    Returns:
        Two comparisons per method: AUROC of S≠ against S= (expected higher) and mean of S= (lower),
        1-Lipschitz minus ordinary. Bootstrap over images; Holm over all. A method without rows is
        missing. The overlap of the histograms, with the sizes of all sets, stands in `extra`: the
        smaller the sets, the less their histograms overlap by chance, so that it cannot decide
        between families whose sets differ in size.

    Raises:
        ValueError: as `family_difference`; bins other than 50.
    """
    groups = paired_rows("better_separation", rows)
    found, missing = compared(groups)
    asked: list[Asked] = []
    for families, contrasts in found.items():
        for method, contrast in contrasts.items():
            decides = method not in parameters["excepted"]
            overlap = contrast.drawn("overlap", parameters["resamples"]).estimate
            beside = {"overlap of the histograms": overlap, **sizes_of(contrast)}
            for statistic, expected in SEPARATION.items():
                keys = {**families.keys, "method": method, "score": SCORE_NAMES[statistic]}
                more = {"extra": beside if statistic == "auroc" else {}, "decides": decides}
                asked.append(Asked(keys, contrast, statistic, expected, more))
    resamples = counted(parameters, len(asked))
    effects = [each.effect(resamples) for each in asked]
    first = [each for each in asked if each.score == "auroc" and each.more["decides"]]
    excepted = ", ".join(parameters["excepted"])
    return Evidence(
        effects,
        headline(first, "differences (1-Lipschitz minus ordinary)", resamples, parameters),
        missing=missing,
        remarks=[
            few_images(effects, parameters),
            f"{excepted} does not decide." if excepted else "",
            *undefined_remarks(groups, list(found)),
        ],
        nothing=NO_ROWS,
    )
