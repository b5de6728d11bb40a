"""The sanity checks on models whose maps are known in closed form."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import torch
from torch import nn

from saliency_audit.attributions import (
    GGIG,
    Edge,
    MeanGradient,
    PathAttribution,
    RandomMap,
    Saliency,
    StraightPath,
    saliency,
)
from saliency_audit.metrics import spearman, ssim
from saliency_audit.models.randomization import Randomisation, all_reinitialised
from saliency_audit.sanity import (
    BACKGROUNDS,
    DIFFERENCE,
    MEASURES,
    SCALINGS,
    RandomPerModel,
    baseline_similarity,
    mass_outside,
    perturbed_weights,
    randomised_layers,
    replace_background,
    similarities,
    unrelated_models,
)

SIDE = 12
IMAGES = torch.rand(3, 2, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
TARGETS = torch.tensor([0, 2, 1])
METHODS = {"saliency": Saliency(output="logit"), "edge": Edge(), "random": RandomMap()}


@pytest.fixture(scope="module")
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return nn.Sequential(nn.Conv2d(2, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(400, 3)).eval()


@pytest.fixture(scope="module")
def linear():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        return nn.Sequential(nn.Flatten(), nn.Linear(2 * SIDE * SIDE, 3)).eval()


@pytest.mark.parametrize("sign", ["absolute", "signed"])
def test_similarities_are_those_of_the_measures_on_scaled_maps(sign):
    first, second = torch.randn(2, 3, 2, SIDE, SIDE, generator=torch.Generator().manual_seed(3))
    found = similarities(first, second, sign)
    assert set(found) == set(MEASURES)
    flat = [saliency(m, {"absolute": "sum_abs", "signed": "sum"}[sign]) for m in (first, second)]
    torch.testing.assert_close(found["spearman"], spearman(*flat))
    torch.testing.assert_close(found["ssim"], ssim(*flat), atol=1e-6, rtol=1e-6)
    a, b = [
        (
            (m - m.amin((1, 2), keepdim=True)) / (m.amax((1, 2), True) - m.amin((1, 2), True))
        ).double()
        for m in flat
    ]
    jaccard = torch.minimum(a, b).sum((1, 2)) / torch.maximum(a, b).sum((1, 2))
    torch.testing.assert_close(found["weighted_jaccard"], jaccard, atol=1e-6, rtol=1e-6)
    error = 1 - (a - b).square().sum((1, 2)) / b.square().sum((1, 2))
    torch.testing.assert_close(found["reverse_mse"], error, atol=1e-6, rtol=1e-6)
    same = similarities(first, 3 * first, sign)
    assert all(np.allclose(values, 1) for values in same.values())


def test_constant_maps_and_small_ones_are_undefined_and_counted():
    maps = torch.rand(3, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(4))
    other = maps.clone()
    other[1] = 0.5
    for found in similarities(maps, other, "absolute").values():
        assert found.isnan().tolist() == [False, True, False]
    small = similarities(maps[:, :, :8, :8], maps[:, :, :8, :8], "signed")
    assert small["ssim"].isnan().all()
    assert (small["spearman"] - 1).abs().max() < 1e-12
    none = similarities(maps[1:2] * 0, other[1:2], "absolute")
    assert all(values.isnan().all() for values in none.values())
    with pytest.raises(ValueError, match="unknown sign 'both'; known: absolute, signed"):
        similarities(maps, maps, "both")


MAPS = torch.randn(3, 2, SIDE, SIDE, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("sign", ["absolute", "signed"])
def test_maps_that_are_not_finite_are_no_constant_ones(value, sign):
    broken = MAPS.clone()
    broken[1, 0, 2, 3] = value
    with pytest.raises(
        ValueError, match=r"first maps hold NaN or infinite values \(images \[1\]\)"
    ):
        similarities(broken, MAPS, sign)
    with pytest.raises(
        ValueError, match=r"second maps hold NaN or infinite values \(images \[1\]\)"
    ):
        similarities(MAPS, broken, sign)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (MAPS[:, :, :8], r"one number of images and one size, got .*\(3, 2, 8, 12\)"),
        (MAPS[:2], r"one number of images and one size, got .*\(2, 2, 12, 12\)"),
        (MAPS[:1], r"one number of images and one size, got .*\(1, 2, 12, 12\)"),
        (MAPS[:, 0], r"maps must be floats of shape \(N, C, H, W\)"),
        (MAPS.long(), r"maps must be floats of shape \(N, C, H, W\), got torch.int64"),
        (MAPS[..., :0], "maps have no pixels"),
        (list(MAPS), r"maps must be one tensor \(N, C, H, W\), got list"),
    ],
)
def test_maps_that_do_not_fit_are_refused(second, message):
    for pair in ((MAPS, second), (second, MAPS)):
        with pytest.raises(ValueError, match=message):
            similarities(*pair, "absolute")


def cut_off(picture):
    """The outliers of one map `(H, W)` cut off, value by value."""
    magnitudes = sorted(abs(value) for row in picture.tolist() for value in row)
    total, limit = 0.0, 0.0
    for limit in magnitudes:
        total += limit
        if total >= 0.98 * sum(magnitudes):
            break
    return torch.tensor(
        [[max(-1.0, min(1.0, value / limit)) for value in row] for row in picture.tolist()],
        dtype=torch.float64,
    )


@pytest.mark.parametrize("sign", ["absolute", "signed"])
def test_the_scaling_is_an_option(sign):
    first, second = MAPS.clone(), MAPS.flip(0) + 0.3
    first[0, 0, 1, 1] = 50.0  # an outlier
    reduction = {"absolute": "sum_abs", "signed": "sum"}[sign]
    flat = [saliency(maps, reduction).double() for maps in (first, second)]
    prepared = {
        "none": flat,
        "outliers": [torch.stack([cut_off(map_) for map_ in maps]) for maps in flat],
        "min-max": [
            torch.stack([(map_ - map_.min()) / (map_.max() - map_.min()) for map_ in maps])
            for maps in flat
        ],
    }
    assert set(prepared) == set(SCALINGS)
    errors = []
    for scaling, (a, b) in prepared.items():
        found = similarities(first, second, sign, scaling=scaling)
        error = 1 - (a - b).square().sum((1, 2)) / b.square().sum((1, 2))
        torch.testing.assert_close(found["reverse_mse"], error)
        torch.testing.assert_close(found["spearman"], spearman(a, b))
        torch.testing.assert_close(found["ssim"], ssim(a, b))
        if sign == "absolute" or scaling == "min-max":
            jaccard = torch.minimum(a, b).sum((1, 2)) / torch.maximum(a, b).sum((1, 2))
            torch.testing.assert_close(found["weighted_jaccard"], jaccard)
        else:
            assert found["weighted_jaccard"].isnan().all()
        errors.append(found["reverse_mse"])
    assert len({tuple(values.tolist()) for values in errors}) == 3
    default = similarities(first, second, sign)["reverse_mse"]
    torch.testing.assert_close(default, errors[2])


@pytest.mark.parametrize("scaling", ["min-max", "outliers", "none"])
def test_constant_maps_are_undefined_in_every_scaling(scaling):
    other = MAPS.clone()
    other[0], other[1] = 0.0, 0.25
    for found in similarities(MAPS, other, "absolute", scaling=scaling).values():
        assert found.isnan().tolist() == [True, True, False]
    # Above 98 % of the sum lies nothing but the one value that differs.
    spike = torch.ones(1, 1, SIDE, SIDE)
    spike[0, 0, 0, 0] = 1.5
    found = similarities(spike, MAPS[:1], "absolute", scaling=scaling)["spearman"]
    assert found.isnan().item() == (scaling == "outliers")


def test_all_checks_take_the_scaling_and_refuse_an_unknown_one(linear):
    methods = {"saliency": Saliency(output="logit")}
    on = (linear, methods, IMAGES, TARGETS)
    starts = {"black": torch.zeros_like(IMAGES), "white": torch.ones_like(IMAGES)}
    path = {"ig": PathAttribution(StraightPath(3), output="logit")}
    checks = (
        lambda **given: perturbed_weights(*on, levels=(1.0,), draws=1, **given),
        lambda **given: unrelated_models(*on, draws=1, **given),
        lambda **given: randomised_layers(*on, **given),
        lambda **given: baseline_similarity(linear, path, IMAGES, TARGETS, starts, **given),
    )
    for check in checks:
        usual, raw = check(), check(scaling="none")
        assert usual["spearman"].to_numpy() == pytest.approx(raw["spearman"].to_numpy())
        assert not np.allclose(usual["reverse_mse"], raw["reverse_mse"])
        with pytest.raises(ValueError, match="unknown scaling 'max'; known: min-max, outliers"):
            check(scaling="max")


@pytest.mark.parametrize(
    ("on", "message"),
    [
        (({}, IMAGES, TARGETS), "at least one method is needed, got none"),
        ((METHODS, IMAGES[:0], TARGETS[:0]), "at least one image is needed, got none"),
    ],
)
def test_nothing_to_compare_is_refused(linear, on, message):
    starts = {"black": torch.zeros_like(IMAGES), "white": torch.ones_like(IMAGES)}
    for check in (
        lambda: perturbed_weights(linear, *on, levels=(1.0,)),
        lambda: unrelated_models(linear, *on),
        lambda: randomised_layers(linear, *on),
        lambda: baseline_similarity(linear, *on, starts),
    ):
        with pytest.raises(ValueError, match=message):
            check()


def test_no_level_is_refused(linear):
    for levels in ((), np.array([])):
        with pytest.raises(ValueError, match="at least one level of noise is needed, got none"):
            perturbed_weights(linear, METHODS, IMAGES, TARGETS, levels=levels)


def test_without_noise_nothing_changes_and_controls_never_do(model):
    rows = perturbed_weights(model, METHODS, IMAGES, TARGETS, levels=(0.0, 1.0, 3.0), draws=2)
    assert len(rows) == 3 * 2 * len(METHODS) * 3 * 2
    assert set(rows.columns) >= {"position", "level", "draw", "probability", *MEASURES}
    quiet = rows[rows["level"] == 0]
    assert np.allclose(quiet[list(MEASURES)], 1)
    controls = rows[rows["method"] != "saliency"]
    assert np.allclose(controls[list(MEASURES)], 1)
    shaken = rows[(rows["method"] == "saliency") & (rows["sign"] == "signed")]
    means = shaken.groupby("level")["spearman"].mean()
    assert means[0.0] > means[1.0] > means[3.0]
    probability = model(IMAGES).softmax(dim=1).gather(1, TARGETS[:, None]).squeeze(1)
    first = quiet[
        (quiet["method"] == "saliency") & (quiet["sign"] == "signed") & (quiet["draw"] == 0)
    ]
    assert np.allclose(first["probability"], probability.detach())


def test_noise_on_a_linear_score_has_the_correlation_of_its_closed_form(linear):
    # The gradient is the row of weights; w and w + level·σ·noise correlate by 1/√(1 + level²).
    rows = perturbed_weights(
        linear, {"saliency": Saliency(output="logit")}, IMAGES[:1], TARGETS[:1],
        levels=(1.0,), draws=40,
    )  # fmt: skip
    signed = rows[rows["sign"] == "signed"]["spearman"]
    pearson = 1 / np.sqrt(2)
    assert signed.mean() == pytest.approx(6 / np.pi * np.arcsin(pearson / 2), abs=0.03)


def test_unrelated_models_tell_the_floor_of_a_method(model):
    methods = {**METHODS, "random": RandomPerModel()}
    how = Randomisation(seed=3)
    rows = unrelated_models(model, methods, IMAGES, TARGETS, draws=20, how=how)
    assert len(rows) == 3 * len(methods) * 2 * 20
    means = rows[rows["sign"] == "signed"].groupby("method")["spearman"].mean()
    assert means["edge"] == pytest.approx(1)
    assert abs(means["random"]) < 0.05
    assert abs(means["saliency"]) < 0.1
    other = all_reinitialised(model, IMAGES[:1], Randomisation(seed=3002))
    maps = [methods["saliency"](each, IMAGES, TARGETS) for each in (other, model)]
    third = rows[(rows["method"] == "saliency") & (rows["draw"] == 2) & (rows["sign"] == "signed")]
    assert np.allclose(third["spearman"], similarities(*maps, "signed")["spearman"])
    with pytest.raises(ValueError, match="draws must be a whole number of at least 1, got 0"):
        unrelated_models(model, methods, IMAGES, TARGETS, draws=0)


def test_random_maps_of_a_model_follow_from_its_weights(model):
    control = RandomPerModel(seed=1)
    maps = control(model, IMAGES, TARGETS)
    assert torch.equal(maps, control(deepcopy(model), IMAGES, TARGETS))
    assert torch.equal(maps[1:2], control(model, IMAGES[1:2], TARGETS[1:2]))
    assert not torch.equal(maps, RandomPerModel(seed=2)(model, IMAGES, TARGETS))
    changed = deepcopy(model)
    with torch.no_grad():
        changed[0].bias[0] += 1e-3
    correlation = spearman(maps.sum(1), control(changed, IMAGES, TARGETS).sum(1))
    assert correlation.abs().max() < 0.3
    with pytest.raises(ValueError, match="targets"):
        control(model, IMAGES, TARGETS[:1])


@pytest.mark.parametrize("independent", [False, True])
def test_layers_are_randomised_one_after_the_other(model, independent):
    rows = randomised_layers(model, METHODS, IMAGES, TARGETS, independent=independent)
    stages = rows[["stage", "layer"]].drop_duplicates().to_numpy().tolist()
    assert stages == [[1, "3"], [2, "0"]]
    assert len(rows) == 2 * len(METHODS) * 3 * 2
    mine = rows[(rows["method"] == "saliency") & (rows["sign"] == "signed")]
    assert (mine["spearman"].abs() < 0.9).all()
    again = randomised_layers(
        model, METHODS, IMAGES, TARGETS, how=Randomisation(seed=1), independent=independent
    )
    assert not np.allclose(again["probability"], rows["probability"])


def test_of_many_stages_some_are_left_out_evenly():
    layers = [nn.Flatten(), *(nn.Linear(8, 8) for _ in range(6)), nn.Linear(8, 3)]
    deep = nn.Sequential(*layers).eval()
    images, methods = torch.rand(2, 1, 2, 4), {"saliency": Saliency(output="logit")}
    on = (deep, methods, images, torch.tensor([0, 1]))
    whole = randomised_layers(*on)
    assert sorted(set(whole["stage"])) == [1, 2, 3, 4, 5, 6, 7]
    few = randomised_layers(*on, most_stages=3)
    assert sorted(set(few["stage"])) == [1, 4, 7]
    # The stages between are drawn all the same: what is left is what it was.
    same = whole[whole["stage"].isin([1, 4, 7])].reset_index(drop=True)
    pd.testing.assert_frame_equal(few, same)
    assert len(randomised_layers(*on, most_stages=9)) == len(whole)
    for most in (1, 2.5):
        with pytest.raises(ValueError, match=f"most_stages must be at least 2.*got {most}"):
            randomised_layers(*on, most_stages=most)


def test_the_background_is_replaced_outside_the_mask_only():
    masks = torch.zeros(3, SIDE, SIDE, dtype=torch.bool)
    masks[:, 3:8, 2:9] = True
    found = replace_background(IMAGES, masks, size=3)
    for channel in range(2):
        assert torch.equal(found[:, channel][masks], IMAGES[:, channel][masks])
    outside = found[:, 0][~masks]
    assert set(outside.tolist()) == {0.0, 1.0}
    assert found[0, 0, 0, 0] != found[0, 0, 0, 3]
    assert found[0, 0, 0, 0] == found[0, 0, 2, 2]
    grey = replace_background(IMAGES, masks, "grey")
    assert (grey[:, 0][~masks] == 0.5).all()
    stripes = replace_background(IMAGES, masks, "stripes", size=2)
    assert stripes[0, 0, 0, 0] == stripes[0, 0, 0, 11] != stripes[0, 0, 2, 0]


def test_mass_outside_is_a_share():
    masks = torch.zeros(3, SIDE, SIDE, dtype=torch.bool)
    masks[:, :3] = True
    maps = torch.ones(3, SIDE, SIDE)
    maps[1][~masks[1]] = 0
    maps[2] = 0
    found = mass_outside(maps, masks)
    assert found[:2].tolist() == [0.75, 0.0]
    assert found[2].isnan()
    with pytest.raises(ValueError, match="must be at least 0"):
        mass_outside(-maps, masks)
    with pytest.raises(ValueError, match=r"maps must be one tensor \(N, H, W\), got list"):
        mass_outside(list(maps), masks)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (torch.ones(3, 5, 5, dtype=torch.bool), r"masks must be bool of shape \(3, 12, 12\)"),
        (torch.ones(3, SIDE, SIDE), "masks must be bool of shape"),
        ([[True]], r"masks must be one bool tensor of shape \(3, 12, 12\), got list"),
        (
            torch.zeros(3, SIDE, SIDE, dtype=torch.bool),
            r"mask of an image is empty \(images \[0, 1, 2\]\)",
        ),
        (
            torch.ones(3, SIDE, SIDE, dtype=torch.bool),
            r"mask of an image covers all of it \(images \[0, 1, 2\]\)",
        ),
    ],
)
def test_masks_that_part_nothing_are_refused(masks, message):
    with pytest.raises(ValueError, match=message):
        replace_background(IMAGES, masks)
    with pytest.raises(ValueError, match=message):
        mass_outside(IMAGES[:, 0], masks)


def test_bad_backgrounds_are_named():
    masks = torch.zeros(3, SIDE, SIDE, dtype=torch.bool)
    masks[:, 0] = True
    with pytest.raises(ValueError, match="unknown background 'forest'; known: checkerboard"):
        replace_background(IMAGES, masks, "forest")
    for size in (0, 2.0, True, "4"):
        message = f"size must be a whole number of pixels, at least 1, got {size!r}"
        for background in BACKGROUNDS:
            with pytest.raises(ValueError, match=message):
                replace_background(IMAGES, masks, background, size=size)


def test_a_background_of_which_nothing_repeats_is_refused():
    wide, masks = torch.rand(2, 3, 8, 20), torch.zeros(2, 8, 20, dtype=torch.bool)
    masks[:, 2, 2] = True
    for background in ("checkerboard", "stripes"):
        for size in (8, 19, 500):
            with pytest.raises(ValueError, match=f"size must be below 8 pixels, .* got {size}"):
                replace_background(wide, masks, background, size=size)
        behind = replace_background(wide, masks, background, size=7)[:, :, 3:]
        assert set(behind.flatten().tolist()) == {0.0, 1.0}
    tall, turned = wide.transpose(2, 3), masks.transpose(1, 2)
    with pytest.raises(ValueError, match="size must be below 8 pixels"):
        replace_background(tall, turned, "checkerboard", size=8)
    # Stripes lie across, so that only the height counts.
    assert replace_background(tall, turned, "stripes", size=8)[0, 0, 8:16].eq(1).all()
    assert replace_background(wide, masks, "grey", size=500)[0, 0, 0, 0] == 0.5


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            (255 * IMAGES).to(torch.uint8),
            r"floats of shape \(N, C, H, W\) in \[0, 1\], got torch.uint8",
        ),
        (255 * IMAGES, r"images must lie in \[0, 1\], got values from"),
        (IMAGES - 0.5, r"images must lie in \[0, 1\], got values from -0.4"),
        (IMAGES.masked_fill(IMAGES > 0.9, torch.nan), r"images must lie in \[0, 1\]"),
        (IMAGES[0], r"images must be floats of shape \(N, C, H, W\)"),
        (list(IMAGES), r"images must be one tensor \(N, C, H, W\), got list"),
    ],
)
def test_images_without_a_background_to_replace_are_refused(images, message):
    masks = torch.zeros(3, SIDE, SIDE, dtype=torch.bool)
    masks[:, 0] = True
    with pytest.raises(ValueError, match=message):
        replace_background(images, masks, size=3)


def test_a_linear_score_has_one_map_without_the_product_and_many_with_it(linear):
    weights = tuple([1 / 5] * 5)
    explainers = {
        "ig": PathAttribution(StraightPath(5), output="logit"),
        "ig_without_product": PathAttribution(
            StraightPath(5), MeanGradient(weights), output="logit"
        ),
        "ggig": GGIG(steps=3, ascents=4),
        "without a baseline": Saliency(),
    }
    baselines = {"black": torch.zeros_like(IMAGES), "white": torch.ones_like(IMAGES)}
    rows = baseline_similarity(linear, explainers, IMAGES, TARGETS, baselines)
    assert len(rows) == 4 * 3 * 2
    assert rows[["first", "second"]].drop_duplicates().to_numpy().tolist() == [["black", "white"]]
    signed = rows[rows["sign"] == "signed"].groupby("method")["spearman"].mean()
    assert signed["ig_without_product"] == pytest.approx(1)
    assert signed["ggig"] == pytest.approx(1)
    assert signed["without a baseline"] == pytest.approx(1)
    assert signed["ig"] < 0.5
    with pytest.raises(ValueError, match=r"two baselines are needed to compare, got \['black'\]"):
        baseline_similarity(linear, explainers, IMAGES, TARGETS, {"black": baselines["black"]})


def test_with_the_product_a_map_is_like_the_input_whatever_the_weights(linear):
    weights = tuple([1 / 5] * 5)
    explainers = {
        "ig": PathAttribution(StraightPath(5), output="logit"),
        "mean": PathAttribution(StraightPath(5), MeanGradient(weights), output="logit"),
    }
    baselines = {"black": torch.zeros_like(IMAGES), "grey": torch.full_like(IMAGES, 0.5)}
    on = (linear, explainers, IMAGES, TARGETS, baselines)
    rows = baseline_similarity(*on, input_difference=True)
    pairs = baseline_similarity(*on)
    assert len(rows) == len(pairs) + 3 * 2 * 2 * 2
    beside = rows[rows["second"] == DIFFERENCE]
    assert set(beside["first"]) == {"black", "grey"}
    for sign, reduce in (
        ("signed", torch.sum),
        ("absolute", lambda maps, dim: maps.abs().sum(dim)),
    ):
        for name, start in baselines.items():
            maps = explainers["ig"](linear, IMAGES, TARGETS, start)
            expected = [
                scipy.stats.spearmanr(
                    reduce(one, 0).flatten(), reduce(other, 0).flatten()
                ).statistic
                for one, other in zip(maps, IMAGES - start, strict=True)
            ]
            mine = beside[(beside["sign"] == sign) & (beside["first"] == name)]
            mine = mine[mine["method"] == "ig"].sort_values("position")
            assert mine["spearman"].to_numpy() == pytest.approx(expected, abs=1e-6)
    means = beside[beside["sign"] == "absolute"].groupby("method")["spearman"].mean()
    assert means["ig"] > means["mean"] + 0.2


def test_no_draw_is_refused(model):
    for draws in (0, 1.5):
        with pytest.raises(ValueError, match=f"draws must be a whole number.*got {draws}"):
            perturbed_weights(model, METHODS, IMAGES, TARGETS, levels=(1.0,), draws=draws)
