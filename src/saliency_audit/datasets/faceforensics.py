"""FaceForensics++ (Rössler et al. 2019) in its official layout: videos in, crops of faces out.

```
original_sequences/youtube/c23/videos/000.mp4
manipulated_sequences/Deepfakes/c23/videos/000_003.mp4     (target, source)
manipulated_sequences/Deepfakes/masks/videos/000_003.mp4   (optional)
splits/train.json, val.json, test.json                     ([["000", "003"], …])
```
"""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saliency_audit.datasets.face_boxes import Square, enlarged, find_face
from saliency_audit.datasets.faces import FORGED, REAL, SIDE
from saliency_audit.datasets.images import Images, missing, read_scaled
from saliency_audit.datasets.videos import Frame, VideoError, as_path, read_frames
from saliency_audit.errors import listed, refuse_number, refuse_other_type, refuse_unknown
from saliency_audit.files import replace

# The folders of the five generators, by their names in the catalogue.
GENERATORS = {
    "deepfakes": "Deepfakes",
    "face2face": "Face2Face",
    "faceshifter": "FaceShifter",
    "faceswap": "FaceSwap",
    "neuraltextures": "NeuralTextures",
}
ORIGINALS = Path("original_sequences/youtube")
PARTS = ("train", "val", "test")
# Frames that are taken from a video.
FRAMES = 10
# The side of a crop in sides of the face's square, as in the paper that made the videos.
MARGIN = 1.3


@dataclass(frozen=True)
class _Video:
    """A video of the set: its place below the root without its ending, and its class."""

    place: Path
    label: int
    mask: Path | None = None


def open_faceforensics(
    name: str,
    root: Path | str,
    generator: str,
    part: str,
    how_to_get: str,
    *,
    frames: int = FRAMES,
    side: int = SIDE,
    compression: str = "c23",
) -> Images:
    """Real faces (class 1) and those of a generator (class 0), a few frames of each video.

    The first time that a frame is read, its video is decoded, the face is looked for in each of its
    frames, and the crops are kept in `<root>_faces`. Where the face is not found in a frame, its
    place in the nearest frame counts. Regions are the official masks, where these are there.

    Args:
        name: the set's name.
        root: holds the official folders, and `splits`.
        generator: of `GENERATORS`.
        part: "train", "val" or "test".
        how_to_get: instructions for messages.
        frames: taken from each video.
        side: pixels per side.
        compression: of the videos, as the folder is called.

    Returns:
        The set, whose `read` raises `VideoError` for an unreadable video, or one without a face.

    Raises:
        MissingDataError: a folder, a video or the split file is missing, or the file is malformed.
        ValueError: an unknown generator or part, numbers that are not whole and ≥ 1, or what is no
            text or path.
    """
    texts = {"name": name, "how_to_get": how_to_get, "compression": compression}
    for argument, text in texts.items():
        refuse_other_type(argument, text, str, "give a string")
    refuse_unknown("generator", generator, GENERATORS)
    refuse_unknown("part", part, PARTS)
    for argument, number in (("frames", frames), ("side", side)):
        refuse_number(argument, number, "whole")
    root = as_path("root", root)
    fault = partial(missing, name, how_to_get)
    method = Path("manipulated_sequences") / GENERATORS[generator]
    folders = [ORIGINALS / compression / "videos", method / compression / "videos"]
    for folder in folders:
        if not (root / folder).is_dir():
            raise fault(f"there is no folder {root / folder}{_what_there_is(root / folder)}")
    pairs = _pairs(root / "splits" / f"{part}.json", fault)
    videos = []
    for pair in pairs:
        for video, other in (pair, pair[::-1]):
            forged = f"{video}_{other}"
            mask = method / "masks" / "videos" / f"{forged}.mp4"
            videos.append(_Video(folders[0] / video, REAL))
            videos.append(
                _Video(folders[1] / forged, FORGED, mask if (root / mask).is_file() else None)
            )
    if absent := [
        each.place for each in videos if not (root / each.place).with_suffix(".mp4").is_file()
    ]:
        raise fault(
            f"{len(absent)} of {len(videos)} videos of the {part} part are not in {root}, the "
            f"first is {absent[0]}.mp4"
        )
    cache = root.with_name(f"{root.name}_faces")

    def place(index: int) -> tuple[_Video, Path, int]:
        number, frame = divmod(index, frames)
        video = videos[number]
        return video, cache / f"{frames}x{side}" / video.place, frame

    def read(index: int) -> Tensor:
        video, folder, frame = place(index)
        crop = folder / f"{frame}.png"
        if not crop.is_file():
            _crop(root / video.place.with_suffix(".mp4"), folder, frames, side)
        return read_scaled(crop, side)

    def region(index: int) -> Tensor:
        video, folder, frame = place(index)
        if video.label == REAL:
            return torch.zeros(side, side, dtype=torch.bool)
        read(index)  # so that the squares are there
        assert video.mask is not None
        square = json.loads((folder / "squares.json").read_text())[frame]
        mask = _cropped(read_frames(root / video.mask, frames)[frame], square, side)
        return torch.from_numpy(np.asarray(mask.convert("L")) > 127)

    has_masks = all(video.mask for video in videos if video.label == FORGED)
    return Images(
        name=name,
        names=tuple(f"{video.place}/{frame}" for video in videos for frame in range(frames)),
        labels=tuple(video.label for video in videos for _ in range(frames)),
        read=read,
        region=region if has_masks else None,
        regions_missing=""
        if has_masks
        else f"masks of some videos are not in {root / method / 'masks' / 'videos'}. {how_to_get}",
    )


