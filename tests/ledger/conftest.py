"""Rows of information points whose curves are known."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

SHARES = np.array([0.01, 0.05, 0.1, 0.3, 0.6])


def score_rows(
    gains: dict[tuple[str, str], float],
    n: int = 40,
    steps: tuple[int, ...] = (128,),
    spread: float = 0.05,
    growth: float = 0.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Rows of `idgi_scores`, one per map.

    Per (model, path) the variant's probability is higher by the gain at every threshold, half of it
    on either side of 0.5, and by `growth` more for every doubling of the steps beyond the first.
    """
    generator = np.random.default_rng(seed)
    found = []
    for model, path in gains:
        level = generator.uniform(0.4, 0.6, size=n) - gains[model, path] / 2
        for count in steps:
            doublings = np.log2(count / steps[0])
            for method in (path, f"{path}+idgi"):
                gain = (gains[model, path] + growth * doublings) * method.endswith("+idgi")
                for image in range(n):
                    noise = spread * generator.normal()
                    inner = np.clip(level[image] + gain + 0.1 * SHARES + noise, 0.05, 0.95)
                    probability = np.concatenate([[0.02], inner, [0.98]])
                    entropy = 1000 + 9000 * np.concatenate([[0], SHARES, [1]])
                    found.append(
                        {
                            "model": model,
                            "path": path,
                            "method": method,
                            "steps": count,
                            "image": image,
                            "probability": inner.mean(),
                            "ratio": inner.mean() / 0.98,
                            "ic_file_size": entropy.astype(np.float32),
                            "ic_ms_ssim": (entropy / 10000).astype(np.float32),
                            "ic_probability": probability.astype(np.float32),
                            "ic_correct": (probability > 0.5).astype(np.float32),
                        }
                    )
    return pd.DataFrame(found).sample(frac=1, random_state=1)


@pytest.fixture
def scores() -> Callable[..., pd.DataFrame]:
    """The maker of such rows."""
    return score_rows
