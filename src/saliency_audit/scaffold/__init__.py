"""Skeletons of a new claim, method or metric, and their lines in tables of names and tests.

Nothing here imports the package that it writes for: the sources are read as text. What a skeleton
leaves open says so: its functions raise a `NotWrittenError` and its tests fail.
"""

from saliency_audit.scaffold.claim import new_claim
from saliency_audit.scaffold.method import new_method
from saliency_audit.scaffold.metric import NEEDS, new_metric
from saliency_audit.scaffold.skeleton import ScaffoldError, Skeleton

__all__ = ["NEEDS", "ScaffoldError", "Skeleton", "new_claim", "new_method", "new_metric"]
