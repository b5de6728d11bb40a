"""Quantus' metrics, unchanged, with this library's methods as their `explain_func`."""

import os

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit import metrics
from saliency_audit.attributions import create, quantus_explain, smooth

if "CI" in os.environ:
    import quantus
else:  # its OpenCV needs libGL.so.1, which a bare machine lacks
    quantus = pytest.importorskip("quantus", exc_type=ImportError)

SIDE, CLASSES = 16, 5
COLOURS = np.random.default_rng(0).random((4, 3, SIDE, SIDE)).astype(np.float32)
# No pixel is so dark that its removal goes unnoticed.
GREYS = 0.1 + 0.9 * COLOURS[:, :1]
LABELS = np.array([0, 3, 3, 1])
REGIONS = np.zeros((4, 1, SIDE, SIDE), dtype=int)
REGIONS[:, :, 4:11, 3:9] = 1

# Few samples, so that a metric takes a blink. Every metric has a line.
SETTINGS = {
    "FaithfulnessCorrelation": {"nr_runs": 5, "subset_size": 32},
    "FaithfulnessEstimate": {"features_in_step": 64},
    "PixelFlipping": {"features_in_step": 64},
    "RegionPerturbation": {"patch_size": 4, "regions_evaluation": 4},
    "Monotonicity": {"features_in_step": 64},
    "MonotonicityCorrelation": {"nr_samples": 3, "features_in_step": 64},
    "Selectivity": {"patch_size": 4},
    "SensitivityN": {"features_in_step": 64, "n_max_percentage": 0.5},
    "IROF": {},
    "ROAD": {"percentages": [10, 50]},
    "Infidelity": {"n_perturb_samples": 3, "perturb_patch_sizes": [4]},
    "Sufficiency": {},
    "Continuity": {"nr_steps": 4},
    "LocalLipschitzEstimate": {"nr_samples": 3},
    "MaxSensitivity": {"nr_samples": 3, "lower_bound": 0.5},
    "AvgSensitivity": {"nr_samples": 3, "lower_bound": 0.5},
    "Consistency": {},
    "RelativeInputStability": {"nr_samples": 3},
    "RelativeOutputStability": {"nr_samples": 3},
    "RelativeRepresentationStability": {"nr_samples": 3},
    "PointingGame": {},
    "TopKIntersection": {"k": 20},
    "RelevanceMassAccuracy": {},
    "RelevanceRankAccuracy": {},
    "AttributionLocalisation": {},
    "AUC": {},
    "Focus": {},
    "Sparseness": {},
    "Complexity": {},
    "EffectiveComplexity": {},
    "MPRT": {},
    "EfficientMPRT": {},
    "RandomLogit": {"num_classes": CLASSES},
    "Completeness": {},
    "NonSensitivity": {},
    "InputInvariance": {},
}
# Calls Quantus' own `explain`, whatever explain_func is given.
DEAF = {"SmoothMPRT"}
# For one channel only, in Quantus 0.6.
GREY_ONLY = {"IROF", "ROAD"}


@pytest.fixture(scope="module", params=[1, 3])
def network(request):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(request.param, 6, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(6, 8, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(128, CLASSES),
        ).eval()


def measured(name, model, explain, images, **more):
    """What a metric says; Focus takes the pictures for mosaics, with the class on a diagonal."""
    metric = getattr(quantus, name)(
        **{**SETTINGS[name], **more}, disable_warnings=True, display_progressbar=False
    )
    extra = {"custom_batch": [(1, 0, 0, 1)] * len(images)} if name == "Focus" else {}
    return metric(
        model=model,
        x_batch=images,
        y_batch=LABELS,
        a_batch=None,
        s_batch=REGIONS,
        **extra,
        explain_func=explain,
        device="cpu",
        softmax=True,
    )


def values_of(found):
    """All numbers of a result, whatever its nesting."""
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list | tuple):
        return np.concatenate([values_of(item) for item in found])
    return np.asarray(found, dtype=np.float64).ravel()


def test_every_metric_has_a_line():
    known = {
        kind.__name__ for group in quantus.AVAILABLE_METRICS.values() for kind in group.values()
    }
    assert known == SETTINGS.keys() | DEAF


