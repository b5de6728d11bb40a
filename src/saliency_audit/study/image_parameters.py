"""What experiments on images are asked for: networks, image sets, and how many images."""

from dataclasses import dataclass

from saliency_audit.study.validation import validate_fields, validate_models


@dataclass(frozen=True)
class ImageParameters:
    """Parameters of every experiment on images.

    `models` are networks of the catalogue; `images` is the image set, every network's own if None.
    `n_images` counts candidates, before classification: the first so many of the set in the order
    of the `seed`, which also fixes what is drawn at random.
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
