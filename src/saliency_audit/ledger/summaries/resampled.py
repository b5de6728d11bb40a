"""A statistic of the images themselves, with the interval of resampled images."""

import numpy as np
import pandas as pd

from saliency_audit.ledger.resampling import estimate_from
from saliency_audit.ledger.statistics import Estimate


def with_resamples(values: pd.Series, n: int) -> Estimate:
    """The value of draw 0, with the 95 % interval of the other draws.

    Args:
        values: by draw; 0 is the images themselves.
        n: images that they rest on.

    Returns:
        The ends are NaN without other draws, the value too without draw 0.
    """
    draws = values[values.index > 0].to_numpy(dtype=float)
    if 0 not in values.index or not len(draws):
        return Estimate.without_interval(float(values.get(0, np.nan)), n)
    return estimate_from(float(values[0]), draws, n)
