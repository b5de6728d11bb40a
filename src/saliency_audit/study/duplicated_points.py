"""XMGD as its paper describes it: points are duplicated, scikit-learn fits them, POT compares.

Slow on purpose: what our fit of weighted points is compared and timed with.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saliency_audit.metrics import MultiScale, WeightedMixture
from saliency_audit.metrics.windows import WINDOWS

Array = NDArray[np.float64]
# Means, covariances and weights, as `mixture_wasserstein` takes them.
Mixture = tuple[Array, Array, Array]


def fit_duplicates(
    points: Array, start: WeightedMixture | None = None, **settings: Any
) -> WeightedMixture:
    """scikit-learn's EM on points of which some may be equal.

    Args:
        points: `(n, d)`.
        start: a single mixture; k-means, as scikit-learn has it, if not given.
        settings: further ones of `GaussianMixture`.

    Returns:
        The single mixture.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture  # slow to import

    model = GaussianMixture(**settings, **({} if start is None else _beginning(start)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said by `converged`
        model.fit(points)
    parts = (model.weights_, model.means_, model.covariances_, model.lower_bound_)
    found = [torch.from_numpy(np.asarray(part, dtype=np.float64))[None] for part in parts]
    weights, means, covariances, likelihood = found
    converged = torch.tensor([model.converged_])
    return WeightedMixture(weights, means, covariances, likelihood, converged)


def _beginning(start: WeightedMixture) -> Mapping[str, Any]:
    return {
        "n_components": start.weights.shape[1],
        "weights_init": start.weights[0].numpy(),
        "means_init": start.means[0].numpy(),
        "precisions_init": np.linalg.inv(start.covariances[0].numpy()),
    }


def duplicated_xmgd(first: Tensor, second: Tensor, settings: MultiScale) -> float:
    """XMGD of two maps, the way that §3.1 to §3.3 describe.

    Args:
        first: `(H, W)`, ≥ 0 and not constant.
        second: the same.
        settings: of which components, width, kernels, window, seed, iterations, tolerance and floor
            are used; a width must be given, since points are duplicated.

    Returns:
        The mean over the levels of MW₂².
    """
    if settings.width is None:
        raise ValueError("points cannot be duplicated without a width")
    terms = []
    for side in settings.kernels:
        pair = [
            fit_duplicates(
                duplicates(_filtered(each.double().numpy(), side, settings.window), settings.width),
                n_components=settings.components,
                random_state=settings.seed,
                max_iter=settings.iterations,
                tol=settings.tolerance,
                reg_covar=settings.floor,
            )
            for each in (first, second)
        ]
        terms.append(transport_by_pot(*map(as_arrays, pair)))
    return float(np.mean(terms))


def as_arrays(mixture: WeightedMixture) -> Mixture:
    """A single mixture as `mixture_wasserstein` takes it."""
    means, covariances, weights = mixture.means, mixture.covariances, mixture.weights
    return means[0].numpy(), covariances[0].numpy(), weights[0].numpy()


def transport_by_pot(first: Mixture, second: Mixture) -> float:
    """MW₂² of two mixtures by POT."""
    from ot.gmm import gmm_ot_loss  # POT imports every array library it finds: only when needed

    return float(gmm_ot_loss(*(part for pair in zip(first, second, strict=True) for part in pair)))


def duplicates(saliency: Array, width: float) -> Array:
    """⌊s/b⌋ copies of the centre of every pixel of a map, on the unit square: `(n, 2)`.

    Args:
        saliency: `(H, W)`; scaled to [0, 1] here.
        width: b.
    """
    height, across = saliency.shape
    unit = (saliency - saliency.min()) / np.ptp(saliency)
    # A value one rounding step below a whole number of widths counts as that number.
    counts = np.floor(unit / width + 1e-9).astype(np.int64)
    y, x = np.mgrid[:height, :across]
    centres = np.stack([(x + 0.5) / across, (y + 0.5) / height], axis=-1)
    return np.repeat(centres.reshape(-1, 2), counts.ravel(), axis=0)


def _filtered(saliency: Array, side: int, window: str) -> Array:
    from scipy import ndimage

    weights = WINDOWS[window](side).numpy()
    across = ndimage.correlate1d(saliency, weights, axis=1, mode="mirror")
    found: Array = ndimage.correlate1d(across, weights, axis=0, mode="mirror")
    return found
