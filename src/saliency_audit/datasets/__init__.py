"""Image sets by name, each with its terms, its layout and how to get it."""

from saliency_audit.datasets.catalog import CATALOG, ImageSet, open_images
from saliency_audit.datasets.decoding import PictureError
from saliency_audit.datasets.images import (
    Batch,
    Images,
    MissingDataError,
    image_seed,
    read_batch,
    read_regions,
    shuffled_indices,
)

__all__ = [
    "CATALOG",
    "Batch",
    "ImageSet",
    "Images",
    "MissingDataError",
    "PictureError",
    "image_seed",
    "open_images",
    "read_batch",
    "read_regions",
    "shuffled_indices",
]
