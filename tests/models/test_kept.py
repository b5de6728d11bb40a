"""Networks are trained once and kept under a key of what made them."""

import threading
from dataclasses import replace

import pytest
import torch
from torch import nn

from saliency_audit.datasets import CATALOG, ImageSet
from saliency_audit.models import TrainingPlan, kept, state_digest
from saliency_audit.models.kept import Recipe, trained


def training_set():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(20, 1, 4, 4, generator=generator), torch.arange(20) % 2


def network():
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 2), nn.BatchNorm1d(2))


RECIPE = Recipe(network, training_set, TrainingPlan(epochs=2, batch_size=5))


@pytest.fixture
def trainings(tmp_path, monkeypatch):
    """Threads of every training so far; networks are kept in an empty folder."""
    threads = []
    train = kept.train

    def note(*given):
        threads.append(torch.get_num_threads())
        return train(*given)

    monkeypatch.setattr(kept, "train", note)
    monkeypatch.setattr(kept, "folder", lambda: tmp_path / "networks")
    return threads


def test_a_kept_network_is_the_trained_one_bit_by_bit(trainings):
    first = trained("small", RECIPE)
    state = torch.get_rng_state()
    again = trained("small", RECIPE)
    assert len(trainings) == 1
    assert again is not first
    assert state_digest(again) == state_digest(first)
    assert not any(module.training for module in again.modules())
    assert torch.equal(torch.get_rng_state(), state)
    images, _ = training_set()
    assert torch.equal(again(images), first(images))


def test_shipped_weights_come_first(trainings, tmp_path, monkeypatch):
    own = trained("small", RECIPE)
    file = tmp_path / "small.pth"
    torch.save({key: value + 1 for key, value in own.state_dict().items()}, file)
    monkeypatch.setattr(kept, "shipped", lambda name: file)
    found = trained("small", RECIPE)
    assert len(trainings) == 1
    assert torch.equal(found[1].weight, own[1].weight + 1)
    assert not found.training
    for content in (b"", b"text"):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"small\.pth in data/networks has no weights"):
            trained("small", RECIPE)
    torch.save({"other": torch.ones(1)}, file)
    with pytest.raises(ValueError, match="restore it from version control"):
        trained("small", RECIPE)


def test_another_plan_code_or_processor_trains_again(trainings, monkeypatch):
    first = state_digest(trained("small", RECIPE))
    other = replace(RECIPE, plan=TrainingPlan(epochs=2, batch_size=5, seed=1))
    assert state_digest(trained("small", other)) != first
    assert state_digest(trained("small", RECIPE)) == first
    assert len(trainings) == 3
    monkeypatch.setattr(kept, "_PROGRAM", b"other code")
    trained("small", RECIPE)
    assert len(trainings) == 4


def test_another_image_file_trains_again(trainings, tmp_path, monkeypatch):
    folder = tmp_path / "images" / "raw"
    folder.mkdir(parents=True)
    entry = ImageSet("set", "set", "", "", None, 0, opener=lambda root: None)
    monkeypatch.setitem(CATALOG, "set", entry)
    monkeypatch.setattr(ImageSet, "location", lambda self: tmp_path / "images")
    recipe = replace(RECIPE, images="set")
    for content in ("a", "a", "ab"):
        if not (folder / "file").exists() or (folder / "file").read_text() != content:
            (folder / "file").write_text(content)
        trained("small", recipe)
    assert len(trainings) == 2


@pytest.mark.parametrize("content", [b"", b"no archive", b"half"])
def test_a_damaged_file_trains_again(trainings, content):
    first = state_digest(trained("small", RECIPE))
    path = kept.folder() / "small.pth"
    path.write_bytes(path.read_bytes()[:500] if content == b"half" else content)
    assert state_digest(trained("small", RECIPE)) == first
    assert state_digest(trained("small", RECIPE)) == first
    assert len(trainings) == 2


def test_where_nothing_can_be_kept_the_network_is_trained(trainings, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for place in (None, tmp_path / "file" / "networks"):
        monkeypatch.setattr(kept, "folder", lambda place=place: place)
        trained("small", RECIPE)
    assert len(trainings) == 2


def test_networks_are_kept_in_the_project(project, folder_of_networks, monkeypatch, tmp_path):
    assert folder_of_networks() == project / "runs" / "cache" / "networks"
    monkeypatch.setenv("SALIENCY_PROJECT", str(tmp_path / "nowhere"))
    assert folder_of_networks() is None


def test_who_asks_during_a_training_waits_for_it(trainings):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(state_digest(trained("small", RECIPE))))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(trainings) == 1
    assert len(set(found)) == 1


def test_networks_are_trained_in_one_thread_whatever_is_set(trainings):
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            trained(f"small-{threads}", RECIPE)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert trainings == [1, 1]
