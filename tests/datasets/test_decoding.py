"""Every kind of picture is read as viewers show it, or refused by name."""

import struct

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from saliency_audit.datasets import PictureError, read_batch
from saliency_audit.datasets.folders import open_class_folders
from saliency_audit.datasets.images import read_scaled

SIDE = 16
RAMP = np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE)
COLOURS = np.stack([RAMP, RAMP.T, 255 - RAMP], axis=2)
CLEAR = np.zeros((SIDE, SIDE), dtype=bool)
CLEAR[:4] = True


def read(path):
    """Bytes `(H, W, C)`; nothing is scaled."""
    pixels = read_scaled(path, SIDE) * 255
    return pixels.round().to(torch.uint8).permute(1, 2, 0).numpy()


def grey(levels):
    return np.repeat(np.asarray(levels, dtype=np.uint8)[:, :, None], 3, axis=2)


def on_white(colours, shown):
    return np.round(colours * shown[:, :, None] + 255.0 * (1 - shown[:, :, None])).astype(np.uint8)


# Numbers wider than a byte.

WIDE = RAMP.astype(np.uint16) * 257


def test_sixteen_bits_are_scaled_not_cut_off(tmp_path):
    for name in ("picture.png", "picture.tif", "picture.pgm", "picture.jp2"):
        Image.fromarray(WIDE).save(tmp_path / name)
        np.testing.assert_array_equal(read(tmp_path / name), grey(RAMP), err_msg=name)


def test_sixteen_bits_in_either_byte_order(tmp_path):
    Image.fromarray(WIDE.astype(">u2")).save(tmp_path / "picture.tif")
    np.testing.assert_array_equal(read(tmp_path / "picture.tif"), grey(RAMP))


def test_sixteen_bits_go_to_the_nearest_byte(tmp_path):
    values = np.linspace(0, 65535, SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "picture.png")
    nearest = np.round(values / 65535 * 255)
    np.testing.assert_array_equal(read(tmp_path / "picture.png"), grey(nearest))


def tiff(path, values, bits, photometric):
    """A grey TIFF file written by hand, little-endian, in one strip."""
    tags = [
        (256, 4, SIDE),
        (257, 4, SIDE),
        (258, 3, bits),
        (259, 3, 1),
        (262, 3, photometric),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, SIDE),
        (279, 4, len(values)),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    header = struct.pack("<2sHI", b"II", 42, 8 + len(values))
    path.write_bytes(header + values + struct.pack("<H", len(tags)) + entries + b"\0\0\0\0")


def test_greys_in_which_zero_is_white(tmp_path):
    tiff(tmp_path / "wide.tif", WIDE.astype("<u2").tobytes(), 16, 0)
    tiff(tmp_path / "bytes.tif", RAMP.tobytes(), 8, 0)
    for name in ("wide.tif", "bytes.tif"):
        np.testing.assert_array_equal(read(tmp_path / name), grey(255 - RAMP), err_msg=name)


def test_twelve_bits(tmp_path):
    levels = np.arange(SIDE * SIDE, dtype=np.uint16) * 16 + 5
    pairs = levels.reshape(-1, 2)
    first, second = pairs[:, 0], pairs[:, 1]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=1)
    tiff(tmp_path / "picture.tif", packed.astype(np.uint8).tobytes(), 12, 1)
    expected = np.round(levels / 4095 * 255).reshape(SIDE, SIDE)
    np.testing.assert_array_equal(read(tmp_path / "picture.tif"), grey(expected))


def test_floating_point_in_zero_to_one(tmp_path):
    values = (RAMP / 255).astype(np.float32)
    for name in ("picture.tif", "picture.pfm"):
        Image.fromarray(values).save(tmp_path / name)
        np.testing.assert_array_equal(read(tmp_path / name), grey(RAMP), err_msg=name)


