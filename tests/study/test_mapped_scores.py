"""Scores of an estimator under the controller and x², with no training for either."""

import pytest
from scipy import stats

from saliency_audit import study
from saliency_audit.study.estimators import dre_setting, estimator
from saliency_audit.study.experiments import dre_monotony
from saliency_audit.study.mapped_scores import OF_GENERATOR, MappedParameters
from saliency_audit.study.selection import select_task
from saliency_audit.study.slices import network_tasks
from saliency_audit.study.trained_mappings import scores_of

EXPERIMENT = study.get_experiment("dre_monotony")


def test_scores_of_a_generator_go_through_the_mappings():
    few = {"n_train": 64, "epochs": 1, "filter_epochs": 1, "train_seed": 0}
    (task,) = network_tasks(MappedParameters(models=("shapes_cnn",), n_images=6, h=1.5, **few))
    rows = EXPERIMENT.compute(task).rows
    chosen = select_task(task.parameters)
    scores = scores_of(estimator(dre_setting("shapes_cnn", 64, 1, 1, 0)), chosen)
    assert rows["map"].tolist() == 3 * list(chosen.indices)
    assert set(rows["distribution"]) == {OF_GENERATOR}
    assert rows["faithfulness"].isna().all()
    for method, mapping in dre_monotony.mappings(1.5, 1.5).items():
        mine = rows.loc[rows["method"] == method, "spearman"].tolist()
        expected = [
            stats.spearmanr(before.ravel(), after.ravel()).statistic
            for before, after in zip(scores, mapping(scores), strict=True)
        ]
        assert mine == pytest.approx(expected, abs=1e-6)


def test_tasks_come_last_and_read_no_training_pictures():
    tasks = EXPERIMENT.tasks(EXPERIMENT.configure("reference"))
    names = [task.name for task in tasks]
    assert names[:2] == ["all", "shapes_cnn-00000"]
    assert len(names) == 2 + 2 * 5
    assert all(name.startswith("mapped-") for name in names[2:])
    for task in tasks[2:]:
        assert EXPERIMENT.reads(task.parameters).training == ()  # their estimators are shipped
    assert len(EXPERIMENT.tasks(EXPERIMENT.configure("embedded"))) == 2
