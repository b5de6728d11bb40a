"""FaceForensics++'s layout, read from tiny videos that are made here; decoding and finding faces."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from saliency_audit.datasets import CATALOG, MissingDataError, open_images, read_batch, read_regions
from saliency_audit.datasets.face_boxes import enlarged, find_face
from saliency_audit.datasets.faceforensics import GENERATORS, MARGIN, open_faceforensics
from saliency_audit.datasets.faces import FORGED, REAL
from saliency_audit.datasets.videos import VideoError, read_frames
from saliency_audit.models import CLASSIFIERS, Classifier
from saliency_audit.models.small import FacesCNN
from saliency_audit.study import get_experiment

cv2 = pytest.importorskip("cv2")
FACE = (175, 70, 93)  # where the detector sees it in the whole picture


def write(path, frames, codec="mp4v", size=(400, 240)):
    """A video of RGB pictures of this width and height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 10, size)
    assert writer.isOpened()
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[:, :, ::-1]))
    writer.release()


def astronauts(count=6, shift=4):
    """Scikit-image's astronaut, who moves to the right."""
    picture = astronaut()[:240, :400]
    return [np.roll(picture, number * shift, axis=1) for number in range(count)]


@pytest.fixture
def root(tmp_path):
    """Two pairs of the official layout, with one generator's videos and masks."""
    folder = tmp_path / "FaceForensics++"
    (folder / "splits").mkdir(parents=True)
    (folder / "splits/test.json").write_text(json.dumps([["000", "003"], ["001", "002"]]))
    frames = astronauts()
    masks = [np.zeros_like(frame) for frame in frames]
    for number, mask in enumerate(masks):
        mask[80:150, 190 + 4 * number : 250 + 4 * number] = 255
    for name in ("000", "001", "002", "003"):
        write(folder / f"original_sequences/youtube/c23/videos/{name}.mp4", frames)
    for name in ("000_003", "003_000", "001_002", "002_001"):
        method = folder / "manipulated_sequences/Deepfakes"
        write(method / f"c23/videos/{name}.mp4", frames)
        write(method / f"masks/videos/{name}.mp4", masks)
    return folder


def opened(root, frames=3, **more):
    how = "Ask for it."
    return open_faceforensics("tiny", root, "deepfakes", "test", how, frames=frames, **more)


def test_frames_of_real_and_forged_videos_in_the_order_of_the_split_file(root):
    images = opened(root)
    assert len(images) == 8 * 3
    assert images.labels == ((REAL,) * 3 + (FORGED,) * 3) * 4
    folders = [name.rsplit("/", 1)[0] for name in images.names[::3]]
    assert [folder.rsplit("/", 1)[1] for folder in folders] == [
        *("000", "000_003", "003", "003_000"),
        *("001", "001_002", "002", "002_001"),
    ]
    assert images.names[5].endswith("Deepfakes/c23/videos/000_003/2")


def test_the_face_fills_the_crop(root):
    images = opened(root, side=128)
    batch = read_batch(images, range(6))
    assert batch.images.shape == (6, 3, 128, 128)
    assert not batch.unreadable
    (frame, *_) = read_frames(root / "original_sequences/youtube/c23/videos/000.mp4", 3)
    left, top, side = enlarged(find_face(frame), MARGIN, (400, 240))
    part = torch.from_numpy(frame[top : top + side, left : left + side].copy()).float() / 255
    theirs = torch.nn.functional.interpolate(part.permute(2, 0, 1)[None], 128, mode="bilinear")[0]
    assert (batch.images[0] - theirs).abs().mean() < 0.03
    # The second part's middle frame shows her further right; the crop has moved with her.
    assert (batch.images[1] - batch.images[0]).abs().mean() < 0.1


def test_crops_are_kept_and_read_again_without_the_video(root):
    images = opened(root)
    first = images.read(4)
    video = root / "manipulated_sequences/Deepfakes/c23/videos/000_003.mp4"
    video.write_bytes(b"")
    assert torch.equal(opened(root).read(4), first)
    assert len(list((root.parent / "FaceForensics++_faces").rglob("*.png"))) == 3