def _what_there_is(folder: Path) -> str:
    """What the nearest folder above holds, for who has renamed something."""
    above = next((parent for parent in folder.parents if parent.is_dir()), folder)
    held = sorted(path.name for path in above.glob("*"))
    return f"; {above} holds {listed(held) or 'nothing'}"


def _pairs(path: Path, fault: Callable[[str], Exception]) -> list[tuple[str, str]]:
    """Pairs of an official split file."""
    if not path.is_file():
        raise fault(
            f"there is no split file {path}; take it from the folder dataset/splits of "
            "github.com/ondyari/FaceForensics"
        )
    try:
        pairs = [(first, second) for first, second in json.loads(path.read_text())]
    except (ValueError, TypeError):
        pairs = []
    if not pairs or not all(isinstance(name, str) for pair in pairs for name in pair):
        raise fault(f'{path} is damaged: a list of pairs of videos is expected, [["000", "003"]]')
    return pairs


def _crop(video: Path, folder: Path, count: int, side: int) -> None:
    """Keep the faces of a video, and where they were."""
    frames = read_frames(video, count)
    squares = _squares(frames, video)
    folder.mkdir(parents=True, exist_ok=True)
    replace(folder / "squares.json", json.dumps(squares).encode())
    for number, (frame, square) in enumerate(zip(frames, squares, strict=True)):
        content = io.BytesIO()
        _cropped(frame, square, side).save(content, "PNG")
        replace(folder / f"{number}.png", content.getvalue())


def _squares(frames: Sequence[Frame], video: Path) -> list[Square]:
    """The square around the face in every frame."""
    found = [find_face(frame) for frame in frames]
    there = [number for number, square in enumerate(found) if square is not None]
    if not there:
        raise VideoError(
            f"{video}: no face was found in any of {len(frames)} frames; look at it, or leave it "
            "out of the split file"
        )
    squares = []
    for number, frame in enumerate(frames):
        square = found[min(there, key=lambda other: abs(other - number))]
        assert square is not None
        squares.append(enlarged(square, MARGIN, (frame.shape[1], frame.shape[0])))
    return squares


def _cropped(frame: Frame, square: Square, side: int) -> Image.Image:
    left, top, length = square
    part = Image.fromarray(frame).crop((left, top, left + length, top + length))
    return part.resize((side, side), Image.Resampling.BILINEAR)
