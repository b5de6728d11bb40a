"""MR-HIST: do S= and S≠ separate better for 1-Lipschitz networks?"""

import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, LOWER
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence import fold_effects, folds
from saliency_audit.ledger.external.evidence.fold_effects import Asked
from saliency_audit.ledger.external.tests.mr_lip import NO_ROWS, compared, lacking, undefined
from saliency_audit.ledger.fold_statistics import BINS

# Statistic, and the side on which the constrained network is expected.
SEPARATION = {"auroc": HIGHER, "mean_equal": LOWER}


def _validate(parameters: Parameters) -> None:
    if parameters["bins"] != BINS:
        raise ValueError(f"histograms have {BINS} bins, got {parameters['bins']}")


@external_test(needs={"bins", "excepted", "resamples"}, columns=folds.COLUMNS, validate=_validate)
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
    """
    groups = folds.paired_rows("better_separation", rows)
    found = compared(groups)
    asked: list[Asked] = []
    for families in found:
        for method, contrast in families.contrasts.items():
            decides = method not in parameters["excepted"]
            overlap = contrast.drawn("overlap", parameters["resamples"]).estimate
            beside = {"overlap of the histograms": overlap, **fold_effects.sizes_of(contrast)}
            for statistic, expected in SEPARATION.items():
                keys = {
                    **families.keys,
                    "method": method,
                    "score": fold_effects.SCORE_NAMES[statistic],
                }
                extra = beside if statistic == "auroc" else {}
                each = Asked(keys, contrast, statistic, expected, extra, decides=decides)
                asked.append(each)
    effects, headline, few = fold_effects.measured(
        [each.effect for each in asked],
        [each for each in asked if each.score == "auroc" and each.decides],
        "differences (1-Lipschitz minus ordinary)",
        parameters,
    )
    excepted = ", ".join(parameters["excepted"])
    said = f"{excepted} does not decide." if excepted else ""
    return Evidence(
        effects,
        headline,
        missing=lacking(found),
        remarks=[few, said, *undefined(groups, found)],
        nothing=NO_ROWS,
    )
