"""Speed of XMGD beside scikit-learn's mixtures and POT's transport, in one run: see README."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial

import pandas as pd
import torch
from alternation import Peer, seconds_per_unit
from setting import argument_parser, description, use_threads
from table import Comparison, Row, printed, timing_rows, write
from torch import Tensor

from saliency_audit.metrics import MultiScale, fit_maps, xmgd, xmgd_terms
from saliency_audit.study.duplicated_points import duplicated_xmgd

SIDE = 256
KEPT = 1000
NAME = f"XMGD of two maps of {SIDE}×{SIDE}, 3 levels, 10 Gaussians, b = 0.05"
COMPARISONS = (
    Comparison("speed", "xmgd", "scikit-learn and POT", ">= 10"),
    Comparison("speed", f"{KEPT} kept fits", "xmgd"),
)


def main() -> None:
    """Time all, print the table and write it."""
    arguments = argument_parser(__doc__, "xmgd.csv", 4).parse_args()
    device = torch.device("cpu")
    use_threads()
    header = description([], device)
    peers = list(_peers(*_maps()))
    seconds = seconds_per_unit(peers, arguments.rounds, device)
    known = {peer.name: peer for peer in peers}
    found: Iterator[Row] = timing_rows(
        NAME, "seconds_per_distance", peers, COMPARISONS, known, seconds, device
    )
    table = pd.DataFrame([asdict(row) for row in found])
    print(json.dumps(header, indent=2))
    print(printed(table))
    write(table, header, arguments.output, "xmgd.csv")


def _maps() -> tuple[Tensor, Tensor]:
    """Two maps of a few spots each over noise whose values are mostly small, like gradients'."""
    generator = torch.Generator().manual_seed(0)
    axis = (torch.arange(SIDE) + 0.5) / SIDE
    maps = 0.05 * torch.ones(2, SIDE, SIDE)
    for _ in range(4):
        y, x = torch.rand(2, 2, 1, 1, generator=generator) * 0.6 + 0.2
        maps += torch.exp(-((axis[:, None] - y) ** 2 + (axis - x) ** 2) / (2 * 0.1**2))
    maps = maps * torch.rand(2, SIDE, SIDE, generator=generator) ** 3
    return maps[0], maps[1]


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
