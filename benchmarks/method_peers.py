"""Who is timed beside other libraries: one map, or one score of a map, per unit of work."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from alternation import Peer
from path_peers import LAYOUTS, bare_passes, captum_ig, installed, pair_gig
from torch import Tensor, nn
from torchvision.transforms.functional import gaussian_blur

from saliency_audit.attributions import GradCam, GuidedPath, Riemann, Rise, create, saliency, walk
from saliency_audit.metrics import insertion_score

STEPS, GUIDED_STEPS, MASKS, ROWS = 16, 4, 32, 8
# The fastest batch of captum on a CPU, see paths.csv.
CAPTUM_BATCHES = (8,)


def method_peers(model: nn.Module, images: Tensor, targets: Tensor) -> Iterator[Peer]:
    """Every method of ours beside its peer and beside what its network alone takes.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits; its parameters should need no gradient.
        images: 8 of them.
        targets: one class per image.
    """
    one, its_target = images[:1], targets[:1]
    last = LAYOUTS["channels_last"]

    ig = create("ig", steps=STEPS)
    yield Peer("ig", 1, partial(ig, model, one, its_target), steps=STEPS)
    for layout, form in LAYOUTS.items():
        for batch in CAPTUM_BATCHES if installed("captum") else ():
            run: Callable[[], object] = captum_ig(model, one, its_target, STEPS, batch, form)
            name = "captum ig" if layout == "contiguous" else "captum ig by hand"
            yield Peer(name, 1, run, batch, layout, STEPS)
    run = bare_passes(model, one, its_target, 8, STEPS // 8, last)
    yield Peer("passes of ig", 1, run, 8, "channels_last", STEPS)

    for count, name in ((1, "gig, one photograph"), (8, "gig, eight photographs")):
        run = partial(_guided, model, images[:count], targets[:count])
        yield Peer(name, count, run, steps=GUIDED_STEPS)
    run = bare_passes(model, one, its_target, 1, GUIDED_STEPS, last)
    yield Peer("passes of gig", 1, run, 1, "channels_last", GUIDED_STEPS)
    if installed("saliency"):
        run = pair_gig(model, images[0], int(targets[0]), GUIDED_STEPS)
        yield Peer("pair gig", 1, run, 1, steps=GUIDED_STEPS)

    yield Peer("rise", 1, partial(Rise(masks=MASKS), model, one, its_target))
    yield Peer("forwards of rise", 1, _forwards(model, one, 4, MASKS), 4, "channels_last")
    if installed("torchray"):
        yield Peer("torchray rise", 1, partial(_torchray_rise, model, one), 32)

    layer = next(name for name, _ in model.named_modules() if name.endswith("features"))
    yield Peer("gradcam", len(images), partial(GradCam(layer), model, images, targets))
    if installed("pytorch_grad_cam"):
        run = _pytorch_grad_cam(model, layer, images, targets)
        yield Peer("pytorch-grad-cam", len(images), run, len(images))

    salient = saliency(ig(model, one, its_target))
    pixels = ROWS * one.shape[3]
    run = partial(insertion_score, model, one, salient, its_target, pixels_per_step=pixels)
    yield Peer("insertion", 1, run)
    run = partial(_insertion_loop, model, one, salient, int(targets[0]), pixels)
    yield Peer("insertion by a loop", 1, run, 1)
    pictures = one.shape[2] // ROWS + 1
    run = _forwards(model, one, 4, pictures)
    yield Peer("forwards of insertion", 1, run, 4, "channels_last")


def _guided(model: nn.Module, images: Tensor, targets: Tensor) -> list[Tensor]:
    return walk(model, images, targets, path=GuidedPath(GUIDED_STEPS), rules=[Riemann()])


def _forwards(model: nn.Module, image: Tensor, batch: int, count: int) -> Callable[[], None]:
    """At least `count` pictures through the network, and nothing else."""
    pictures = image.repeat(batch, 1, 1, 1).contiguous(memory_format=torch.channels_last)

    def run() -> None:
        with torch.no_grad():
            for first in range(0, count, batch):
                model(pictures[: count - first])

    return run


def _torchray_rise(model: nn.Module, image: Tensor) -> Tensor:
    from torchray.attribution.rise import rise

    maps: Tensor = rise(model, image, num_masks=MASKS, batch_size=32)
    return maps


def _pytorch_grad_cam(
    model: nn.Module, layer: str, images: Tensor, targets: Tensor
) -> Callable[[], object]:
    """Its input needs a gradient, or nothing would: the network's parameters are frozen."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    explain = GradCAM(model=model, target_layers=[model.get_submodule(layer)])
    classes = [ClassifierOutputTarget(int(target)) for target in targets]
    return lambda: explain(input_tensor=images.clone().requires_grad_(), targets=classes)


@torch.no_grad()
def _insertion_loop(
    model: nn.Module, image: Tensor, salient: Tensor, target: int, pixels: int
) -> float:
    """The same score in the plainest way: the network is asked picture by picture."""
    order = salient.flatten().argsort(descending=True)
    picture = gaussian_blur(image, [11, 11], [5.0, 5.0])
    scores = [float(model(picture).softmax(dim=1)[0, target])]
    for first in range(0, len(order), pixels):
        shown = order[first : first + pixels]
        picture.flatten(2)[..., shown] = image.flatten(2)[..., shown]
        scores.append(float(model(picture).softmax(dim=1)[0, target]))
    return float(torch.trapezoid(torch.tensor(scores))) / (len(scores) - 1)
