"""DRE-PDF: do scores of the real controller follow the distribution in closed form?"""

import pandas as pd

from saliency_audit.ledger.external.effect import Effect, at_most
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.statistics import bootstrap_mean


def _validate(parameters: Parameters) -> None:
    if not all(len(setting) == 2 for setting in parameters["settings"]):
        raise ValueError(f"each of settings is a pair η, h; got {parameters['settings']}")


@external_test(
    needs={"settings", "maps", "at_most"},
    columns=("eta", "h", "draw", "maps", "ks_distance", "pearson_skewness"),
    validate=_validate,
)
def distribution_agrees(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Is the Kolmogorov distance from the closed form at most the limit, for every controller?

    Args:
        rows: of `dre_density`, a row per setting of the controller and draw.
        parameters: `settings`, pairs η, h that must be there; `maps`, that a draw must pool, since
            the distance shrinks with them; `at_most`, the limit.

    Returns:
        A comparison per setting that has rows, declared or not: the mean distance over the draws
        with its 95 % bootstrap interval, at most the limit. Pearson's skewness of the draws stands
        in `extra`. A declared setting without rows is missing.
    """
    chosen = rows[rows["maps"] == parameters["maps"]]
    effects: dict[tuple[float, float], Effect] = {}
    for (eta, h), group in chosen.sort_values("draw").groupby(["eta", "h"], sort=True):
        distance, skewness = (
            bootstrap_mean(group[name].to_numpy(dtype=float))
            for name in ("ks_distance", "pearson_skewness")
        )
        effects[eta, h] = Effect(
            {"controller": f"η={eta:g}, h={h:g}"},
            distance,
            at_most(parameters["at_most"]),
            other=distance.value,
            extra={"Pearson's skewness": skewness},
        )
    declared = [(float(eta), float(h)) for eta, h in parameters["settings"]]
    return Evidence(
        list(effects.values()),
        _headline(list(effects.values())),
        missing=[f"η={eta:g}, h={h:g}" for eta, h in declared if (eta, h) not in effects],
        nothing=f"no draw pools the declared {parameters['maps']} maps",
    )


def _headline(effects: list[Effect]) -> Headline | None:
    """The largest distance."""
    if not effects:
        return None
    largest = max(effects, key=lambda effect: effect.estimate.value)
    quantity = f"mean Kolmogorov distance, the largest ({largest.keys['controller']})"
    return Headline.of(largest.estimate, quantity, "draws")
