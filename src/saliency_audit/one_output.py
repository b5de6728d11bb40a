"""A network with one output as a classifier of two classes."""

import torch
from torch import Tensor


def two_logits(answers: Tensor) -> Tensor:
    """Logits of both classes where a network has one output, else the answers as they are.

    The output is the logit of class 1. Class 0 gets 0, so that the softmax of class 1 is the
    sigmoid of the output and that of class 0 its complement.

    Args:
        answers: `(N, 1)`, or `(N, classes)`.

    Returns:
        `(N, 2)`, or the answers.
    """
    if answers.shape[1] != 1:
        return answers
    return torch.cat([torch.zeros_like(answers), answers], dim=1)
