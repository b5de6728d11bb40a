"""Internal audits of the IDGI study: what its sentences say against what its tables print."""

from collections.abc import Callable

from saliency_audit.ledger.internal import idgi_errata as errata
from saliency_audit.ledger.internal.idgi_scores import (
    METRICS,
    PATHS,
    ROUNDING_OF_FOUR_CELLS,
    STEPS,
    Scores,
    method_label,
    read_scores,
    read_stability,
    read_step_differences,
)
from saliency_audit.ledger.internal.idgi_theory import idgi_taylor, idgi_thm
from saliency_audit.ledger.internal.registry import internal_test
from saliency_audit.ledger.internal.signs import (
    TOLERANCE,
    best_check,
    count_held,
    list_exceptions,
    sign,
    sign_check,
)
from saliency_audit.ledger.verdict import Check, InternalAudit

__all__ = [
    "idgi_cost",
    "idgi_ins",
    "idgi_jpeg",
    "idgi_msssim",
    "idgi_ne",
    "idgi_steps",
    "idgi_taylor",
    "idgi_thm",
]

# Models for which §4.2 and §4.3 say that IDGI lowers the score of BlurIG.
BLURIG_LOWERED = ("MobileNetV2", "ResNet50V2", "ResNet101V2")
LAST_DIGIT = 0.001
TABLE_STEPS = 128

HOURS_PER_METHOD_AND_MODEL = 9
IMAGES = 35_000
FEWEST_IMAGES, MOST_IMAGES = 33_000, 39_000


@internal_test("IDGI-INS")
def idgi_ins() -> InternalAudit:
    """Does every pair of Table 1 have the sign that §4.2 states?"""

    def stated(metric: str, model: str, path: str) -> int:
        return -1 if path == "blurig" and model in BLURIG_LOWERED else 1

    scores = read_scores()
    return InternalAudit(
        *_gains_as_stated(scores, ("insertion_probability", "insertion_ratio"), stated),
        errata=(
            *errata.number_of_metrics(scores),
            *errata.residual_network_of_151_layers(scores),
            *errata.missing_decimal_point(),
        ),
    )


@internal_test("IDGI-NE")
def idgi_ne() -> InternalAudit:
    """Does every pair of Table 2 have the sign that §4.3 states?"""

    def stated(metric: str, model: str, path: str) -> int:
        lowered = {"ig": ("ResNet152V2",), "gig": (), "blurig": BLURIG_LOWERED}[path]
        return -1 if model in lowered else 1

    scores = read_scores()
    return InternalAudit(
        *_gains_as_stated(scores, ("aic_entropy", "sic_entropy"), stated),
        errata=errata.exceptions_outside_the_named_models(scores),
    )


@internal_test("IDGI-MSSSIM")
def idgi_msssim() -> InternalAudit:
    """Does every pair of Table 3 have the sign that §4.4 states?"""

    def stated(metric: str, model: str, path: str) -> int:
        return 0 if (metric, model, path) == ("sic_ms_ssim", "ResNet152V2", "ig") else 1

    scores = read_scores()
    return InternalAudit(
        *_gains_as_stated(scores, ("aic_ms_ssim", "sic_ms_ssim"), stated),
        errata=errata.consistently_and_does_not_hold(scores),
    )


def _gains_as_stated(
    scores: Scores, metrics: tuple[str, ...], stated: Callable[[str, str, str], int]
) -> tuple[tuple[Check, ...], str]:
    """One check per metric, path and model at 128 steps, and the sentence that counts them."""
    checks = tuple(
        sign_check(
            f"{PATHS[path]}+IDGI − {PATHS[path]}, {model}, {METRICS[metric]}",
            scores.gain(metric, model, path, TABLE_STEPS),
            stated(metric, model, path),
        )
        for metric in metrics
        for path in scores.paths(TABLE_STEPS)
        for model in scores.models
    )
    gains = [
        scores.gain(metric, model, path, TABLE_STEPS)
        for metric in metrics
        for path in scores.paths(TABLE_STEPS)
        for model in scores.models
    ]
    signs = [sign(gain) for gain in gains]
    narrow = sum(abs(gain) <= LAST_DIGIT + TOLERANCE for gain in gains)
    detail = (
        f"{count_held(checks)} signs are as the text states; contradicting it: "
        f"{list_exceptions(checks)}. IDGI raises {signs.count(1)}, lowers {signs.count(-1)} and "
        f"leaves equal {signs.count(0)} of the {len(signs)} scores; in {narrow} of them the two "
        f"scores differ by at most one unit of the last printed digit. "
    )
    fewer = [
        f"{steps}: {sum(metric in metrics for metric, *_ in scores.without_gain(steps))} of "
        f"{len(metrics) * len(scores.models) * len(scores.paths(steps))}"
        for steps in reversed(STEPS[:-1])
    ]
    return checks, detail + f"Scores that IDGI does not raise with fewer steps: {', '.join(fewer)}."


