"""XMGD over time: sequences of maps of a moving picture, beside the same in another order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from saliency_audit.metrics import MultiScale, xmgd, xmgd_of_sequences
from saliency_audit.study.columns import Column
from saliency_audit.study.detector_maps import (
    MESO_DEEPFAKES,
    MapParameters,
    enough_pixels,
    map_of,
    mixtures_in,
    unit_maps,
)
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import slice_tasks
from saliency_audit.study.validation import validate_counts

# What the sequence of an image is compared with.
ORDERS = ("one frame later", "two frames later", "reversed", "shuffled", "still")
MEASURES = ("mean map", "frame by frame", "over time")
COLUMNS = (
    *shared("model", "images", "method"),
    *IMAGE,
    Column("compared", "text", "", f"with what: {', '.join(ORDERS)}"),
    Column("measure", "text", "", f"XMGD of the {', or '.join(MEASURES)}"),
    Column("xmgd", "number", "side of the picture, squared", "between the two sequences"),
)


@dataclass(frozen=True)
class Parameters(MapParameters):
    """Parameters of the maps, on `side` × `side` pixels, of `frames` frames.

    From frame to frame the picture moves by `shift` of its side, to the right and down by turns of
    images. `duration` is what a sequence lasts, in sides of the picture.
    """

    n_images: int = 12
    explained: tuple[str, ...] = ("saliency",)
    side: int = 32
    components: int = 5
    frames: int = 8
    shift: float = 0.03
    duration: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(side=self.side, frames=self.frames)
        if self.frames < 2:
            raise ValueError(f"a sequence has at least 2 frames, got frames={self.frames}")
        if not 0 < self.shift * (self.frames + 1) < 0.5:
            raise ValueError(
                f"shift must be above 0 and (frames + 1) × shift below half a picture, "
                f"got {self.shift!r}"
            )
        if not self.duration > 0:
            raise ValueError(f"duration must be above 0, got {self.duration!r}")


def moved(pictures: Tensor, shift: float, frames: int) -> Tensor:
    """Frames in which pictures move: `(frames, N, C, H, W)`.

    The first picture moves to the right, the second down, and so on by turns. What comes in at the
    edge mirrors what is there. In the middle of the sequence the picture is where it was.

    Args:
        pictures: `(N, C, H, W)`.
        shift: per frame, as a share of the side.
        frames: how many.
    """
    height, width = pictures.shape[2:]
    margin = int(np.ceil(shift * frames / 2 * max(height, width))) + 1
    padded = F.pad(pictures, (margin,) * 4, mode="reflect")
    found = []
    for frame in range(frames):
        away = shift * (frame - (frames - 1) / 2)
        right = round(away * width)
        down = round(away * height)
        across = padded[:, :, margin : margin + height, margin - right : margin - right + width]
        along = padded[:, :, margin - down : margin - down + height, margin : margin + width]
        turn = torch.arange(len(pictures), device=pictures.device) % 2 == 0
        found.append(across.where(turn[:, None, None, None], along))
    return torch.stack(found)


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: method × comparison × measure × image.

    An image is left out of which a frame's map is constant, or has fewer pixels with a weight than
    a mixture has Gaussians, or the mean map of frames has.
    """
    model, pictures, targets = chosen.inputs
    count = given["frames"]
    film = moved(pictures, given["shift"], count + 2)
    for name in given["explained"]:
        maps = map_of(name, model, film.flatten(0, 1), targets.repeat(len(film)), given)
        units = unit_maps(maps, given["side"]).unflatten(0, (len(film), -1)).transpose(0, 1)
        kept = _with_mixtures(units, count, given).nonzero().flatten().tolist()
        if not kept:
            continue
        seeds = [chosen.seeds[place] for place in kept]
        for about, distances in _compared(units[kept], count, seeds, given):
            for position, distance in zip(kept, distances.tolist(), strict=True):
                yield {"position": position, "method": name, **about, "xmgd": distance}


def _with_mixtures(units: Tensor, count: int, given: Given) -> Tensor:
    """Of which sequences `(N, count + 2, side, side)` all that is compared has a mixture: `(N,)`.

    A sequence as a whole weighs as many pixels as its brightest frame, or more.
    """
    means = units.unfold(1, count, 1).mean(dim=-1)
    single = torch.cat([units, means], dim=1)
    found = enough_pixels(single.flatten(0, 1), mixtures_in(given))
    return found.unflatten(0, single.shape[:2]).all(dim=1)


def _compared(
    units: Tensor, count: int, seeds: list[int], given: Given
) -> Iterator[tuple[Mapping[str, str], Tensor]]:
    """Comparison and measure with the values `(N,)` of sequences `(N, count + 2, side, side)`."""
    sequence = units[:, :count]
    others = {
        "one frame later": units[:, 1 : count + 1],
        "two frames later": units[:, 2 : count + 2],
        "reversed": sequence.flip(1),
        "shuffled": shuffled(sequence, seeds),
        "still": sequence[:, :1].expand_as(sequence),
    }
    settings = mixtures_in(given)
    for name in ORDERS:
        for measure, values in distances_of(
            sequence, others[name], settings, given["duration"]
        ).items():
            yield {"compared": name, "measure": measure}, values


def shuffled(sequences: Tensor, seeds: list[int]) -> Tensor:
    """Sequences `(N, T, H, W)` with their frames in a random order, by a seed each."""
    orders = [np.random.default_rng(seed).permutation(sequences.shape[1]) for seed in seeds]
    return torch.stack([each[order] for each, order in zip(sequences, orders, strict=True)])


def distances_of(
    first: Tensor, second: Tensor, settings: MultiScale, duration: float
) -> dict[str, Tensor]:
    """Three readings of XMGD between sequences `(N, T, H, W)`: `(N,)` each, by measure."""
    frames = xmgd(first.flatten(0, 1), second.flatten(0, 1), settings)
    return {
        "mean map": xmgd(first.mean(dim=1), second.mean(dim=1), settings),
        "frame by frame": frames.unflatten(0, first.shape[:2]).mean(dim=1),
        "over time": xmgd_of_sequences(first, second, settings, duration),
    }


EXPERIMENT = Experiment(
    name="xmgd_sequence",
    title="XMGD over time: a moving picture, later, backwards, shuffled and still",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=MESO_DEEPFAKES,
            images="faces_easy",
            n_images=320,
            slice_size=20,
        ),
        "paper": Parameters(
            models=MESO_DEEPFAKES,
            images="deepfakes",
            n_images=2000,
            slice_size=20,
            explained=("saliency", "ig"),
            side=64,
            components=10,
            frames=16,
            shift=0.015,
        ),
    },
    split=slice_tasks,
    compute=compute,
    recorded=COLUMNS,
)
