"""Stratified shuffled folds for cross-training."""

import numpy as np
import torch
from torch import Tensor

from saliency_audit.errors import is_whole, refuse_non_tensor


def stratified_folds(labels: Tensor, folds: int, seed: int = 0) -> Tensor:
    """The fold of every image: each class is divided evenly among the folds, at random.

    Folds differ by at most one image per class. The remainders of the classes go to the folds in
    turn, so that the total sizes differ by at most one, too.

    Args:
        labels: `(N,)` int64.
        folds: k ≥ 2.
        seed: of the shuffle.

    Returns:
        `(N,)` int64 in 0 … k−1.

    Raises:
        ValueError: folds that are not an integer ≥ 2, malformed labels, or a class with fewer
            images than folds.

    Source: MeGe/ReCo paper, §3.3, which says "at random"; the authors' library takes contiguous
    folds without a shuffle.
    """
    if not is_whole(folds) or folds < 2:
        raise ValueError(f"cross-training needs a whole number of at least 2 folds, got {folds!r}")
    refuse_non_tensor("labels", labels)
    if labels.ndim != 1 or labels.dtype != torch.int64:
        raise ValueError(
            f"labels must be int64 of shape (N,), got {labels.dtype} {tuple(labels.shape)}"
        )
    classes, counts = np.unique(labels.numpy(), return_counts=True)
    if len(classes) == 0 or counts.min() < folds:
        smallest = int(classes[counts.argmin()]) if len(classes) else "none"
        raise ValueError(
            f"{folds} folds need {folds} images of every class; class {smallest} has "
            f"{int(counts.min()) if len(classes) else 0}; take fewer folds, more images, or "
            "leave small classes out"
        )
    generator = np.random.default_rng(seed)
    found = np.empty(len(labels), dtype=np.int64)
    turn = 0
    for label in classes:
        members = generator.permutation(np.flatnonzero(labels.numpy() == label))
        found[members] = (turn + np.arange(len(members))) % folds
        turn += len(members)
    return torch.from_numpy(found)
