"""scikit-learn's handwritten digits: 1,797 grey pictures of 8×8 pixels, embedded in the package."""

from functools import cache

import torch
from torch import Tensor

from saliency_audit.datasets.images import Images

TRAINING_SHARE = 2 / 3


@cache
def _arrays() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits  # slow to import

    digits = load_digits()
    pictures = torch.from_numpy(digits.images).float()[:, None] / 16
    return pictures, torch.from_numpy(digits.target).long()


def digits_training_set() -> tuple[Tensor, Tensor]:
    """Images `(1198, 1, 8, 8)` in [0, 1] and labels of the first two thirds (other writers)."""
    pictures, labels = _arrays()
    cut = _cut(labels)
    return pictures[:cut], labels[:cut]


def open_digits(*, training: bool = False) -> Images:
    """The last third of the digits, which the digit classifier never sees, or the first two."""
    pictures, labels = _arrays()
    first, last = (0, _cut(labels)) if training else (_cut(labels), len(labels))
    return Images(
        name="digits_train" if training else "digits",
        names=tuple(str(i) for i in range(first, last)),
        labels=tuple(labels[first:last].tolist()),
        read=lambda index: pictures[first + index],
    )


def _cut(labels: Tensor) -> int:
    return round(len(labels) * TRAINING_SHARE)