@internal_test("IDGI-STEPS")
def idgi_steps() -> InternalAudit:
    """Is Table 4 what Tables 1-3 and 15-17 give, and does its order hold for every model?"""
    scores, printed_changes = read_scores(), read_step_differences()
    table = tuple(
        Check(
            f"Table 4, {method_label(method)}, {METRICS[metric]}",
            sign(printed - scores.change(metric, "InceptionV3", method)) == 0,
            f"{printed:.3f} as printed",
            f"{scores.change(metric, 'InceptionV3', method):+.3f} from the score tables",
            deciding=False,
        )
        for (metric, method), printed in printed_changes.items()
    )
    sensitive = tuple(
        _more_sensitive(scores, metric, model, path)
        for path in scores.paths(STEPS[0])
        for metric in scores.metrics
        for model in scores.models
    )
    calm = scores.calmer_with_idgi()
    exceptions = _grouped([entry[:3] for entry in calm]) or "none"
    uncertain = sum(gap > TOLERANCE - ROUNDING_OF_FOUR_CELLS for *_, gap in calm)
    calmer = "; ".join(
        f"{PATHS[path]} "
        + ", ".join(f"{a}→{b}: {n}" for (a, b), n in scores.calmer_segments(path).items())
        for path in scores.paths(STEPS[0])
    )
    pairs = len(scores.metrics) * len(scores.models)
    return InternalAudit(
        checks=(*table, *sensitive),
        detail=(
            f"{count_held(table)} cells of Table 4 equal the difference of the score tables. "
            f"From 8 to 128 steps the IDGI score moves more than its base in "
            f"{count_held(sensitive)} cases; exceptions: {exceptions}. Rounding to three decimals "
            f"can explain {uncertain} of the exceptions. "
            f"Of {pairs} model and metric pairs per path, those where IDGI moves no more than its "
            f"base between neighbouring step counts: {calmer}."
        ),
        errata=(
            *errata.differences_called_percent(scores, printed_changes),
            *errata.not_consistently_more_sensitive(sensitive, exceptions, uncertain),
            *errata.guided_path_without_steps(scores),
            *errata.figure_without_128_steps(scores),
        ),
    )


def _grouped(cases: list[tuple[str, str, str]]) -> str:
    """(path, metric, model) as `BlurIG, AIC (entropy): VGG16, VGG19; …`."""
    models: dict[str, list[str]] = {}
    for path, metric, model in cases:
        models.setdefault(f"{PATHS[path]}, {METRICS[metric]}", []).append(model)
    return "; ".join(f"{place}: {', '.join(names)}" for place, names in models.items())


def _more_sensitive(scores: Scores, metric: str, model: str, path: str) -> Check:
    """Does the IDGI score move more between 8 and 128 steps than the base score?"""
    ours = scores.change(metric, model, f"{path}+idgi")
    base = scores.change(metric, model, path)
    return Check(
        f"{PATHS[path]}, {model}, {METRICS[metric]}",
        sign(abs(ours) - abs(base)) == 1,
        "larger absolute change from 8 to 128 steps with IDGI",
        f"{ours:+.3f} with IDGI, {base:+.3f} without",
    )


@internal_test("IDGI-JPEG")
def idgi_jpeg() -> InternalAudit:
    """Are the six numbers of Table 5 in the stated order?"""
    stability = read_stability()
    gains = {path: stability[f"{path}+idgi"] - stability[path] for path in PATHS}
    labelled = {method_label(method): value for method, value in stability.items()}
    checks = (
        *(
            sign_check(f"−log MSE of {PATHS[path]}+IDGI − {PATHS[path]}", gain)
            for path, gain in gains.items()
        ),
        best_check("GIG is the least stable", labelled, "GIG", higher_is_better=False),
    )
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(checks)} order relations hold: IDGI adds "
            + ", ".join(f"{gain:.3f} ({PATHS[path]})" for path, gain in gains.items())
            + " to −log MSE. The table has no spread, no number of images, no base of the "
            "logarithm and no word on how maps are scaled before they are compared."
        ),
        errata=errata.stability_depends_on_scale(gains),
    )


@internal_test("IDGI-COST")
def idgi_cost() -> InternalAudit:
    """Which rate do the printed time and the printed number of images give?"""
    seconds = HOURS_PER_METHOD_AND_MODEL * 3600
    rate = IMAGES / seconds
    slow, fast = FEWEST_IMAGES / seconds, MOST_IMAGES / seconds
    scores = read_scores()
    jobs = len(scores.models) * 2 * len(scores.paths(TABLE_STEPS))
    checks = (
        Check(
            "the typical number of images lies in the printed range",
            FEWEST_IMAGES <= IMAGES <= MOST_IMAGES,
            f"{FEWEST_IMAGES:,} to {MOST_IMAGES:,}",
            f"{IMAGES:,}",
        ),
    )
    return InternalAudit(
        checks=checks,
        detail=(
            f"{IMAGES:,} images in {HOURS_PER_METHOD_AND_MODEL} h are {rate:.2f} images/s "
            f"({slow:.2f} to {fast:.2f} for the printed range of images), or "
            f"{rate * TABLE_STEPS:.0f} path points/s at {TABLE_STEPS} steps; "
            f"{jobs} runs of method and model take {jobs * HOURS_PER_METHOD_AND_MODEL} GPU hours."
        ),
        errata=errata.image_count_against_accuracy(FEWEST_IMAGES, MOST_IMAGES),
        undecidable=(
            "one average time and one number of images are printed; they imply a rate, and nothing "
            "else in the paper can confirm or contradict it"
        ),
    )
