"""What all tests share: threads, a scratch project, the data root."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from saliency_audit.datasets import CATALOG

# No deadline: the first example pays for torch's warm-up. Derandomised: a failure is repeatable.
settings.register_profile("audit", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("audit")


def pytest_configure() -> None:
    """`SALIENCY_THREADS` threads for torch; one per process where pytest-xdist runs several."""
    default = "1" if "PYTEST_XDIST_WORKER" in os.environ else None
    if threads := os.environ.get("SALIENCY_THREADS", default):
        torch.set_num_threads(int(threads))


@pytest.fixture
def data_root(request: pytest.FixtureRequest) -> Path:
    """The data root, for tests marked `@pytest.mark.data("<image set>", …)`; skips without it."""
    root = os.environ.get("SALIENCY_DATA")
    if not root:
        pytest.skip("SALIENCY_DATA is not set: this test needs real image sets")
    for mark in request.node.iter_markers("data"):
        for name in mark.args:
            location = CATALOG[name].location()
            if location is None or not location.is_dir():
                pytest.skip(f"image set {name!r} is not in {location}")
    return Path(root)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder that the package takes for the repository."""
    folder = tmp_path / "project"
    (folder / "data" / "claims").mkdir(parents=True)
    monkeypatch.setenv("SALIENCY_PROJECT", str(folder))
    return folder
