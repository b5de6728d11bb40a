"""Skeleton of an explanation method."""

from saliency_audit.scaffold.places import add_entry, add_export, add_import, strings
from saliency_audit.scaffold.skeleton import (
    PACKAGE,
    Plan,
    ScaffoldError,
    Skeleton,
    checkout,
    refuse_malformed,
)

FOLDER = f"{PACKAGE}/attributions"
TESTS = "tests/conftest.py"


def new_method(name: str) -> Skeleton:
    """Write the skeleton of a method.

    Args:
        name: in the registry.

    Raises:
        ScaffoldError: a name that is malformed or exists, or a place that is missing.
    """
    refuse_malformed("method", name)
    plan = Plan(checkout())
    registry, package = f"{FOLDER}/registry.py", f"{FOLDER}/__init__.py"
    kind = "".join(part.capitalize() for part in name.split("_"))
    if name in strings(plan.read(registry)):
        raise ScaffoldError(f"the method {name!r} exists already: {registry}")
    if kind in strings(plan.read(package)):
        raise ScaffoldError(f"the class {kind} exists already: {package}")
    module = f"saliency_audit.attributions.{name}"
    plan.create(f"{FOLDER}/{name}.py", "method.py", name=name, kind=kind)
    plan.create(f"tests/attributions/test_{name}.py", "method_test.py", name=name, kind=kind)
    plan.change(registry, add_import, module, kind)
    plan.change(registry, add_entry, "_METHODS", f'"{name}": {kind}')
    plan.change(package, add_import, module, kind)
    plan.change(package, add_export, kind)
    plan.change(TESTS, add_entry, "METHODS", f'line("{name}", "gradients")')
    return plan.write(
        (
            f"{FOLDER}/{name}.py: settings, docstring with the source, __call__",
            f"{TESTS}, METHODS: what it asks the model for, its axioms, settings that are quick",
            f"tests/attributions/test_{name}.py: agreement with something that we did not write",
            f"{PACKAGE}/report/names.py, METHOD_NAMES: its name in figures and tables",
            "book/references.bib: its paper, where it is not there",
        )
    )
