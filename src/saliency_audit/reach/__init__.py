"""Which code and data a result depends on, found without running anything."""

from saliency_audit.reach.data import strings_in
from saliency_audit.reach.digests import experiment_digest, result_digest

__all__ = ["experiment_digest", "result_digest", "strings_in"]
