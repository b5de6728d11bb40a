"""The scaling and the edges of GGIG's code: against closed forms, scikit-image and OpenCV."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from saliency_audit.released import ggig_study

PICTURES = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_the_ground_becomes_grey_and_half_of_the_range_white():
    line = torch.tensor([0.0, 0.1307, 0.2, 0.439, 0.7, 1.0])
    found = ggig_study.digits(line.expand(1, 1, 2, 6))[0, 0]
    expected = (np.clip((line.numpy() - 0.1307) / 0.3081, -1, 1) + 1) / 2
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found[0] == pytest.approx(0.288, abs=5e-4)
    assert found[3] == pytest.approx(1.0, abs=5e-4)


def test_a_map_that_is_the_digit_is_alike_in_every_measure():
    digits = ggig_study.digits(PICTURES)
    # Any positive factor: the map is divided by its largest value, as the digit is.
    found = ggig_study.likeness(7 * digits[:, None], PICTURES, "absolute")
    for values in found.values():
        np.testing.assert_allclose(values, 1, atol=1e-6)


def test_a_constant_map_scores_what_its_digit_is_bright():
    digits = ggig_study.digits(PICTURES).double()
    found = ggig_study.likeness(torch.full_like(PICTURES, 3.0), PICTURES, "signed")
    np.testing.assert_allclose(found["weighted_jaccard"], digits.mean(dim=(1, 2)))
    assert found["spearman"].isnan().all()
    # Black pictures: everything is ground.
    black = ggig_study.likeness(torch.ones_like(PICTURES), 0 * PICTURES, "absolute")
    np.testing.assert_allclose(black["weighted_jaccard"], 0.2879, atol=5e-5)


@pytest.mark.parametrize("sign", ggig_study.SIGNS)
def test_measures_are_those_of_scipy_and_scikit_image(sign):
    from skimage.metrics import normalized_root_mse, structural_similarity

    maps = torch.randn(3, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    found = ggig_study.likeness(maps, PICTURES, sign)
    for place in range(3):
        values = maps[place, 0].double().numpy()
        values = np.abs(values) if sign == "absolute" else values
        values = values / values.max()
        digit = ggig_study.digits(PICTURES)[place].double().numpy()
        rank = spearmanr(values.ravel(), digit.ravel()).statistic
        assert found["spearman"][place] == pytest.approx(rank, abs=1e-9)
        jaccard = np.minimum(values, digit).sum() / np.maximum(values, digit).sum()
        assert found["weighted_jaccard"][place] == pytest.approx(jaccard, abs=1e-9)
        error = normalized_root_mse(digit, values) ** 2
        assert found["reverse_mse"][place] == pytest.approx(1 - error, abs=1e-9)
        likeness = structural_similarity(values, digit, data_range=2)
        assert found["ssim"][place] == pytest.approx(likeness, abs=1e-9)


def test_a_map_without_a_positive_value_has_none():
    found = ggig_study.likeness(-PICTURES, PICTURES, "signed")
    assert all(values.isnan().all() for values in found.values())
    small = ggig_study.likeness(torch.ones(1, 1, 5, 5), torch.rand(1, 1, 5, 5), "signed")
    assert small["ssim"].isnan().all()
    assert small["weighted_jaccard"].isfinite().all()


@pytest.mark.parametrize("channels", [1, 3])
def test_edges_are_opencvs(channels):
    cv2 = pytest.importorskip("cv2")
    pictures = torch.rand(2, channels, 9, 12, generator=torch.Generator().manual_seed(2))
    for picture, found in zip(pictures, ggig_study.edges(pictures), strict=True):
        channel_last = picture.permute(1, 2, 0).numpy()
        blurred = cv2.GaussianBlur(channel_last, (3, 3), 0)
        mixed = cv2.Sobel(blurred, cv2.CV_64F, 1, 1, ksize=5).reshape(9, 12, channels)
        np.testing.assert_allclose(found[0], np.abs(mixed.sum(axis=2)), atol=1e-4)


def test_level_edges_are_not_seen():
    picture = torch.zeros(1, 1, 12, 12)
    picture[..., 6:, :] = 1
    assert ggig_study.edges(picture).max() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ggig_study.digits(torch.rand(1, 3, 8, 8)), "digits have one channel, got 3"),
        (lambda: ggig_study.likeness(PICTURES, PICTURES, "both"), "unknown sign 'both'"),
        (lambda: ggig_study.likeness(PICTURES[:1], PICTURES, "signed"), "must have one shape"),
        (lambda: ggig_study.edges(torch.rand(1, 1, 2, 9)), "at least 3 pixels per side"),
        (lambda: ggig_study.edges(torch.rand(2, 9)), "the pictures"),
    ],
)
def test_what_cannot_be_compared_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
