"""Frames of videos, decoded by OpenCV."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saliency_audit.errors import AuditError, refuse_number, shown

Frame = NDArray[np.uint8]


class VideoError(AuditError, OSError):
    """A video that cannot be used; the message says why, and what to do."""


def read_frames(path: Path | str, count: int) -> list[Frame]:
    """Frames of a video at equal distances, each in the middle of its part.

    Args:
        path: of the video.
        count: of frames.

    Returns:
        `count` RGB pictures `(H, W, 3)`; in a shorter video some are the same.

    Raises:
        VideoError: no such file, one that is no video, or one that OpenCV cannot decode.
        ValueError: no path, or a count that is no whole number ≥ 1.
        ImportError: OpenCV is not installed.
    """
    path = as_path("path", path)
    refuse_number("count", count, "whole")
    try:
        import cv2  # only videos need it
    except ImportError:
        raise ImportError(
            "reading videos needs OpenCV: pip install 'saliency-audit[videos]'"
        ) from None
    if not path.is_file():
        why = ": it is a folder" if path.is_dir() else ""
        raise VideoError(f"there is no video {path}{why}; correct the path, or download it again")
    video = cv2.VideoCapture(str(path))
    try:
        wanted = _middles(int(video.get(cv2.CAP_PROP_FRAME_COUNT)), count)
        found: dict[int, Frame] = {}
        # Read in order: seeking in compressed videos lands on the wrong frame in some codecs.
        for number in range(wanted[-1] + 1 if wanted else 0):
            if not video.grab():
                break
            if number in wanted:
                decoded, frame = video.retrieve()
                if not decoded:
                    break
                found[number] = np.ascontiguousarray(frame[:, :, ::-1])
    finally:
        video.release()
    if not wanted or set(wanted) - set(found):
        raise VideoError(
            f"{path} is unreadable: {len(found)} of {count} frames could be decoded"
            f"{'' if found else ', so it is damaged or no video'}; download it again, or leave it "
            "out of the split file"
        )
    return [found[number] for number in wanted]


def as_path(name: str, value: Path | str) -> Path:
    """A path that a user gave, as one or as a text.

    Raises:
        ValueError: names what is neither.
    """
    if not isinstance(value, Path | str):
        raise ValueError(f"{name} must be a path, got {shown(value)}; give a Path or a string")
    return Path(value)


def _middles(length: int, count: int) -> list[int]:
    return [int((part + 0.5) * length / count) for part in range(count)] if length > 0 else []
