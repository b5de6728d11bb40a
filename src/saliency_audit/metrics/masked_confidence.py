"""What becomes of the class probability when only the salient pixels stay, or only they go."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from saliency_audit.attributions.arguments import Asked, asked
from saliency_audit.attributions.baselines import Baselines, baselines_for
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, score
from saliency_audit.attributions.pixel_curves import reveal_order
from saliency_audit.attributions.scores import validate_saliency
from saliency_audit.attributions.targets import Targets
from saliency_audit.errors import is_finite, shown
from saliency_audit.metrics.similarity import min_max


@dataclass(frozen=True)
class MaskedConfidence:
    """Class probabilities of N images and of what a map keeps and deletes of them.

    All are `(N,)` float64 on the CPU. A metric is NaN where it is undefined: for a constant map
    that is scaled, and for drops from a probability of 0.

    Attributes:
        whole: Y, of the image.
        kept: O, of the picture in which the salient pixels stay.
        deleted: D, of the picture in which they are gone.
    """

    whole: Tensor
    kept: Tensor
    deleted: Tensor

    @property
    def increase(self) -> Tensor:
        """1 where O > Y, else 0; see `increase_in_confidence`."""
        return (self.kept > self.whole).double().where(~self.kept.isnan(), torch.nan)

    @property
    def drop(self) -> Tensor:
        """max(0, Y − O) / Y; see `average_drop`."""
        return self._share(self.whole - self.kept).clamp(min=0)

    @property
    def drop_in_deletion(self) -> Tensor:
        """(Y − D) / Y; see `average_drop_in_deletion`."""
        return self._share(self.whole - self.deleted)

    def _share(self, change: Tensor) -> Tensor:
        return change / self.whole.where(self.whole > 0, torch.nan)


def masked_confidence(
    model: Model,
    images: Tensor,
    saliency: Tensor,
    targets: Targets = None,
    *,
    share: float | None = None,
    baseline: Baselines = "black",
    seeds: list[int] | None = None,
    batch_size: int | str = "auto",
    check_range: bool = True,
) -> MaskedConfidence:
    """Class probability of each image, of its salient part and of the rest.

    The picture that is kept is m·x + (1 − m)·x′, the one without it (1 − m)·x + m·x′, all channels
    at once. The mask m is the saliency, scaled to [0, 1] by its own extremes, as in the sources of
    the metrics. With a `share` it is 1 for that share of the pixels with the highest saliency and 0
    for all others: then only the order of the pixels counts, as in "removes (non-)salient pixels".

    Args:
        model: maps `(N, C, H, W)` to logits, or to one (`scores.logits`); used in evaluation mode.
        images: `(N, C, H, W)` in [0, 1], unless `check_range` is off.
        saliency: `(N, H, W)`; larger is more relevant.
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        share: of the pixels that count as salient, in (0, 1); None for the scaled map.
        baseline: x′ where pixels are hidden, in any form that `baselines_for` takes. The sources
            multiply by the mask, hence "black".
        seeds: one seed per image for the order of ties with a `share`; 0…N-1 if not given.
        batch_size: pictures per forward pass; "auto" takes a size that suits the device.
        check_range: whether images outside [0, 1] are refused; without, any finite numbers are
            taken as they are.

    Returns:
        `MaskedConfidence`, of which `increase`, `drop` and `drop_in_deletion` are the metrics.

    Raises:
        ValueError: malformed images, targets, saliency or model output (NaN included), seeds of
            another number, or a share that keeps no pixel or all.

    Source: Chattopadhay et al. 2018, §4.1 (first two); Jung and Oh 2021 (deletion).
    """
    with asked(
        model, images, targets, check_range=check_range, batch_size=batch_size, name="images"
    ) as call:
        maps = validate_saliency(call.inputs, saliency)
        masks = min_max(maps) if share is None else _most_salient(maps, share, seeds)
        return _confidence(call, masks, baselines_for(call.inputs, baseline), batch_size)


def _most_salient(maps: Tensor, share: float, seeds: list[int] | None) -> Tensor:
    """1 for the share of the pixels with the highest saliency, 0 elsewhere: `(N, H, W)`."""
    pixels = maps[0].numel() if len(maps) else 2
    count = round(share * pixels) if is_finite(share) else 0
    if not (is_finite(share) and 0 < share < 1 and 0 < count < pixels):
        raise ValueError(
            f"share must lie in (0, 1) and keep some of the {pixels} pixels, got {shown(share)}; "
            "None takes the scaled map as the mask"
        )
    if not len(maps):
        return maps
    ranks = reveal_order(maps, list(range(len(maps))) if seeds is None else seeds)
    return (ranks < count).to(maps.dtype)


@torch.no_grad()
def _confidence(
    call: Asked, masks: Tensor, hidden: Tensor, batch_size: int | str
) -> MaskedConfidence:
    """The three probabilities; those of masks that are undefined are NaN."""
    images = call.inputs
    defined = ~masks.isnan().flatten(1).any(dim=1)
    masks = masks.to(images.dtype).nan_to_num(1.0)[:, None]

    def run(size: int) -> Tensor:
        found = []
        for part in torch.arange(len(images), device=images.device).split(max(1, size // 3)):
            mask, image, rest = masks[part], images[part], hidden[part]
            kept, deleted = torch.lerp(rest, image, mask), torch.lerp(image, rest, mask)
            pictures = torch.cat([image, kept, deleted])
            scores = score(call.model, pictures, call.targets[part].repeat(3), "probability")
            whole, *changed = scores.reshape(3, -1)
            # Rounding must not make a rise of a picture that is the image itself.
            same = [(each == image).flatten(1).all(dim=1) for each in (kept, deleted)]
            found.append(torch.stack([whole, *map(torch.where, same, [whole] * 2, changed)]))
        return torch.cat(found, dim=1) if found else images.new_zeros(3, 0)

    scores = halving_on_oom(run, batch_size, images, gradients=False).cpu().double()
    whole, *changed = scores
    return MaskedConfidence(whole, *(each.where(defined.cpu(), torch.nan) for each in changed))


def increase_in_confidence(
    model: Model, images: Tensor, saliency: Tensor, targets: Targets = None, **settings: Any
) -> Tensor:
    """Whether the class is more probable from the salient part than from the whole: 1 or 0.

    Higher is better. The mean over images is the share of images whose confidence rises, in [0, 1];
    the source prints 100 times that.

    Arguments, settings and errors are those of `masked_confidence`, which gives all three metrics
    in the same passes.

    Returns:
        `(N,)` float64 on the CPU, 0 or 1; NaN for a constant map without a `share`.

    Source: Chattopadhay et al. 2018, §4.1. XMGD paper, Table 1 heads a row "IIC", which §2 cites as
    Insertion Correlation and §5 describes as an average increase; its numbers fit this share.
    """
    return masked_confidence(model, images, saliency, targets, **settings).increase


def average_drop(
    model: Model, images: Tensor, saliency: Tensor, targets: Targets = None, **settings: Any
) -> Tensor:
    """max(0, Y − O) / Y: what share of the class probability is lost with the other pixels.

    Lower is better. The metric of the source is the mean over images, times 100. Increases count as
    0; XMGD's Table 1 prints a negative mean, which only signed drops can have. `masked_confidence`
    has the probabilities for that reading: (Y − O) / Y.

    Arguments, settings and errors are those of `masked_confidence`, which gives all three metrics
    in the same passes.

    Returns:
        `(N,)` float64 on the CPU, in [0, 1]; NaN where Y is 0 and for a constant map without a
        `share`.

    Source: Chattopadhay et al. 2018, §4.1; XMGD paper, Table 1 (AD).
    """
    return masked_confidence(model, images, saliency, targets, **settings).drop


def average_drop_in_deletion(
    model: Model, images: Tensor, saliency: Tensor, targets: Targets = None, **settings: Any
) -> Tensor:
    """(Y − D) / Y: what share of the class probability is lost with the salient pixels.

    Higher is better. The metric of the source is the mean over images, times 100. It is negative
    where the class becomes more probable without them, and never above 1, unlike one value of
    XMGD's Table 1.

    Arguments, settings and errors are those of `masked_confidence`, which gives all three metrics
    in the same passes.

    Returns:
        `(N,)` float64 on the CPU, at most 1; NaN where Y is 0 and for a constant map without a
        `share`.

    Source: Jung and Oh 2021; XMGD paper, Table 1 (ADD).
    """
    return masked_confidence(model, images, saliency, targets, **settings).drop_in_deletion
