"""DRE, MGnet and DRE+ as explainers: masks of a trained estimator."""

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from saliency_audit.attributions.arguments import Asked, Method
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom
from saliency_audit.attributions.pixel_curves import (
    equal_stops,
    pixel_curves,
    reveal_order,
    unchanged,
)
from saliency_audit.attributions.relevance.background import gaussian_blurred
from saliency_audit.attributions.relevance.estimator import RelevanceEstimator
from saliency_audit.attributions.relevance.generator import enlarged
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import refuse_numbers

# What tells the two apart: DRE's controller, or a head without one. Constraints do not: the paper's
# ablations (§4.4.3) have DRE with them and MGnet without some. "square" is neither's.
HEADS_OF = {"dre": ("controller",), "mgnet": ("sigmoid", "two_channels")}
TITLES = {"dre": "DRE", "mgnet": "MGnet"}


@dataclass(frozen=True)
class Trained(Method):
    """What methods have whose estimators were trained for one classifier.

    Attributes:
        estimator: what `train_relevance_estimator` returns.
        batch_size: pictures per pass, or "auto".
        check_classifier: whether a model with other weights is refused, as it is by default. It may
            have another floating type. Without, a fine-tuned or randomised copy can be explained by
            an estimator that knows the original: for checks of what its masks depend on.
    """

    estimator: RelevanceEstimator | None = None
    batch_size: int | str = field(default="auto", kw_only=True)
    check_classifier: bool = field(default=True, kw_only=True)
    # One of `HEADS_OF` if the estimator must be of this kind.
    kind: ClassVar[str | None] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _validate_estimator(self.estimator, "estimator", self.kind)


@dataclass(frozen=True)
class RelevanceMask(Trained):
    """The mask of a trained estimator with any head, enlarged bilinearly to the picture.

    One pass of the classifier and one of the generator per image. In [0, 1], without a unit; higher
    is more relevant. The names "dre" and "mgnet" stand for `DRE` and `MGnet`, which refuse each
    other's estimators; this class takes both, and what is neither.

    Source: DRE paper, §3.2.2 and Eq. 5.
    """

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Masks `(N, 1, H, W)`.

        Raises:
            ValueError: malformed inputs or targets, or a model whose classes, layers or weights do
                not fit.
        """
        with self.asked(model, inputs, targets) as call:
            return _masks(self, "estimator", call)


@dataclass(frozen=True)
class DRE(RelevanceMask):
    """The mask of an estimator with DRE's controller; see `RelevanceMask`.

    Raises:
        ValueError: an estimator with another head.

    Source: DRE paper, Eq. 5–7.
    """

    kind: ClassVar[str | None] = "dre"


@dataclass(frozen=True)
class MGnet(RelevanceMask):
    """The mask of an estimator with one of MGnet's heads, which has no controller.

    Of the text that is a sigmoid, of the released code the share of one of two channels
    (`Design.head`). See `RelevanceMask`.

    Raises:
        ValueError: an estimator with another head.

    Source: Dabkowski and Gal 2017; DRE paper, Eq. 2.
    """

    kind: ClassVar[str | None] = "mgnet"


@dataclass(frozen=True)
class SelfTuned(Trained):
    """DRE+ (self-based): each score times Q_max − Q_k, by how much the class is not yet there.

    Pixels are put back into the blurred picture in the order of the mask. Q_k is the largest class
    probability up to pixel k, measured at `points` shares of the pixels and interpolated between
    them. Values are ≥ 0 and at most the mask's. Beside the mask's pass it takes `points` + 1 passes
    forward, which the paper's Table 2 does not count. The released code divides the weights by
    their range, which changes no order within an image; here they stay as printed.

    Raises:
        ValueError: an estimator without DRE's controller.

    Source: DRE paper, §4.4.1; 32 points as in its metric M_F, 8 in the released demo.
    """

    points: int = 32
    blur: float = 10**0.5
    kind: ClassVar[str | None] = "dre"

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_numbers(self, whole=("points",), not_negative=("blur",))

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Maps `(N, 1, H, W)`; errors as in `RelevanceMask`."""
        with self.asked(model, inputs, targets) as call:
            masks = _masks(self, "estimator", call)
            seeds = [0] * len(masks)
            reached, _ = pixel_curves(
                call,
                masks[:, 0],
                before=lambda images: gaussian_blurred(images, self.blur),
                after=unchanged,
                stops=equal_stops(self.points),
                seeds=seeds,
                batch_size=self.batch_size,
            )
        if len(masks) == 0:
            return masks
        ranks = reveal_order(masks[:, 0], seeds).flatten(1).cpu()
        return masks * _missing(reached, ranks).to(masks).reshape(masks.shape)


