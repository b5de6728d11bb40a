"""Answers of the sanity checks on rows whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.sanity_checks import SANITY_CHECKS, Finding, answers, declared_parameters
from saliency_audit.ledger.schema import load_claims

N = 30
DECLARED = {
    "GG-SIGMA": {
        "sign": "absolute",
        "level": 1.0,
        "score_margin": 0.05,
        "images_per_comparison": 20,
    },
    "GG-RANDOM": {"sign": "absolute", "images_per_comparison": 20},
    "GG-BACKGROUND": {"background": "checkerboard", "squares": 14, "images_per_comparison": 20},
    "GG-PRODUCT": {"sign": "absolute", "agreement": 0.9, "images_per_comparison": 20},
}


def spread(centre, width=0.1, n=N):
    return np.linspace(centre - width, centre + width, n)


def sigma(probability=0.1, classes=10, **values):
    """Rows of `ggig_sigma`: per method similarities under noise and to an unrelated network."""
    rows = []
    for method, (under_noise, unrelated) in values.items():
        for image, similarity in enumerate(under_noise):
            # At the other levels and in signed maps stands something else.
            found = [("noise", 0.0, 1.0), ("noise", 1.0, similarity), ("noise", 2.0, 0.5)]
            if unrelated is not None:
                found.append(("unrelated", np.nan, unrelated[image]))
            for against, level, value in found:
                for sign in ("absolute", "signed"):
                    rows.append(
                        {
                            "model": "digits_cnn",
                            "images": "digits",
                            "method": method,
                            "image": image,
                            "sign": sign,
                            "against": against,
                            "level": level,
                            "draw": 0,
                            "probability": probability if level == 1.0 else 0.99,
                            "classes": classes,
                            "spearman": value if sign == "absolute" else 0.5,
                        }
                    )
    return pd.DataFrame(rows)


def only(rows, experiment="ggig_sigma"):
    return {answer.method: answer for answer in answers({experiment: rows}, DECLARED)}


def test_the_limit_lies_halfway_between_a_method_s_own_floor_and_1():
    floor = np.full(N, 0.6)
    found = only(
        sigma(
            ig=(spread(0.72), floor),
            deeplift=(spread(0.88), floor),
            rise=(spread(0.8), floor),
            # Above ½ and still like an unrelated network's; below ½ and far above its floor.
            saliency=(spread(0.6), floor),
            gig=(spread(0.45), np.full(N, -0.6)),
        )
    )
    assert {name: answer.finding for name, answer in found.items()} == {
        "ig": Finding.PASSES,
        "deeplift": Finding.FAILS,
        "rise": Finding.UNDECIDED,
        "saliency": Finding.PASSES,
        "gig": Finding.FAILS,
    }
    assert found["ig"].estimate.value == pytest.approx((0.72 - 0.6) / 0.4)
    assert found["rise"].estimate.value == pytest.approx(0.5)
    assert found["saliency"].estimate.value == pytest.approx(0)
    assert found["gig"].estimate.value == pytest.approx(1.05 / 1.6)
    assert found["ig"].similarity.value == pytest.approx(0.72)
    assert found["ig"].floor == pytest.approx(0.6)
    assert found["ig"].n == found["ig"].estimate.n == N


def test_what_is_kept_is_a_ratio_of_sums_with_a_bootstrap_over_images():
    similarity, floor = spread(0.5), spread(0.2, 0.15)[::-1]
    found = only(sigma(ig=(similarity, floor)))["ig"].estimate
    assert found.value == pytest.approx((similarity - floor).sum() / (1 - floor).sum())
    drawn = np.random.default_rng(3).integers(N, size=(4000, N))
    ratios = (similarity - floor)[drawn].sum(axis=1) / (1 - floor)[drawn].sum(axis=1)
    assert [found.low, found.high] == pytest.approx(np.quantile(ratios, [0.025, 0.975]), abs=0.01)


def test_a_floor_too_high_for_any_map_to_pass_tells_nothing():
    found = only(
        sigma(
            edge=(np.ones(N), np.ones(N)),
            deeplift=(spread(0.94, 0.01), np.full(N, 0.91)),
            gig=(spread(0.91, 0.01), np.full(N, 0.89)),
        )
    )
    assert found["edge"].finding is found["deeplift"].finding is Finding.CANNOT_TELL
    assert found["edge"].estimate is None
    assert found["deeplift"].floor == pytest.approx(0.91)
    assert found["gig"].finding is Finding.PASSES


def test_without_a_floor_the_value_stands_without_a_verdict():
    values = spread(0.1)
    values[0] = np.nan
    found = only(sigma(ig=(values, None)))["ig"]
    assert found.finding is Finding.NO_FLOOR
    assert found.similarity.value == pytest.approx(np.nanmean(values))
    assert (found.n, found.undefined) == (N - 1, 1)
    assert found.floor is found.estimate is None


@pytest.mark.parametrize(
    ("probability", "finding"),
    [
        (0.1, Finding.PASSES),
        (0.149, Finding.PASSES),
        (0.051, Finding.PASSES),
        (0.151, Finding.DOES_NOT_APPLY),
        (0.049, Finding.DOES_NOT_APPLY),
    ],
)
def test_a_network_that_has_not_forgotten_tells_nothing_of_a_method(probability, finding):
    rows = sigma(probability=probability, ig=(spread(0.1), np.zeros(N)), edge=(np.ones(N),) * 2)
    found = only(rows)
    assert found["ig"].finding is finding
    assert found["ig"].score.probability.value == pytest.approx(probability)
    assert found["ig"].score.chance == 0.1
    assert (found["edge"].finding is Finding.DOES_NOT_APPLY) == (finding is Finding.DOES_NOT_APPLY)


def test_the_whole_interval_of_the_score_must_be_near_chance():
    rows = sigma(ig=(spread(0.1), np.zeros(N)))
    # The mean is 1/C, a sure answer for one image in ten.
    rows["probability"] = np.where(rows["image"] % 10 == 0, 1.0, 0.0)
    found = only(rows)["ig"]
    assert found.score.probability.value == pytest.approx(0.1)
    assert found.finding is Finding.DOES_NOT_APPLY


def test_values_that_are_undefined_are_counted():
    values, floor = spread(0.1), np.zeros(N)
    values[:4] = np.nan
    floor[2:6] = np.nan
    rows = sigma(gradcam=(values, floor), edge=(np.full(N, np.nan), floor))
    found = only(rows)
    assert (found["gradcam"].n, found["gradcam"].undefined) == (N - 6, 6)
    asked = (rows["against"] == "unrelated") | (rows["level"] == 1)
    mine = rows[(rows["method"] == "gradcam") & (rows["sign"] == "absolute") & asked]
    pairs = mine["spearman"]
    assert found["gradcam"].undefined_pairs == pytest.approx(pairs.isna().mean())
    assert found["gradcam"].undefined_pairs > 0
    assert found["gradcam"].estimate.value == pytest.approx(values[6:].mean())
    assert found["edge"].finding is Finding.UNDECIDED
    assert found["edge"].estimate is found["edge"].similarity is found["edge"].floor is None
    assert found["edge"].undefined == N


def test_few_images_decide_nothing():
    twenty, nineteen = np.full(20, 0.1), np.full(19, 0.1)
    assert only(sigma(ig=(twenty, np.zeros(20))))["ig"].finding is Finding.PASSES
    assert only(sigma(ig=(nineteen, np.zeros(19))))["ig"].finding is Finding.UNDECIDED
    single = np.full(21, np.nan)
    single[0] = 0.607
    found = only(sigma(gradcam=(single, np.zeros(21))))["gradcam"]
    assert found.finding is Finding.UNDECIDED
    assert (found.n, found.undefined) == (1, 20)


@pytest.mark.parametrize(("undefined", "finding"), [(25, Finding.PASSES), (26, Finding.UNDECIDED)])
def test_nothing_is_decided_where_most_images_have_no_value(undefined, finding):
    values = np.concatenate([np.full(25, 0.1), np.full(undefined, np.nan)])
    found = only(sigma(gradcam=(values, np.zeros(len(values)))))["gradcam"]
    assert found.n == 25
    assert found.finding is finding


def test_draws_of_an_image_are_averaged_before_images_are_resampled():
    one = sigma(ig=(spread(0.1), np.full(N, 0.1)))
    other = sigma(ig=(spread(0.3), np.full(N, -0.1))).assign(draw=1)
    found = only(pd.concat([one, other]))["ig"]
    assert found.estimate.n == N
    assert found.estimate.value == pytest.approx(0.2)


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
            "spearman": value,
        }
        for stage, value in enumerate(similarities, start=1)
        for image in range(N)
    )


def test_one_random_layer_is_held_against_all_layers_random():
    rows = pd.concat(
        [
            cascade([0.9, 0.8, 0.2]),
            cascade([0.3, 0.1], model="shapes_cnn"),
            cascade([0.9, 0.4, 0.3], "independent"),
        ]
    )
    found = {
        (answer.check, answer.model): answer
        for answer in answers({"ggig_randomization": rows}, DECLARED)
    }
    expected = {
        ("last layer random", "digits_cnn"): (0.9, 0.2, Finding.FAILS),
        ("last layer random", "shapes_cnn"): (0.3, 0.1, Finding.PASSES),
        ("one layer random", "digits_cnn"): (1.6 / 3, 0.2, Finding.PASSES),
    }
    assert list(found) == list(expected)
    for key, (similarity, floor, finding) in expected.items():
        assert found[key].similarity.value == pytest.approx(similarity)
        assert found[key].floor == pytest.approx(floor)
        assert found[key].estimate.value == pytest.approx((similarity - floor) / (1 - floor))
        assert found[key].finding is finding


def test_single_layers_without_a_cascade_have_no_floor():
    found = answers({"ggig_randomization": cascade([0.9, 0.8], "independent")}, DECLARED)
    assert [answer.finding for answer in found] == [Finding.NO_FLOOR]


def background(shares, areas):
    return pd.DataFrame(
        {
            "model": "shapes_cnn",
            "images": "shapes",
            "method": method,
            "image": image,
            "background": kind,
            "squares": squares,
            "outside": share[image] if squares == 14 else 0.0,
            "area_outside": areas[image],
        }
        for method, share in shares.items()
        for image in range(N)
        for kind, squares in (("checkerboard", 7), ("checkerboard", 14), ("none", 0))
    )


def test_the_share_on_the_background_is_held_against_its_area():
    shares = {"ig": spread(0.2), "edge": spread(0.75), "gradcam": spread(0.2)}
    shares["gradcam"][:3] = np.nan
    found = only(background(shares, np.full(N, 0.8)), "ggig_background")
    assert found["ig"].finding is Finding.PASSES
    assert found["edge"].finding is Finding.FAILS
    assert found["ig"].estimate.value == pytest.approx(0.25)
    assert (found["gradcam"].n, found["gradcam"].undefined) == (N - 3, 3)


def test_narrow_backgrounds_do_not_decide():
    """Three images whose background is 1 % of the area, and holds a tenth of the map."""
    areas, share = np.full(N, 0.8), np.full(N, 0.16)
    areas[:3], share[:3] = 0.01, 0.1
    found = only(background({"ig": share}, areas), "ggig_background")["ig"]
    assert (share / areas).mean() > 1
    assert found.estimate.value == pytest.approx((27 * 0.16 + 3 * 0.1) / (27 * 0.8 + 3 * 0.01))
    assert found.finding is Finding.PASSES


def baselines(**values):
    return pd.DataFrame(
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
        for method, value in values.items()
        for image in range(N)
        for first, second in (("black", "white"), ("black", "blur"), ("black", "input difference"))
    )


def test_methods_without_a_baseline_are_not_asked_about_it():
    rows = baselines(ig=0.95, saliency=1.0, edge=1.0, random=1.0)
    assert list(only(rows, "ggig_product")) == ["ig"]


def test_two_baselines_must_agree_as_the_claim_says():
    rows = baselines(ig=0.95, ggig=0.8, gig=0.9 - 0.001 * (N - 1) / 2)
    found = only(rows, "ggig_product")
    assert found["ig"].finding is Finding.PASSES
    assert found["ggig"].finding is Finding.FAILS
    assert found["gig"].finding is Finding.UNDECIDED
    assert found["ig"].limit == 0.9
    lower = {**DECLARED, "GG-PRODUCT": {**DECLARED["GG-PRODUCT"], "agreement": 0.5}}
    again = {answer.method: answer for answer in answers({"ggig_product": rows}, lower)}
    assert again["ggig"].finding is Finding.PASSES
    assert again["ggig"].limit == 0.5


def test_the_ledger_declares_what_is_not_given():
    claims = load_claims()
    declared = declared_parameters()
    assert set(declared) == {check.claim for check in SANITY_CHECKS}
    questions = claims["GG-PRODUCT"].external.parameters["questions"]
    ((_, agreement), *_) = questions[1]["pairs"]
    (found,) = answers({"ggig_product": baselines(ig=0.95)})
    assert found.limit == agreement
    for claim, parameters in declared.items():
        assert parameters.items() >= claims[claim].external.parameters.items()
        # Another experiment than the claim's has every method of the library.
        elsewhere = {"GG-BACKGROUND": "ggig_background"}
        asked = elsewhere.get(claim, claims[claim].external.experiment)
        assert asked == next(check.experiment for check in SANITY_CHECKS if check.claim == claim)


def test_what_the_questions_of_a_claim_name_is_declared():
    declared = declared_parameters()
    assert declared["GG-BACKGROUND"]["background"] == "checkerboard"
    assert declared["GG-BACKGROUND"]["squares"] == 14
    assert declared["GG-PRODUCT"]["sign"] == "absolute"


def test_rows_of_something_else_are_refused():
    rows = sigma(ig=(spread(0.1), np.zeros(N)))
    with pytest.raises(ValueError, match="spearman"):
        answers({"ggig_sigma": rows.drop(columns="spearman")}, DECLARED)


def test_no_rows_no_answers():
    assert answers({}) == ()
    assert answers({check.experiment: pd.DataFrame() for check in SANITY_CHECKS}) == ()
