"""DRE-ADHOC: does one method change less than another when its settings do?"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import LOWER, Effect, bootstrap_ps
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.derived import mean_over_seeds
from saliency_audit.ledger.external.evidence.rows import identified, models_of
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import (
    Counts,
    Floats,
    estimate_from,
    resample_counts,
    resampled_means,
)


def _validate(parameters: Parameters) -> None:
    settings = parameters["settings"]
    if len(settings) != 2 or any(len(names) < 2 for names in settings.values()):
        raise ValueError("settings are those of two methods, at least two each, the tuned first")


def _columns(parameters: Parameters) -> Sequence[str]:
    values = [*parameters["values"], *parameters.get("beside", ())]
    return ["model", "images", "method", "image", "train_seed", *values]


@external_test(
    needs={"settings", "values", "seeds", "resamples"},
    may={"beside"},
    columns=_columns,
    validate=_validate,
)
def largest_change(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Is the largest change from the tuned setting smaller for the first method than the second's?

    The change of a setting is the mean over images of a value minus that with the tuned setting on
    the same image, each the mean over the training seeds; the largest is that of the greatest
    magnitude.

    Args:
        rows: of `dre_settings`.
        parameters: `settings`, from the two methods' names to their settings, the tuned one first;
            `values`, columns that are compared, and `beside`, more that do not decide; `seeds`,
            trainings that there should be; `resamples` of the images.

    Returns:
        A comparison per network and value: the first method's largest change minus the second's
        with its 95 % bootstrap interval over images, expected below 0. The changes of the
        settings stand in `extra`. Images without a finite value of every setting are left out.
        Settings without rows, and trainings fewer than declared, are missing.
    """
    declared = [name for names in parameters["settings"].values() for name in names]
    trainings = rows["train_seed"].nunique()
    means = identified(mean_over_seeds(rows))
    effects: list[Effect] = []
    missing: list[str] = []
    for model in models_of(rows):
        mine = means[means["model"] == model]
        lacking = [name for name in declared if name not in set(mine["method"])]
        missing += [f"{model}, {name}" for name in lacking]
        for value in [] if lacking else [*parameters["values"], *parameters.get("beside", ())]:
            table = mine.pivot(index="image", columns="method", values=value)[declared].dropna()
            if len(table):
                effects.append(_effect(model, value, table, parameters))
            else:
                missing.append(f"{model}, {value}")
    if trainings < parameters["seeds"]:
        missing.append(f"{parameters['seeds'] - trainings} of {parameters['seeds']} trainings")
    return Evidence(
        effects,
        _headline(effects),
        missing=missing,
        nothing="no network has rows of all declared settings",
    )


def _effect(model: str, value: str, table: pd.DataFrame, parameters: Parameters) -> Effect:
    settings: Mapping[str, Sequence[str]] = parameters["settings"]
    counts = resample_counts(len(table), parameters["resamples"])
    changes = {
        name: table[rest].sub(table[tuned], axis=0) for name, (tuned, *rest) in settings.items()
    }
    first, second = ((_largest(found), _largest(found, counts)) for found in changes.values())
    draws = first[1] - second[1]
    one, other = settings
    return Effect(
        {"model": model, "score": value, "method": one, "against": other},
        estimate_from(float(first[0][0] - second[0][0]), draws, len(table)),
        LOWER,
        base=float(second[0][0]),
        other=float(first[0][0]),
        p=bootstrap_ps(draws, LOWER),
        extra={
            str(name): estimate_from(
                float(column.mean()),
                resampled_means(column.to_numpy()[:, None], counts)[:, 0],
                len(table),
            )
            for found in changes.values()
            for name, column in found.items()
        },
        decides=value in parameters["values"],
    )


def _largest(changes: pd.DataFrame, counts: Counts | None = None) -> Floats:
    """The largest magnitude of the settings' mean changes: `(1,)`, or one per resample."""
    values = changes.to_numpy(dtype=float)
    counts = np.ones((1, len(values)), dtype=int) if counts is None else counts
    found: Floats = np.abs(resampled_means(values, counts)).max(axis=1)
    return found


def _headline(effects: Sequence[Effect]) -> Headline | None:
    """The first value of the first network."""
    if not effects:
        return None
    quantity = f"difference of the largest changes, {effects[0].label}"
    return Headline.of(effects[0].estimate, quantity)
