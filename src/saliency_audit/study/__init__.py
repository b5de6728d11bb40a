"""Experiments: parameters in, tidy per-image rows out, recorded and resumable."""

from saliency_audit.study.columns import Column
from saliency_audit.study.compute import (
    compute,
    local_folder,
    recorded_path,
    recorded_store,
    recording_store,
    seal,
)
from saliency_audit.study.experiment import Experiment, Labels, Outcome, ParameterError, Task
from saliency_audit.study.registry import available, get_experiment
from saliency_audit.study.sealed import Slice, StoreError, read_manifests, read_sealed
from saliency_audit.study.store import ResultStore, SealedStore

__all__ = [
    "Column",
    "Experiment",
    "Labels",
    "Outcome",
    "ParameterError",
    "ResultStore",
    "SealedStore",
    "Slice",
    "StoreError",
    "Task",
    "available",
    "compute",
    "get_experiment",
    "local_folder",
    "read_manifests",
    "read_sealed",
    "recorded_path",
    "recorded_store",
    "recording_store",
    "seal",
]
