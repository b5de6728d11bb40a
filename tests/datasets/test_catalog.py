import pytest
import torch
from sklearn.datasets import load_digits

from saliency_audit.datasets import CATALOG, MissingDataError, open_images, read_batch
from saliency_audit.datasets.digits import digits_training_set

IMAGENET = ("imagenet_sample", "imagenet_val")


def test_every_entry_tells_its_terms_and_how_to_get_it():
    for name, entry in CATALOG.items():
        assert entry.name == name
        assert entry.title
        assert entry.terms
        assert entry.how_to_get
        assert entry.folder is None or "SALIENCY_DATA" in entry.how_to_get


def test_digits_are_the_last_third_and_disjoint_from_the_training_set():
    bunch = load_digits()
    images = open_images("digits")
    pictures, labels = digits_training_set()
    assert len(pictures) == len(labels) == 1198
    assert len(images) == 599
    batch = read_batch(images, range(599))
    everything = torch.cat([pictures, batch.images])[:, 0] * 16
    assert torch.equal(everything, torch.from_numpy(bunch.images).float())
    assert torch.cat([labels, batch.labels]).tolist() == bunch.target.tolist()
    assert images.names[0] == "1198"
    training = open_images("digits_train")
    assert torch.equal(read_batch(training, range(1198)).images, pictures)
    assert training.labels == tuple(labels.tolist())
    assert everything.min() >= 0
    assert batch.images.max() == 1


def test_unknown_set_lists_the_known():
    with pytest.raises(
        ValueError,
        match="unknown image set 'imagenet'; known: digits, digits_train, shapes, more_sh",
    ):
        open_images("imagenet")


@pytest.mark.parametrize("name", IMAGENET)
def test_a_missing_set_names_folder_remedy_and_command(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path / "empty"))
    with pytest.raises(MissingDataError) as caught:
        open_images(name)
    message = str(caught.value)
    assert str(tmp_path / "empty" / CATALOG[name].folder) in message
    assert "SALIENCY_DATA" in message
    assert CATALOG[name].how_to_get in message
    assert f"saliency-audit data check {name}" in message
    assert CATALOG[name].count_files() == 0


def test_without_a_data_root_the_cache_in_the_home_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("SALIENCY_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(MissingDataError, match=str(tmp_path / ".cache" / "saliency-audit")):
        open_images("imagenet_sample")


def test_files_are_counted_at_any_depth(tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    entry = CATALOG["imagenet_sample"]
    (entry.location() / "n1").mkdir(parents=True)
    for name in ("a.JPEG", "b.JPEG"):
        (entry.location() / "n1" / name).touch()
    assert entry.count_files() == 2
    assert CATALOG["digits"].location() is None
    assert CATALOG["digits"].count_files() == 0


def test_a_partial_imagenet_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    (tmp_path / "imagenet_sample" / "n01440764").mkdir(parents=True)
    with pytest.raises(MissingDataError, match=r"1 class folders .* 1000 are needed"):
        open_images("imagenet_sample")


@pytest.mark.data("imagenet_sample")
def test_the_real_sample_has_one_picture_per_class(data_root):
    images = open_images("imagenet_sample")
    assert sorted(images.labels) == list(range(1000))
    batch = read_batch(images, [0, 499, 999])
    assert batch.images.shape == (3, 3, 224, 224)
    assert 0 <= batch.images.min() < 0.2
    assert 0.8 < batch.images.max() <= 1
