"""The control of checks that change a model: random maps that another model has other ones of."""

import hashlib
from dataclasses import dataclass

from torch import Tensor, nn

from saliency_audit.attributions import RandomMap
from saliency_audit.models import state_digest


@dataclass(frozen=True)
class RandomPerModel:
    """Uniform noise that follows from the image, the seed and all values of the model's state.

    `RandomMap` knows no model, so its maps before and after a change of the model are the same.
    These are independent once a single weight differs: the similarity of two of them is what a
    measure gives to maps that have nothing in common.
    """

    seed: int = 0

    def __call__(self, model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
        """Attribution maps `(N, C, H, W)` in [0, 1), on the device and in the type of the inputs.

        Raises:
            ValueError: malformed inputs or targets.
        """
        text = f"{self.seed}:{state_digest(model)}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return RandomMap(seed=int.from_bytes(digest, "little"))(model, inputs, targets)
