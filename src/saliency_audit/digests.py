"""What identifies the weights of a network."""

import hashlib

from torch import nn


def state_digest(model: nn.Module) -> str:
    """SHA-256 over names and values of all parameters and buffers; identifies the weights."""
    digest = hashlib.sha256()
    for key, value in model.state_dict().items():
        digest.update(key.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
