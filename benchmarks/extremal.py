"""Speed of Extremal Perturbation, image by image and in batches, beside torchray's: see README."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial

import pandas as pd
import torch
from alternation import Peer, seconds_per_unit
from path_peers import installed
from setting import argument_parser, description, network, random_images, use_threads
from table import Comparison, Row, comparable, printed, timing_rows, write
from torch import Tensor, nn

from saliency_audit.attributions import ExtremalPerturbation
from saliency_audit.attributions.engine import score_and_gradient
from saliency_audit.study.provenance import default_device

MODELS = ("squeezenet1_0", "mobilenet_v2")
BATCH = 8
# Steps of each by the side of the pictures; torchray's last one has no effect on its mask.
STEPS = {64: 30, 224: 12}
COMPARISONS = (
    Comparison("speed", "xpert 8", "torchray", ">= 4"),
    Comparison("speed", "xpert 8", "xpert 1"),
    Comparison("speed", "xpert 8", "passes"),
    Comparison("speed", "passes", "torchray"),
)


def main() -> None:
    """Time all peers, print the table and write it."""
    arguments = _arguments()
    device = torch.device(arguments.device) if arguments.device else default_device()
    use_threads()
    header = description(list(MODELS), device)
    rows: list[Row] = []
    for name in MODELS:
        print(f"{name} …", file=sys.stderr)
        with network(name, device) as model:
            for side, steps in STEPS.items():
                images = random_images(BATCH, device)[..., :side, :side].contiguous()
                rows += _rows(f"{name}, {side}×{side}", model, images, steps, arguments.rounds)
    table = pd.DataFrame([asdict(row) for row in rows])
    print(json.dumps(header, indent=2))
    print(printed(table))
    if installed("torchray"):
        write(table, header, arguments.output, "extremal.csv")
    else:
        print("not installed, hence no file: torchray", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__, "extremal.csv", 3)
    parser.add_argument("--device", help="cpu or cuda; the GPU if there is one")
    return parser.parse_args()


def _rows(name: str, model: nn.Module, images: Tensor, steps: int, rounds: int) -> Iterator[Row]:
    peers = list(_peers(model, images, steps))
    seconds = seconds_per_unit(peers, rounds, images.device)
    known = {peer.name: peer for peer in peers}
    compared = comparable(COMPARISONS, known)
    return timing_rows(name, "seconds_per_point", peers, compared, known, seconds, images.device)


def _peers(model: nn.Module, images: Tensor, steps: int) -> Iterator[Peer]:
    """Each takes the same number of steps; a unit is one step of one mask."""
    targets = torch.zeros(len(images), dtype=torch.int64, device=images.device)
    for size, shown in ((BATCH, images), (1, images[:1])):
        explain = ExtremalPerturbation(iterations=steps, batch_size=size)
        run = partial(explain, model, shown, targets[: len(shown)])
        yield Peer(f"xpert {size}", steps * len(shown), run, batch=size, steps=steps)

    def passes() -> None:
        for _ in range(steps):
            score_and_gradient(model, images, targets, "logit")

    yield Peer("passes", steps * BATCH, passes, batch=BATCH, steps=steps)
    if installed("torchray"):
        from torchray.attribution.extremal_perturbation import extremal_perturbation

        run = partial(extremal_perturbation, model, images[:1], 0, max_iter=steps)
        yield Peer("torchray", steps, run, batch=1, steps=steps)


if __name__ == "__main__":
    main()
