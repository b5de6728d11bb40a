"""Internal audits of the GGIG paper: one module per claim, named after the claim's id."""

from saliency_audit.ledger.internal.ggig import (
    gg_mnist,
    gg_pic,
    gg_product,
    gg_sigma,
    gg_train,
)

TESTS = {
    "GG-MNIST": gg_mnist.gg_mnist,
    "GG-TRAIN": gg_train.gg_train,
    "GG-PIC": gg_pic.gg_pic,
    "GG-SIGMA": gg_sigma.gg_sigma,
    "GG-PRODUCT": gg_product.gg_product,
}
