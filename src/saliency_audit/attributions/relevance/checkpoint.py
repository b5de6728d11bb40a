"""The state of a training, in a file."""

import hashlib
import io
from collections.abc import Callable, Sequence
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

    def __init__(self, path: str | Path | None, training: str, pictures: Callable[[], str]) -> None:
        """A checkpoint at a path, or none.

        Args:
            path: of the file.
            training: tells one training from another: settings and classifier.
            pictures: gives the digest of pictures and targets, for which all are read.
        """
        self._path = None if path is None else Path(path)
        if self._path is not None:
            refuse_place(self._path)
        self._key = hashlib.sha256(training.encode()).hexdigest()
        self._digest, self._pictures = pictures, ""

    def resume(self, stages: Sequence[Stage], generator: nn.Module) -> Position:
        """Load what there is, and say where to go on.

        Raises:
            ValueError: the file belongs to another training, or is none.
        """
        if self._path is None:
            return Position()
        if not self._path.is_file():
            self._pictures = self._digest()
            return Position()
        try:
            stored = torch.load(self._path, map_location="cpu", weights_only=True)
            key, pictures = stored["key"], stored["pictures"]
        except Exception as error:
            raise ValueError(
                f"{self._path} is no checkpoint of a training ({type(error).__name__}); name "
                "another file, or delete this one if it is damaged and no estimator that was saved"
            ) from error
        if key != self._key:
            raise ValueError(
                f"{self._path} is the checkpoint of a training with other settings or another "
                "classifier; delete it or name another file"
            )
        self._pictures = self._digest()
        if pictures != self._pictures:
            raise ValueError(
                f"{self._path} was begun on other pictures or targets: some have changed since, or "
                "their number or order has; give those that it was begun on, or delete it to begin "
                "anew"
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
            "pictures": self._pictures,
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
