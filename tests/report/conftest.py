"""Rows of the experiment `idgi_scores` whose scores and curves are known."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

# Complexity and prediction at the start, two thresholds and the end.
ENTROPY = [1000.0, 2000.0, 4000.0, 5000.0]
SIMILARITY = [0.2, 0.4, 0.8, 1.0]


def _score_rows(
    models: Sequence[str] = ("mobilenet_v2",),
    paths: Sequence[str] = ("ig", "gig", "blurig"),
    steps: Sequence[int] = (8, 128),
    n: int = 25,
    gain: float = 0.1,
    already_right: int = 3,
) -> pd.DataFrame:
    """One row per map; IDGI's scores are higher by the gain, by half of it at the fewest steps.

    The first `already_right` images are classified correctly from their start picture.
    """
    generator = np.random.default_rng(0)
    rows = []
    for model in models:
        for path in paths:
            for image in range(n):
                level = generator.uniform(0.3, 0.5)
                for count in steps:
                    extra = gain if count > min(steps) else gain / 2
                    for method in (path, f"{path}+idgi"):
                        score = level + extra * method.endswith("+idgi")
                        right = float(image < already_right)
                        rows.append(
                            {
                                "model": model,
                                "images": "imagenet_sample",
                                "path": path,
                                "method": method,
                                "steps": count,
                                "image": image,
                                "probability": score,
                                "ratio": score / 0.9,
                                "ic_file_size": ENTROPY,
                                "ic_ms_ssim": SIMILARITY,
                                "ic_probability": [0.1, score, score + 0.1, 0.9],
                                "ic_correct": [right, right, 1.0, 1.0],
                            }
                        )
    return pd.DataFrame(rows)


@pytest.fixture
def score_rows() -> Callable[..., pd.DataFrame]:
    """The maker of such rows."""
    return _score_rows


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")
