"""The page of the code behind the verdicts: internal tests and experiments."""

from importlib import import_module

from saliency_audit.ledger.internal import TESTS
from saliency_audit.report.site.markdown import page
from saliency_audit.study import available, get_experiment


def code_page() -> str:
    """Reference of every module that decides a verdict, each with links to its source lines."""
    tests = dict.fromkeys(function.__module__ for function in TESTS.values())
    experiments = dict.fromkeys(get_experiment(name).compute.__module__ for name in available())
    return page(
        "# The code behind the verdicts",
        "Each function is followed by a link to its source. Internal tests take no arguments: they "
        "read the printed numbers and return an `InternalAudit`. External tests and the rule that "
        "makes a verdict of checks are part of {doc}`the ledger </book/api-ledger>`.",
        "## Experiments",
        *(_module(name) for name in experiments),
        "## Internal tests",
        *(f"### `{name.rsplit('.', 1)[1]}`\n\n{_module(name)}" for name in sorted(tests)),
    )


def _module(name: str) -> str:
    import_module(name)
    # A name that a module passes on is documented where it is defined, once.
    options = "   :members:\n   :ignore-module-all:"
    return f"```{{eval-rst}}\n.. automodule:: {name}\n{options}\n```"