def _missing(reached: Tensor, ranks: Tensor) -> Tensor:
    """Q_max − Q of every pixel, linear between the measured ones: `(N, pixels)`."""
    rising = reached.cummax(dim=1).values
    points = reached.shape[1] - 1
    # The pixel of rank r is in the picture once r + 1 pixels are.
    place = (ranks + 1) * (points / ranks.shape[1])
    below = place.long().clamp(max=points - 1)
    share = (place - below).to(rising.dtype)
    low, high = rising.gather(1, below), rising.gather(1, below + 1)
    return rising[:, -1:] - torch.lerp(low, high, share)


@dataclass(frozen=True)
class Combined(Trained):
    """DRE+ (MGnet-based): the product of the masks of two estimators, in [0, 1].

    The classifier is passed once for each.

    Raises:
        ValueError: a first estimator that is none of DRE, or a second that is none of MGnet.

    Source: DRE paper, §4.4.1.
    """

    mgnet: RelevanceEstimator | None = None
    kind: ClassVar[str | None] = "dre"

    def __post_init__(self) -> None:
        super().__post_init__()
        _validate_estimator(self.mgnet, "mgnet", "mgnet")

    def __call__(self, model: Model, inputs: Tensor, targets: Targets = None) -> Tensor:
        """Maps `(N, 1, H, W)`; errors as in `RelevanceMask`."""
        with self.asked(model, inputs, targets) as call:
            return _masks(self, "estimator", call) * _masks(self, "mgnet", call)


def _masks(method: Trained, field: str, call: Asked) -> Tensor:
    """The masks `(N, 1, H, W)` of one of a method's estimators."""
    estimator, images = _given(method, field), call.inputs
    if len(images) == 0:
        return images[:, :1]

    def run(size: int) -> Tensor:
        parts = zip(images.split(size), call.targets.split(size), strict=True)
        found = []
        for number, part in enumerate(parts):
            check = method.check_classifier and number == 0
            found.append(estimator.masks(call.model, *part, check_classifier=check))
        return torch.cat(found)

    found = halving_on_oom(run, method.batch_size, images, gradients=False)
    return enlarged(found, images.shape[2:])


def _validate_estimator(estimator: object, field: str, kind: str | None) -> None:
    """Refuse what is no estimator, and one with another head than those of its kind."""
    if estimator is None:  # which a call refuses
        return
    if not isinstance(estimator, RelevanceEstimator):
        raise ValueError(
            f"{field} must be a RelevanceEstimator, got {type(estimator).__name__}; "
            "train_relevance_estimator makes one, load_relevance_estimator reads a saved one"
        )
    head = estimator.generator.design.head
    if kind is None or head in HEADS_OF[kind]:
        return
    others = [name for name, heads in HEADS_OF.items() if head in heads]
    own = f"which is {TITLES[others[0]]}'s" if others else "which is neither DRE's nor MGnet's"
    heads = " or ".join(map(repr, HEADS_OF[kind]))
    raise ValueError(
        f"{field} must be an estimator of {TITLES[kind]}, with the head {heads}; this one has "
        f"{head!r}, {own}: train one with design=Design(head={HEADS_OF[kind][0]!r}), or explain "
        f"with this one by {f'create({others[0]!r}, estimator=found) or ' if others else ''}"
        "RelevanceMask(found), which takes any head"
    )


def _given(method: Trained, field: str) -> RelevanceEstimator:
    estimator = getattr(method, field)
    if estimator is None:
        raise ValueError(
            f"this method has no estimator in `{field}`: train one for the model, found = "
            "train_relevance_estimator(model, layers, images), and give it: "
            f"create(name, {field}=found)"
        )
    return estimator
