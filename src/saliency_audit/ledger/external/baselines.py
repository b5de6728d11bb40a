"""Does leaving out the product keep the input out of a map, and the baseline?"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.paired import PairedValues, compare
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    check_columns,
    check_parameters,
    identified,
    models_of,
)
from saliency_audit.ledger.external.rule import (
    coverage,
    family_verdict,
    is_complete,
    sentences,
    tally,
    unless_too_few,
)
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean
from saliency_audit.sanity import DIFFERENCE

DOMINANCE, AGREEMENT = "input dominance", "agreement"
COLUMNS = ("model", "images", "method", "sign", "image", "first", "second")


def baseline_dependence(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Are maps without the product less like x − x′, and alike from any baseline?

    Args:
        rows: of `ggig_product`: columns model, images, method, sign, image, first, second and the
            measure; `second` is another baseline or "input_difference".
        parameters: `with_product`, the method that has it, and `without`, those that have not;
            `baselines`; `measure` and `sign` that decide; in `extra` stand the other sign, and the
            differences of magnitudes, since a map may order the pixels against x − x′, too;
            `agreement`, which maps from two baselines must exceed; `alpha`; optional
            `minimum_images`, `networks`.

    Returns:
        Per model and method without the product a comparison for each baseline: the similarity of
        its map to x − x′ minus that of the map with the product on the same image, expected lower;
        and one for each two baselines: the similarity of its two maps minus `agreement`, expected
        higher. Each by signed ranks, Holm over all of them, and the 95 % bootstrap interval of the
        mean over images. The verdict is `family_verdict`'s. What is declared and has no values
        leaves at best partly; images without a value (a constant map) are left out and counted.

    Raises:
        ValueError: a parameter or column that is missing or unknown."""
    name = "baseline_dependence"
    needed = {"with_product", "without", "baselines", "measure", "sign", "agreement", "alpha"}
    check_parameters(name, parameters, needed, {"minimum_images", "networks"})
    if rows.empty:
        return not_tested("no rows of maps")
    check_columns(name, rows, [*COLUMNS, parameters["measure"]])
    models = models_of(rows)
    asked = [
        values
        for model in models
        for values in _asked(model, _values(rows[rows["model"] == model], parameters), parameters)
    ]
    family = [finite for values in asked if len((finite := values.finite()).base)]
    if not family:
        return not_tested("no image with maps from two baselines")
    comparisons = compare(family, parameters["alpha"])
    present = [item.label for item in comparisons]
    labels = [", ".join(values.keys.values()) for values in asked]
    missing = [label for label in labels if label not in present]
    verdict = family_verdict(comparisons, complete=is_complete(models, parameters, missing))
    verdict, too_few = unless_too_few(verdict, comparisons, parameters)
    left_out = sum(len(values.base) - len(values.finite().base) for values in asked)
    detail = sentences(
        *(_told(kind, comparisons) for kind in (DOMINANCE, AGREEMENT)),
        too_few,
        f"{left_out} times an image had no value and was left out." if left_out else "",
        coverage(models, parameters, missing),
    )
    return ExternalResult(verdict, detail, None, comparisons)


def _told(question: str, comparisons: tuple[Comparison, ...]) -> str:
    mine = [item for item in comparisons if item.keys["question"] == question]
    return f"{question.capitalize()}: {tally(mine)}" if mine else ""


def _values(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The measure of one network: a line per image, columns (sign, method, first, second)."""
    keys = ["sign", "method", "first", "second"]
    return identified(rows).pivot(index="image", columns=keys, values=parameters["measure"])


def _asked(
    model: str, table: pd.DataFrame, parameters: Mapping[str, Any]
) -> Iterator[PairedValues]:
    """What the rule asks of one network; without images where rows are lacking."""
    decides, product = parameters["sign"], parameters["with_product"]
    signs = sorted(set(table.columns.get_level_values("sign")) - {decides})
    for method in parameters["without"]:
        for baseline in parameters["baselines"]:
            places = (baseline, DIFFERENCE)
            yield _paired(
                {"model": model, "question": DOMINANCE, "method": method, "baseline": baseline},
                _column(table, decides, product, *places),
                _column(table, decides, method, *places),
                "lower",
                {
                    "magnitude of ρ": _column(table, decides, method, *places).abs()
                    - _column(table, decides, product, *places).abs(),
                    **{
                        f"{sign} maps": _column(table, sign, method, *places)
                        - _column(table, sign, product, *places)
                        for sign in signs
                    },
                },
            )
        for first, second in combinations(parameters["baselines"], 2):
            between = f"{first} − {second}"
            other = _column(table, decides, method, first, second)
            yield _paired(
                {"model": model, "question": AGREEMENT, "method": method, "baseline": between},
                pd.Series(parameters["agreement"], other.index),
                other,
                "higher",
                {
                    "with the product": _column(table, decides, product, first, second)
                    - parameters["agreement"],
                    **{
                        f"{sign} maps": _column(table, sign, method, first, second)
                        - parameters["agreement"]
                        for sign in signs
                    },
                },
            )


def _column(table: pd.DataFrame, sign: str, method: str, first: str, second: str) -> pd.Series:
    """Values by image; none where there are no rows."""
    key = (sign, method, first, second)
    return table[key].astype(float) if key in table.columns else pd.Series(dtype=float)


def _paired(
    keys: Mapping[str, str],
    base: pd.Series,
    other: pd.Series,
    expected: str,
    beside: Mapping[str, pd.Series],
) -> PairedValues:
    """The pair on the images of both, with the means of what stands beside it."""
    shared = base.index.intersection(other.index)
    return PairedValues(keys, base[shared], other[shared], expected, _means(beside))


def _means(beside: Mapping[str, pd.Series]) -> dict[str, Estimate]:
    finite = {label: values.dropna() for label, values in beside.items()}
    return {
        label: bootstrap_mean(values.to_numpy(dtype=float))
        for label, values in finite.items()
        if len(values)
    }