def test_masks_are_cropped_like_the_face(root):
    regions = read_regions(opened(root, side=100), [0, 3, 5])
    assert not regions[0].any()
    video = root / "manipulated_sequences/Deepfakes/c23/videos/000_003.mp4"
    left, top, side = enlarged(find_face(read_frames(video, 3)[0]), MARGIN, (400, 240))
    expected = torch.zeros(100, 100, dtype=torch.bool)
    scale = 100 / side
    rows = slice(round((80 - top) * scale), round((150 - top) * scale))
    expected[rows, round((194 - left) * scale) : round((254 - left) * scale)] = True
    assert (regions[1] ^ expected).float().mean() < 0.03


def test_an_unreadable_mask_is_named(root):
    mask = root / "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4"
    mask.write_bytes(b"no video")
    images = opened(root)
    assert read_batch(images, [3]).indices == (3,)
    with pytest.raises(VideoError, match=r"masks/videos/000_003\.mp4 is unreadable.*leave it out"):
        read_regions(images, [3])


def test_without_masks_regions_say_where_they_belong(root):
    (root / "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4").unlink()
    with pytest.raises(MissingDataError, match=r"masks of some videos .*masks/videos\. Ask for it"):
        read_regions(opened(root), [0])


@pytest.mark.parametrize("method", ["Deepfakes", "original"])
def test_a_renamed_folder_is_named_with_what_lies_there(root, method):
    above = root / ("original_sequences" if method == "original" else "manipulated_sequences")
    old = "youtube" if method == "original" else method
    (above / old).rename(above / "renamed")
    with pytest.raises(MissingDataError, match=rf"no folder .*{old}.*holds renamed\. Ask for it"):
        opened(root)


def test_missing_videos_are_counted(root):
    for name in ("001", "002"):
        (root / f"original_sequences/youtube/c23/videos/{name}.mp4").unlink()
    with pytest.raises(MissingDataError, match=r"2 of 8 videos .* first is .*001\.mp4"):
        opened(root)


@pytest.mark.parametrize("content", [None, "{", "[]", '["000"]', "[[0, 3]]", '{"a": 1}'])
def test_a_split_file_that_is_missing_or_damaged(root, content):
    path = root / "splits/test.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(MissingDataError, match=r"split file|is damaged"):
        opened(root)


def test_an_unreadable_video_is_left_out_by_name(root):
    video = root / "original_sequences/youtube/c23/videos/000.mp4"
    video.write_bytes(b"no video")
    images = opened(root)
    with pytest.raises(VideoError, match=r"000\.mp4 is unreadable: 0 of 3 frames.*download"):
        images.read(0)
    batch = read_batch(images, [0, 3])
    assert batch.indices == (3,)
    assert batch.unreadable == (images.names[0],)


def some_detector():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return FacesCNN().eval()


def test_an_experiment_leaves_out_an_unreadable_video_and_names_it(root, monkeypatch):
    (root / "splits/test.json").write_text('[["000", "003"]]')
    (root / "original_sequences/youtube/c23/videos/000.mp4").write_bytes(b"no video")
    images = opened(root, frames=1, side=32)
    tiny = replace(CATALOG["deepfakes"], opener=lambda _: images)
    monkeypatch.setitem(CATALOG, "deepfakes", tiny)
    entry = Classifier("some_detector", "some detector", some_detector)
    monkeypatch.setitem(CLASSIFIERS, "some_detector", entry)
    experiment = get_experiment("xmgd_noise")
    quick = {"n_images": 4, "side": 16, "components": 2, "explained": "saliency,deeplift"}
    (task,) = experiment.tasks(experiment.configure("paper", {"models": "some_detector", **quick}))
    outcome = experiment.compute(task)
    assert outcome.notes["unreadable"] == images.names[:1]
    assert outcome.notes["candidates"] == 4
    used = set(outcome.rows["image_name"])
    assert used
    assert used < set(images.names[1:])
    assert len(used) == outcome.notes["used"]
    assert np.isfinite(outcome.rows["after"]).all()


def test_a_video_without_a_face_says_so(root):
    video = root / "original_sequences/youtube/c23/videos/000.mp4"
    write(video, [np.full((240, 400, 3), 90, np.uint8)] * 6)
    with pytest.raises(VideoError, match=r"000\.mp4: no face was found in any of 3 frames"):
        opened(root).read(1)


def test_frames_without_a_face_take_the_place_of_the_nearest(root):
    video = root / "original_sequences/youtube/c23/videos/000.mp4"
    empty = np.full((240, 400, 3), 90, np.uint8)
    write(video, [*astronauts()[:4], empty, empty])
    images = opened(root)
    assert images.read(1).std() > 0.1
    assert images.read(2).std() < 0.05  # grey, from where the face was before


