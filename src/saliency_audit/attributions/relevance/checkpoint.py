"""The state of a training after its last finished epoch, in a file."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from saliency_audit.attributions.relevance.stages import Stage
from saliency_audit.files import replace


class Checkpoint:
    """A file with the state of one training; does nothing without a path.

    A file of another training is refused, not overwritten.
    """

    def __init__(self, path: str | Path | None, training: str) -> None:
        """`training` tells one training from another: settings, classifier, number of images."""
        self._path = None if path is None else Path(path)
        self._key = hashlib.sha256(training.encode()).hexdigest()

    def resume(self, stages: Sequence[Stage], generator: nn.Module) -> tuple[int, int]:
        """Load what there is; the stage to go on with, and how many of its epochs are done.

        Raises:
            ValueError: the file belongs to another training, or is none.
        """
        if self._path is None or not self._path.is_file():
            return 0, 0
        try:
            stored = torch.load(self._path, map_location="cpu", weights_only=True)
            key = stored["key"]
        except Exception as error:
            raise ValueError(
                f"{self._path} is no checkpoint of a training ({type(error).__name__}); delete it "
                "or name another file"
            ) from error
        if key != self._key:
            raise ValueError(
                f"{self._path} is the checkpoint of a training with other settings, another "
                "classifier or other images; delete it or name another file"
            )
        generator.load_state_dict(stored["generator"])
        stage = stages[stored["stage"]]
        stage.optimizer.load_state_dict(stored["optimizer"])
        stage.schedule.load_state_dict(stored["schedule"])
        return stored["stage"], stored["done"]

    def keep(self, number: int, done: int, stage: Stage, generator: nn.Module) -> None:
        """Write the state after an epoch."""
        if self._path is None:
            return
        content = io.BytesIO()
        state = {
            "key": self._key,
            "stage": number,
            "done": done,
            "generator": generator.state_dict(),
            "optimizer": stage.optimizer.state_dict(),
            "schedule": stage.schedule.state_dict(),
        }
        torch.save(state, content)
        replace(self._path, content.getvalue())

    def remove(self) -> None:
        """Delete the file of a training that is done."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
