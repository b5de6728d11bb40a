import numpy as np
import pytest
import torch
from PIL import Image

from saliency_audit.datasets import MissingDataError, open_images, read_batch
from saliency_audit.datasets.boxes import filled_boxes
from saliency_audit.datasets.catalog import IMAGENET50
from saliency_audit.datasets.cropping import picture_size
from saliency_audit.datasets.cutouts import before_grass
from saliency_audit.datasets.decoding import UnreadablePictureError
from saliency_audit.datasets.folders import open_class_folders
from saliency_audit.datasets.images import read_picture, read_scaled

COLOURS = {"b_second": (0, 128, 255), "a_first": (255, 0, 0)}


@pytest.fixture
def folder(tmp_path):
    """Two classes with two pictures of one colour each."""
    for name, colour in COLOURS.items():
        (tmp_path / name).mkdir()
        for number in (2, 1):
            picture = Image.new("RGB", (30, 20), colour)
            picture.save(tmp_path / name / f"{number}.JPEG", quality=95)
    return tmp_path


def opened(folder, class_count=2):
    return open_class_folders("tiny", folder, 14, "Ask for it.", class_count)


def test_classes_are_numbered_in_sorted_order(folder):
    (folder / ".checkpoints").mkdir()
    (folder / "a_first" / "readme.txt").write_text("no image")
    images = opened(folder)
    assert images.names == (
        "a_first/1.JPEG",
        "a_first/2.JPEG",
        "b_second/1.JPEG",
        "b_second/2.JPEG",
    )
    assert images.labels == (0, 0, 1, 1)
    assert len(images) == 4


def test_pixels_belong_to_their_label(folder):
    batch = read_batch(opened(folder), [3, 0])
    assert batch.images.shape == (2, 3, 14, 14)
    assert batch.images.dtype == torch.float32
    assert batch.labels.tolist() == [1, 0]
    assert batch.indices == (3, 0)
    assert batch.unreadable == ()
    for image, colour in zip(batch.images, COLOURS.values(), strict=True):
        mean = image.mean(dim=(1, 2)) * 255
        torch.testing.assert_close(mean, torch.tensor(colour).float(), rtol=0, atol=3)


def corrupt_header(path):
    path.write_bytes(b"not a picture")


def corrupt_empty(path):
    path.write_bytes(b"")


def corrupt_truncated(path):
    path.write_bytes(path.read_bytes()[:-40])


def corrupt_size(path):
    """Claims 65,535 × 65,535 pixels, which Pillow refuses as a decompression bomb."""
    content = bytearray(path.read_bytes())
    start = content.index(b"\xff\xc0") + 5
    content[start : start + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(content)


def corrupt_other_format(path):
    """A portable pixmap whose header holds no numbers: Pillow raises ValueError."""
    path.write_bytes(b"P6\nx y\n255\n")


@pytest.mark.parametrize(
    "corrupt",
    [corrupt_header, corrupt_empty, corrupt_truncated, corrupt_size, corrupt_other_format],
)
def test_a_corrupt_file_is_skipped_and_named(folder, corrupt):
    corrupt(folder / "a_first" / "2.JPEG")
    images = opened(folder)
    with pytest.raises(
        UnreadablePictureError, match=r"a_first/2\.JPEG cannot be read as a picture"
    ):
        images.read(1)
    batch = read_batch(images, [0, 1, 2])
    assert batch.unreadable == ("a_first/2.JPEG",)
    assert batch.indices == (0, 2)
    assert batch.labels.tolist() == [0, 1]
    assert len(batch.images) == 2


READERS = {
    "read_picture": lambda path: read_picture(path, 14),
    "read_scaled": lambda path: read_scaled(path, 14),
    "before_grass": lambda path: before_grass(path, 14),
    "picture_size": picture_size,
    "filled_boxes": lambda path: filled_boxes(path, [(0, 0, 5, 5)], 14),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("corrupt", "cause"),
    [
        (corrupt_header, "none of the formats that Pillow knows"),
        (corrupt_empty, "none of the formats that Pillow knows"),
        (corrupt_size, "decompression bomb"),
        (corrupt_other_format, "ascii|invalid|Non-decimal"),
        (lambda path: path.unlink(), "No such file or directory"),
    ],
)
def test_every_reader_names_the_file_the_cause_and_the_remedy(folder, reader, corrupt, cause):
    corrupt(path := folder / "a_first" / "2.JPEG")
    with pytest.raises(UnreadablePictureError, match=cause) as refusal:
        READERS[reader](path)
    message = str(refusal.value)
    assert message.startswith(f"{path} cannot be read as a picture (")
    assert message.count(str(path)) == 1
    assert "put a sound copy in its place, or take it out of the image set" in message


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "gif", "ppm", "tif", "webp"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_truncated_file_of_any_format_is_named(tmp_path, ending, share):
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    path = tmp_path / f"picture.{ending}"
    Image.fromarray(noise).save(path)
    assert read_picture(path, 14).shape == (3, 14, 14)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadablePictureError, match=rf"picture\.{ending} cannot be read"):
        read_picture(path, 14)


