"""Processes side by side."""

import os

import pytest

from saliency_audit.processes import in_processes


def test_results_come_in_order_from_processes_that_share_the_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    assert in_processes(abs, [-3, -1, -2], jobs=2) == [3, 1, 2]
    assert in_processes(os.getenv, ["OMP_NUM_THREADS"] * 2, jobs=2) == ["3", "3"]
    assert "OMP_NUM_THREADS" not in os.environ


def test_one_job_or_one_item_stays_in_this_process() -> None:
    here = os.getpid()
    assert in_processes(lambda item: os.getpid(), [1, 2], jobs=1) == [here, here]
    assert in_processes(lambda item: os.getpid(), [1], jobs=4) == [here]
    assert in_processes(abs, [], jobs=4) == []
