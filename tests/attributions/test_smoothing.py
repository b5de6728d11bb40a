"""Noise around any method: SmoothGrad, captum's NoiseTunnel with the same noise, a plain loop."""

from dataclasses import replace

import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, LayerGradCam, NoiseTunnel
from captum.attr import Saliency as CaptumSaliency
from torch import nn

from saliency_audit.attributions import GradCam, Smooth, available, create, smooth
from saliency_audit.attributions.noise import standard_normal
from saliency_audit.attributions.smoothing import STATISTICS

EXACT = {"rtol": 0, "atol": 1e-12}
UNITS = ("range", "absolute")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("output", ["probability", "logit"])
def test_around_the_gradient_it_is_smoothgrad(
    rectified_network, images, targets, unit, squared, output
):
    noise = {"samples": 7, "noise": 0.3, "noise_unit": unit, "seed": 4}
    expected = create("smoothgrad", squared=squared, output=output, **noise)
    found = smooth(
        create("saliency", output=output), statistic="mean_square" if squared else "mean", **noise
    )
    given = (rectified_network, images, targets)
    torch.testing.assert_close(found(*given), expected(*given), **EXACT)
    assert Smooth.samples == expected.__class__.samples
    assert (Smooth.noise, Smooth.noise_unit) == (0.15, "range")


# captum's name of each statistic.
TUNNELS = {"mean": "smoothgrad", "mean_square": "smoothgrad_sq", "variance": "vargrad"}
PAIRS = {
    "saliency": (lambda f: CaptumSaliency(f), {"abs": False}, {}),
    "gradient_input": (lambda f: InputXGradient(f), {}, {}),
    "ig": (
        lambda f: IntegratedGradients(f),
        {"n_steps": 6, "method": "gausslegendre"},
        {"steps": 6, "quadrature": "gauss_legendre"},
    ),
}


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("name", PAIRS)
def test_equals_the_noise_tunnel_with_the_same_noise(
    monkeypatch, rectified_network, images, targets, name, statistic
):
    make, given, settings = PAIRS[name]
    samples, sigma, seed = 5, 0.2, 3
    draws = torch.stack(list(standard_normal(images, samples, seed))).double()
    monkeypatch.setattr(torch, "normal", lambda mean, deviations: mean + deviations * draws)
    expected = NoiseTunnel(make(rectified_network)).attribute(
        images.clone(),
        nt_type=TUNNELS[statistic],
        nt_samples=samples,
        stdevs=sigma,
        target=targets,
        **given,
    )
    explain = create(name, output="logit", batch_size=4, **settings)
    found = Smooth(explain, samples, sigma, "absolute", statistic, seed)
    # captum's weights and shares of the path have single precision.
    torch.testing.assert_close(
        found(rectified_network, images, targets), expected.detach(), rtol=2e-6, atol=1e-7
    )


def test_equals_the_noise_tunnel_around_a_layer(monkeypatch, rectified_network, images, targets):
    draws = torch.stack(list(standard_normal(images, 4, 0))).double()
    monkeypatch.setattr(torch, "normal", lambda mean, deviations: mean + deviations * draws)
    layer = rectified_network[2]
    expected = NoiseTunnel(LayerGradCam(rectified_network, layer)).attribute(
        images.clone(), nt_samples=4, stdevs=0.1, target=targets, relu_attributions=True
    )
    explain = smooth(
        GradCam(layer="2", output="logit"), samples=4, noise=0.1, noise_unit="absolute"
    )
    # The layer is as large as the picture: nothing is enlarged. captum's σ is a single-precision 0.1.
    torch.testing.assert_close(
        explain(rectified_network, images, targets), expected.detach(), rtol=2e-6, atol=1e-7
    )


@pytest.mark.parametrize("statistic", STATISTICS)
def test_equals_a_plain_loop_around_every_method(
    any_method, rectified_network, images, targets, statistic
):
    samples, sigma, seed = 3, 0.4, 2
    explain = smooth(
        any_method.create(), samples=samples, noise=sigma, statistic=statistic, seed=seed
    )
    found = explain(rectified_network, images, targets)
    draws = torch.stack(list(standard_normal(images, samples, seed))).double()
    draws = draws.reshape(len(images), samples, *images.shape[1:])
    method = replace(any_method.create(), check_range=False)
    for i, image in enumerate(images):
        noisy = [image + sigma * (image.max() - image.min()) * draw for draw in draws[i]]
        maps = torch.stack(
            [method(rectified_network, copy[None], targets[i : i + 1])[0] for copy in noisy]
        )
        expected = {
            "mean": maps.mean(dim=0),
            "mean_square": maps.square().mean(dim=0),
            "variance": maps.var(dim=0, correction=0),
        }
        torch.testing.assert_close(found[i], expected[statistic], rtol=1e-9, atol=1e-9)


