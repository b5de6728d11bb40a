"""Internal audit of IDGI-COST: the rate that the printed time and number of images give."""

from saliency_audit.ledger.internal.idgi.gains import TABLE_STEPS
from saliency_audit.ledger.internal.idgi.scores import (
    read_scores,
)
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit, erratum_if

HOURS_PER_METHOD_AND_MODEL = 9
IMAGES = 35_000
FEWEST_IMAGES, MOST_IMAGES = 33_000, 39_000
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
        errata=image_count_against_accuracy(FEWEST_IMAGES, MOST_IMAGES),
        undecidable=(
            "one average time and one number of images are printed; they imply a rate, and nothing "
            "else in the paper can confirm or contradict it"
        ),
    )


def image_count_against_accuracy(fewest: int, most: int) -> tuple[Erratum, ...]:
    """The numbers of correctly classified images against the published accuracies."""
    correct = {model: VALIDATION_IMAGES * top1 / 100 for model, top1 in PUBLISHED_TOP1.items()}
    above = [f"{model} {count:,.0f}" for model, count in correct.items() if count > most]
    return erratum_if(
        bool(above) or min(correct.values()) < fewest,
        "§4.1, Datasets",
        "“images that show that the model predicted the label correctly, which varies from 33K to "
        "39K, corresponding to different models”",
        f"Of {VALIDATION_IMAGES:,} images that is an accuracy of "
        f"{100 * fewest / VALIDATION_IMAGES:.0f} to {100 * most / VALIDATION_IMAGES:.0f} %. The "
        "accuracies that torchvision publishes for these weights give "
        f"{min(correct.values()):,.0f} to {max(correct.values()):,.0f} images; above the printed "
        f"range: {', '.join(above) or 'none'}. Other weights or another preprocessing would "
        "explain the difference; the paper does not describe them.",
    )