# Of signed maps with a value per pixel, and with one per place.
METHODS = {"ig": {}, "gradcam": {"relu": False}}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", SETTINGS)
def test_metrics_run_unchanged(network, name, method, monkeypatch):
    channels = network[0].in_channels
    if name in GREY_ONLY and channels > 1:
        pytest.skip("for one channel only")
    # numpy 2.4 has renamed a function that Quantus 0.6 calls.
    monkeypatch.setattr(np, "trapz", np.trapezoid, raising=False)
    explain = quantus_explain(method, output="logit", **METHODS[method])
    found = values_of(measured(name, network, explain, COLOURS[:, :channels]))
    assert len(found)
    assert np.isfinite(found).all()


def test_methods_run_under_perturbations_beyond_the_range(network, any_method):
    explain = quantus_explain(any_method.create())
    found = values_of(
        measured("MaxSensitivity", network, explain, COLOURS[:, : network[0].in_channels])
    )
    assert (found > 0).all()


# A linear model, for which metrics have values that are known exactly. Quantus' "black" is the
# smallest value of the pictures, hence baselines of 0.

# A third of the pixels has no weight, the others have one that shows.
WEIGHTS = np.random.default_rng(1).normal(size=(CLASSES, 1, SIDE, SIDE)).astype(np.float32)
WEIGHTS += 0.1 * np.sign(WEIGHTS)
WEIGHTS[..., ::3] = 0


@pytest.fixture(scope="module")
def linear():
    # One window as large as the picture.
    model = nn.Sequential(nn.Conv2d(1, CLASSES, SIDE), nn.Flatten())
    with torch.no_grad():
        model[0].weight.copy_(torch.from_numpy(WEIGHTS))
    return model.eval()


def of_linear(name, linear, method, **settings):
    metric = getattr(quantus, name)(**settings, disable_warnings=True)
    explain = quantus_explain(method, output="logit")
    given = {"x_batch": GREYS, "y_batch": LABELS, "a_batch": None, "device": "cpu"}
    return values_of(metric(model=linear, explain_func=explain, softmax=False, **given))


@pytest.mark.parametrize("method", ["gradient_input", "ig", "deeplift", "ig+idgi"])
def test_contributions_to_a_linear_score_are_faithful(linear, method):
    exact = method != "ig+idgi"  # which shares the change out by squares of gradients
    for name, settings in (
        ("FaithfulnessCorrelation", {"nr_runs": 20, "subset_size": 32, "perturb_baseline": 0.0}),
        ("FaithfulnessEstimate", {"features_in_step": 16, "perturb_baseline": 0.0}),
    ):
        found = of_linear(name, linear, method, **settings)
        assert (found > 0.9999).all() == exact, name


def test_the_gradient_of_a_linear_score_is_stable_and_exact(linear):
    few = {"nr_samples": 5}
    beyond = {"lower_bound": 2.0, **few}
    for name, settings in (
        ("MaxSensitivity", beyond),
        ("AvgSensitivity", beyond),
        ("LocalLipschitzEstimate", few),
        ("Infidelity", {"perturb_patch_sizes": [4], "n_perturb_samples": 5}),
        ("NonSensitivity", {"perturb_baseline": 0.0}),
    ):
        found = of_linear(name, linear, "saliency", **settings)
        np.testing.assert_allclose(found, 0, atol=1e-6, err_msg=name)
        if name in ("MaxSensitivity", "Infidelity"):
            assert (of_linear(name, linear, "gradient_input", **settings) > 1e-3).all()


def test_gradients_do_not_notice_a_shift_of_the_inputs_that_the_model_undoes(linear):
    """The shifted inputs lie in [-1, 0]."""
    assert of_linear("InputInvariance", linear, "saliency").all()
    assert not of_linear("InputInvariance", linear, "gradient_input").any()