UNKNOWN = {
    "floats up to 255": (RAMP.astype(np.float32), "floating-point numbers from 0 to 255"),
    "floats below 0": (
        RAMP.astype(np.float32) / 255 - 0.5,
        r"floating-point numbers from -0\.5 to 0\.5",
    ),
    "not a number": (
        np.full((SIDE, SIDE), np.nan, np.float32),
        "floating-point numbers from nan to nan",
    ),
    "32 bits": (RAMP.astype(np.int32), "32-bit whole numbers from 0 to 255"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_numbers_whose_white_is_not_known_are_named(tmp_path, case):
    values, message = UNKNOWN[case]
    folder = tmp_path / "class"
    folder.mkdir()
    Image.fromarray(values).save(folder / "picture.tif")
    with pytest.raises(PictureError, match=rf"picture\.tif: it holds {message}.*8 or 16 bits"):
        read(folder / "picture.tif")
    # It is not corrupt: a batch does not leave it out.
    with pytest.raises(ValueError, match="which of them is white"):
        read_batch(open_class_folders("tiny", tmp_path, SIDE, "", 1, read_scaled), [0])


# Fewer bits, palettes, other colours.


@pytest.mark.parametrize("name", ["picture.png", "picture.tif", "picture.bmp", "picture.pbm"])
def test_one_bit(tmp_path, name):
    bits = RAMP > 100
    Image.fromarray(bits).save(tmp_path / name)
    np.testing.assert_array_equal(read(tmp_path / name), grey(255 * bits))


def test_four_inks(tmp_path):
    inks = np.concatenate([255 - COLOURS, np.zeros((SIDE, SIDE, 1), np.uint8)], axis=2)
    Image.fromarray(inks, "CMYK").save(tmp_path / "picture.tif")
    np.testing.assert_array_equal(read(tmp_path / "picture.tif"), COLOURS)
    smooth = Image.new("CMYK", (SIDE, SIDE), (0, 255, 255, 0))
    smooth.save(tmp_path / "picture.jpg", quality=95)
    np.testing.assert_allclose(read(tmp_path / "picture.jpg")[8, 8], [255, 0, 0], atol=3)


def test_lightness_and_two_colour_axes(tmp_path):
    Image.new("LAB", (SIDE, SIDE), (128, 128, 128)).save(tmp_path / "picture.tif")
    # L* = 50 without colour is the sRGB grey 119.
    np.testing.assert_allclose(read(tmp_path / "picture.tif"), 119, atol=2)


def test_palettes(tmp_path):
    few = Image.fromarray(COLOURS).quantize(16)
    few.save(tmp_path / "picture.png")
    few.save(tmp_path / "picture.gif")
    expected = np.asarray(few.convert("RGB"))
    for name in ("picture.png", "picture.gif"):
        np.testing.assert_array_equal(read(tmp_path / name), expected, err_msg=name)


# Transparency.


def test_what_is_transparent_shows_white(tmp_path):
    for shown in (~CLEAR * 1.0, np.full((SIDE, SIDE), 0.6), np.ones((SIDE, SIDE))):
        alpha = np.round(255 * shown).astype(np.uint8)
        Image.fromarray(np.dstack([COLOURS, alpha])).save(tmp_path / "colours.png")
        Image.fromarray(np.dstack([RAMP, alpha])).save(tmp_path / "grey.png")
        for name, colours in (("colours.png", COLOURS), ("grey.png", grey(RAMP))):
            difference = read(tmp_path / name).astype(int) - on_white(colours, shown)
            assert abs(difference).max() <= (0 < shown[0, 0] < 1), name


def test_a_transparent_entry_of_a_palette_shows_white(tmp_path):
    palette = Image.fromarray(np.where(CLEAR, 3, 7).astype(np.uint8), "L").convert("P")
    palette.putpalette([10 * (i % 25) for i in range(768)])
    expected = np.where(CLEAR[:, :, None], 255, np.asarray(palette.convert("RGB")))
    for name, clear in (("one.png", 3), ("one.gif", 3), ("many.png", bytes([255] * 3 + [0]))):
        palette.save(tmp_path / name, transparency=clear)
        np.testing.assert_array_equal(read(tmp_path / name), expected, err_msg=name)


def test_a_transparent_colour_shows_white(tmp_path):
    levels = np.where(CLEAR, 9, RAMP)
    levels[~CLEAR & (levels == 9)] = 8
    Image.fromarray(levels).save(tmp_path / "grey.png", transparency=9)
    Image.fromarray(levels.astype(np.uint16) * 257).save(
        tmp_path / "wide.png", transparency=9 * 257
    )
    Image.fromarray(grey(levels)).save(tmp_path / "colours.png", transparency=(9, 9, 9))
    for name in ("grey.png", "wide.png", "colours.png"):
        expected = grey(np.where(CLEAR, 255, levels))
        np.testing.assert_array_equal(read(tmp_path / name), expected, err_msg=name)


# Orientation.

# As numpy turns the stored pixels into what is seen.
SEEN = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: np.rot90(stored, 1),
}


@pytest.mark.parametrize("name", ["picture.jpg", "picture.png", "picture.tif", "picture.webp"])
@pytest.mark.parametrize("orientation", SEEN)
def test_pictures_are_turned_as_their_orientation_says(tmp_path, name, orientation):
    picture = Image.fromarray(COLOURS)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    more = {"quality": 95, "lossless": True} if name.endswith((".jpg", ".webp")) else {}
    picture.save(tmp_path / f"plain-{name}", **more)
    picture.save(tmp_path / name, exif=exif, **more)
    expected = SEEN[orientation](read(tmp_path / f"plain-{name}"))
    np.testing.assert_array_equal(read(tmp_path / name), expected)


def test_wide_greys_and_palettes_are_turned_too(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(WIDE).save(tmp_path / "wide.png", exif=exif)
    Image.fromarray(RAMP).convert("P").save(tmp_path / "palette.png", exif=exif)
    for name in ("wide.png", "palette.png"):
        np.testing.assert_array_equal(read(tmp_path / name), SEEN[6](grey(RAMP)), err_msg=name)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("block", [b"Exif\0\0nonsense", b"", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"])
def test_a_damaged_block_says_nothing(tmp_path, block):
    picture = Image.fromarray(COLOURS)
    picture.save(tmp_path / "plain.jpg")
    picture.save(tmp_path / "picture.jpg", exif=block)
    np.testing.assert_array_equal(read(tmp_path / "picture.jpg"), read(tmp_path / "plain.jpg"))


@pytest.mark.parametrize("orientation", [0, 9])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(COLOURS).save(tmp_path / "picture.png", exif=exif)
    np.testing.assert_array_equal(read(tmp_path / "picture.png"), COLOURS)
