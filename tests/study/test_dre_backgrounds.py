"""Rows of the rivals' own backgrounds, which are compared with those of `dre_scores`."""

import pytest
import torch

from saliency_audit.attributions import saliency
from saliency_audit.metrics import explainability, faithfulness
from saliency_audit.study import get_experiment
from saliency_audit.study.dre_methods import WIDTHS, Effort, explainers
from saliency_audit.study.objects import with_objects
from saliency_audit.study.selection import select

EXPERIMENT = get_experiment("dre_backgrounds")


def test_methods_search_with_their_own_backgrounds():
    given = {"n_images": 2, "iterations": 3, "inversions": 3}
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", given))
    rows = EXPERIMENT.compute(task).rows
    chosen, masks = with_objects(select("shapes_cnn", "shapes", 0, 0, 2))
    assert rows["image"].tolist() == 3 * list(chosen.indices)
    effort = Effort(iterations=3, inversions=3)
    for name, explain in explainers(tuple(WIDTHS), "shapes_cnn", {}, effort, 0).items():
        maps = saliency(explain(*chosen.inputs), "sum_abs")
        score = faithfulness(*chosen.inputs[:2], maps, chosen.targets, seeds=chosen.seeds)
        mine = rows[rows["method"] == name]
        assert mine["faithfulness"].tolist() == pytest.approx(score.value.tolist(), abs=1e-6)
        found = explainability(maps.cpu(), masks.cpu())
        assert torch.allclose(torch.tensor(mine["explainability"].tolist()), found.float())


@pytest.mark.parametrize("profile", ["embedded", "reference"])
def test_all_that_is_shared_with_the_scores_is_equal_there(profile):
    scores = {
        (task.parameters["model"], task.parameters["first"]): task.parameters
        for task in get_experiment("dre_scores").tasks(
            get_experiment("dre_scores").configure(profile)
        )
    }
    for task in EXPERIMENT.tasks(EXPERIMENT.configure(profile)):
        slice_of = task.parameters
        first = min(first for model, first in scores if model == slice_of["model"])
        other = scores[slice_of["model"], first]
        for name in set(slice_of) - {"explained", "first", "last"}:
            assert slice_of[name] == other[name]
