"""Names that recorded files have in a former version: renamed on reading, never rewritten."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

# Former name -> present name: of parameters, wherever they stand in those of a task; of what
# measures the complexity of a picture; of columns of rows.
PARAMETERS = {"climb_steps": "climb_points"}
COMPLEXITIES = {"entropy": "file_size", "grey_entropy": "shannon_entropy"}
COLUMNS = {f"ic_{former}": f"ic_{present}" for former, present in COMPLEXITIES.items()}


def present_parameters(manifest: Mapping[str, Any]) -> Any:
    """The parameters of a recorded task by their present names.

    Args:
        manifest: as read from JSON.
    """
    return _renamed(manifest.get("parameters"))


def present_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Recorded rows by the present names of their columns."""
    return rows.rename(columns=COLUMNS)


def _renamed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {PARAMETERS.get(name, name): _renamed(inner) for name, inner in value.items()}
