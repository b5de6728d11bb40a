"""The reader of ImageNet's validation set: on a folder of the official layout."""

import numpy as np
import pytest
import torch
from PIL import Image

from saliency_audit.datasets import MissingDataError, open_images, read_batch, read_regions
from saliency_audit.datasets.imagenet import open_imagenet_val

FISH, BIRD = "n01440764", "n01443537"
# Class, width, height, objects: class and corners, which count as inside.
PICTURES = {
    "ILSVRC2012_val_00000001": (FISH, 80, 64, [(FISH, 20, 10, 39, 29)]),
    "ILSVRC2012_val_00000002": (FISH, 64, 80, [(FISH, 10, 20, 19, 29), (FISH, 40, 50, 49, 69)]),
    "ILSVRC2012_val_00000003": (BIRD, 96, 64, [(BIRD, 0, 0, 3, 63)]),
    "ILSVRC2012_val_00000004": (BIRD, 64, 64, [(FISH, 0, 0, 9, 9), (BIRD, 30, 30, 30, 30)]),
}
SIDE = 56  # of pictures that are 64 high or wide: no scaling, and a crop that begins at 4


def annotation(name, width, height, objects):
    things = "".join(
        f"<object><name>{wnid}</name><pose>Unspecified</pose><truncated>0</truncated>"
        f"<difficult>0</difficult><bndbox><xmin>{left}</xmin><ymin>{top}</ymin>"
        f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
        for wnid, left, top, right, bottom in objects
    )
    return (
        f"<annotation><folder>val</folder><filename>{name}</filename>"
        "<source><database>ILSVRC_2012</database></source>"
        f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
        f"<segmented>0</segmented>{things}</annotation>"
    )


@pytest.fixture
def root(tmp_path):
    """Pictures that are white in the boxes of their class and black elsewhere."""
    boxes = tmp_path / "Annotations" / "CLS-LOC" / "val"
    boxes.mkdir(parents=True)
    for name, (wnid, width, height, objects) in PICTURES.items():
        pixels = np.zeros((height, width, 3), dtype=np.uint8)
        for kind, left, top, right, bottom in objects:
            if kind == wnid:
                pixels[top : bottom + 1, left : right + 1] = 255
        (tmp_path / "val" / wnid).mkdir(parents=True, exist_ok=True)
        # Pillow reads by content: PNG keeps the pixels.
        Image.fromarray(pixels).save(tmp_path / "val" / wnid / f"{name}.JPEG", "PNG")
        (boxes / f"{name}.xml").write_text(annotation(name, width, height, objects))
    return tmp_path


def opened(root, class_count=2):
    boxes = root / "Annotations" / "CLS-LOC" / "val"
    return open_imagenet_val("tiny", root / "val", boxes, "Ask for it.", SIDE, class_count)


def test_regions_are_the_white_pixels(root):
    images = opened(root)
    assert images.labels == (0, 0, 1, 1)
    batch = read_batch(images, range(4))
    regions = read_regions(images, batch.indices)
    assert regions.shape == (4, SIDE, SIDE)
    assert torch.equal(regions, batch.images[:, 0] == 1)
    assert regions.sum(dim=(1, 2)).tolist() == [400, 10 * 10 + 10 * 18, 0, 1]
    # The crop of the second picture ends at row 68; the third box lies left of the crop.
    assert not regions[2].any()


def test_a_scaled_picture_has_scaled_boxes(root):
    path = root / "val" / FISH / "ILSVRC2012_val_00000001.JPEG"
    pixels = np.zeros((256, 320), dtype=np.uint8)
    pixels[40:120, 80:160] = 255
    Image.fromarray(pixels).save(path, "JPEG", quality=100)
    text = annotation("ILSVRC2012_val_00000001", 320, 256, [(FISH, 80, 40, 159, 119)])
    xml(root).write_text(text)
    images = opened(root)
    assert torch.equal(images.region(0), images.read(0)[0] > 0.5)
    assert images.region(0).sum() == 20 * 20


def xml(root):
    return root / "Annotations" / "CLS-LOC" / "val" / "ILSVRC2012_val_00000001.xml"


def test_without_annotations_there_are_pictures_but_no_regions(root):
    for path in xml(root).parent.iterdir():
        path.unlink()
    xml(root).parent.rmdir()
    images = opened(root)
    assert images.region is None
    assert len(read_batch(images, range(4)).images) == 4
    with pytest.raises(MissingDataError, match=r"'tiny': its boxes are not in .*val\. Ask for it"):
        read_regions(images, [0])


def test_a_missing_annotation_is_found_when_the_set_is_opened(root):
    xml(root).unlink()
    message = r"boxes of 1 of 4 pictures are not in .*, the first are those of n01440764/ILSVRC2012_val_00000001.JPEG. Ask"
    with pytest.raises(MissingDataError, match=message):
        opened(root)


def test_a_missing_class_is_refused(root):
    with pytest.raises(MissingDataError, match=r"2 class folders in .*, 1000 are needed"):
        opened(root, 1000)


NAME = "ILSVRC2012_val_00000001"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (annotation(NAME, 80, 64, [(FISH, 20, 10, 18, 29)]), r"\(20, 10\) to \(19, 30\) has no ar"),
        (annotation(NAME, 80, 64, [(FISH, 80, 10, 99, 29)]), "lies outside the picture of 80×64"),
        (annotation(NAME, 80, 60, [(FISH, 2, 1, 9, 9)]), "picture of 80×60, .* has 80×64"),
        (annotation(NAME, 80, 64, [(BIRD, 2, 1, 9, 9)]), "it has no object of n01440764"),
        (annotation(NAME, 80, 64, []), "it has no object of n01440764"),
        (annotation(NAME, 80, 64, [(FISH, 2, "1.5", 9, 9)]), "ymin is '1.5', no whole number"),
        (annotation(NAME, "", 64, []), "width is '', no whole number"),
        ("<annotation><size>", "no XML"),
        ("<annotation/>", "width is ''"),
    ],
)
def test_a_damaged_annotation_is_named(root, text, message):
    xml(root).write_text(text)
    with pytest.raises(MissingDataError, match=message) as caught:
        read_regions(opened(root), [0])
    assert f"{xml(root)} is damaged" in str(caught.value)
    assert "Ask for it." in str(caught.value)


def test_the_catalogue_opens_the_official_layout(root, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(root))
    (root / "imagenet").mkdir()
    (root / "val").rename(root / "imagenet" / "val")
    (root / "Annotations").rename(root / "imagenet" / "Annotations")
    for number in range(998):
        (root / "imagenet" / "val" / f"n9{number:07d}").mkdir()
    images = open_images("imagenet_val")
    assert images.read(0).shape == (3, 224, 224)
    region = images.region(0)
    # 64 pixels become 256, and a crop of 224 begins 16 below the top.
    assert region.nonzero().amin(dim=0).tolist() == [4 * 10 - 16, 4 * 20 - 48]
    assert region.sum() == 80 * 80