def test_a_batch_of_corrupt_files_is_empty(folder):
    corrupt_header(folder / "a_first" / "2.JPEG")
    batch = read_batch(opened(folder), [1])
    assert len(batch.images) == len(batch.labels) == 0
    assert batch.unreadable == ("a_first/2.JPEG",)


def test_errors_that_are_no_damage_are_not_hidden(folder):
    def broken(path, side):
        raise TypeError("a mistake in the code")

    images = open_class_folders("tiny", folder, 14, "", 2, broken)
    with pytest.raises(TypeError, match="a mistake in the code"):
        read_batch(images, [0])


def test_missing_folder_says_where_and_how(folder):
    with pytest.raises(MissingDataError, match=r"'tiny' is not in .*nowhere\. Ask for it"):
        opened(folder / "nowhere")


def test_a_missing_class_would_shift_the_labels(folder):
    with pytest.raises(MissingDataError, match=r"2 class folders in .*, 3 are needed\. Ask for it"):
        opened(folder, class_count=3)


def test_no_images(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(MissingDataError, match=r"no images below .*Ask for it"):
        opened(tmp_path, class_count=1)


@pytest.mark.parametrize("size", [(40, 20), (20, 40), (16, 16), (333, 17), (8, 9)])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "RGBA"])
def test_any_picture_becomes_a_square_of_three_channels(tmp_path, size, mode):
    path = tmp_path / "picture.tif"
    Image.new(mode, size).save(path)
    pixels = read_picture(path, 14)
    assert pixels.shape == (3, 14, 14)
    assert pixels.dtype == torch.float32


def test_the_crop_is_the_centre_and_values_lie_in_zero_to_one(tmp_path):
    # 16 pixels on the shorter side need no scaling for a crop of 14: pixels stay exact.
    pixels = np.random.default_rng(0).integers(0, 256, (16, 20, 3), dtype=np.uint8)
    pixels[8, 10] = (0, 255, 51)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    expected = torch.from_numpy(pixels[1:15, 3:17]).permute(2, 0, 1) / 255
    assert torch.equal(read_picture(tmp_path / "picture.png", 14), expected)


def test_small_pictures_can_be_read_whole(folder):
    images = open_class_folders("tiny", folder, 14, "", 2, read_scaled)
    picture = images.read(0)
    assert picture.shape == (3, 14, 14)
    assert torch.equal(picture, read_scaled(folder / "a_first" / "1.JPEG", 14))


def test_eurosat_and_imagenet50_in_their_official_layouts(tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    for number in range(10):
        place = tmp_path / "eurosat" / "eurosat" / "2750" / f"Class{number}"
        place.mkdir(parents=True)
        Image.new("RGB", (64, 64), (number, 0, 0)).save(place / "one.png")
    images = open_images("eurosat")
    assert images.labels == tuple(range(10))
    assert images.read(3).shape == (3, 64, 64)
    for number in range(1000):
        place = tmp_path / "imagenet" / "train" / f"n{number:08d}"
        place.mkdir(parents=True)
        (place / "one.JPEG").touch()
    fifty = open_images("imagenet50_train")
    assert fifty.labels == tuple(range(50))
    assert fifty.names[0] == f"n{IMAGENET50[0]:08d}/one.JPEG"
    assert read_batch(fifty, [0]).unreadable == (fifty.names[0],)  # an empty file
