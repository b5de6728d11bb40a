"""Numbers about maps. A metric with a value per image returns it per image."""

from saliency_audit.metrics.insertion import InsertionScore, insertion_score

__all__ = ["InsertionScore", "insertion_score"]
