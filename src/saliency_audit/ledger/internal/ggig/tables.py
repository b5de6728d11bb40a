"""The printed scores of the GGIG paper, by method."""

import pandas as pd

METHODS = {
    "saliency": "GRAD",
    "ig": "IG",
    "ggig": "GGIG",
    "edge": "Edge",
    "random": "Random",
}


def column(frame: pd.DataFrame, **where: str) -> dict[str, float]:
    """Printed values by method, of the cells with these keys."""
    for key, value in where.items():
        frame = frame[frame[key] == value]
    return {METHODS[method]: value for method, value in zip(frame.method, frame.value, strict=True)}
