"""The control for checks that change a model: random maps that differ between models."""

import hashlib
from dataclasses import dataclass

from torch import Tensor, nn

from saliency_audit.attributions import Method, RandomMap
from saliency_audit.attributions.targets import Targets
from saliency_audit.models import state_digest


@dataclass(frozen=True)
class RandomPerModel(Method):
    """Uniform noise that depends on the image, the seed and the model's whole state.

    `RandomMap` does not depend on the model, so its maps are the same before and after a change of
    the model. The maps of `RandomPerModel` are independent as soon as one weight differs: their
    similarity is what a measure gives for maps that have nothing in common.
    """

    seed: int = 0

    def __call__(self, model: nn.Module, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Attribution maps `(N, C, H, W)` in [0, 1), on the device and in the type of the inputs.

        Raises:
            ValueError: malformed inputs or targets.
        """
        text = f"{self.seed}:{state_digest(model)}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        maps = RandomMap(seed=int.from_bytes(digest, "little"), check_range=self.check_range)
        return maps(model, inputs, targets)
