"""Speed and memory of path attribution beside its peers, in one run: see benchmarks/README.md."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch
from alternation import fastest, seconds_per_unit, spread
from path_peers import path_peers
from peak_memory import peak_bytes
from setting import description, network, random_images, use_threads
from table import Comparison, Row, comparable, printed, timing_rows, write

from saliency_audit.study.provenance import default_device

MODELS = ("squeezenet1_0", "mobilenet_v2")
SCREENING_ROUNDS = 3
MEMORY_METHODS = ("ig", "ig+idgi", "blurig", "gig")
MEMORY_STEPS = (8, 64, 512)


COMPARISONS = (
    Comparison("speed", "ig", "bare passes", ">= 0.9"),
    Comparison("speed", "ig", "captum ig", ">= 1.6"),
    Comparison("speed", "ig", "captum ig 32", ">= 1.6"),
    Comparison("time", "ig+idgi", "ig", "<= 1.05"),
    Comparison("time", "ig and ig+idgi", "ig"),
    Comparison("speed", "blurig", "bare passes"),
    Comparison("time", "blur alone", "blurig", "<= 0.15"),
    Comparison("speed", "ggig", "bare passes", ">= 0.85"),
    Comparison("speed", "gig", "bare passes"),
    Comparison("speed", "gig", "pair gig", ">= 2"),
)


def main() -> None:
    """Command line."""
    arguments = _arguments()
    device = torch.device(arguments.device) if arguments.device else default_device()
    use_threads()
    header = description(arguments.models, device)
    rounds = arguments.rounds or (2 if arguments.quick else 8)
    rows: list[Row] = []
    for model in arguments.models:
        print(f"{model}: speed …", file=sys.stderr)
        rows += _speed_rows(model, rounds, device)
    if not arguments.no_memory:
        print(f"{arguments.models[0]}: memory …", file=sys.stderr)
        steps = MEMORY_STEPS[:2] if arguments.quick else MEMORY_STEPS
        rows += _memory_rows(arguments.models[0], steps, device)
    table = pd.DataFrame([asdict(row) for row in rows])
    print(json.dumps(header, indent=2))
    print(printed(table))
    if arguments.output or not arguments.quick:
        write(table, header, arguments.output, "paths.csv")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="torchvision names")
    parser.add_argument("--device", help="cpu or cuda; the GPU if there is one")
    parser.add_argument("--rounds", type=int, help="times that every peer is timed (8)")
    parser.add_argument("--quick", action="store_true", help="two rounds, no file")
    parser.add_argument("--no-memory", action="store_true", help="speed only")
    parser.add_argument(
        "--output",
        type=Path,
        help="CSV file (data/benchmarks/paths.csv); a JSON header is put beside it",
    )
    return parser.parse_args()


def _speed_rows(model: str, rounds: int, device: torch.device) -> Iterator[Row]:
    # A GPU wants more points in flight.
    larger = (64, 128, 256) if device.type == "cuda" else ()
    with network(model, device) as classifier:
        images = random_images(8, device)
        peers = path_peers(
            classifier,
            images,
            classifier(images).argmax(dim=1),
            images_per_run=8 if device.type == "cuda" else 1,
            steps=32,
            guided_steps=8,
            bare_batches=(4, 8, 16, 32, *larger),
            captum_batches=(8, 16, 32, *larger),
        )
        seconds = seconds_per_unit(peers, SCREENING_ROUNDS, device)
        # The fastest variants are chosen by these numbers and compared by others.
        chosen = fastest(peers, seconds) | {peer.label: peer for peer in peers}
        compared = comparable(COMPARISONS, chosen)
        finalists = {
            chosen[name].label: chosen[name]
            for comparison in compared
            for name in (comparison.peer, comparison.against)
        }
        seconds |= seconds_per_unit(list(finalists.values()), rounds, device)

    yield from timing_rows(model, "seconds_per_point", peers, compared, chosen, seconds, device)


def _memory_rows(model: str, steps: tuple[int, ...], device: torch.device) -> Iterator[Row]:
    for method in MEMORY_METHODS:
        for number in steps:
            mebibytes = peak_bytes(model, method, number, device) / 2**20
            yield Row(
                model=model,
                quantity="peak_mib",
                peer=method,
                against="",
                batch="auto",
                layout="",
                steps=number,
                threads=torch.get_num_threads(),
                device=device.type,
                rounds=1,
                **asdict(spread([mebibytes])),
                goal="the same at any steps",
            )


if __name__ == "__main__":
    main()
