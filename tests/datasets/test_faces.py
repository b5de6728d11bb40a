"""Sets of real and manipulated faces: labels, parts, regions; what they are read from."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import lfw_subset
from skimage.transform import resize

from saliency_audit.datasets import (
    CATALOG,
    MissingDataError,
    open_images,
    read_batch,
    read_regions,
)
from saliency_audit.datasets.face_boxes import find_face
from saliency_audit.datasets.faces import CALTECH_PLACE, DRAWINGS, FORGED, REAL
from saliency_audit.datasets.standins import FAMILIES

SMALL = [f"small_standin_{family}" for family in FAMILIES]
LARGE = [f"standin_{family}" for family in FAMILIES]


@pytest.mark.parametrize("name", SMALL)
def test_every_face_is_there_real_and_forged(name):
    images = open_images(name)
    batch = read_batch(images, range(len(images)))
    masks = read_regions(images, range(len(images)))
    real, forged = batch.labels == REAL, batch.labels == FORGED
    assert len(images) == 80
    assert real.sum() == forged.sum() == 40
    assert batch.images.shape == (80, 3, 64, 64)
    assert not masks[real].any()
    assert masks[forged].flatten(1).any(dim=1).all()
    changed = (batch.images[real] != batch.images[forged]).any(dim=1)
    assert changed[masks[forged]].float().mean() > 0.9
    names = [text.rsplit("/", 1) for text in images.names]
    assert [face for face, _ in names[::2]] == [face for face, _ in names[1::2]]


def test_pictures_do_not_depend_on_what_is_read_beside_them():
    images = open_images("small_standin_warp")
    together = read_batch(images, range(10)).images
    assert torch.equal(together[7], images.read(7))
    assert torch.equal(open_images("small_standin_warp").read(7), images.read(7))


def test_small_faces_are_those_of_scikit_image_and_parts_are_disjoint():
    training, validation = open_images("small_standin_swap_train"), open_images(SMALL[0])
    assert not set(training.names) & set(validation.names)
    assert len(training) + len(validation) == 200
    for position, images in ((0, training), (60, validation)):
        theirs = resize(lfw_subset()[position], (64, 64), order=3)
        assert np.corrcoef(images.read(0)[0].flatten(), theirs.flatten())[0, 1] > 0.99


@pytest.mark.data("faces_easy")
def test_photographs_are_split_between_persons(data_root):
    """325 and 107 photographs; the first of the validation part shows a new person."""
    training, validation = open_images("standin_swap_train"), open_images("standin_swap")
    real = open_images("faces_easy")
    assert (len(training), len(validation), len(real)) == (650, 214, 432)
    assert max(training.names) < min(validation.names) == "image_0326.jpg/real"
    everything = {name.split("/")[0] for name in (*training.names, *validation.names)}
    assert everything == set(real.names)
    assert not everything & set(DRAWINGS)
    assert set(real.labels) == {REAL}


@pytest.mark.data("faces_easy")
@pytest.mark.parametrize("name", LARGE)
def test_photographs_have_masks_of_what_is_forged(name, data_root):
    images = open_images(name)
    batch, masks = read_batch(images, range(4)), read_regions(images, range(4))
    assert batch.images.shape == (4, 3, 256, 256)
    assert batch.labels.tolist() == [REAL, FORGED] * 2
    assert not masks[::2].any()
    assert (masks[1::2].float().mean(dim=(1, 2)) > 0.1).all()


@pytest.mark.data("faces_easy")
def test_faces_are_where_the_ellipse_is(data_root):
    """The detector finds most faces, with the centre of each near that of the ellipse."""
    images = open_images("faces_easy")
    found = []
    for index in range(0, len(images), 36):
        picture = (images.read(index) * 255).round().byte().permute(1, 2, 0).numpy()
        if (square := find_face(picture)) is not None:
            left, top, side = square
            found.append(((left + side / 2) / 256, (top + side / 2) / 256))
    places = torch.tensor(found)
    assert len(found) >= 10
    centre = torch.tensor([CALTECH_PLACE.x, CALTECH_PLACE.y])
    assert (places.mean(dim=0) - centre).abs().max() < 0.03
    assert (places - centre).abs().max() < 0.12


@pytest.mark.parametrize("name", ["faces_easy", "standin_swap", "standin_warp_train"])
def test_missing_photographs_say_how_many_and_what_to_do(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    folder = tmp_path / "faces_easy" / "Faces_easy"
    folder.mkdir(parents=True)
    (folder / "image_0001.jpg").touch()
    with pytest.raises(MissingDataError, match=r"1 photographs in .*, 435 are needed") as caught:
        open_images(name)
    assert CATALOG[name].how_to_get in str(caught.value)


@pytest.fixture
def att(tmp_path, monkeypatch):
    """The layout of the AT&T faces: a grey picture of 92 × 112 whose tone tells person and number."""
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    for person in range(1, 41):
        folder = tmp_path / "att_faces" / f"s{person}"
        folder.mkdir(parents=True)
        for number in range(1, 11):
            tone = np.full((112, 92), 5 * person + number, dtype=np.uint8)
            Image.fromarray(tone).save(folder / f"{number}.pgm")
    return tmp_path / "att_faces"


def test_persons_are_in_one_part_only(att):
    training, validation = open_images("att_standin_swap_train"), open_images("att_standin_swap")
    assert (len(training), len(validation), len(open_images("att_faces"))) == (600, 200, 400)
    persons = [{name.split("/")[0] for name in part.names} for part in (training, validation)]
    assert persons == [{f"s{n}" for n in range(1, 31)}, {f"s{n}" for n in range(31, 41)}]
    assert validation.names[:2] == ("s31/1.pgm/real", "s31/1.pgm/swap")


def test_pictures_of_a_person_are_read_from_the_person_s_folder(att):
    real = open_images("att_faces")
    for index, tone in ((0, 5 + 1), (9, 5 + 10), (395, 5 * 40 + 6)):
        assert real.read(index).shape == (3, 64, 64)
        assert (255 * real.read(index)).round().unique().tolist() == [tone]
    assert set(real.labels) == {REAL}


@pytest.mark.parametrize("family", FAMILIES)
def test_att_stand_ins_are_forged_within_the_face(att, family):
    images = open_images(f"att_standin_{family}")
    masks = read_regions(images, range(4))
    assert read_batch(images, range(4)).labels.tolist() == [REAL, FORGED] * 2
    assert not masks[::2].any()
    share = masks[1::2].float().mean(dim=(1, 2))
    assert ((share > 0.3) & (share < 0.7)).all()


def test_a_missing_picture_of_a_person_is_named(att):
    (att / "s33" / "4.pgm").unlink()
    with pytest.raises(MissingDataError, match=r"1 of 100 pictures are missing, .*s33/4\.pgm"):
        open_images("att_standin_warp")
    assert len(open_images("att_standin_warp_train")) == 600
    with pytest.raises(MissingDataError, match="1 of 400 pictures"):
        open_images("att_faces")


@pytest.mark.data("att_faces")
def test_att_pictures_are_those_of_the_archive(data_root):
    """Ten pictures of a person resemble each other more than those of two persons."""
    real = open_images("att_faces")
    faces = torch.stack([real.read(index)[0].flatten() for index in range(60)])
    alike = torch.corrcoef(faces)
    same = torch.block_diag(*[torch.ones(10, 10)] * 6).bool()
    assert alike[same].mean() > alike[~same].mean() + 0.1
