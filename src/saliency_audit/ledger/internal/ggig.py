"""Internal audits of the GGIG paper: its two tables and the arithmetic of its MNIST training."""

from collections.abc import Mapping, Sequence

import pandas as pd

from saliency_audit.ledger.internal.ggig_theory import gg_product, gg_sigma
from saliency_audit.ledger.internal.registry import internal_test
from saliency_audit.ledger.internal.signs import best_check, count_held, list_exceptions, ranking
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit

__all__ = ["gg_mnist", "gg_pic", "gg_product", "gg_sigma", "gg_train"]

METHODS = {
    "saliency": "GRAD",
    "ig": "IG",
    "ggig": "GGIG",
    "edge": "Edge",
    "random": "Random",
}
SIMILARITIES = {
    "spearman": "Spearman correlation",
    "weighted_jaccard": "weighted Jaccard",
    "ssim": "SSIM",
    "normalized_mse": "reverse normalised MSE",
}

MNIST_TRAINING_IMAGES = 60_000
MNIST_SIDE = 28
KERNELS, POOL, LAST_FILTERS = (5, 5), 2, 64
DENSE_INPUTS = 1024
ITERATIONS, BATCH, RATE, MOMENTUM = 400, 64, 0.0004, 0.9


@internal_test("GG-MNIST")
def gg_mnist() -> InternalAudit:
    """Is GGIG first in every median of Table 1, and by how much of the printed spread?"""
    frame = printed_table("ggig", "table_01")
    medians = {metric: _column(frame, metric=metric, statistic="median") for metric in SIMILARITIES}
    spreads = {metric: _column(frame, metric=metric, statistic="std") for metric in SIMILARITIES}
    checks = tuple(
        best_check(f"GGIG is best in {label}", medians[metric], "GGIG")
        for metric, label in SIMILARITIES.items()
    )
    leads = {metric: _lead(medians[metric], spreads[metric]) for metric in SIMILARITIES}
    return InternalAudit(
        checks=checks,
        detail=(
            f"GGIG has the highest median in {count_held(checks)} measures (exceptions: "
            f"{list_exceptions(checks)}). Its lead over the next method, in standard deviations of "
            "its own values over images: "
            + ", ".join(f"{SIMILARITIES[metric]} {lead:.2f}" for metric, lead in leads.items())
            + ". The number of images is not printed, so the significance cannot be computed."
        ),
        errata=(*_small_lead(medians, spreads, leads), *_error_that_should_be_high(medians)),
    )


def _column(frame: pd.DataFrame, **where: str) -> dict[str, float]:
    """Printed values by method, of the cells with these keys."""
    for key, value in where.items():
        frame = frame[frame[key] == value]
    return {METHODS[method]: value for method, value in zip(frame.method, frame.value, strict=True)}


def _lead(medians: Mapping[str, float], spreads: Mapping[str, float]) -> float:
    """Lead of GGIG over the best other method in units of its own standard deviation."""
    others = [value for method, value in medians.items() if method != "GGIG"]
    return (medians["GGIG"] - max(others)) / spreads["GGIG"]


def _small_lead(
    medians: Mapping[str, Mapping[str, float]],
    spreads: Mapping[str, Mapping[str, float]],
    leads: Mapping[str, float],
) -> tuple[Erratum, ...]:
    """A large margin in all measures is said; in some it is within one standard deviation."""
    small = [metric for metric, lead in leads.items() if lead < 1]
    if not small:
        return ()
    cells = "; ".join(
        f"{SIMILARITIES[metric]}: {ranking(medians[metric])}, standard deviation of GGIG "
        f"{spreads[metric]['GGIG']:.3f}, lead {leads[metric]:.2f} of it"
        for metric in small
    )
    return (
        Erratum(
            "§5, Figure 11, caption",
            "GGIG is best “by a large quantitative margin”; GRAD and IG retain little information "
            "about the numerical association to the input",
            f"Not in {len(small)} of {len(leads)} measures of Table 1. {cells}.",
        ),
    )


