"""The state of a training, in a file."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from saliency_audit.attributions.relevance.stages import Stage
from saliency_audit.files import refuse_place, replace


@dataclass(frozen=True)
class Position:
    """How far a training is.

    Attributes:
        stage: number of the present one.
        epoch: finished ones of it.
        step: finished ones of the present epoch.
        loss: their sum over pictures.
        random: state of the random numbers within the epoch; None at its beginning.
    """

    stage: int = 0
    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    random: Tensor | None = None


class Checkpoint:
    """A file with the state of one training; does nothing without a path.

    A file of another training is refused, not overwritten.
    """

    def __init__(self, path: str | Path | None, training: str) -> None:
        """`training` tells one training from another: settings, classifier, images."""
        self._path = None if path is None else Path(path)
        if self._path is not None:
            refuse_place(self._path)
        self._key = hashlib.sha256(training.encode()).hexdigest()

    def resume(self, stages: Sequence[Stage], generator: nn.Module) -> Position:
        """Load what there is, and say where to go on.

        Raises:
            ValueError: the file belongs to another training, or is none.
        """
        if self._path is None or not self._path.is_file():
            return Position()
        try:
            stored = torch.load(self._path, map_location="cpu", weights_only=True)
            key = stored["key"]
        except Exception as error:
            raise ValueError(
                f"{self._path} is no checkpoint of a training ({type(error).__name__}); name "
                "another file, or delete this one if it is damaged and no estimator that was saved"
            ) from error
        if key != self._key:
            raise ValueError(
                f"{self._path} is the checkpoint of a training with other settings, another "
                "classifier or other images; delete it or name another file"
            )
        generator.load_state_dict(stored["generator"])
        position = Position(**stored["position"])
        stage = stages[position.stage]
        stage.optimizer.load_state_dict(stored["optimizer"])
        stage.schedule.load_state_dict(stored["schedule"])
        return position

    def keep(self, position: Position, stage: Stage, generator: nn.Module) -> None:
        """Write the state at this position."""
        if self._path is None:
            return
        content = io.BytesIO()
        state = {
            "key": self._key,
            "position": asdict(position),
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
