"""Frames of videos, decoded by OpenCV."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saliency_audit.errors import AuditError

Frame = NDArray[np.uint8]


class VideoError(AuditError, OSError):
    """A video that cannot be used; the message says why, and what to do."""


def read_frames(path: Path, count: int) -> list[Frame]:
    """Frames of a video at equal distances, each in the middle of its part.

    Args:
        path: of the video.
        count: of frames.

    Returns:
        `count` RGB pictures `(H, W, 3)`; in a shorter video some are the same.

    Raises:
        VideoError: no such file, or one that OpenCV cannot decode.
        ImportError: OpenCV is not installed.
    """
    try:
        import cv2  # only videos need it
    except ImportError:
        raise ImportError(
            "reading videos needs OpenCV: pip install 'saliency-audit[videos]'"
        ) from None
    if not path.is_file():
        raise VideoError(f"there is no video {path}; download it again")
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
            f"{path} is unreadable: {len(found)} of {count} frames could be decoded; download it "
            "again, or leave it out of the split file"
        )
    return [found[number] for number in wanted]


def _middles(length: int, count: int) -> list[int]:
    return [int((part + 0.5) * length / count) for part in range(count)] if length > 0 else []
