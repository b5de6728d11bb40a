"""How maps become mixtures of Gaussians at several scales, and what they become."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from saliency_audit.errors import (
    is_whole,
    refuse_non_tensor,
    refuse_number,
    refuse_numbers,
    refuse_other_type,
    refuse_unknown,
    shown,
)
from saliency_audit.metrics.gaussian_mixtures import WeightedMixture
from saliency_audit.metrics.windows import WINDOWS


@dataclass(frozen=True)
class MultiScale:
    """How maps become mixtures; the fields are the whole configuration.

    Attributes:
        components: Gaussians per map. The paper does not say how many.
        width: b of ⌊s/b⌋, the copies of a pixel of saliency s in [0, 1]; None takes s itself. The
            paper does not give it.
        kernels: sides of the filters, one per level; 1 is the map itself. The paper's levels are
            these three.
        window: weights of a filter: "mean" of its pixels, or "gaussian" with the standard deviation
            that OpenCV takes for its side k, 0.3 ((k − 1)/2 − 1) + 0.8. The paper does not say.
        restarts: of EM.
        seed: of its starts.
        iterations: of EM at most.
        tolerance: at which EM ends.
        floor: of covariances, in squares of the picture's side.
    """

    components: int = 10
    width: float | None = 0.05
    kernels: tuple[int, ...] = (1, 3, 5)
    window: str = "mean"
    restarts: int = 3
    seed: int = 0
    iterations: int = 200
    tolerance: float = 1e-3
    floor: float = 1e-6

    def __post_init__(self) -> None:
        refuse_numbers(
            self,
            whole=("components", "restarts", "iterations"),
            from_0=("seed",),
            positive=("tolerance", "floor"),
        )
        if self.width is not None:
            refuse_number("width, if it is not None,", self.width, "share or all")
        given = self.kernels if isinstance(self.kernels, tuple) else ()
        if not given or not all(is_whole(side) and side > 0 and side % 2 for side in given):
            raise ValueError(
                f"kernels must be a tuple of odd whole numbers, such as (1, 3, 5), got "
                f"{shown(self.kernels)}"
            )
        refuse_unknown("window", self.window, WINDOWS)


DEFAULTS = MultiScale()


@dataclass(frozen=True)
class ScaledMixtures:
    """Mixtures of N maps, a `WeightedMixture` of them per level; see `fit_maps`.

    Attributes:
        levels: a `WeightedMixture` of N maps each.
        settings: those of the fits, if all levels have them in common.
    """

    levels: tuple[WeightedMixture, ...]
    settings: MultiScale | None = None

    def __post_init__(self) -> None:
        given = self.levels if isinstance(self.levels, tuple) else ()
        counts = {len(level.weights) for level in given if isinstance(level, WeightedMixture)}
        mixtures = all(isinstance(level, WeightedMixture) for level in given)
        if not given or not mixtures or len(counts) > 1:
            raise ValueError(
                f"levels must be a tuple of WeightedMixture, each of the same maps, got "
                f"{shown(self.levels)}; fit_maps makes them"
            )
        if self.settings is not None:
            refuse_other_settings(self.settings)

    def __len__(self) -> int:
        return len(self.levels[0].weights)

    def at(self, chosen: Tensor) -> "ScaledMixtures":
        """Those of some maps.

        Args:
            chosen: indices `(M,)`, or a mask `(N,)`.

        Raises:
            ValueError: neither of them, or an index that is none of a map.
        """
        refuse_non_tensor("chosen", chosen)
        if chosen.dtype == torch.bool:
            fitting = chosen.shape == (len(self),)
        else:
            whole = not chosen.is_floating_point() and not chosen.is_complex()
            fitting = whole and chosen.ndim == 1
            fitting &= bool(((chosen >= -len(self)) & (chosen < len(self))).all())
        if not fitting:
            raise ValueError(
                f"chosen must be indices (M,) or a mask ({len(self)},) of {len(self)} maps, got "
                f"{chosen.dtype} {tuple(chosen.shape)}"
            )
        return replace(self, levels=tuple(level.at(chosen) for level in self.levels))


def refuse_other_settings(settings: object) -> None:
    """Refuse settings that are no `MultiScale`.

    Raises:
        ValueError: says what they are.
    """
    refuse_other_type("settings", settings, MultiScale, "MultiScale(components=5) makes one")
