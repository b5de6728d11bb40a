"""Speed of XMGD beside scikit-learn and POT, and of fits in batches and one by one: see README."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial

import pandas as pd
import torch
from alternation import Peer, seconds_per_unit
from setting import argument_parser, description, use_threads
from table import Comparison, Row, printed, timing_rows, write
from torch import Tensor

from saliency_audit.metrics import MultiScale, fit_maps, xmgd, xmgd_terms
from saliency_audit.study.duplicated_points import duplicated_xmgd
from saliency_audit.study.provenance import default_device

SIDE = 256
KEPT = 1000
NAME = f"XMGD of two maps of {SIDE}×{SIDE}, 3 levels, 10 Gaussians, b = 0.05"
COMPARISONS = (
    Comparison("speed", "xmgd", "scikit-learn and POT", ">= 10"),
    Comparison("speed", f"{KEPT} kept fits", "xmgd"),
)
# Maps that are fitted together, by their side.
MAPS = {32: 64, 64: 64, 256: 8}
COMPONENTS = (5, 10)
FITS = (Comparison("speed", "batched", "one by one", ">= 1"),)


def main() -> None:
    """Time all, print the table and write it."""
    arguments = _arguments()
    device = torch.device(arguments.device) if arguments.device else default_device()
    use_threads()
    header = description([], device)
    cpu = torch.device("cpu")
    distances = list(_peers(*_maps(2, SIDE)))
    rows = _rows(NAME, "seconds_per_distance", distances, COMPARISONS, arguments.rounds, cpu)
    for side, count in MAPS.items():
        maps = _maps(count, side).to(device)
        for components in COMPONENTS:
            name = f"Mixtures of maps of {side}×{side}, 3 levels, {components} Gaussians"
            fits = list(_fits(maps, MultiScale(components=components)))
            rows += _rows(name, "seconds_per_fit", fits, FITS, arguments.rounds, device)
    table = pd.DataFrame([asdict(row) for row in rows])
    print(json.dumps(header, indent=2))
    print(printed(table))
    write(table, header, arguments.output, "xmgd.csv")


def _arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__, "xmgd.csv", 4)
    parser.add_argument("--device", help="of fits, cpu or cuda; the GPU if there is one")
    return parser.parse_args()


def _rows(
    name: str,
    unit: str,
    peers: Sequence[Peer],
    comparisons: Sequence[Comparison],
    rounds: int,
    device: torch.device,
) -> list[Row]:
    seconds = seconds_per_unit(peers, rounds, device)
    known = {peer.name: peer for peer in peers}
    return list(timing_rows(name, unit, peers, comparisons, known, seconds, device))


def _maps(count: int, side: int) -> Tensor:
    """Maps of a few spots each over noise whose values are mostly small, like gradients'."""
    generator = torch.Generator().manual_seed(0)
    axis = (torch.arange(side) + 0.5) / side
    maps = 0.05 * torch.ones(count, side, side)
    for _ in range(4):
        y, x = torch.rand(2, count, 1, 1, generator=generator) * 0.6 + 0.2
        maps += torch.exp(-((axis[:, None] - y) ** 2 + (axis - x) ** 2) / (2 * 0.1**2))
    return maps * torch.rand(count, side, side, generator=generator) ** 3


def _fits(maps: Tensor, settings: MultiScale) -> Iterator[Peer]:
    """The same maps at the same levels, all at once and each for itself."""
    alone = [replace(settings, kernels=(side,)) for side in settings.kernels]

    def one_by_one() -> None:
        for each in maps:
            for level in alone:
                fit_maps(each[None], level)

    count = len(maps) * len(alone)
    yield Peer("batched", count, partial(fit_maps, maps, settings), batch=count)
    yield Peer("one by one", count, one_by_one, batch=1)


def _peers(first: Tensor, second: Tensor) -> Iterator[Peer]:
    """The paper's way, ours, and ours where both maps' fits are kept."""
    settings = MultiScale()
    together = partial(xmgd, first[None], second[None], settings)
    apart = partial(duplicated_xmgd, first, second, settings)
    _agree(float(together()), apart())
    fits = [fit_maps(each[None], settings) for each in (first, second)]
    many = [each.at(torch.zeros(KEPT, dtype=torch.long)) for each in fits]
    yield Peer("xmgd", 1, together, batch="")
    yield Peer("scikit-learn and POT", 1, apart, batch="")
    yield Peer(f"{KEPT} kept fits", KEPT, partial(xmgd_terms, *many), batch="")


def _agree(ours: float, theirs: float) -> None:
    """Two starts of EM end apart, but not far apart."""
    if not 0.5 < ours / theirs < 2:
        raise SystemExit(
            f"XMGD is {ours:.4g} by ours and {theirs:.4g} by theirs: timed for nothing"
        )


if __name__ == "__main__":
    main()
