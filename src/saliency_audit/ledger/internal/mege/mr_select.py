"""Internal audit of MR-SELECT: three methods among seven in Tables 1, 5, 6 and 7."""

import pandas as pd

from saliency_audit.ledger.internal.mege.tables import DATASETS, METRICS, UNDEGRADED
from saliency_audit.ledger.internal.orders import (
    Above,
    count_held,
    hold,
    list_exceptions,
    ordinal,
    rank_of,
    ranking,
    values_by,
)
from saliency_audit.ledger.printed import printed_tables
from saliency_audit.ledger.verdict import Check, InternalAudit

RECOMMENDED = ("GC", "G+", "RI")


def mr_select() -> InternalAudit:
    """Do Grad-CAM, Grad-CAM++ and RISE stand above the other four methods on average?"""
    tables = printed_tables("mege", *UNDEGRADED)
    average = [check for metric in METRICS for check in _above_the_others(tables, metric)]
    imagenet = _sentences_on_imagenet(tables)
    places = [
        _place(dataset, metric, method, values_by(tables, "column", dataset=dataset, metric=metric))
        for dataset, metric in _rows(tables)
        for method in RECOMMENDED
    ]
    unscored = [
        name for dataset, name in DATASETS.items() if (dataset, "mu_fidelity") not in _rows(tables)
    ]
    return InternalAudit(
        checks=(*average, *imagenet, *places),
        detail=(
            f"On average over the image sets {count_held(average)} scores of the three methods are "
            f"above the mean of the other four; exceptions: {list_exceptions(average)}. Sentences "
            f"on ImageNet: {count_held(imagenet)}. On single image sets {count_held(places)} "
            f"places are among the first three of seven; exceptions: {list_exceptions(places)}. "
            f"μF is not printed for {' and '.join(unscored) or 'no set'}."
        ),
    )


def _rows(tables: pd.DataFrame) -> list[tuple[str, str]]:
    """Image set and metric of every printed row."""
    return list(dict.fromkeys(zip(tables["dataset"], tables["metric"], strict=True)))


def _above_the_others(tables: pd.DataFrame, metric: str) -> list[Check]:
    """The three methods against the mean of the other four, over the image sets of a metric."""
    part = tables[tables["metric"] == metric]
    means = part.groupby("column", sort=False)["value"].mean()
    others = float(means.drop(list(RECOMMENDED)).mean())
    return [
        Check(
            f"{method} above the mean of the other four, {METRICS[metric]}, over "
            f"{part['dataset'].nunique()} image sets",
            bool(means[method] > others),
            f"> {others:.3f}",
            ranking({str(name): float(mean) for name, mean in means.items()}),
        )
        for method in RECOMMENDED
    ]


def _place(dataset: str, metric: str, method: str, values: dict[str, float]) -> Check:
    place, ties = rank_of(values, method)
    return Check(
        f"{method}, {METRICS[metric]}, {DATASETS[dataset]}",
        place <= len(RECOMMENDED),
        f"among the first {len(RECOMMENDED)} of {len(values)}",
        f"{ordinal(place)}{' (tied)' if ties > 1 else ''}, {values[method]:.2f}",
        deciding=False,
    )


def _sentences_on_imagenet(tables: pd.DataFrame) -> list[Check]:
    rows = {
        label: values_by(tables, "column", dataset="imagenet", metric=metric)
        for metric, label in METRICS.items()
    }
    fidelity = rows.pop("μF")
    best_two = sorted(fidelity, key=lambda method: fidelity[method], reverse=True)[:2]
    return [
        Check(
            "RISE and Grad-CAM have the best μF, ImageNet",
            set(best_two) == {"RI", "GC"},
            "RI and GC first",
            ranking(fidelity, digits=2),
        ),
        *hold([Above("RI", "GC", "RISE above Grad-CAM, {column}, ImageNet")], rows, digits=2),
    ]
