import dataclasses
import importlib.util
import os
import re
import shutil
import subprocess

import pytest
import torch

from saliency_audit.reach import digests
from saliency_audit.reach.sources import LOADED
from saliency_audit.study import provenance


@pytest.fixture(autouse=True)
def by_hand(monkeypatch):
    """Digests as at a desk: in continuous integration they cover everything."""
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def copied(tmp_path):
    """A package of its own with a copy of the module, in a repository, and a way to load it."""
    package = tmp_path / "repository" / "package"
    for folder in ("study", "metrics"):
        (package / folder).mkdir(parents=True)
    path = package / "study" / "provenance.py"
    shutil.copy(provenance.__file__, path)
    (package / "metrics" / "area.py").write_text("AREA = 1\n")

    def load():
        spec = importlib.util.spec_from_file_location("copied_provenance", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return package, load


def git(folder, *arguments):
    settings = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *settings, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_code_and_packages_are_named_as_they_were_loaded(copied, monkeypatch):
    package, load = copied
    git(package.parent, "init", "-q")
    git(package.parent, "add", ".")
    git(package.parent, "commit", "-q", "-m", "first")
    head = git(package.parent, "rev-parse", "HEAD")
    loaded = load()
    (package / "metrics" / "area.py").write_text("AREA = 2\n")
    monkeypatch.setattr(loaded, "version", lambda name: "upgraded since")
    later = load()
    assert loaded.commit() == head
    assert later.commit() == f"{head}+changes"
    assert "upgraded since" not in loaded.environment()["packages"].values()


def test_asking_git_takes_no_lock(copied):
    package, load = copied
    git(package.parent, "init", "-q")
    git(package.parent, "add", ".")
    git(package.parent, "commit", "-q", "-m", "first")
    index = package.parent / ".git" / "index"
    # A file that only looks changed: git writes what it learns about it if it may take the lock.
    os.utime(package / "metrics" / "area.py", (1, 1))
    before = index.read_bytes()
    assert "+changes" not in load().commit()
    assert index.read_bytes() == before


def test_commit_tells_of_changes_anywhere_in_the_package(copied):
    package, load = copied
    repository = package.parent
    (repository / "notes.txt").write_text("one\n")
    git(repository, "init", "-q")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "first")
    assert re.fullmatch("[0-9a-f]{40}", load().commit())
    (repository / "notes.txt").write_text("two\n")
    assert re.fullmatch("[0-9a-f]{40}", load().commit())
    (package / "metrics" / "area.py").write_text("AREA = 2\n")
    assert re.fullmatch(r"[0-9a-f]{40}\+changes", load().commit())


def test_no_commit_outside_git(copied, monkeypatch):
    package, load = copied
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(package.parents[2]))
    assert load().commit() is None


@pytest.mark.parametrize(
    ("module", "changes"),
    [
        ("study.experiments.idgi_cost", True),
        ("attributions.engine", True),
        ("study.compute", True),
        ("study.experiments.idgi_theorem", False),
        ("report.figures.idgi.cost", False),
        ("ledger.audit", False),
    ],
)
def test_source_digest_follows_the_modules_that_an_experiment_reaches(monkeypatch, module, changes):
    name = f"saliency_audit.{module}"
    texts = {**LOADED.texts, name: LOADED.texts[name] + b"\nX = 1\n"}
    before = provenance.experiment_digest("idgi_cost")
    unknown = provenance.experiment_digest("tried_out")
    monkeypatch.setattr(digests, "LOADED", dataclasses.replace(LOADED, texts=texts))
    assert (provenance.experiment_digest("idgi_cost") != before) == changes
    assert provenance.experiment_digest("tried_out") != unknown


def test_source_digest_is_of_the_code_that_was_loaded(monkeypatch):
    before = provenance.source_digest("idgi_cost")
    monkeypatch.setattr(digests, "LOADED", None)  # nothing is read again
    assert provenance.source_digest("idgi_cost") == before


def test_environment_tells_packages_device_and_threads():
    found = provenance.environment()
    assert found["packages"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert "absent" not in found["packages"].values()
    assert found["threads"] == torch.get_num_threads()
    assert found["device"]


@pytest.fixture
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_threads")
def test_threads_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SALIENCY_THREADS", "3")
    provenance.use_threads_from_environment()
    assert torch.get_num_threads() == 3
    monkeypatch.delenv("SALIENCY_THREADS")
    provenance.use_threads_from_environment()
    assert torch.get_num_threads() == 3


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data root with the weights of one network and one image set."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "vgg16_imagenet.pth").write_bytes(b"values")
    (tmp_path / "imagenet_sample").mkdir()
    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    provenance._weights_state.cache_clear()
    yield tmp_path
    provenance._weights_state.cache_clear()


def read_by(model="vgg16", images="imagenet_sample"):
    """The digest that another process would find."""
    provenance._weights_state.cache_clear()
    return provenance.inputs_digest({"model": model, "images": images, "steps": 8})


def grow(root):
    path = root / "weights" / "vgg16_imagenet.pth"
    before = path.stat()
    path.write_bytes(b"more values")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = {
    "weights of another size": grow,
    "weights of another time": lambda root: os.utime(root / "weights/vgg16_imagenet.pth", (1, 1)),
    "no weights": lambda root: (root / "weights" / "vgg16_imagenet.pth").unlink(),
    "one class more": lambda root: (root / "imagenet_sample" / "n00000001").mkdir(),
    "images of another time": lambda root: os.utime(root / "imagenet_sample", (1, 1)),
    "no images": lambda root: (root / "imagenet_sample").rmdir(),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_of_what_a_task_reads_is_seen(root, case):
    before = read_by()
    assert read_by() == before
    CHANGES[case](root)
    assert read_by() != before


def test_another_data_root_is_another_input(root, tmp_path, monkeypatch):
    before = read_by()
    copied = shutil.copytree(root, tmp_path / "copy")
    monkeypatch.setenv("SALIENCY_DATA", str(copied))
    assert read_by() != before
    assert re.fullmatch("[0-9a-f]{64}", before)


def test_what_a_task_does_not_read_is_no_change(root, monkeypatch):
    before = read_by("shapes_cnn", "shapes")
    nothing = provenance.inputs_digest({"steps": 8})
    of_both = read_by()
    (root / "weights" / "vgg19_imagenet.pth").write_bytes(b"values")
    (root / "cifar10").mkdir()
    assert read_by() == of_both
    monkeypatch.setenv("SALIENCY_DATA", str(root / "nowhere"))
    assert read_by("shapes_cnn", "shapes") == before == nothing


def test_weights_count_as_this_process_found_them_first(root):
    parameters = {"model": "vgg16", "images": "shapes"}
    before = provenance.inputs_digest(parameters)
    (root / "weights" / "vgg16_imagenet.pth").write_bytes(b"not what is loaded")
    assert provenance.inputs_digest(parameters) == before
    assert read_by(images="shapes") != before
