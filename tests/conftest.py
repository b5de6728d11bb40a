"""What all tests share: the table of methods, threads, a scratch project, the data root."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import settings
from torch import Tensor

from saliency_audit import metrics
from saliency_audit.attributions import Explainer, StraightPath, create
from saliency_audit.attributions.registry import settings_of
from saliency_audit.datasets import CATALOG
from saliency_audit.models import kept
from saliency_audit.study.explanations import METHODS as EXPLAINED

# No deadline: the first example pays for torch's warm-up. Derandomised: a failure is repeatable.
settings.register_profile("audit", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("audit")


def pytest_configure() -> None:
    """`SALIENCY_THREADS` threads for torch; one per process where pytest-xdist runs several."""
    default = "1" if "PYTEST_XDIST_WORKER" in os.environ else None
    if threads := os.environ.get("SALIENCY_THREADS", default):
        torch.set_num_threads(int(threads))


@pytest.fixture(scope="session", autouse=True)
def folder_of_networks() -> Iterator[Callable[[], Path | None]]:
    """All tests and runs share the trained networks, whatever project a test is in.

    Yields what the library itself would say.
    """
    place = Path(__file__).parents[1] / "runs" / "cache" / "networks"
    own = kept.folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "folder", lambda: place)
        yield own


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


@dataclass(frozen=True)
class Method:
    """A registered method as the generic tests run it.

    Attributes:
        name: in the registry.
        asks: what it asks the model for: "gradients" of scores, "losses", whose gradients it follows,
            "scores" or "nothing". The first two pass "backward".
        axioms: what holds for it, of "completeness" (the map sums to f(x) - f(black)), "product"
            (a linear score gives weight times pixel), "weights" (a linear score gives its weights)
            and "blindness" (a pixel that the model ignores gets nothing).
        settings: few points, so that a map takes a blink.
        places: whether the map has one channel, for places and not for values.
        least_batch: how many images it sends at once where asked for one.
        chance: settings with which it draws random numbers, where it does not without.
    """

    name: str
    asks: str
    axioms: frozenset[str] = frozenset()
    settings: dict[str, Any] = field(default_factory=dict)
    places: bool = False
    least_batch: int = 1
    chance: dict[str, Any] = field(default_factory=dict)

    def create(self, **more: Any) -> Explainer:
        """The method with its few points and these settings."""
        return create(self.name, **{**self.settings, **more})

    def has(self, trait: str) -> bool:
        """Whether an axiom holds, a setting exists, or this is what it asks the model for."""
        asks_model = trait == "model" and self.asks != "nothing"
        asks_model |= trait == "backward" and self.asks in ("gradients", "losses")
        traits = ("any range", self.asks, *self.axioms, *settings_of(self.name))
        return asks_model or trait in traits

    def __call__(self, model: Any, images: Tensor, targets: Any, **more: Any) -> Tensor:
        """Maps, one image at a time, with these settings."""
        alone = {"batch_size": 1} if self.has("batch_size") else {}
        return self.create(**{**alone, **more})(model, images, targets)


def line(
    name: str,
    asks: str,
    axioms: str = "",
    *,
    places: bool = False,
    least: int = 1,
    chance: dict[str, Any] | None = None,
    **settings: Any,
) -> Method:
    return Method(name, asks, frozenset(axioms.split()), settings, places, least, chance or {})


SHARED = {"perturbation": "shared"}


# Every registered method has a line here; `test_every_method.py` names the one that is missing.
METHODS = (
    line("saliency", "gradients", "weights blindness"),
    line("gradient_input", "gradients", "product blindness"),
    line("smoothgrad", "gradients", "weights blindness", samples=4),
    line("guided_backprop", "gradients", "blindness"),
    line("deeplift", "gradients", "completeness product blindness", least=2),
    line("ig", "gradients", "product blindness", steps=6),
    line("ig_without_product", "gradients", "weights blindness", steps=6),
    line("ig+idgi", "gradients", "completeness blindness", steps=6),
    line("gig", "gradients", "product blindness", steps=6),
    line("gig+idgi", "gradients", "completeness blindness", steps=6),
    line("blurig", "gradients", "blindness", steps=6),
    line("blurig+idgi", "gradients", "blindness", steps=6),
    line("ggig", "gradients", "weights blindness", steps=4, ascents=3),
    line("gradcam", "gradients", places=True),
    line("gradcam++", "gradients", places=True),
    line("rise", "scores", masks=6, places=True),
    line("mpert", "losses", places=True, iterations=3, stride=2),
    line("finv", "losses", places=True, chance=SHARED, iterations=3, inversion_iterations=1),
    line("xpert", "losses", places=True, chance=SHARED, iterations=3, step=2, sigma=2, weight=9),
    line("edge", "nothing"),
    line("random", "nothing"),
)


@dataclass(frozen=True)
class MetricCall:
    """A function that needs the model, on maps that are the images themselves.

    Attributes:
        name: of the function in `saliency_audit.metrics`.
        measure: model, images, maps, targets and options -> values.
        takes_any_range: whether it has `check_range`.
    """

    name: str
    measure: Callable[..., Tensor]
    takes_any_range: bool = True

    def has(self, trait: str) -> bool:
        """Whether it asks the model, or takes inputs of any range."""
        return trait == "model" or (trait == "any range" and self.takes_any_range)

    def __call__(self, model: Any, images: Tensor, targets: Any, **more: Any) -> Tensor:
        """Its values, with these options."""
        return self.measure(model, images, images[:, 0].detach(), targets, **more)


def _points(model: Any, images: Tensor, maps: Tensor, targets: Any, **more: Any) -> Tensor:
    # The pictures are too small for MS-SSIM.
    small: dict[str, Any] = {"complexities": ("file_size",), "workers": 1, "batch_size": 4}
    points = metrics.information_points(model, images, maps, targets, **{**small, **more})
    return torch.stack([points.file_size, points.probability, points.correct])


def _insertion(model: Any, images: Tensor, maps: Tensor, targets: Any, **more: Any) -> Tensor:
    return metrics.insertion_score(model, images, maps, targets, **{"batch_size": 4, **more}).curves


def _deletion(model: Any, images: Tensor, maps: Tensor, targets: Any, **more: Any) -> Tensor:
    return metrics.deletion_score(model, images, maps, targets, **{"batch_size": 4, **more}).curves


def _faithfulness(model: Any, images: Tensor, maps: Tensor, targets: Any, **more: Any) -> Tensor:
    small = {"points": 5, "batch_size": 4}
    return metrics.faithfulness(model, images, maps, targets, **{**small, **more}).curves


def _fidelity(model: Any, images: Tensor, maps: Tensor, targets: Any, **more: Any) -> Tensor:
    small = {"subsets": 5, "batch_size": 4}
    return metrics.mu_fidelity(model, images, maps, targets, **{**small, **more})


def _confidence(model: Any, images: Tensor, maps: Tensor, targets: Any, **more: Any) -> Tensor:
    found = metrics.masked_confidence(model, images, maps, targets, **{"batch_size": 4, **more})
    return torch.stack([found.whole, found.kept, found.deleted])


def _of_confidence(metric: Any) -> MetricCall:
    def measure(model: Any, images: Tensor, maps: Tensor, targets: Any, **more: Any) -> Tensor:
        return metric(model, images, maps, targets, **{"batch_size": 4, **more})

    return MetricCall(metric.__name__, measure)


def _correlation(model: Any, images: Tensor, maps: Tensor, targets: Any, **more: Any) -> Tensor:
    small = {"points": 5, "batch_size": 4}
    return metrics.insertion_correlation(model, images, maps, targets, **{**small, **more})


def _projections(model: Any, images: Tensor, maps: Tensor, targets: Any, **more: Any) -> Tensor:
    small = {"path": StraightPath(6), "batch_size": 4}
    return metrics.taylor_error(model, images, targets, **{**small, **more})


METRICS = (
    MetricCall("information_curve", _points, takes_any_range=False),
    MetricCall("deletion_score", _deletion),
    MetricCall("faithfulness", _faithfulness),
    MetricCall("insertion_score", _insertion),
    MetricCall("insertion_correlation", _correlation),
    MetricCall("masked_confidence", _confidence),
    _of_confidence(metrics.increase_in_confidence),
    _of_confidence(metrics.average_drop),
    _of_confidence(metrics.average_drop_in_deletion),
    MetricCall("mu_fidelity", _fidelity),
    MetricCall("taylor_error", _projections),
)
TABLES = {"any_method": METHODS, "any_call": (*METHODS, *METRICS)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `any_method` runs for every line with the traits that its mark names.

    One that takes `any_call` runs for the metrics that ask a model too.
    """
    traits = [trait for mark in metafunc.definition.iter_markers("traits") for trait in mark.args]
    for name, table in TABLES.items():
        if name in metafunc.fixturenames:
            chosen = [line for line in table if all(map(line.has, traits))]
            metafunc.parametrize(name, chosen, ids=[line.name for line in chosen])


