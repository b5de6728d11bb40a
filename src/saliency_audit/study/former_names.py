"""Names that recorded manifests have in a former version: renamed on reading, never rewritten."""

from collections.abc import Mapping
from typing import Any

# Former name -> present name, wherever it stands in the parameters of a task.
PARAMETERS = {"climb_steps": "climb_points"}


def present_parameters(manifest: Mapping[str, Any]) -> Any:
    """The parameters of a recorded task by their present names.

    Args:
        manifest: as read from JSON.
    """
    return _renamed(manifest.get("parameters"))


def _renamed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {PARAMETERS.get(name, name): _renamed(inner) for name, inner in value.items()}
