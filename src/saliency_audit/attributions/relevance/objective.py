"""What a mask generator is trained for: the class on the preserved picture, and constraints."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saliency_audit.attributions.relevance.background import preserved
from saliency_audit.attributions.relevance.generator import enlarged
from saliency_audit.attributions.scores import logits
from saliency_audit.errors import refuse_numbers, refuse_unknown

SCORES = ("cross_entropy", "probability")


@dataclass(frozen=True)
class Objective:
    """The loss of a mask; without weights it is DRE's, with weights MGnet's.

    loss = ℓ(f(ψ(I, M))) + background · f_t(ψ(I, 1 − M)) + area · mean(M) + smoothness · TV(M)

    TV is the sum of squared differences of neighbouring scores of the mask before it is enlarged.

    Attributes:
        area: λ_av.
        background: λ_bg.
        smoothness: λ_tv.
        score: ℓ: "cross_entropy" −log f_t, as in Eq. 9 and in MGnet's released code, or
            "probability" −f_t, as Eq. 2 prints it.

    Source: DRE paper, Eq. 2 and 9.
    """

    area: float = 0.0
    background: float = 0.0
    smoothness: float = 0.0
    score: str = "cross_entropy"

    def __post_init__(self) -> None:
        refuse_unknown("score", self.score, SCORES)
        refuse_numbers(self, not_negative=("area", "background", "smoothness"))

    def loss(
        self, model: nn.Module, images: Tensor, background: Tensor, mask: Tensor, classes: Tensor
    ) -> Tensor:
        """The mean loss of a batch, differentiable with respect to the mask.

        Args:
            model: a `frozen` model.
            images: `(N, C, H, W)` in [0, 1].
            background: of each of them, the same.
            mask: `(N, 1, h, w)` in [0, 1], not yet enlarged.
            classes: `(N,)` int64.
        """
        whole = enlarged(mask, images.shape[2:])
        total = self._score(logits(model, preserved(images, whole, background)), classes)
        if self.background:
            rest = logits(model, preserved(images, 1 - whole, background)).softmax(dim=1)
            total = total + self.background * rest.gather(1, classes[:, None]).mean()
        if self.area:
            total = total + self.area * whole.mean()
        if self.smoothness:
            total = total + self.smoothness * squared_variation(mask).mean()
        return total

    def _score(self, found: Tensor, classes: Tensor) -> Tensor:
        if self.score == "cross_entropy":
            return F.cross_entropy(found, classes)
        return -found.softmax(dim=1).gather(1, classes[:, None]).mean()


def squared_variation(masks: Tensor) -> Tensor:
    """Σ of squared differences of neighbours, down and across: `(N, 1, h, w)` -> `(N,)`."""
    down, right = torch.diff(masks, dim=2), torch.diff(masks, dim=3)
    return down.square().sum(dim=(1, 2, 3)) + right.square().sum(dim=(1, 2, 3))