def test_pixel_flipping_walks_the_deletion_curve(network):
    if network[0].in_channels > 1:
        pytest.skip("Quantus flips the channels of a pixel one by one")
    found = measured(
        "PixelFlipping",
        network,
        quantus_explain("ig"),
        GREYS,
        features_in_step=SIDE,
        perturb_baseline=0.0,
    )
    images, targets = torch.from_numpy(GREYS), torch.from_numpy(LABELS)
    maps = create("ig")(network, images, targets).sum(dim=1)
    curves = metrics.deletion_score(network, images, maps, targets).curves
    np.testing.assert_allclose(np.array(found), curves[:, 1:], rtol=0, atol=1e-6)


# The adapter itself.


def test_arrays_in_and_arrays_out(network):
    channels = network[0].in_channels
    images = COLOURS[:, :channels]
    tensors = torch.from_numpy(images), torch.from_numpy(LABELS)
    maps = create("ig", steps=5)(network, *tensors)
    for given in (images, images.astype(np.float64), tensors[0]):
        for labels in (LABELS, LABELS.astype(np.int32), LABELS.tolist()):
            found = quantus_explain("ig", steps=5)(network, given, labels, device="cuda")
            assert isinstance(found, np.ndarray)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, maps.sum(dim=1, keepdim=True), rtol=0, atol=1e-7)
    mirrored = images[..., ::-1][..., ::-1]
    np.testing.assert_array_equal(
        quantus_explain("ig", steps=5)(network, mirrored, LABELS),
        quantus_explain("ig", steps=5)(network, images, LABELS),
    )
    kept = quantus_explain("ig", steps=5, reduction=None)(network, images, LABELS)
    np.testing.assert_array_equal(kept, maps)
    magnitudes = quantus_explain("ig", steps=5, reduction="sum_abs")(network, images, LABELS)
    np.testing.assert_allclose(magnitudes, maps.abs().sum(dim=1, keepdim=True), rtol=1e-6)
    double = network.double()
    assert quantus_explain("ig", steps=5)(double, images, LABELS).dtype == np.float64
    network.float()


def test_explainers_of_any_kind(network):
    images = COLOURS[:, : network[0].in_channels] * 2 - 1
    explain = quantus_explain(smooth(create("saliency"), samples=3))
    assert explain(network, images, LABELS).shape == (4, 1, SIDE, SIDE)
    brightness = quantus_explain(lambda model, inputs, targets: inputs)
    np.testing.assert_allclose(
        brightness(network, images, LABELS)[:, 0], images.sum(axis=1), rtol=0, atol=1e-6
    )


def test_the_range_is_checked_where_asked_for(network):
    images = COLOURS[:, : network[0].in_channels] * 2
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        quantus_explain("saliency", check_range=True)(network, images, LABELS)


def test_what_cannot_be_is_refused(network):
    images = COLOURS[:, : network[0].in_channels]
    with pytest.raises(ValueError, match="unknown method 'IntegratedGradients'"):
        quantus_explain("IntegratedGradients")
    with pytest.raises(ValueError, match="method 'ig' has no setting 'n_steps'"):
        quantus_explain("ig", n_steps=3)
    with pytest.raises(ValueError, match="unknown reduction 'mean'"):
        quantus_explain("ig", reduction="mean")
    with pytest.raises(ValueError, match="'steps': settings belong to the name of a method"):
        quantus_explain(create("ig"), steps=3)
    with pytest.raises(ValueError, match=r"explain_func_kwargs holds 'method'; give settings of"):
        quantus_explain("ig")(network, images, LABELS, method="Saliency")
    with pytest.raises(ValueError, match="targets must be class indices"):
        quantus_explain("ig")(network, images, LABELS / 2)


def test_what_quantus_users_give_by_mistake_is_named():
    explain = quantus_explain("saliency", output="logit")
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    images = np.random.default_rng(0).random((2, 1, 8, 8), dtype=np.float32)
    with pytest.raises(ValueError, match="divide by 255"):
        explain(network, (255 * images).astype(np.uint8), np.array([0, 1]))
    # Quantus makes an array of None; a function has no weights.
    predicted = network(torch.from_numpy(images)).argmax(dim=1).numpy()
    expected = explain(network, images, predicted)
    for targets in (None, np.array([None, None]), np.array(None)):
        assert np.array_equal(explain(network, images, targets), expected)
    assert np.array_equal(explain(lambda z: network(z), images, predicted), expected)
