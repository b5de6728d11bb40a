"""Speed of the distances behind MeGe and ReCo beside a loop over scipy, in one run: see README."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial

import numpy as np
import pandas as pd
import torch
from alternation import Peer, seconds_per_unit
from scipy.stats import spearmanr
from setting import argument_parser, description, use_threads
from table import Comparison, Row, comparable, printed, timing_rows, write
from torch import Tensor

from saliency_audit.metrics import rank_distances

IMAGES, FOLDS, SIDE = 10_000, 5, 32
NAME = f"{IMAGES} images × {FOLDS} folds, {SIDE}×{SIDE}"
COMPARISONS = (Comparison("speed", "rank_distances", "scipy", ">= 10"),)


def main() -> None:
    """Time both, print the table and write it."""
    arguments = argument_parser(__doc__, "ranks.csv", 4).parse_args()
    device = torch.device("cpu")
    use_threads()
    header = description([], device)
    generator = torch.Generator().manual_seed(0)
    maps = torch.rand(IMAGES, FOLDS, SIDE, SIDE, generator=generator)
    rows = [
        *_rows(NAME, maps, arguments.rounds, device),
        *_rows(f"{NAME}, with ties", _with_ties(maps), arguments.rounds, device),
    ]
    table = pd.DataFrame([asdict(row) for row in rows])
    print(json.dumps(header, indent=2))
    print(printed(table))
    write(table, header, arguments.output, "ranks.csv")


def _rows(name: str, maps: Tensor, rounds: int, device: torch.device) -> Iterator[Row]:
    """Both peers on these maps, once they are found to say the same."""
    folds = torch.arange(len(maps)) % maps.shape[1]
    _agree(maps[:50], folds[:50])
    peers = list(_peers(maps, folds))
    seconds = seconds_per_unit(peers, rounds, device)
    known = {peer.name: peer for peer in peers}
    compared = comparable(COMPARISONS, known)
    return timing_rows(name, "seconds_per_distance", peers, compared, known, seconds, device)


def _with_ties(maps: Tensor) -> Tensor:
    """Uniform maps in [0, 1) as ReLU and 8 bits leave them: half of the values 0, 255 others."""
    return (255 * (2 * maps - 1).clamp(min=0)).round() / 255


def _peers(maps: Tensor, folds: Tensor) -> Iterator[Peer]:
    """Each gives the distance of every image's own predictor to every other one."""
    count = maps.shape[0] * (maps.shape[1] - 1)
    yield Peer("rank_distances", count, partial(rank_distances, maps, folds), batch="")
    yield Peer("scipy", count, partial(_loop, maps, folds), batch="")


def _loop(maps: Tensor, folds: Tensor) -> np.ndarray:
    """One call of scipy's `spearmanr` per pair of maps."""
    flat = maps.flatten(2).numpy()
    found = np.full(flat.shape[:2], np.nan)
    for image, own in enumerate(folds.tolist()):
        for other in range(flat.shape[1]):
            if other != own:
                correlation = spearmanr(flat[image, own], flat[image, other]).statistic
                found[image, other] = 1 - abs(correlation)
    return found


def _agree(maps: Tensor, folds: Tensor) -> None:
    """Both must say the same before either is timed."""
    np.testing.assert_allclose(rank_distances(maps, folds).numpy(), _loop(maps, folds), atol=1e-12)


if __name__ == "__main__":
    main()