def _error_that_should_be_high(medians: Mapping[str, Mapping[str, float]]) -> tuple[Erratum, ...]:
    """Table 1 heads a column as an error although its largest value counts as the best."""
    errors = medians["normalized_mse"]
    if max(errors, key=lambda method: errors[method]) != "GGIG":
        return ()
    return (
        Erratum(
            "Table 1, last columns",
            "Normalized Mean Square Error",
            f"GGIG has the largest value ({ranking(errors)}), which as an error would be the "
            "worst. The text says “(Reverse)”: a similarity is meant. How it is reversed is not "
            "defined.",
        ),
    )


@internal_test("GG-TRAIN")
def gg_train() -> InternalAudit:
    """What do 400 iterations of 64 images amount to, and does the network's size fit?"""
    from saliency_audit.ledger.internal.ggig_algebra import flattened_size, total_step_length

    bare = flattened_size(MNIST_SIDE, KERNELS, POOL, LAST_FILTERS, pad=False)
    padded = flattened_size(MNIST_SIDE, KERNELS, POOL, LAST_FILTERS, pad=True)
    images = ITERATIONS * BATCH
    checks = (
        Check(
            "two 5×5 convolutions without padding, each pooled, leave 1024 values",
            bare == DENSE_INPUTS,
            f"{DENSE_INPUTS} inputs of the dense layer",
            f"{bare} without padding, {padded} with padding",
        ),
    )
    return InternalAudit(
        checks=checks,
        detail=(
            f"{ITERATIONS} iterations of {BATCH} images are {images:,} images, "
            f"{images / MNIST_TRAINING_IMAGES:.3f} passes over the {MNIST_TRAINING_IMAGES:,} "
            f"training images; the weights move by at most "
            f"{total_step_length(ITERATIONS, RATE, MOMENTUM):.2f} times the largest gradient norm. "
            f"The dense layer's {DENSE_INPUTS} inputs follow from convolutions without padding. "
            "On which images the accuracy was measured is not printed."
        ),
        undecidable=(
            "an accuracy does not follow from the number of images seen and the learning rate; "
            "only training decides"
        ),
    )


@internal_test("GG-PIC")
def gg_pic() -> InternalAudit:
    """Is GGIG first and Random last in every column of Table 2?"""
    frame = printed_table("ggig", "table_02")
    columns = {
        f"{metric.upper()} of {model}": _column(frame, metric=metric, model=model)
        for model in frame.model.unique()
        for metric in frame.metric.unique()
    }
    checks = tuple(
        check
        for name, values in columns.items()
        for check in (
            best_check(f"GGIG is first in {name}", values, "GGIG"),
            best_check(f"Random is last in {name}", values, "Random", higher_is_better=False),
        )
    )
    orders = "; ".join(f"{name}: {ranking(values)}" for name, values in columns.items())
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} places are as stated (exceptions: {list_exceptions(checks)}). "
            f"{orders}."
        ),
        errata=(
            *_edges_beat_gradients(columns),
            *_caption_erratum([metric.upper() for metric in frame.metric.unique()]),
        ),
    )


def _caption_erratum(columns: Sequence[str]) -> tuple[Erratum, ...]:
    """The caption names two measures; are they the columns?"""
    if set(columns) == {"SIC", "AUC"}:
        return ()
    printed = "Summary of SIC and AUC Evaluation"
    return (Erratum("Table 2, caption", printed, f"The columns are {' and '.join(columns)}."),)


def _edges_beat_gradients(columns: Mapping[str, Mapping[str, float]]) -> tuple[Erratum, ...]:
    """Where an edge detector, which knows no model, scores above GRAD or IG."""
    beaten = {
        method: [name for name, values in columns.items() if values["Edge"] > values[method]]
        for method in ("GRAD", "IG")
    }
    if not any(beaten.values()):
        return ()
    text = "; ".join(
        f"above {method} in {len(names)} of {len(columns)} columns ("
        + ", ".join(
            f"{name} {columns[name]['Edge']:.3f} against {columns[name][method]:.3f}"
            for name in names
        )
        + ")"
        for method, names in beaten.items()
        if names
    )
    return (
        Erratum(
            "§5.1 against Table 2",
            "the edge detector pays no attention to discriminative regions",
            f"By the paper's own measure the edge detector, which knows no model, is {text}. "
            "Either edges are discriminative here or the measure rewards edges.",
        ),
    )