def test_frames_are_taken_from_the_middles_of_equal_parts(tmp_path):
    levels = [np.full((32, 32, 3), 10 * number, np.uint8) for number in range(12)]
    write(tmp_path / "grey.mp4", levels, size=(32, 32))
    means = [frame.mean() for frame in read_frames(tmp_path / "grey.mp4", 3)]
    assert np.abs(np.array(means) - [20, 60, 100]).max() < 5  # with loss
    assert len(read_frames(tmp_path / "grey.mp4", 30)) == 30


def test_a_truncated_video_says_how_many_frames_are_left(tmp_path):
    # Every frame of this codec stands alone, and their number stands at the beginning.
    write(tmp_path / "whole.avi", astronauts(12), "MJPG")
    whole = (tmp_path / "whole.avi").read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: len(whole) * 3 // 5])
    assert cv2.VideoCapture(str(cut)).get(cv2.CAP_PROP_FRAME_COUNT) == 12
    with pytest.raises(VideoError, match=r"cut\.avi is unreadable: 2 of 3 frames could be decoded"):
        read_frames(cut, 3)


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "mp4v"), ("avi", "MJPG")])
def test_a_video_without_frames(tmp_path, ending, codec):
    path = tmp_path / f"empty.{ending}"
    write(path, [], codec)
    assert path.stat().st_size > 100  # a valid header
    with pytest.raises(VideoError, match=r"empty\..* is unreadable: 0 of 3 frames"):
        read_frames(path, 3)


def test_frames_that_are_there_but_cannot_be_decoded(tmp_path, monkeypatch):
    class Undecodable:
        """Six frames, none of which OpenCV turns into a picture."""

        def __init__(self, path):
            self.get = lambda name: 6.0
            self.grab = lambda: True
            self.retrieve = lambda: (False, None)
            self.release = lambda: None

    (tmp_path / "some.mp4").touch()
    monkeypatch.setattr(cv2, "VideoCapture", Undecodable)
    with pytest.raises(VideoError, match="0 of 3 frames"):
        read_frames(tmp_path / "some.mp4", 3)


def test_frames_of_no_file(tmp_path):
    with pytest.raises(VideoError, match=r"there is no video .*none\.mp4; correct the path"):
        read_frames(tmp_path / "none.mp4", 3)
    with pytest.raises(VideoError, match=r"there is no video .*: it is a folder; correct the path"):
        read_frames(tmp_path, 3)


@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4", "picture.png", "picture_01.png"])
@pytest.mark.parametrize("content", [b"", b"no frames here", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_frames_of_a_file_that_is_no_video(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(VideoError, match="0 of 3 frames could be decoded, so it is damaged or no"):
        read_frames(tmp_path / name, 3)


def test_a_path_may_be_a_text(root):
    place = root / "original_sequences/youtube/c23/videos/000.mp4"
    for one, other in zip(read_frames(str(place), 3), read_frames(place, 3), strict=True):
        assert (one == other).all()
    images = opened(str(root))
    assert images.names == opened(root).names


def test_the_detector_finds_the_astronaut_and_nothing_in_noise():
    found = find_face(astronaut())
    assert np.abs(np.array(found) - FACE).max() < 20
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    assert find_face(noise) is None
    assert find_face(astronaut()[:20, :20]) is None


@pytest.mark.parametrize(
    ("square", "size", "expected"),
    [
        ((40, 40, 20), (100, 100), (37, 37, 26)),
        ((0, 90, 20), (100, 110), (0, 84, 26)),
        ((5, 5, 40), (44, 50), (0, 3, 44)),
    ],
)
def test_a_square_stays_in_the_picture(square, size, expected):
    assert enlarged(square, 1.3, size) == expected


@pytest.mark.parametrize(
    ("generator", "part", "message"),
    [
        ("fsgan", "test", "unknown generator 'fsgan'; known: deepfakes, face2face"),
        ("deepfakes", "all", "unknown part 'all'; known: train, val, test"),
    ],
)
def test_unknown_generators_and_parts_are_refused(root, generator, part, message):
    with pytest.raises(ValueError, match=message):
        open_faceforensics("tiny", root, generator, part, "")


def test_the_catalogue_has_every_generator_and_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    for generator in GENERATORS:
        assert CATALOG[generator].files == 1000
        with pytest.raises(MissingDataError, match=r"no folder .*ondyari/FaceForensics"):
            open_images(generator)
