"""XMGD: exact values for moved maps, peers for its mixtures, and maps that have none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage
from sklearn.mixture import GaussianMixture

from saliency_audit.metrics import (
    MultiScale,
    fit_maps,
    mixture_wasserstein,
    xmgd,
    xmgd_matrix,
    xmgd_terms,
)


def blobs(count, side, seed=0, noise=0.0):
    """Maps of three round spots each."""
    generator = torch.Generator().manual_seed(seed)
    axis = (torch.arange(side) + 0.5) / side
    maps = noise * torch.rand(count, side, side, generator=generator)
    for _ in range(3):
        y, x = torch.rand(2, count, 1, 1, generator=generator) * 0.6 + 0.2
        maps += torch.exp(-((axis[:, None] - y) ** 2 + (axis - x) ** 2) / (2 * 0.05**2))
    return maps


def test_its_root_on_request_is_a_length():
    maps, others = blobs(2, 32), blobs(2, 32).flip(2)
    settings = MultiScale(components=2)
    root = xmgd(maps, others, settings, squared=False)
    torch.testing.assert_close(root.square(), xmgd(maps, others, settings))


@pytest.mark.parametrize("side", [32, 128])
def test_a_moved_map_is_as_far_as_it_was_moved(side):
    # Sides that are powers of two have exact coordinates, so that ties break alike in both places.
    spot = torch.zeros(1, side, side)
    spot[0, 6:12, 6:16] = torch.rand(6, 10, generator=torch.Generator().manual_seed(0))
    moved = spot.roll((8, 12), dims=(1, 2))
    found = xmgd(spot, moved, MultiScale(components=3, width=None))
    assert found.item() == pytest.approx((8**2 + 12**2) / side**2, rel=1e-6)


def test_equal_maps_are_at_distance_0_and_the_scale_of_a_map_does_not_matter():
    maps = blobs(3, 64, noise=0.2)
    assert (xmgd(maps, maps) < 1e-15).all()
    torch.testing.assert_close(xmgd(maps, 5 * maps + 1), torch.zeros(3).double(), atol=1e-6, rtol=0)
    other = blobs(3, 64, seed=1, noise=0.2)
    torch.testing.assert_close(xmgd(maps, other), xmgd(other, maps))


def test_it_is_the_mean_over_levels_of_the_mixtures_distance():
    fits = fit_maps(blobs(4, 70, noise=0.1))
    matrix = xmgd_matrix(fits, fits)
    for i, j in ((0, 1), (2, 3), (3, 0)):
        expected = np.mean(
            [
                mixture_wasserstein(
                    *(value[i].numpy() for value in (fit.means, fit.covariances, fit.weights)),
                    *(value[j].numpy() for value in (fit.means, fit.covariances, fit.weights)),
                    squared=True,
                )
                for fit in fits.levels
            ]
        )
        assert matrix[i, j].item() == pytest.approx(expected, abs=1e-12)
    maps = blobs(4, 70, noise=0.1)
    pairs = xmgd(maps[:2], maps[2:])
    torch.testing.assert_close(pairs, matrix[[0, 1], [2, 3]], atol=1e-8, rtol=0)


@pytest.mark.parametrize("side", [48, 96])
def test_levels_are_about_as_likely_as_with_scikit_learn_on_copies_of_the_pixels(side):
    maps = blobs(2, side, noise=0.3)
    settings = MultiScale(components=6, kernels=(1,), width=0.1)
    (found,) = fit_maps(maps, settings).levels
    axis = (np.arange(side) + 0.5) / side
    places = np.stack([axis[None].repeat(side, 0), axis[:, None].repeat(side, 1)], -1).reshape(
        -1, 2
    )
    for likelihood, each in zip(found.log_likelihood, maps.double(), strict=True):
        unit = (each - each.min()) / (each.max() - each.min())
        copies = places.repeat(np.floor(unit.numpy().ravel() / 0.1).astype(int), 0)
        theirs = GaussianMixture(6, n_init=3, random_state=0).fit(copies)
        assert likelihood.item() > theirs.lower_bound_ - 0.02


def test_a_filter_takes_means_mirrored_at_the_border():
    maps = torch.rand(1, 9, 9, generator=torch.Generator().manual_seed(0))
    padded = np.pad(maps[0].numpy(), 1, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).mean(axis=(2, 3))
    ours = fit_maps(maps, MultiScale(components=2, kernels=(3,), width=None)).levels[0]
    theirs = fit_maps(
        torch.from_numpy(windows)[None], MultiScale(components=2, kernels=(1,), width=None)
    ).levels[0]
    torch.testing.assert_close(ours.means, theirs.means, atol=1e-5, rtol=0)


@pytest.mark.parametrize("side", [3, 5, 7])
def test_a_gaussian_filter_is_that_of_scipy(side):
    maps = torch.rand(1, 12, 12, generator=torch.Generator().manual_seed(1)).double()
    spread = 0.3 * ((side - 1) / 2 - 1) + 0.8
    filtered = ndimage.gaussian_filter(maps[0].numpy(), spread, mode="mirror", radius=side // 2)
    ours = fit_maps(maps, MultiScale(2, None, kernels=(side,), window="gaussian")).levels[0]
    theirs = fit_maps(torch.from_numpy(filtered)[None], MultiScale(2, None, kernels=(1,)))
    torch.testing.assert_close(ours.means, theirs.levels[0].means, atol=1e-9, rtol=0)


def test_one_bright_pixel_is_as_far_as_it_was_moved():
    # Of one component its covariance is the floor alone; filters make it larger, alike in both.
    first, second = torch.zeros(2, 1, 64, 64)
    first[0, 20, 20], second[0, 32, 36] = 1, 1
    found = xmgd(first, second, MultiScale(components=1))
    assert found.item() == pytest.approx((12**2 + 16**2) / 64**2, rel=1e-9)


def test_a_line_is_as_far_as_it_was_moved():
    # Rank-1 covariances: the pixels of a level without a filter have no width.
    first = torch.zeros(1, 64, 64)
    first[0, 20, 8:40] = 1
    found = xmgd(first, first.roll((8, 16), dims=(1, 2)), MultiScale(components=2))
    assert found.item() == pytest.approx((8**2 + 16**2) / 64**2, rel=1e-6)


def one_pixel(value=1.0, count=1):
    """A map of 32 × 32 with few pixels that are not 0."""
    found = torch.zeros(1, 32, 32)
    found[0, 10, 10 : 10 + count] = value
    return found


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (torch.full((1, 32, 32), torch.nan), "NaN or infinite values"),
        (one_pixel(torch.nan), "NaN or infinite values"),
        (one_pixel(torch.inf), "NaN or infinite values"),
        (one_pixel(-1.0), "reduce signed attributions with `saliency`"),
        (one_pixel(), "ask for fewer components"),
        (
            one_pixel(count=9),
            r"10 components need as many pixels with weight .* down to 9 \(maps \[0 of the (first|second)\]\)",
        ),
        (torch.rand(1, 32, 31), "resize them to one"),
        (torch.rand(2, 32, 32), "maps must have one shape"),
        (torch.rand(1, 3, 32, 32), r"\(N, H, W\)"),
    ],
)
def test_pairs_that_cannot_be_compared_are_refused_with_a_remedy(first, message):
    with pytest.raises(ValueError, match=message):
        xmgd(first, blobs(1, 32) if first.ndim == 3 else first)
    if first.shape == (1, 32, 32):
        with pytest.raises(ValueError, match=message):
            xmgd(blobs(1, 32), first)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernels": (1, 3, 7)}, r"kernels \(1, 3, 5\) and \(1, 3, 7\)"),
        ({"components": 3, "width": None}, "components 4 and 3, width 0.05 and None"),
        ({"window": "gaussian"}, "window 'mean' and 'gaussian'"),
        ({"floor": 1e-4}, "floor"),
        ({"kernels": (1, 3)}, "3 and 2 levels"),
    ],
)
@pytest.mark.parametrize("compare", [xmgd_matrix, xmgd_terms])
def test_mixtures_that_were_fitted_otherwise_are_not_compared(compare, change, message):
    settings = MultiScale(components=4)
    first, second = (fit_maps(blobs(1, 32), one) for one in (settings, replace(settings, **change)))
    with pytest.raises(ValueError, match=message):
        compare(first, second)
    assert compare(first, first.at(torch.tensor([0]))).abs().max() < 1e-9
    search = replace(settings, seed=1, restarts=1)
    assert compare(first, fit_maps(blobs(1, 32), search)).isfinite().all()


def test_constant_maps_are_named():
    flat = torch.ones(1, 32, 32)
    with pytest.raises(ValueError, match=r"\(maps \[1, 3\]\); leave these out"):
        fit_maps(torch.cat([blobs(1, 32), flat, blobs(1, 32), flat]))


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_map_without_structure_has_no_distance_to_any(value):
    flat = torch.full((1, 32, 32), value)
    assert xmgd(flat, blobs(1, 32)).isnan().all()
    assert xmgd(flat, flat).isnan().all()


def test_a_line_has_a_value_and_nothing_is_lost_where_maps_are_of_both_kinds():
    line = torch.zeros(1, 80, 80)
    line[0, 40, 5:75] = 1
    spread = blobs(1, 80)
    settings = MultiScale(components=4)
    alone = [fit_maps(each, settings) for each in (spread, line)]
    together = fit_maps(torch.cat([spread, line]), settings)
    for number, fit in enumerate(alone):
        for level, other in zip(fit.levels, together.levels, strict=True):
            torch.testing.assert_close(level.means[0], other.means[number], atol=1e-8, rtol=0)
    assert xmgd(line, spread, settings).isfinite().all()


@pytest.mark.parametrize("side", [40, 72])
def test_maps_at_once_are_fitted_as_one_by_one(side):
    maps, settings = blobs(6, side, noise=0.3), MultiScale(components=5)
    maps[2, 4:] = 0
    together = fit_maps(maps, settings)
    for number in range(6):
        alone = fit_maps(maps[number : number + 1], settings)
        for level, other in zip(alone.levels, together.levels, strict=True):
            for name, value in vars(level).items():
                torch.testing.assert_close(
                    value[0], getattr(other, name)[number], atol=1e-9, rtol=0, msg=name
                )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("side", [40, 72])
def test_a_gpu_gives_the_same(side):
    maps, others = blobs(4, side, noise=0.3), blobs(4, side, seed=1, noise=0.3)
    torch.testing.assert_close(
        xmgd(maps.cuda(), others.cuda()), xmgd(maps, others), atol=1e-6, rtol=0
    )


def test_a_constant_map_has_no_distance_and_does_not_change_the_others():
    maps, others = blobs(3, 32), blobs(3, 32, seed=1)
    alone = xmgd(maps, others)
    maps[1] = 0.3
    found = xmgd(maps, others)
    assert found.isnan().tolist() == [False, True, False]
    assert torch.equal(found[[0, 2]], alone[[0, 2]])
    assert xmgd(maps[1:2], others[1:2]).isnan().all()


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (torch.zeros(1, 16, 16), "constant map"),
        (torch.full((1, 16, 16), 0.3), "constant map"),
        (-torch.rand(1, 16, 16), "at least 0"),
        (torch.full((1, 16, 16), torch.nan), "finite"),
        (torch.rand(16, 16), r"\(N, H, W\)"),
        (torch.eye(16)[None] * torch.eye(16)[0], "10 components need as many pixels with weight"),
        (torch.rand(1, 2, 16), "too small for a kernel of side 5"),
    ],
)
def test_maps_without_a_mixture_are_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        fit_maps(maps)


def test_a_level_alone_is_a_term():
    maps = blobs(4, 48, noise=0.1)
    fits = fit_maps(maps)
    terms = xmgd_terms(fits.at(torch.arange(2)), fits.at(torch.arange(2, 4)))
    for kernel, term in zip(MultiScale().kernels, terms, strict=True):
        alone = xmgd(maps[:2], maps[2:], MultiScale(kernels=(kernel,)))
        torch.testing.assert_close(term, alone, atol=1e-8, rtol=0)
    torch.testing.assert_close(terms.mean(dim=0), xmgd(maps[:2], maps[2:]), atol=1e-8, rtol=0)
    with pytest.raises(ValueError, match="4 and 2 maps, which are no pairs"):
        xmgd_terms(fits, fits.at(torch.arange(2)))


def test_maps_of_different_sizes_and_levels_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        xmgd(torch.rand(1, 16, 16), torch.rand(1, 16, 17))
    one, two = (fit_maps(blobs(1, 32), MultiScale(kernels=sides)) for sides in ((1,), (1, 3)))
    with pytest.raises(ValueError, match="1 and 2 levels"):
        xmgd_matrix(one, two)


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"width": 2},
        {"kernels": ()},
        {"kernels": (2,)},
        {"kernels": (1.5,)},
        {"window": "median"},
    ],
)
def test_settings_that_cannot_be(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        MultiScale(**change)
