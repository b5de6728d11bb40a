"""A toy experiment that counts its work; image sets and networks that need no data."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from saliency_audit.datasets import CATALOG, ImageSet
from saliency_audit.datasets.folders import open_class_folders
from saliency_audit.models import CLASSIFIERS, Classifier, catalog
from saliency_audit.models.small import ShapesCNN
from saliency_audit.study import Column, Experiment, Outcome, Task


@dataclass(frozen=True)
class ToyParameters:
    count: int = 4
    scale: float = 1.0
    names: tuple[str, ...] = ("a",)
    limit: int | None = None
    exact: bool = False

    def __post_init__(self):
        if self.count < 0:
            raise ValueError("count must not be negative")


class Toy:
    """Builds an experiment; `computed` lists the tasks that did work, `before` may interrupt."""

    def __init__(self):
        self.computed = []
        self.before = lambda task: None
        self.notes = {}

    def tasks(self, parameters):
        return [
            Task(f"{name}-{number}", {"name": name, "number": number, "scale": parameters.scale})
            for name in parameters.names
            for number in range(parameters.count)
        ]

    def compute(self, task):
        self.before(task)
        self.computed.append(task.name)
        value = task.parameters["number"] * task.parameters["scale"]
        rows = pd.DataFrame({"name": [task.name] * 2, "image": [0, 1], "value": [value, -value]})
        return Outcome(rows, self.notes)

    def experiment(self, version=1):
        return Experiment(
            name="toy",
            title="Toy",
            version=version,
            profiles={
                "embedded": ToyParameters(),
                "reference": ToyParameters(count=6, names=("a", "b")),
            },
            split=self.tasks,
            compute=self.compute,
            recorded=(
                Column("name", "text", "", "of the task"),
                Column("image", "integer", "", "first or second"),
                Column("value", "number", "", "what was computed"),
            ),
        )


@pytest.fixture(scope="module")
def module_project(tmp_path_factory):
    """An empty project folder that the tests of a module share, so that rows are computed once."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "data" / "claims").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALIENCY_PROJECT", str(folder))
        yield folder


@pytest.fixture
def toy():
    return Toy()


def _untrained():
    """A network for the shapes without its training: right by chance, one time in eight."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        return ShapesCNN().eval()


@pytest.fixture(scope="module")
def untrained():
    """The classifier `untrained`, in the catalogue."""
    with pytest.MonkeyPatch.context() as patch:
        entry = Classifier("untrained", "an untrained network", _untrained)
        patch.setitem(CLASSIFIERS, "untrained", entry)
        yield "untrained"
    catalog._loaded.cache_clear()


class Brightest(nn.Module):
    """Class = brightest colour channel."""

    def forward(self, images):
        return 20 * images.mean(dim=(2, 3))


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Classes red and green: three good pictures, one green picture filed as red, two corrupt.

    They are the image set `pictures`, and the classifier `brightest` tells red from green.
    """
    folder = tmp_path / "pictures"
    colours = {"0red": (200, 30, 30), "1green": (30, 200, 30)}
    generator = np.random.default_rng(0)
    for name, colour in colours.items():
        (folder / name).mkdir(parents=True)
        for number in range(3):
            pixels = generator.integers(-25, 25, (16, 16, 3)) + np.array(colour)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.jpg")
    good = (folder / "1green" / "0.jpg").read_bytes()
    (folder / "0red" / "2.jpg").write_bytes(good)
    (folder / "0red" / "1.jpg").write_bytes(good[:200])
    (folder / "1green" / "2.jpg").write_bytes(b"")
    entry = ImageSet(
        "pictures",
        "red and green",
        "made here",
        "",
        folder=None,
        files=0,
        opener=lambda root: open_class_folders("pictures", folder, 16, "", 2),
    )
    monkeypatch.setitem(CATALOG, "pictures", entry)
    monkeypatch.setitem(CLASSIFIERS, "brightest", Classifier("brightest", "brightest", Brightest))
    catalog._loaded.cache_clear()
    yield folder
    catalog._loaded.cache_clear()
