"""Random numbers that belong to an image, not to its place in a batch."""

import hashlib

import torch
from torch import Tensor


def image_generator(image: Tensor, seed: int) -> torch.Generator:
    """A fresh CPU generator seeded by what the image shows and by `seed`.

    The image is hashed as 32-bit floats, so that neither its device nor its storing the same values
    in double precision matters; batch, order and shard cannot. Two equal images draw the same
    numbers. torch's global generators are neither read nor moved.

    Args:
        image: `(C, H, W)`.
        seed: any whole number; another seed, another stream.
    """
    content = image.detach().to("cpu", torch.float32).contiguous().numpy().tobytes()
    digest = hashlib.blake2b(f"{seed}:".encode() + content, digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little"))
