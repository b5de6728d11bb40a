"""Who is timed on path attribution: bare passes, this library, captum, PAIR saliency."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from alternation import Peer
from old_numpy import old_numpy
from torch import Tensor, nn

from saliency_audit.attributions import (
    IDGI,
    AscendingPath,
    BlurPath,
    GuidedPath,
    Maximum,
    Path,
    Riemann,
    Rule,
    StraightPath,
    walk,
)
from saliency_audit.attributions.engine import resolve_batch_size

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
GUIDED_IMAGES = 8
ASCENTS = 4


def installed(package: str) -> bool:
    """Whether an optional peer is there."""
    return find_spec(package) is not None


def path_peers(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    images_per_run: int,
    steps: int,
    guided_steps: int,
    bare_batches: tuple[int, ...],
    captum_batches: tuple[int, ...],
) -> list[Peer]:
    """Peers that explain the same images along paths of `steps` points.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits; its parameters should need no gradient, so
            that no peer pays for them.
        images: at least `max(images_per_run, 8)` of them.
        targets: one class per image.
        images_per_run: images in a run of a path that is not adaptive.
        steps: points of such a path; of GGIG, which climbs 4 times from a point, all visits.
        guided_steps: points of a guided path, which is run on 8 images.
        bare_batches: batch sizes of the bare passes; each divides `images_per_run * steps`.
        captum_batches: `internal_batch_size` of captum.
    """
    points = images_per_run * steps
    few, their_targets = images[:images_per_run], targets[:images_per_run]
    group, group_targets = images[:GUIDED_IMAGES], targets[:GUIDED_IMAGES]

    def ours(name: str, path: Path, *rules: Rule) -> Peer:
        run = partial(walk, model, few, their_targets, path=path, rules=rules)
        return Peer(name, points, run, steps=steps)

    peers = []
    for layout in LAYOUTS:
        for batch in bare_batches:
            run: Callable[[], object] = bare_passes(
                model, images[:1], targets[:1], batch, points // batch, LAYOUTS[layout]
            )
            peers.append(Peer("bare passes", points, run, batch, layout))
    peers.append(ours("ig", StraightPath(steps), Riemann()))
    peers.append(ours("ig+idgi", StraightPath(steps), IDGI()))
    peers.append(ours("ig and ig+idgi", StraightPath(steps), Riemann(), IDGI()))
    if installed("captum"):
        for batch in captum_batches:
            run = captum_ig(model, few, their_targets, steps, batch)
            peers.append(Peer("captum ig", points, run, batch, steps=steps))
    peers.append(ours("blurig", BlurPath(steps), Riemann()))
    peers.append(Peer("blur alone", points, _blur(BlurPath(steps), few), steps=steps))
    peers.append(ours("ggig", AscendingPath(steps // ASCENTS, ASCENTS), Maximum()))
    guided = GuidedPath(guided_steps)
    run = partial(walk, model, group, group_targets, path=guided, rules=[Riemann()])
    peers.append(Peer("gig", len(group) * guided_steps, run, steps=guided_steps))
    if installed("saliency"):
        run = pair_gig(model, images[0], int(targets[0]), guided_steps)
        peers.append(Peer("pair gig", guided_steps, run, 1, steps=guided_steps))
    return peers


def bare_passes(
    model: nn.Module,
    image: Tensor,
    target: Tensor,
    batch: int,
    repeats: int,
    layout: torch.memory_format,
) -> Callable[[], None]:
    """Nothing but forward and backward passes: what no path method can undercut."""
    pictures = image.repeat(batch, 1, 1, 1).contiguous(memory_format=layout)
    columns = target.repeat(batch)[:, None]

    def run() -> None:
        for _ in range(repeats):
            leaf = pictures.detach().requires_grad_()
            scores = model(leaf).softmax(dim=1).gather(1, columns)
            torch.autograd.grad(scores.sum(), leaf)

    return run


def _blur(path: BlurPath, images: Tensor) -> Callable[[], None]:
    """The points and increments of a blur path, block by block, without a model."""
    size = min(resolve_batch_size("auto", images), path.steps)

    def run() -> None:
        for image in images.split(max(1, size // path.steps)):
            walker = path.start(image, image)
            for first in range(0, path.steps, size):
                last = min(first + size, path.steps)
                points = walker.points(first, last)
                walker.increments(first, last, points)

    return run


def captum_ig(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    steps: int,
    batch: int,
    layout: torch.memory_format = torch.preserve_format,
) -> Callable[[], Tensor]:
    """captum's Integrated Gradients; in a memory format that its user sets by hand, if given."""
    from captum.attr import IntegratedGradients

    def probabilities(pictures: Tensor) -> Tensor:
        return model(pictures.clone(memory_format=layout)).softmax(dim=1)

    method = IntegratedGradients(probabilities)

    def run() -> Tensor:
        maps: Tensor = method.attribute(
            images,
            torch.zeros_like(images),
            target=targets,
            n_steps=steps,
            internal_batch_size=batch,
        )
        return maps

    return run


def pair_gig(model: nn.Module, image: Tensor, target: int, steps: int) -> Callable[[], object]:
    """PAIR's Guided IG on one image: it takes arrays (H, W, C) and asks for gradients in numpy."""
    from saliency.core import INPUT_OUTPUT_GRADIENTS, GuidedIG

    picture = image.permute(1, 2, 0).cpu().numpy()

    def gradients(pictures: Any, call_model_args: Any, expected_keys: Any) -> dict[str, Any]:
        points = torch.as_tensor(pictures, dtype=image.dtype, device=image.device)
        leaf = points.permute(0, 3, 1, 2).requires_grad_()
        (gradient,) = torch.autograd.grad(model(leaf).softmax(dim=1)[:, target].sum(), leaf)
        return {INPUT_OUTPUT_GRADIENTS: gradient.permute(0, 2, 3, 1).cpu().numpy()}

    def run() -> object:
        with old_numpy():
            return GuidedIG().GetMask(
                picture, gradients, x_baseline=np.zeros_like(picture), x_steps=steps
            )

    return run
