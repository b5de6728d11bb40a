"""MNIST's files: tiny ones written here, and the real ones where they are."""

import struct

import numpy as np
import pytest
import torch

from saliency_audit.datasets import MissingDataError, open_images, read_batch
from saliency_audit.datasets.mnist import open_mnist


def write(folder, part, pictures, labels):
    folder.mkdir(parents=True, exist_ok=True)
    head = struct.pack(">IIII", 2051, *pictures.shape)
    (folder / f"{part}-images-idx3-ubyte").write_bytes(head + pictures.tobytes())
    head = struct.pack(">II", 2049, len(labels))
    (folder / f"{part}-labels-idx1-ubyte").write_bytes(head + bytes(labels))


@pytest.mark.parametrize("kind", ["MNIST", "FashionMNIST"])
def test_pictures_and_labels_are_those_of_the_files(tmp_path, kind):
    pictures = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    raw = tmp_path / kind / "raw"
    write(raw, "train", pictures, [3, 1, 4, 1, 5])
    write(raw, "t10k", pictures[::-1].copy(), [9, 2, 6, 5, 3])
    train = open_mnist("tiny", kind, tmp_path, "", training=True)
    test = open_mnist("tiny", kind, tmp_path, "", training=False)
    assert train.labels == (3, 1, 4, 1, 5)
    assert test.labels == (9, 2, 6, 5, 3)
    batch = read_batch(train, [4, 0])
    assert batch.images.shape == (2, 1, 28, 28)
    assert batch.labels.tolist() == [5, 3]
    expected = torch.from_numpy(pictures[[4, 0]]).float()[:, None] / 255
    assert torch.equal(batch.images, expected)


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(MissingDataError, match=r"'tiny' cannot be read from .*Ask for it\."):
        open_mnist("tiny", "MNIST", tmp_path, "Ask for it.", training=True)
    raw = tmp_path / "MNIST" / "raw"
    write(raw, "train", np.zeros((2, 28, 28), dtype=np.uint8), [0, 1])
    write(raw, "t10k", np.zeros((2, 28, 28), dtype=np.uint8), [0, 1])
    file = raw / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(MissingDataError, match="cannot be read"):
        open_mnist("tiny", "MNIST", tmp_path, "Ask for it.", training=True)


@pytest.mark.data("mnist_test")
def test_the_real_test_set(data_root):
    images = open_images("mnist_test")
    assert len(images) == 10000
    assert images.labels[:5] == (7, 2, 1, 0, 4)
    counts = np.bincount(images.labels)
    assert counts.tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.data("cifar10_test")
def test_the_real_cifar10(data_root):
    images = open_images("cifar10_test")
    assert len(images) == 10000
    assert np.bincount(images.labels).tolist() == [1000] * 10
    assert read_batch(images, [0, 9999]).images.shape == (2, 3, 32, 32)
