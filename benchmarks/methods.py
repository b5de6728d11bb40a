"""Speed of methods and of a metric beside other libraries: see benchmarks/README.md."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import pandas as pd
import torch
from alternation import fastest, seconds_per_unit
from method_peers import method_peers
from path_peers import installed
from setting import THREADS, argument_parser, description, network, random_images, with_threads
from table import Comparison, Row, comparable, printed, timing_rows, write

MODELS = ("squeezenet1_0", "mobilenet_v2")
PEERS = ("captum", "saliency", "torchray", "pytorch_grad_cam")
COMPARISONS = (
    Comparison("speed", "ig", "captum ig", ">= 1.6"),
    Comparison("speed", "ig", "captum ig by hand"),
    Comparison("speed", "ig", "passes of ig", ">= 0.9"),
    Comparison("speed", "gig, one photograph", "pair gig", ">= 1"),
    Comparison("speed", "gig, eight photographs", "pair gig", ">= 2"),
    Comparison("speed", "gig, eight photographs", "passes of gig"),
    Comparison("speed", "passes of gig", "pair gig"),
    Comparison("speed", "rise", "torchray rise", ">= 2"),
    Comparison("speed", "rise", "forwards of rise", ">= 0.9"),
    Comparison("speed", "gradcam", "pytorch-grad-cam", ">= 2"),
    Comparison("speed", "insertion", "insertion by a loop", ">= 1.5"),
    Comparison("speed", "insertion", "forwards of insertion", ">= 0.9"),
)


def main() -> None:
    """Command line."""
    arguments = argument_parser(__doc__, "methods.csv", 3).parse_args()
    header = description(list(MODELS), torch.device("cpu")) | {"threads": list(THREADS)}
    rows = [
        row
        for model in MODELS
        for threads in with_threads(THREADS)
        for row in _rows(model, threads, arguments.rounds)
    ]
    table = pd.DataFrame([asdict(row) for row in rows])
    print(json.dumps(header, indent=2))
    print(printed(table))
    if lacking := [name for name in PEERS if not installed(name)]:
        print(f"not installed, hence no file: {', '.join(lacking)}", file=sys.stderr)
    else:
        write(table, header, arguments.output, "methods.csv")


def _rows(model: str, threads: int, rounds: int) -> Iterator[Row]:
    print(f"{model}, threads: {threads} …", file=sys.stderr)
    device = torch.device("cpu")
    with network(model, device) as classifier:
        images = random_images(8, device)
        peers = list(method_peers(classifier, images, classifier(images).argmax(dim=1)))
        seconds = seconds_per_unit(peers, rounds, device)
    known = fastest(peers, seconds)
    compared = comparable(COMPARISONS, known)
    yield from timing_rows(model, "seconds_per_map", peers, compared, known, seconds, device)


if __name__ == "__main__":
    main()
