"""Parameters of experiments on images: networks, image sets, and how many images."""

from dataclasses import dataclass

from saliency_audit.study.validation import validate_fields, validate_models


@dataclass(frozen=True)
class ImageParameters:
    """Parameters of every experiment on images.

    `models` are networks of the catalogue. `images` is the image set; None: each network's own.
    `n_images` is the number of candidates before classification: the first images of the set, in
    an order fixed by `seed`, which also fixes everything that is drawn at random.
    """

    models: tuple[str, ...] = ("shapes_cnn",)
    images: str | None = None
    n_images: int = 24
    seed: int = 0

    def __post_init__(self) -> None:
        validate_models(self.models, self.images)
        validate_fields(self)


@dataclass(frozen=True)
class SliceParameters(ImageParameters):
    """Parameters of an experiment that takes `slice_size` candidates at a time."""

    slice_size: int = 100
