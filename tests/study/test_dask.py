import pytest

from saliency_audit.study import compute

distributed = pytest.importorskip("distributed")


@pytest.fixture
def executor():
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        protocol="tcp",
        dashboard_address=None,
    ) as cluster:
        yield "dask://" + cluster.scheduler_address.removeprefix("tcp://")


def test_a_cluster_gives_the_same_rows_and_resumes(project, toy, executor):
    here = compute(toy.experiment(), record=True)
    reports = []
    there = compute(
        toy.experiment(),
        executor=executor,
        progress=lambda done, total, name: reports.append((done, total, name)),
    )
    assert there.equals(here)
    assert [report[:2] for report in reports] == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert {report[2] for report in reports[1:]} == {"a-0", "a-1", "a-2", "a-3"}


def test_an_error_on_a_worker_reaches_the_caller(project, toy, executor):
    def fail(task):
        if task.name == "a-3":
            raise ZeroDivisionError("on the worker")

    toy.before = fail
    with pytest.raises(ZeroDivisionError, match="on the worker"):
        compute(toy.experiment(), executor=executor)
    toy.before = lambda task: None
    assert len(compute(toy.experiment(), executor=executor)) == 8
