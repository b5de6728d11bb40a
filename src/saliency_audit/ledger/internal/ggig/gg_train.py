"""Internal audit of GG-TRAIN: the arithmetic of the MNIST training."""

from saliency_audit.ledger.internal.ggig.algebra import flattened_size, total_step_length
from saliency_audit.ledger.verdict import Check, InternalAudit

MNIST_TRAINING_IMAGES = 60_000
MNIST_SIDE = 28
KERNELS, POOL, LAST_FILTERS = (5, 5), 2, 64
DENSE_INPUTS = 1024
ITERATIONS, BATCH, RATE, MOMENTUM = 400, 64, 0.0004, 0.9


def gg_train() -> InternalAudit:
    """What do 400 iterations of 64 images amount to, and does the network's size fit?"""
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
            "The paper does not say on which images the accuracy was measured."
        ),
        undecidable=(
            "an accuracy does not follow from the number of images seen and the learning rate; "
            "only training decides"
        ),
    )