@pytest.fixture(scope="session")
def all_methods() -> tuple[Method, ...]:
    """The whole table of methods."""
    return METHODS


@pytest.fixture(scope="session")
def metric_calls() -> tuple[MetricCall, ...]:
    """The whole table of metrics that ask the model."""
    return METRICS


def _stability_rows(
    model: str = "resnet18-8",
    images: str = "cifar10_train",
    degraded: bool = True,
    methods: Sequence[str] = EXPLAINED,
    n: int = 20,
) -> pd.DataFrame:
    """Rows of `mege_stability`: three folds, distances at random."""
    random = np.random.default_rng(1)
    folds = np.arange(n) % 3
    rows = []
    series = [("none", 0), *([("weights", 5), ("labels", 5)] if degraded else [])]
    for kind, level in series:
        right = random.random((n, 3)) < 0.7
        for method in (*methods, "random"):
            for image in range(n):
                distances = random.random(3)
                distances[folds[image]] = np.nan
                rows.append(
                    {
                        "images": images,
                        "model": model,
                        "degradation": kind,
                        "level": level,
                        "method": method,
                        "image": image,
                        "fold": int(folds[image]),
                        "right": right[image].tolist(),
                        "distances": distances.tolist(),
                        "mu_fidelity": float(random.random()),
                        "accuracy": 0.7,
                    }
                )
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def stability_rows() -> Callable[..., pd.DataFrame]:
    """The maker of such rows."""
    return _stability_rows
