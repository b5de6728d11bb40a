"""Noise around any method: its maps of noisy copies of the image, averaged."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from saliency_audit.attributions.arguments import Asked, Method, asked
from saliency_audit.attributions.baselines import Baselines, baselines_for
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import resolve_batch_size
from saliency_audit.attributions.noise import noisy_copies, validate_noise
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import refuse_unknown

STATISTICS = ("mean", "mean_square", "variance")


@dataclass(frozen=True)
class Smooth(Method):
    """Statistics of a method's maps at x + ε over `samples` draws of ε ~ N(0, σ²).

    "mean" is in the method's units, "mean_square" and "variance" (over the draws, divided by their
    number) in its units squared. Around `Saliency` the mean is SmoothGrad, the mean square is
    SmoothGrad squared and the variance is VarGrad. Noise, its unit and its seed are those of
    `SmoothGrad`; copies leave [0, 1], and a method of this library explains them without a check of
    the range (of a function around one, give it `check_range=False` yourself).

    Batches are those of the method (its `batch_size`): so many copies are explained at a time.

    Attributes:
        method: any explainer: (model, inputs, targets) -> maps `(N, …)`.
        samples: copies of each image.
        noise: σ in units of `noise_unit`.
        noise_unit: "range", a multiple of the image's range of values; or "absolute".
        statistic: "mean", "mean_square" or "variance".
        seed: the noise of an image depends on the image and this alone.

    Source: Smilkov et al. 2017; squared: Hooker et al. 2019; variance: Adebayo et al. 2018.
    """

    method: Callable[..., Tensor]
    samples: int = 25
    noise: float = 0.15
    noise_unit: str = "range"
    statistic: str = "mean"
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.method):
            raise ValueError(
                "smooth takes an explainer, such as create('saliency'), got "
                f"{type(self.method).__name__}"
            )
        validate_noise(self.samples, self.noise, self.noise_unit)
        refuse_unknown("statistic", self.statistic, STATISTICS)

    def __call__(
        self,
        model: Model,
        inputs: Tensor,
        targets: Targets = None,
        baselines: Baselines = None,
    ) -> Tensor:
        """Maps in the shape of the method's; all copies of an image are explained for one class.

        Baselines are for methods that take some, in any form of `baselines_for`; every copy of an
        image is compared with the image's own.

        Raises:
            ValueError: malformed inputs or targets, whatever the method refuses, or a method that
                does not return a map per image.
        """
        with asked(
            model,
            inputs,
            targets,
            check_range=self.check_range,
            batch_size=getattr(self.method, "batch_size", "auto"),
        ) as call:
            starts = None if baselines is None else baselines_for(call.inputs, baselines)
            if not len(call.inputs):
                return _explained(self.method, call.model, call.inputs, call.targets, starts)
            return self._statistic(call, starts)

    def _statistic(self, call: Asked, starts: Tensor | None) -> Tensor:
        sums: _Sums | None = None
        for image, number, copies in noisy_copies(
            call.inputs,
            samples=self.samples,
            noise=self.noise,
            unit=self.noise_unit,
            seed=self.seed,
            size=resolve_batch_size(getattr(self.method, "batch_size", "auto"), call.inputs),
        ):
            own = None if starts is None else starts[image]
            maps = _explained(self.method, call.model, copies, call.targets[image], own)
            if sums is None:
                sums = _Sums.like(maps, len(call.inputs))
            sums.add(image, number, maps)
        assert sums is not None
        return sums.statistic(self.statistic, self.samples)


def smooth(method: Callable[..., Tensor], **settings: Any) -> Smooth:
    """Noise around any method: `smooth(create("ig"), samples=10, noise=0.1)`.

    Args:
        method: an explainer.
        settings: those of `Smooth`.

    Raises:
        ValueError: a method that cannot be called, or a setting that cannot be.
        TypeError: a setting that `Smooth` does not have.
    """
    return Smooth(method, **settings)


def _explained(
    method: Callable[..., Tensor],
    model: nn.Module,
    copies: Tensor,
    targets: Tensor,
    starts: Tensor | None,
) -> Tensor:
    """Maps of copies, which may lie outside [0, 1]."""
    if isinstance(method, Method):
        method = replace(method, check_range=False)
    more = () if starts is None else (starts,)
    maps = method(model, copies, targets, *more)
    if not isinstance(maps, Tensor) or not maps.ndim or len(maps) != len(copies):
        found = tuple(maps.shape) if isinstance(maps, Tensor) else type(maps).__name__
        raise ValueError(
            f"the method must return {len(copies)} maps for as many images, got {found}"
        )
    return maps.detach()


@dataclass(frozen=True)
class _Sums:
    """Sums over the copies of each image, of maps and of their squares.

    Both are taken around the first copy's map, whose square could be so large that the variance
    would be lost in its rounding.
    """

    start: Tensor
    total: Tensor
    squares: Tensor

    @classmethod
    def like(cls, maps: Tensor, count: int) -> "_Sums":
        return cls(*(maps.new_zeros(count, *maps.shape[1:]) for _ in range(3)))

    def add(self, image: Tensor, number: Tensor, maps: Tensor) -> None:
        first = number == 0
        self.start[image[first]] = maps[first]
        change = maps - self.start[image]
        self.total.index_add_(0, image, change)
        self.squares.index_add_(0, image, change.square())

    def statistic(self, name: str, samples: int) -> Tensor:
        shift = self.total / samples
        if name == "mean":
            return self.start + shift
        variance = (self.squares / samples - shift.square()).clamp(min=0)
        return variance if name == "variance" else variance + (self.start + shift).square()
