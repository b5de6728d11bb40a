"""How far maps change under JPEG compression: IDGI against its base, Guided IG against the rest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.paired import PairedValues, compare
from saliency_audit.ledger.external.result import Comparison, ExternalResult, not_tested
from saliency_audit.ledger.external.rows import (
    at_steps,
    check_columns,
    check_parameters,
    identified,
    models_of,
    of_method,
)
from saliency_audit.ledger.external.rule import (
    coverage,
    family_verdict,
    is_complete,
    sentences,
    tally,
    unless_other_steps,
    unless_too_few,
)
from saliency_audit.ledger.statistics import Estimate, bootstrap_mean
from saliency_audit.ledger.verdict import Verdict

LEAST_STABLE = "gig"


def jpeg_stability(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> ExternalResult:
    """Are IDGI maps more stable under JPEG compression than their base, and Guided IG's least?

    Args:
        rows: columns model, path, method, steps, image, scale, value: −ln of the mean squared
            difference between the map of an image and that of its compressed copy. Higher is more
            stable.
        parameters: `paths`, `scales` (the first decides; the others stand between partly and
            reproduced), `alpha`; optional `steps` as in `paired_improvement` (the most there are
            if not given), `quality` (of the compression, for the reader), `minimum_images` and
            `networks`.

    Returns:
        Per scale and network: a comparison of IDGI minus base for each declared path, and of Guided
        IG minus each other method (with its own IDGI variant it is compared among the first); by
        signed ranks, Holm over all of the scale, and the interval of the mean. Reproduced if all
        hold at every scale, partly if all hold at the first only, otherwise `family_verdict` of the
        first. What is declared and has no rows leaves at best partly. Images on which a map does
        not change at all, or has no norm, have no finite value: they are left out of that
        comparison and counted.

    Raises:
        ValueError: a parameter or column that is missing or unknown, or an image without both
            methods of a comparison.
    """
    name = "jpeg_stability"
    optional = {"steps", "quality", "minimum_images", "networks"}
    check_parameters(name, parameters, {"paths", "scales", "alpha"}, optional)
    if rows.empty:
        return not_tested("no rows for any declared path")
    check_columns(name, rows, ["model", "path", "method", "steps", "image", "scale", "value"])
    models = models_of(rows)
    rows, steps = at_steps(identified(rows), parameters.get("steps"))
    scales = [
        _at_scale(rows[rows["scale"] == scale], str(scale), models, parameters)
        for scale in parameters["scales"]
    ]
    first = scales[0]
    if not first.comparisons:
        return not_tested("no rows for any declared path")
    comparisons = tuple(item for scale in scales for item in scale.comparisons)
    missing = [item for scale in scales for item in scale.missing]
    verdict = _verdict(scales, is_complete(models, parameters, missing))
    verdict, too_few = unless_too_few(verdict, comparisons, parameters)
    verdict, other_steps = unless_other_steps(verdict, steps.differ)
    left_out = sum(scale.left_out for scale in scales)
    detail = sentences(
        *(f"{scale.name}: {tally(scale.comparisons)}" for scale in scales if scale.comparisons),
        too_few,
        f"{left_out} times an image had no finite value and was left out." if left_out else "",
        coverage(models, parameters, missing),
        steps.note,
        other_steps,
        f"Headline: mean gain of the IDGI rule ({first.name}), resampled by image."
        if first.headline
        else "",
    )
    return ExternalResult(verdict, detail, first.headline, comparisons)


@dataclass(frozen=True)
class _Scale:
    """The comparisons at one scale of the maps."""

    name: str
    comparisons: tuple[Comparison, ...]
    missing: tuple[str, ...]
    left_out: int
    headline: Estimate | None


def _at_scale(
    rows: pd.DataFrame, scale: str, models: Sequence[str], parameters: Mapping[str, Any]
) -> _Scale:
    gains: list[PairedValues] = []
    least: list[PairedValues] = []
    missing: list[str] = []
    left_out = 0
    for model in models:
        values = _by_method(rows[rows["model"] == model], model)
        for base, other, expected in _questions(parameters["paths"]):
            label = f"{other} − {base}"
            keys = {"model": model, "scale": scale, "difference": label}
            if base not in values or other not in values:
                missing.append(f"{model}, {scale}, {label}")
                continue
            if not values[base].index.equals(values[other].index):
                raise ValueError(f"{model}, {scale}: not every image has both of {label}")
            finite = np.isfinite(values[base]) & np.isfinite(values[other])
            left_out += int((~finite).sum())
            if not finite.any():
                missing.append(f"{model}, {scale}, {label}")
                continue
            pair = PairedValues(keys, values[base][finite], values[other][finite], expected)
            (gains if expected == "higher" else least).append(pair)
    return _Scale(
        name=scale,
        comparisons=compare([*gains, *least], parameters["alpha"]),
        missing=tuple(missing),
        left_out=left_out,
        headline=_pooled(gains) if gains else None,
    )


def _questions(paths: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Base, what is compared with it, and the expected side."""
    for path in paths:
        yield path, f"{path}+idgi", "higher"
    if LEAST_STABLE in paths:
        for path in paths:
            if path != LEAST_STABLE:
                yield path, LEAST_STABLE, "lower"
                yield f"{path}+idgi", LEAST_STABLE, "lower"


def _by_method(rows: pd.DataFrame, model: str) -> dict[str, pd.Series]:
    """Values of each method by image."""
    return {
        str(method): of_method(rows, str(method), model)["value"].astype(float)
        for method in rows["method"].unique()
    }


def _verdict(scales: Sequence[_Scale], complete: bool) -> Verdict:
    first, further = scales[0], scales[1:]
    everywhere = all(item.holds for scale in further for item in scale.comparisons)
    return family_verdict(first.comparisons, complete=complete and everywhere)


def _pooled(gains: Sequence[PairedValues]) -> Estimate:
    differences = pd.concat([pair.differences for pair in gains])
    return bootstrap_mean(differences.to_numpy(dtype=float), differences.index.tolist())
