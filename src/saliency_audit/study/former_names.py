"""Former names in recorded files: translated on reading; the files are never rewritten."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

# Increased when a name changes its meaning; manifests without a number use the first names.
VERSION = 2
# Former name -> present name: of parameters, at any depth of a task's; of measures of a picture's
# complexity; of columns of rows.
PARAMETERS = {"climb_steps": "climb_points"}
COMPLEXITIES = {"entropy": "file_size", "grey_entropy": "shannon_entropy"}
COLUMNS = {f"ic_{former}": f"ic_{present}" for former, present in COMPLEXITIES.items()}
# Of methods, in rows that these experiments recorded under the first names: there "ig" was
# Integrated Gradients as the GGIG paper defines it, without the product with the input.
METHODS = {"ig": "ig_without_product", "ig_product": "ig"}
WITHOUT_PRODUCT = (
    *("ggig_background", "ggig_climb", "ggig_information_curves", "ggig_mnist", "ggig_product"),
    *("ggig_randomization", "ggig_sigma", "ggig_sparse", "method_cost"),
)


def present_parameters(manifest: Mapping[str, Any]) -> Any:
    """The parameters of a recorded task under their present names.

    Args:
        manifest: as read from JSON.
    """
    found = _renamed(manifest.get("parameters"))
    if isinstance(found, dict) and "methods" in found:
        methods = former_methods(manifest)
        return {**found, "methods": [methods.get(name, name) for name in found["methods"]]}
    return found


def present_rows(rows: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """Recorded rows under the present names of their columns and methods.

    Args:
        rows: of one task.
        manifest: of the same task.
    """
    rows = rows.rename(columns=COLUMNS)
    methods = former_methods(manifest)
    if methods and "method" in rows:
        rows["method"] = rows["method"].map(lambda name: methods.get(name, name))
    return rows


def former_methods(manifest: Mapping[str, Any]) -> Mapping[str, str]:
    """Present names of the methods that a task recorded under former names, by former name.

    Args:
        manifest: of the task.
    """
    first = manifest.get("names", 1) < VERSION
    return METHODS if first and manifest.get("experiment") in WITHOUT_PRODUCT else {}


def _renamed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {PARAMETERS.get(name, name): _renamed(inner) for name, inner in value.items()}
