"""The numbers of the released scale: one mean over all images, and what cancelled maps do to it."""

import math

import numpy as np
import pandas as pd
import pytest

from saliency_audit.report.figures.idgi.jpeg_released import pooled, released_table


def test_pooled_is_the_logarithm_of_one_mean():
    errors = np.array([1e-4, 1e-2, 9.0])
    expected = -math.log(errors.mean())
    assert pooled(pd.Series(-np.log(errors))) == pytest.approx(expected)
    assert pooled(pd.Series([*-np.log(errors), np.inf, np.nan])) == pytest.approx(expected)
    assert pooled(pd.Series([-2000.0, 0.0])) == pytest.approx(-2000 + math.log(2))
    assert math.isnan(pooled(pd.Series([], dtype=float)))


def test_one_cancelled_map_makes_the_number_of_its_method():
    errors = {"gig": [1e-3] * 29 + [1e6], "gig+idgi": [1e-3] * 30}
    rows = pd.DataFrame(
        {
            "model": "vgg16",
            "method": method,
            "steps": 32,
            "scale": scale,
            "image": image,
            "uncancelled": 1e-4 if error > 1 else 0.5,
            "value": -math.log(error) if scale == "signed_sum" else 0.0,
        }
        for method, values in errors.items()
        for scale in ("raw", "signed_sum")
        for image, error in enumerate(values)
    )
    table = released_table({"recorded": rows})
    base, idgi = (table.loc["recorded", "VGG16", name] for name in ("Guided IG", "Guided IG+IDGI"))
    assert base["−ln of the mean MSE"] == f"−{math.log(1e6 / 30):.2f}"
    assert base["maps that cancel"] == "1 of 30"
    assert idgi["maps that cancel"] == "0 of 30"
    same = "the same without maps that cancel"
    assert base[same] == idgi[same] == idgi["−ln of the mean MSE"] == f"{-math.log(1e-3):.2f}"
