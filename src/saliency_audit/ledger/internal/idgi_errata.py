"""Errata of the IDGI study, each built from the numbers that show it."""

import math
from collections.abc import Mapping, Sequence

from saliency_audit.ledger.internal.idgi_scores import METRICS, PATHS, STEPS, Scores
from saliency_audit.ledger.internal.signs import count_held, sign
from saliency_audit.ledger.printed import printed_tables
from saliency_audit.ledger.verdict import Check, Erratum

VALIDATION_IMAGES = 50_000

# Top-1 accuracy on the ImageNet validation set in per cent, as torchvision publishes it with its
# weights (IMAGENET1K_V2 for the ResNets and MobileNetV2, IMAGENET1K_V1 for the others). For
# MobileNetV2 Table 1 shows which: probability over ratio, .038/.104, is a mean confidence of about
# .37 in the full image. So little is the mark of the V2 training recipe; VGG16, trained by the old
# one, has about .86.
PUBLISHED_TOP1 = {
    "DenseNet121": 74.434,
    "DenseNet169": 75.600,
    "DenseNet201": 76.896,
    "InceptionV3": 77.294,
    "MobileNetV2": 72.154,
    "ResNet50V2": 80.858,
    "ResNet101V2": 81.886,
    "ResNet152V2": 82.284,
    "VGG16": 71.592,
    "VGG19": 72.376,
}


def number_of_metrics(scores: Scores) -> tuple[Erratum, ...]:
    """The abstract counts three metrics, §4.1 four, the tables six scores."""
    found = len(scores.metrics)
    if found == 3:
        return ()
    return (
        Erratum(
            "Abstract, §4.1",
            "“three metrics” (abstract), “four evaluation metrics” (§4.1)",
            f"The tables print {found} scores: {', '.join(METRICS[m] for m in scores.metrics)}.",
        ),
    )


def residual_network_of_151_layers(scores: Scores) -> tuple[Erratum, ...]:
    """§4.1 lists a ResNet151V2 that no table has."""
    residual = [model for model in scores.models if model.startswith("ResNet")]
    if "ResNet151V2" in residual:
        return ()
    return (
        Erratum(
            "§4.1, Models",
            "ResNet50, 101 and 151, all V2",
            f"No table has a ResNet151V2; the tables have {', '.join(residual)}.",
        ),
    )


def missing_decimal_point() -> tuple[Erratum, ...]:
    """Cells printed as whole numbers although every score lies between 0 and 1."""
    frame = printed_tables("idgi")
    scores = frame[frame.table != "5"]
    bad = scores[scores.text.str.fullmatch(r"\d+")]
    return tuple(
        Erratum(
            f"Table {cell.table}, {cell.row}, {cell.column}",
            str(cell.text),
            f"The decimal point is missing: scores lie between 0 and 1, so {cell.value:.3f} is "
            f"meant ({len(scores) - len(bad):,} of {len(scores):,} score cells have their point).",
        )
        for cell in bad.itertuples()
    )


def exceptions_outside_the_named_models(scores: Scores) -> tuple[Erratum, ...]:
    """§5 confines the failures to MobileNetV2 and the ResNets; the appendix has others."""
    other = [
        f"{model}, {PATHS[path]}, {METRICS[metric]}, {steps} steps ({gain:+.3f})"
        for steps in reversed(STEPS)
        for metric, model, path, gain in scores.without_gain(steps)
        if model != "MobileNetV2" and not model.startswith("ResNet")
    ]
    if not other:
        return ()
    return (
        Erratum(
            "§5",
            "the claim that IDGI always improves holds but for MobileNetV2 and the ResNet family",
            f"The appendix prints {len(other)} further scores that IDGI does not raise: "
            f"{'; '.join(other)}.",
        ),
    )


def consistently_and_does_not_hold(scores: Scores) -> tuple[Erratum, ...]:
    """§4.4 finds the results to match consistently; the caption of Table 3 says the opposite."""
    metrics = ("aic_ms_ssim", "sic_ms_ssim")
    missing = [entry for entry in scores.without_gain(128) if entry[0] in metrics]
    if not missing:
        return ()
    cells = "; ".join(
        f"{model}, {PATHS[path]}, {METRICS[metric]}: "
        f"{scores.cells[metric, model, path, 128]:.3f} without and "
        f"{scores.cells[metric, model, f'{path}+idgi', 128]:.3f} with IDGI"
        for metric, model, path, _ in missing
    )
    return (
        Erratum(
            "§4.4 against the caption of Table 3",
            "the results match the original claims “consistently” (text); the claim “does not hold "
            "true” (caption)",
            f"Both rest on the same {len(missing)} of 60 cells: {cells}. "
            "An equal score is no improvement, so the text overstates.",
        ),
    )


