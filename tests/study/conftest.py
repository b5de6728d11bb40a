"""A toy experiment that counts its work, in a scratch project."""

from dataclasses import dataclass

import pandas as pd
import pytest

from saliency_audit.study import Experiment, Outcome, Task


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
            parameters=ToyParameters,
            profiles={"embedded": {}, "reference": {"count": 6, "names": ("a", "b")}},
            tasks=self.tasks,
            compute=self.compute,
        )


@pytest.fixture
def toy():
    return Toy()
