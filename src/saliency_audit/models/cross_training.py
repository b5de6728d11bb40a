"""k-fold cross-training: one predictor per fold, trained on all other folds and kept on disk."""

import hashlib
import io
import json
import logging
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

import torch
from torch import Tensor, nn

from saliency_audit.datasets import Images, open_images, read_batch, shuffled_indices
from saliency_audit.files import held, replace
from saliency_audit.locations import project_root
from saliency_audit.models.architectures import Architecture, architecture, load_plain
from saliency_audit.models.degradation import with_switched_labels
from saliency_audit.models.folds import stratified_folds
from saliency_audit.models.training import TrainingPlan, predicted_classes, train

# Incremented when the same setting must give other weights.
VERSION = 2

logger = logging.getLogger(__name__)


class _Kept(TypedDict):
    """Contents of the file of a predictor."""

    state: dict[str, Tensor]
    correct: int
    held_out: int
    data: str


@dataclass(frozen=True)
class CrossTraining:
    """What k predictors are trained on, and how; the fields are the whole configuration.

    Attributes:
        images: the image set.
        architecture: see `architectures.architecture`.
        plan: of the training; every fold gets its own seed, `plan.seed` + fold.
        n_images: how many, from the first in the order of the seed; all if None.
        folds: k.
        switched: share of the training labels that are switched.
        dropout: of a ResNet-18.
        seed: of the order of the images, of the folds and of the switched labels.
    """

    images: str
    architecture: str
    plan: TrainingPlan
    n_images: int | None = None
    folds: int = 5
    switched: float = 0.0
    dropout: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class FoldedImages:
    """The images of a cross-training with the fold of each.

    Attributes:
        source: the image set.
        pictures: `(N, C, H, W)` in [0, 1].
        labels: `(N,)` int64.
        indices: position of each image in its set.
        folds: `(N,)` int64.
        unreadable: names of corrupt files, which are left out.
        digest: SHA-256 over pictures and labels.
    """

    source: Images
    pictures: Tensor
    labels: Tensor
    indices: tuple[int, ...]
    folds: Tensor
    unreadable: tuple[str, ...]
    digest: str

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.labels.max()) + 1


@dataclass(frozen=True)
class Predictor:
    """A trained network and its result on its held-out fold.

    Attributes:
        model: in evaluation mode, on the CPU, pixels in [0, 1] to logits.
        correct: images of the held-out fold that it classifies correctly.
        held_out: images of its own fold.
    """

    model: nn.Module
    correct: int
    held_out: int

    @property
    def accuracy(self) -> float:
        """Share of the held-out fold that it classifies correctly."""
        return self.correct / self.held_out


@lru_cache(maxsize=2)
def folded_images(images: str, n_images: int | None, folds: int, seed: int) -> FoldedImages:
    """Read the images of a cross-training and divide them into folds.

    Raises:
        MissingDataError: the image set is not here.
        ValueError: more images requested than there are, or classes with fewer images than folds.
    """
    source = open_images(images)
    if n_images is not None and not 0 < n_images <= len(source):
        raise ValueError(f"{images} has {len(source)} images, {n_images} were asked for")
    batch = read_batch(source, shuffled_indices(source, seed)[:n_images])
    return FoldedImages(
        source=source,
        pictures=batch.images,
        labels=batch.labels,
        indices=batch.indices,
        folds=stratified_folds(batch.labels, folds, seed),
        unreadable=batch.unreadable,
        digest=_digest(batch.images, batch.labels),
    )


def _digest(*tensors: Tensor) -> str:
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(tensor.contiguous().numpy().data)
    return found.hexdigest()


def predictor(
    setting: CrossTraining, fold: int, *, device: torch.device | None = None
) -> Predictor:
    """The predictor that was not trained on a fold: read from disk, or trained and stored there.

    A killed run loses only the predictor that it is training; two runs never train the same one at
    once. Progress goes to this module's logger, epoch by epoch.

    Args:
        setting: what to train on, and how.
        fold: in 0 … k−1.
        device: where to train; the CPU if not given.

    Raises:
        MissingDataError: the image set is not here.
        ValueError: an invalid fold or setting.
    """
    if not 0 <= fold < setting.folds:
        raise ValueError(f"there are folds 0..{setting.folds - 1}, got {fold}")
    data = folded_images(setting.images, setting.n_images, setting.folds, setting.seed)
    built = architecture(
        setting.architecture,
        data.classes,
        data.pictures.shape[1],
        data.pictures.shape[2],
        setting.dropout,
    )
    path = weights_folder(setting) / f"fold-{fold}.pt"
    with held(path.with_name(f".{path.name}.lock"), wait=True):
        found = _read(path, built, data)
        if found is None:
            kept = _train(setting, fold, data, built, device)
            found = _predictor(kept, built)
            path.with_name("setting.json").write_text(json.dumps(asdict(setting), indent=1) + "\n")
            buffer = io.BytesIO()
            torch.save(kept, buffer)
            replace(path, buffer.getvalue())
    return found


def _predictor(kept: _Kept, built: Architecture) -> Predictor:
    return Predictor(load_plain(built, kept["state"]), kept["correct"], kept["held_out"])


def weights_folder(setting: CrossTraining) -> Path:
    """Where the predictors of a setting are kept, one folder per setting."""
    text = json.dumps([VERSION, torch.__version__, asdict(setting)], sort_keys=True)
    tag = hashlib.sha256(text.encode()).hexdigest()[:10]
    name = f"{setting.images}-{setting.architecture}-{tag}"
    return project_root() / "runs" / "weights" / name


def _train(
    setting: CrossTraining,
    fold: int,
    data: FoldedImages,
    built: Architecture,
    device: torch.device | None,
) -> _Kept:
    # Labels are switched before the images are divided: a wrong label is wrong for all predictors.
    labels = with_switched_labels(data.labels, setting.switched, data.classes, seed=setting.seed)
    seen = data.folds != fold
    name = weights_folder(setting).name

    def tell(done: int, epochs: int, loss: float) -> None:
        logger.info("%s, fold %d: epoch %d of %d, loss %.3f", name, fold, done, epochs, loss)

    plan = TrainingPlan(**{**asdict(setting.plan), "seed": setting.plan.seed + fold})

    def build() -> nn.Module:
        # Convolutions are 50 % faster on a CPU in this format.
        return built.trainable().to(memory_format=torch.channels_last)

    trained = train(build, data.pictures[seen], labels[seen], plan, device=device, progress=tell)
    state = {name: value.cpu() for name, value in built.weights(trained).items()}
    own = ~seen
    model = load_plain(built, state).to(device or "cpu")
    answers = predicted_classes(model, data.pictures[own])
    return {
        "state": state,
        "correct": int((answers == data.labels[own]).sum()),
        "held_out": int(own.sum()),
        "data": data.digest,
    }


def _read(path: Path, built: Architecture, data: FoldedImages) -> Predictor | None:
    """The stored predictor; None if there is none, or one of other images or layers."""
    try:
        kept: _Kept = torch.load(path, map_location="cpu", weights_only=True)
        return _predictor(kept, built) if kept["data"] == data.digest else None
    except Exception:  # a damaged file, or one with other contents
        return None
