"""Where a curve reaches its limit, and how sure that is."""

import numpy as np
import pandas as pd

from saliency_audit.ledger.summaries.noise_limits import reached, reached_in_resamples


def test_the_limit_is_reached_where_a_curve_stays_near_it():
    means = pd.Series({0.0: 1.0, 0.25: 0.3, 0.5: 0.5, 0.75: 0.33, 1.0: 0.2})
    assert reached(means, 0.3, 0.05) == 0.75
    assert reached(means, 0.3, 0.25) == 0.25
    assert reached(means, 1.0, 0.05) == 0.0
    assert reached(means, 0.1, 0.05) is None
    assert reached(means, 0.3, 0.05, two_sided=True) is None
    assert reached(means, float("nan"), 0.05) is None
    assert reached(pd.Series({0.0: 1.0, 0.5: 0.3, 1.0: float("nan")}), 0.3, 0.05) is None


def test_where_the_limit_is_reached_depends_on_images_and_draws():
    limit = pd.DataFrame({0: [0.3]})
    sure = {
        level: pd.DataFrame([[mean] * 3] * 8) for level, mean in ((0, 1.0), (0.5, 0.3), (1, 0.3))
    }
    assert reached_in_resamples(sure, limit, 0.05) == (0.5, 0.5)
    assert reached_in_resamples(sure, pd.DataFrame({0: [0.1]}), 0.05) == (np.inf, np.inf)
    # Half of the images stay up at 0.5: their mean is near the limit in some resamples only.
    torn = {**sure, 0.5: pd.DataFrame([[0.3] * 3] * 4 + [[0.4] * 3] * 4)}
    assert reached_in_resamples(torn, limit, 0.05) == (0.5, 1.0)
    # One draw of three stays up at the last level, for all images.
    one = {**sure, 1: pd.DataFrame([[0.3, 0.3, 0.6]] * 8)}
    assert reached_in_resamples(one, limit, 0.05) == (0.5, np.inf)
    undefined = {**sure, 1: pd.DataFrame([[np.nan] * 3] * 8)}
    assert reached_in_resamples(undefined, limit, 0.05) == (np.inf, np.inf)
    assert reached_in_resamples(sure, limit * np.nan, 0.05) == (np.inf, np.inf)
    unsure = pd.DataFrame([[0.3, 0.1]] * 8)
    assert reached_in_resamples(sure, unsure, 0.05) == (0.5, np.inf)
