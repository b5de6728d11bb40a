import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from saliency_audit.study import provenance


@pytest.fixture
def copied(tmp_path):
    """A repository with a copy of the module in a package of its own, and a way to load it."""
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
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


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


def test_source_digest_sees_contents_names_and_new_files(copied):
    package, load = copied
    area = package / "metrics" / "area.py"
    digests = [load().source_digest()]
    area.write_text("AREA = 2\n")
    digests.append(load().source_digest())
    area.rename(area.with_name("surface.py"))
    digests.append(load().source_digest())
    (package / "metrics" / "empty.py").touch()
    digests.append(load().source_digest())
    assert len(set(digests)) == 4
    (package / "report").mkdir()
    (package / "report" / "page.py").write_text("no number depends on this\n")
    assert load().source_digest() == digests[-1]


def test_every_computing_folder_exists():
    package = Path(provenance.__file__).parents[1]
    for folder in provenance.COMPUTING:
        assert list((package / folder).glob("*.py"))


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
