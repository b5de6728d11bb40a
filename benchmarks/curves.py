"""Speed of information curves beside PAIR's, in one run: see benchmarks/README.md."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd
import skimage.data
import torch
from alternation import Peer, seconds_per_unit
from old_numpy import old_numpy
from path_peers import installed
from setting import SIZE, THREADS, argument_parser, description, network, with_threads
from table import Comparison, Row, comparable, printed, timing_rows, write
from torch import Tensor, nn
from torch.nn import functional as F

from saliency_audit.attributions import create, saliency
from saliency_audit.metrics import InformationPoints, information_points
from saliency_audit.metrics.information_curve import THRESHOLDS
from saliency_audit.metrics.reveal import Mode, random_mask

MODEL = "mobilenet_v2"
PICTURES = ("astronaut", "chelsea")
COMPARISONS = (
    Comparison("speed", "exact", "pair", ">= 3"),
    Comparison("speed", "fast", "pair", ">= 10"),
    Comparison("speed", "fast, further maps", "pair", ">= 10"),
    Comparison("speed", "fast with ms-ssim", "pair"),
)


def main() -> None:
    """Command line."""
    arguments = argument_parser(__doc__, "curves.csv", 3).parse_args()
    device = torch.device("cpu")
    header = description([MODEL], device) | {"threads": list(THREADS)}
    rows: list[Row] = []
    for _ in with_threads(THREADS):
        rows += _rows(arguments.rounds, device)
    table = pd.DataFrame([asdict(row) for row in rows])
    print(json.dumps(header, indent=2))
    print(printed(table))
    if installed("saliency"):
        write(table, header, arguments.output, "curves.csv")
    else:
        print("PAIR's saliency is not installed: nothing to compare with, no file", file=sys.stderr)


def _rows(rounds: int, device: torch.device) -> Iterator[Row]:
    with network(MODEL, device) as model:
        peers = list(_peers(model, *_maps(model)))
        seconds = seconds_per_unit(peers, rounds, device)
    known = {peer.name: peer for peer in peers}
    compared = comparable(COMPARISONS, known)
    yield from timing_rows(MODEL, "seconds_per_map", peers, compared, known, seconds, device)


def _maps(model: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """Photographs `(N, 3, 224, 224)`, their most probable classes, maps of Integrated Gradients."""
    photos = [torch.from_numpy(getattr(skimage.data, name)().copy()) for name in PICTURES]
    images = torch.cat([_square(photo.permute(2, 0, 1)[None] / 255) for photo in photos])
    targets = model(images).argmax(dim=1)
    return images, targets, saliency(create("ig", steps=16)(model, images, targets))


def _square(photo: Tensor) -> Tensor:
    side = min(photo.shape[2:])
    return F.interpolate(
        photo[:, :, :side, :side], (SIZE, SIZE), mode="bilinear", antialias=True
    ).clamp(0, 1)


def _peers(model: nn.Module, images: Tensor, targets: Tensor, maps: Tensor) -> Iterator[Peer]:
    """Each measures one curve per picture, predictions of the network included."""

    def ours(mode: Mode, *complexities: Any, **more: Any) -> Callable[[], InformationPoints]:
        options = {"mode": mode, "complexities": complexities, **more}
        return partial(information_points, model, images, maps, targets, **options)

    ends = ours("fast", "file_size")()
    yield Peer("exact", len(images), ours("exact", "file_size"), batch="")
    yield Peer("fast", len(images), ours("fast", "file_size"), batch="")
    further = ours("fast", "file_size", ends=ends)
    yield Peer("fast, further maps", len(images), further, batch="")
    yield Peer("fast with ms-ssim", len(images), ours("fast", "file_size", "ms_ssim"), batch="")
    if installed("saliency"):
        yield Peer("pair", len(images), partial(_pair, model, images, targets, maps), batch="")


def _pair(model: nn.Module, images: Tensor, targets: Tensor, maps: Tensor) -> None:
    """PAIR's own function, picture by picture and stage by stage, as it is made."""
    from saliency.metrics.pic import compute_pic_metric

    pictures = images.mul(255).round().byte().permute(0, 2, 3, 1).numpy()
    with old_numpy():
        for seed, (picture, salient) in enumerate(zip(pictures, maps.numpy(), strict=True)):
            compute_pic_metric(
                picture,
                salient,
                random_mask(SIZE, SIZE, seed),
                _rising_predictions(model, int(targets[seed])),
                list(THRESHOLDS),
                min_pred_value=0,
            )


def _rising_predictions(model: nn.Module, target: int) -> Callable[[Any], Any]:
    """Asks the network, then answers so that PAIR drops no picture: 1 for the original, 0 next."""
    answers = iter([1.0, 0.0, *(0.5 for _ in THRESHOLDS)])

    def predict(pictures: Any) -> list[float]:
        batch = torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255
        with torch.no_grad():
            model(batch).softmax(dim=1)[:, target].tolist()
        return [next(answers)]

    return predict


if __name__ == "__main__":
    main()
