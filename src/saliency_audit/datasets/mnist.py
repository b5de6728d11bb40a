"""MNIST and similar sets, read from the original files with torchvision."""

from pathlib import Path

from saliency_audit.datasets.images import Images, MissingDataError


def open_mnist(name: str, kind: str, folder: Path, how_to_get: str, *, training: bool) -> Images:
    """Open a set of grey pictures `(1, 28, 28)` in [0, 1].

    Args:
        name: the set's name.
        kind: of torchvision's class, which knows the files' names: "MNIST", "FashionMNIST".
        folder: what torchvision calls root.
        how_to_get: instructions for the message if files are missing.
        training: the training part; the test part if not.

    Raises:
        MissingDataError: a file is missing or damaged.
    """
    from torchvision import datasets  # slow to import

    try:
        found = getattr(datasets, kind)(str(folder), train=training, download=False)
    except (RuntimeError, OSError, ValueError) as error:
        raise MissingDataError(
            f"image set {name!r} cannot be read from {folder} ({error}). {how_to_get}"
        ) from None
    pictures = found.data[:, None]
    return Images(
        name=name,
        names=tuple(str(index) for index in range(len(pictures))),
        labels=tuple(found.targets.tolist()),
        read=lambda index: pictures[index].float() / 255,
    )
