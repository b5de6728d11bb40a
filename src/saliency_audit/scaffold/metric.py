"""Skeleton of a metric."""

from collections.abc import Mapping
from dataclasses import dataclass

from saliency_audit.errors import refuse_unknown
from saliency_audit.scaffold.places import WIDTH, add_entry, add_export, add_import, strings
from saliency_audit.scaffold.skeleton import (
    PACKAGE,
    Plan,
    ScaffoldError,
    Skeleton,
    checkout,
    refuse_malformed,
)

FOLDER = f"{PACKAGE}/metrics"
TABLE = "tests/metrics/test_registry.py"


@dataclass(frozen=True)
class Need:
    """What a metric is computed from.

    Attributes:
        signature: of its function.
        value: how the test of all metrics calls it.
        more: arguments of its line in the registry.
        imports: above its function.
        arguments: in its docstring, a line each.
    """

    signature: str
    value: str
    more: str = ""
    imports: str = "from torch import Tensor"
    arguments: tuple[str, ...] = ("maps: `(N, H, W)`.",)


NEEDS: Mapping[str, Need] = {
    "map": Need("maps: Tensor", "metrics.{name}"),
    "pair": Need(
        "maps: Tensor, others: Tensor",
        "metrics.{name}",
        ", equal=1",
        arguments=("maps: `(N, …)`.", "others: the same shape, of the same images."),
    ),
    "region": Need(
        "maps: Tensor, regions: Tensor",
        "partial(of_region, metrics.{name})",
        arguments=("maps: `(N, H, W)`, ≥ 0.", "regions: `(N, H, W)` bool, the objects."),
    ),
    "model": Need(
        "model: nn.Module, images: Tensor, maps: Tensor, targets: Tensor",
        "partial(of_model, metrics.{name})",
        imports="from torch import Tensor, nn",
        arguments=(
            "model: returns logits `(N, classes)`.",
            "images: `(N, C, H, W)` in [0, 1].",
            "maps: `(N, H, W)`.",
            "targets: `(N,)` class indices.",
        ),
    ),
}
"""The needs that there is a skeleton for, by their names in `metrics.registry.NEEDS`."""


def new_metric(name: str, needs: str = "map") -> Skeleton:
    """Write the skeleton of a metric.

    Args:
        name: in the registry.
        needs: of `NEEDS`.

    Raises:
        ScaffoldError: a name that is malformed or exists, a place that is missing, other needs.
    """
    refuse_malformed("metric", name)
    try:
        refuse_unknown("need of a metric", needs, NEEDS)
    except ValueError as error:
        raise ScaffoldError(str(error)) from None
    need, plan = NEEDS[needs], Plan(checkout())
    registry, package = f"{FOLDER}/registry.py", f"{FOLDER}/__init__.py"
    if name in strings(plan.read(registry)) | strings(plan.read(package)):
        raise ScaffoldError(f"the metric {name!r} exists already: {registry} or {package}")
    words = {
        "name": name,
        "head": _head(name, need.signature),
        "imports": need.imports,
        "arguments": "\n        ".join(need.arguments),
    }
    plan.create(f"{FOLDER}/{name}.py", "metric.py", **words)
    plan.create(f"tests/metrics/test_{name}.py", "metric_test.py", **words)
    plan.change(package, add_import, f"saliency_audit.metrics.{name}", name)
    plan.change(package, add_export, name)
    plan.change(registry, add_entry, "METRICS", f'Metric("{name}", "{name}", "{needs}"{need.more})')
    plan.change(TABLE, add_entry, "VALUES", f'"{name}": {need.value.format(name=name)}')
    if needs == "model":
        line = f'MetricCall("{name}", metrics.{name})'
        plan.change("tests/conftest.py", add_entry, "METRICS", line)
    return plan.write(
        (
            f"{FOLDER}/{name}.py: the function; docstring with range, better side and source",
            f"{registry}: its title, better side and range",
            f"{TABLE}: how VALUES calls it; where it is good and bad, in better_and_worse",
            f"tests/metrics/test_{name}.py: maps whose value is known exactly, a peer library",
            f"{PACKAGE}/ledger/vocabulary.py, _OTHERS: the name, where claims are waiting for it",
        )
    )


def _head(name: str, signature: str) -> str:
    """The first line of the function, or three where one is too long."""
    line = f"def {name}({signature}) -> Tensor:"
    return line if len(line) <= WIDTH else f"def {name}(\n    {signature}\n) -> Tensor:"
