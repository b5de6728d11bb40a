"""Random numbers that depend on the image, not on its position in a batch."""

import hashlib

import torch
from torch import Tensor


def image_generator(image: Tensor, seed: int) -> torch.Generator:
    """A fresh CPU generator, seeded by the pixels of the image and `seed`.

    The pixels are hashed as 32-bit floats, so that device and precision make no difference, nor do
    batch, order or shard. Equal images draw the same numbers. torch's global generators are neither
    used nor changed.

    Args:
        image: `(C, H, W)`.
        seed: any integer; different seeds give different streams.
    """
    content = image.detach().to("cpu", torch.float32).contiguous().numpy().tobytes()
    digest = hashlib.blake2b(f"{seed}:".encode() + content, digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little"))