def differences_called_percent(
    scores: Scores, printed: Mapping[tuple[str, str], float]
) -> tuple[Erratum, ...]:
    """The caption of Table 4 calls plain differences of scores percentages."""
    metric, method = "insertion_probability", "ig+idgi"
    change = scores.change(metric, "InceptionV3", method)
    if sign(printed[metric, method] - change) != 0:
        return ()
    relative = 100 * change / scores.cells[metric, "InceptionV3", method, 8]
    return (
        Erratum(
            "Table 4, caption",
            "Difference in score between 8 and 128 steps for InceptionV3 (%)",
            "The cells are plain differences of scores on the scale 0 to 1, not percentages. "
            f"Example: the insertion score of IG+IDGI rises by {change:.3f}, which is "
            f"{100 * change:.1f} percentage points or {relative:.0f} % of its value at 8 steps.",
        ),
    )


def not_consistently_more_sensitive(
    checks: Sequence[Check], exceptions: str, within_rounding: int
) -> tuple[Erratum, ...]:
    """“Consistently” and “proved” against the counterexamples of the paper's own tables."""
    if all(check.holds for check in checks):
        return ()
    return (
        Erratum(
            "§1 (answer to Q3), §4.5.1, §5",
            "IDGI is “consistently more variant to the number of steps than its baselines”, which "
            "is said to be proved in §3",
            f"In Tables 1–3 and 15–17 this holds in {count_held(checks)} comparisons of model, "
            f"path and score; not for {exceptions}. Rounding to three decimals can "
            f"explain {within_rounding} of them. §3 shows that the projection depends on the step "
            "size; it does not compare IDGI with its base.",
        ),
    )


def guided_path_without_steps(scores: Scores) -> tuple[Erratum, ...]:
    """§4.5.1 speaks of GIG, for which no other step count was run."""
    steps = [at for at in STEPS if "gig" in scores.paths(at)]
    if len(steps) > 1:
        return ()
    return (
        Erratum(
            "§4.5.1",
            "the effect of the number of steps is evaluated against IG, GIG and BlurIG",
            f"GIG is printed for {', '.join(map(str, steps))} steps only; the appendix says that "
            "it was too costly to vary.",
        ),
    )


def figure_without_128_steps(scores: Scores) -> tuple[Erratum, ...]:
    """Figure 3 is said to show four step counts, the tables have five."""
    stated = {8, 16, 32, 64}
    printed = [at for at in STEPS if scores.paths(at)]
    left_out = [str(at) for at in printed if at not in stated]
    if not left_out:
        return ()
    return (
        Erratum(
            "§4.5.1, Figure 3",
            "8, 16, 32 and 64 steps",
            f"§4.1 and the tables have {len(printed)} step counts; the text of the figure leaves "
            f"out {', '.join(left_out)}, which Table 4 is about.",
        ),
    )


def stability_depends_on_scale(gains: Mapping[str, float]) -> tuple[Erratum, ...]:
    """The caption of Table 5 takes −log MSE for stability; it also rewards small maps."""
    paths = ", ".join(PATHS[path] for path in gains)
    natural = ", ".join(f"{math.exp(gain / 2):.0f}" for gain in gains.values())
    decimal = ", ".join(f"{10 ** (gain / 2):,.0f}" for gain in gains.values())
    return (
        Erratum(
            "Table 5, caption, §4.5.2",
            "Higher values indicate better numerical stability",
            "MSE(m/s, m′/s) = MSE(m, m′)/s², so dividing every map by s adds 2 log s without any "
            f"change in stability. The printed gains of IDGI ({paths}) would follow from maps "
            f"that are smaller by factors of {natural} if the logarithm is natural, or of "
            f"{decimal} if it is decimal. IDGI maps are smaller: in one step their absolute values "
            "sum to |d|, the least that any map with sum d can have.",
            read=True,
        ),
    )


def image_count_against_accuracy(fewest: int, most: int) -> tuple[Erratum, ...]:
    """The numbers of correctly classified images against the published accuracies."""
    correct = {model: VALIDATION_IMAGES * top1 / 100 for model, top1 in PUBLISHED_TOP1.items()}
    above = [f"{model} {count:,.0f}" for model, count in correct.items() if count > most]
    if not above and min(correct.values()) >= fewest:
        return ()
    return (
        Erratum(
            "§4.1, Datasets",
            f"between {fewest // 1000}K and {most // 1000}K of the {VALIDATION_IMAGES // 1000}K "
            "validation images are classified correctly, depending on the model",
            f"That is an accuracy of {100 * fewest / VALIDATION_IMAGES:.0f} to "
            f"{100 * most / VALIDATION_IMAGES:.0f} %. The accuracies that torchvision publishes "
            f"for these weights give {min(correct.values()):,.0f} to {max(correct.values()):,.0f} "
            f"images; above the printed range: {', '.join(above) or 'none'}. Other weights or "
            "another preprocessing would explain the difference; neither is described.",
        ),
    )
