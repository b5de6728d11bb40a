"""Answers of the sanity checks on rows whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.method_checks import CHECKS, answers

N = 30


def sigma(**values):
    """Rows of `ggig_sigma`: per method the similarities of N images at the highest level."""
    rows = []
    for method, at_the_end in values.items():
        for image in range(N):
            for level, similarity in ((0.0, 1.0), (1.0, at_the_end[image])):
                for sign in ("absolute", "signed"):
                    rows.append(
                        {
                            "model": "digits_cnn",
                            "images": "digits",
                            "method": method,
                            "image": image,
                            "sign": sign,
                            "against": "noise",
                            "level": level,
                            "spearman": similarity if sign == "absolute" else 0.5,
                        }
                    )
    return pd.DataFrame(rows)


def spread(centre, width=0.1):
    return np.linspace(centre - width, centre + width, N)


def only(rows, experiment="ggig_sigma"):
    return {answer.method: answer for answer in answers({experiment: rows})}


def test_a_map_that_stays_fails_and_one_that_goes_passes():
    found = only(sigma(ig=spread(0.1), edge=np.ones(N), rise=spread(0.5)))
    assert {name: answer.passes for name, answer in found.items()} == {
        "ig": True,
        "edge": False,
        "rise": None,
    }
    assert found["ig"].estimate.mean == pytest.approx(0.1)
    assert found["edge"].estimate.low == found["edge"].estimate.high == 1.0
    assert found["ig"].estimate.n == N


def test_values_that_are_undefined_are_counted():
    values = spread(0.1)
    values[:4] = np.nan
    found = only(sigma(gradcam=values, edge=np.full(N, np.nan)))
    assert found["gradcam"].undefined == 4
    assert found["gradcam"].estimate.n == N - 4
    assert found["edge"].estimate is None
    assert found["edge"].passes is None
    assert found["edge"].undefined == N


def test_draws_of_an_image_are_averaged_before_images_are_resampled():
    one = sigma(ig=spread(0.1))
    other = sigma(ig=spread(0.3))
    found = only(pd.concat([one, other]))["ig"]
    assert found.estimate.n == N
    assert found.estimate.mean == pytest.approx(0.2)


def cascade(similarities, how="cascade", model="digits_cnn"):
    return pd.DataFrame(
        {
            "model": model,
            "images": "digits",
            "method": "ig",
            "image": image,
            "sign": "absolute",
            "how": how,
            "stage": stage,
            "spearman": value + 0.001 * image,
        }
        for stage, value in enumerate(similarities, start=1)
        for image in range(N)
    )


def test_the_cascade_counts_where_all_layers_are_random():
    rows = pd.concat([cascade([0.9, 0.8, 0.2]), cascade([0.9, 0.1], model="shapes_cnn")])
    found = answers({"ggig_randomization": rows})
    assert [answer.check for answer in found] == ["all layers random"] * 2
    means = {answer.model: answer.estimate.mean for answer in found}
    middle = 0.001 * (N - 1) / 2
    assert means["digits_cnn"] == pytest.approx(0.2 + middle)
    assert means["shapes_cnn"] == pytest.approx(0.1 + middle)
    one = answers({"ggig_randomization": cascade([0.9, 0.8, 0.2], "independent")})
    assert one[0].check == "one layer random"
    assert one[0].estimate.mean == pytest.approx((0.9 + 0.8 + 0.2) / 3 + middle)
    assert one[0].passes is False


def test_the_share_on_the_background_is_held_against_its_area():
    rows = pd.DataFrame(
        {
            "model": "shapes_cnn",
            "images": "shapes",
            "method": method,
            "image": image,
            "background": background,
            "squares": squares,
            "outside": share + 0.001 * image,
            "area_outside": 0.8,
        }
        for method, share in (("ig", 0.2), ("edge", 0.75))
        for image in range(N)
        for background, squares in (("checkerboard", 14), ("checkerboard", 7), ("none", 0))
    )
    rows.loc[rows["squares"] != 14, "outside"] = 0.0
    found = only(rows, "ggig_background")
    assert found["ig"].passes is True
    assert found["edge"].passes is False
    assert found["ig"].estimate.mean == pytest.approx((0.2 + 0.001 * (N - 1) / 2) / 0.8)


def test_two_baselines_must_give_alike_maps():
    rows = pd.DataFrame(
        {
            "model": "digits_cnn",
            "images": "digits",
            "method": method,
            "image": image,
            "sign": "absolute",
            "first": first,
            "second": second,
            "spearman": value + 0.001 * image if (first, second) == ("black", "white") else 0.0,
        }
        for method, value in (("ig", 0.9), ("ig_product", 0.1))
        for image in range(N)
        for first, second in (("black", "white"), ("black", "blur"), ("black", "input difference"))
    )
    found = only(rows, "ggig_product")
    assert found["ig"].passes is True
    assert found["ig_product"].passes is False


def test_rows_of_something_else_are_refused():
    with pytest.raises(ValueError, match="spearman"):
        answers({"ggig_sigma": sigma(ig=spread(0.1)).drop(columns="spearman")})


def test_no_rows_no_answers():
    assert answers({}) == ()
    assert answers({check.experiment: pd.DataFrame() for check in CHECKS}) == ()
