"""Manipulations that stand in for deepfakes: where they change a picture, and what they leave."""

import pytest
import torch

from saliency_audit.datasets.standins import FAMILIES, FacePlace

SIDE = 64


def drawn(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def noise():
    """Pictures with much detail, in steps of 1/255."""
    return (torch.rand(4, 3, SIDE, SIDE, generator=drawn(1)) * 255).round() / 255


def spectrum(picture):
    """Power by frequency of the inner part of a picture, without its mean: `(h, w)`."""
    inner = picture.mean(dim=0)[20:44, 20:44]
    return torch.fft.fft2(inner - inner.mean()).abs().square()


@pytest.mark.parametrize("family", FAMILIES)
def test_only_the_face_is_changed_and_every_picture_is(family, noise):
    place = FacePlace()
    pictures, masks = FAMILIES[family](noise, drawn(), place)
    changed = (pictures != noise).any(dim=1)
    # The mask is inside what is changed, and half or more of what is changed is in it.
    assert masks.dtype == torch.bool
    for mask, change in zip(masks, changed, strict=True):
        assert 0.03 < mask.float().mean() < 0.4
        assert change[mask].float().mean() > 0.9
        assert (mask & change).sum() > 0.5 * change.sum()
    # Nothing outside the largest ellipse that may be drawn.
    axis = (torch.arange(SIDE) + 0.5) / SIDE
    away = ((axis[None] - place.x) / (1.08 * place.across + 0.02)) ** 2
    away = away + ((axis[:, None] - place.y) / (1.08 * place.down + 0.02)) ** 2
    assert not changed[:, away > 1.05].any()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_one_picture_and_another_gives_another(family, noise):
    one, again, other = (FAMILIES[family](noise, drawn(seed), FacePlace()) for seed in (0, 0, 1))
    assert torch.equal(one.pictures, again.pictures)
    assert torch.equal(one.masks, again.masks)
    assert (one.pictures != other.pictures).any()
    levels = one.pictures * 255
    assert torch.allclose(levels, levels.round(), atol=1e-4)
    assert 0 <= one.pictures.min() <= one.pictures.max() <= 1


def test_places_move_with_the_face(noise):
    left = FAMILIES["colour"](noise, drawn(), FacePlace(0.3, 0.5, 0.15, 0.2)).masks
    right = FAMILIES["colour"](noise, drawn(), FacePlace(0.7, 0.5, 0.15, 0.2)).masks
    shift = round(0.4 * SIDE)
    assert (left.roll(shift, dims=2) ^ right).float().mean() < 0.01


def test_smoothing_takes_fine_detail_and_keeps_the_brightness(noise):
    pictures, masks = FAMILIES["smooth"](noise, drawn(), FacePlace(across=0.45, down=0.45))
    for picture, original, mask in zip(pictures, noise, masks, strict=True):
        assert spectrum(picture)[8:17, 8:17].mean() < 0.05 * spectrum(original)[8:17, 8:17].mean()
        assert abs(picture[:, mask].mean() - original[:, mask].mean()) < 0.02


def test_resampling_leaves_a_peak_at_the_highest_frequency():
    flat = torch.full((2, 3, SIDE, SIDE), 0.5)
    pictures, _ = FAMILIES["resampled"](flat, drawn(), FacePlace(across=0.45, down=0.45))
    for picture in pictures:
        power = spectrum(picture)
        # Rows and columns of period two: 12 is half of 24 samples.
        peaks = power[0, 12] + power[12, 0]
        assert peaks > 0.95 * power.sum()


def test_colours_differ_by_at_least_half_the_largest_change():
    grey = torch.full((8, 3, SIDE, SIDE), 0.5)
    pictures, _ = FAMILIES["colour"](grey, drawn(), FacePlace(across=0.4, down=0.4))
    change = (pictures[:, :, SIDE // 2, SIDE // 2] / 0.5 - 1).abs()
    assert ((change > 0.07) & (change < 0.155)).all()


def test_a_warp_moves_the_mouth():
    """A bright spot at the mouth is elsewhere; one between the brows and the mouth is not."""
    place = FacePlace(across=0.4, down=0.45)
    pictures = torch.zeros(6, 3, 128, 128)
    row = round(128 * (place.y + 0.5 * place.down))
    pictures[:, :, row - 2 : row + 3, 62:67] = 1
    moved, _ = FAMILIES["warp"](pictures, drawn(), place)
    brightness = moved.mean(dim=1)
    axis = torch.arange(128.0)
    total = brightness.sum(dim=(1, 2))
    across = (brightness.sum(dim=1) @ axis / total - 64).abs()
    down = (brightness.sum(dim=2) @ axis / total - row).abs()
    assert (across > 3).all()
    assert (down > 3).all()


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        (torch.rand(3, 64, 64), r"must be \(N, 3, H, W\)"),
        (torch.rand(1, 1, 64, 64), r"must be \(N, 3, H, W\)"),
        (torch.rand(1, 3, 8, 64), "at least 16 pixels"),
        (torch.rand(1, 3, 64, 64) * 255, "divide bytes by 255"),
        (torch.zeros(1, 3, 64, 64, dtype=torch.uint8), "divide bytes by 255"),
        (torch.full((1, 3, 64, 64), torch.nan), "divide bytes by 255"),
    ],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_other_pictures_are_refused(family, pictures, message):
    with pytest.raises(ValueError, match=message):
        FAMILIES[family](pictures, drawn(), FacePlace())


@pytest.mark.parametrize("family", FAMILIES)
def test_no_picture_is_no_error(family):
    pictures, masks = FAMILIES[family](torch.rand(0, 3, 64, 64), drawn(), FacePlace())
    assert pictures.shape == (0, 3, 64, 64)
    assert masks.shape == (0, 64, 64)