def test_the_variance_survives_large_maps():
    """In single precision the square of 3000 has steps of 1; the variance sought is about 0.01."""
    image = torch.full((1, 1, 2, 2), 0.5)
    target = torch.tensor([0])

    def method(model, copies, targets):
        return copies + 3000

    found = smooth(method, samples=400, noise=0.1, noise_unit="absolute", statistic="variance")(
        nn.Flatten(), image, target
    )
    draws = torch.stack(list(standard_normal(image, 400, 0))).double()
    expected = (0.1 * draws).var(dim=0, correction=0)[None]
    torch.testing.assert_close(found.double(), expected, rtol=0.02, atol=0)
    assert (
        smooth(method, samples=3, noise=0, statistic="variance")(
            None or nn.Flatten(), image, target
        )
        == 0
    ).all()


def test_no_noise_is_the_method_itself(any_method, rectified_network, images, targets):
    given = (rectified_network, images, targets)
    expected = any_method.create()(*given)
    found = smooth(any_method.create(), samples=3, noise=0)(*given)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    assert found.dtype == expected.dtype
    assert not found.requires_grad


def test_order_company_and_batches_change_nothing(rectified_network, images, targets):
    for statistic in STATISTICS:
        alone = [
            smooth(create("ig", steps=4, batch_size=1), samples=3, statistic=statistic)(
                rectified_network, images[[i]], targets[[i]]
            )
            for i in range(5)
        ]
        order = [3, 0, 4, 1, 2]
        for size in (2, 7, 100):
            explain = smooth(create("ig", steps=4, batch_size=size), samples=3, statistic=statistic)
            found = explain(rectified_network, images[order], targets[order])
            torch.testing.assert_close(found, torch.cat(alone)[order], **EXACT)


@pytest.mark.parametrize("name", ["saliency", "ig", "rise", "gradcam", "deeplift"])
def test_batches_are_those_of_the_method(counting, rectified_network, images, targets, name):
    settings = {"ig": {"steps": 6}, "rise": {"masks": 9}}.get(name, {})
    model = counting(rectified_network)
    smooth(create(name, batch_size=4, **settings), samples=9)(model, images, targets)
    assert max(model.sizes) <= 4


def test_copies_leave_the_range_and_images_may_not(rectified_network, images, targets):
    explain = smooth(create("saliency"))
    for outside in (images * 255, images - 0.5):
        with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
            explain(rectified_network, outside, targets)
        unchecked = replace(explain, check_range=False)
        assert unchecked(rectified_network, outside, targets).isfinite().all()


def test_the_rest_of_the_method_is_kept(rectified_network, images, targets):
    """Methods of one's own, and smoothed methods, can be smoothed."""
    twice = smooth(smooth(create("saliency"), samples=2), samples=2)
    assert twice(rectified_network, images, targets).shape == images.shape

    def brightness(model, copies, targets):
        return copies.mean(dim=1)

    found = smooth(brightness, samples=3)(rectified_network, images, targets)
    assert found.shape == (5, 6, 5)
    assert hash(twice) != hash(smooth(create("saliency")))


def test_no_images_give_no_maps(rectified_network, images, targets):
    for name, channels in (("saliency", 3), ("gradcam", 1)):
        found = smooth(create(name))(rectified_network, images[:0], targets[:0])
        assert found.shape == (0, channels, 6, 5)


BAD = {
    "a name": (lambda: smooth("saliency"), r"an explainer, such as create\('saliency'\), got str"),
    "no sample": (lambda: smooth(create("ig"), samples=0), "at least 1 sample, got 0"),
    "negative": (lambda: smooth(create("ig"), noise=-1), "noise must be a finite number ≥ 0"),
    "unit": (lambda: smooth(create("ig"), noise_unit="std"), "unknown noise_unit 'std'"),
    "captum's name": (
        lambda: smooth(create("ig"), statistic="vargrad"),
        "unknown statistic 'vargrad'; known: mean, mean_square, variance",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_settings(case):
    make, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("answer", [lambda x: x[0], lambda x: x.sum(), lambda x: x.numpy()])
def test_methods_that_return_no_map_per_image_are_refused(
    rectified_network, images, targets, answer
):
    explain = smooth(lambda model, copies, targets: answer(copies))
    with pytest.raises(ValueError, match="must return 125 maps for as many images, got"):
        explain(rectified_network, images, targets)


def test_it_is_no_name():
    assert "smooth" not in available()


def test_each_copy_is_compared_with_its_own_images_baseline():
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 16, 3))
    network = network.double().eval()
    generator = torch.Generator().manual_seed(5)
    images = torch.rand(3, 3, 6, 6, dtype=torch.float64, generator=generator)
    starts = torch.rand(3, 3, 6, 6, dtype=torch.float64, generator=generator)
    targets = torch.tensor([0, 1, 2])
    method = create("ig", steps=4, batch_size=5)
    explain = smooth(method, samples=3, noise=0.1)
    together = explain(network, images, targets, starts)
    for i in range(3):
        alone = explain(network, images[i : i + 1], targets[i : i + 1], starts[i : i + 1])
        torch.testing.assert_close(together[i], alone[0], rtol=0, atol=1e-12)
    grey = explain(network, images, targets, 0.5)
    fixed = smooth(create("ig", steps=4, batch_size=5, baseline=0.5), samples=3, noise=0.1)
    torch.testing.assert_close(grey, fixed(network, images, targets), rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="broadcast"):
        explain(network, images, targets, starts[:2])
