"""Recorded pictures: maps as cells, the object under them, and the scores of each map."""

import numpy as np
import pytest
import torch

from saliency_audit.study import get_experiment
from saliency_audit.study.experiments.dre_pictures import CELLS, VALUES

EXPERIMENT = get_experiment("dre_pictures")
QUICK = {"n_images": 1, "explained": "gradcam,saliency,ig", "steps": 4}


@pytest.fixture(scope="module")
def rows():
    tasks = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", QUICK))
    with torch.random.fork_rng():
        return EXPERIMENT.compute(tasks[0]).rows


def test_a_row_per_map_and_cell(rows):
    for _, cells in rows.groupby("method"):
        assert len(cells) == CELLS**2
        assert not cells.duplicated(["row", "column"]).any()
        assert cells["value"].min() == 0
        assert cells["value"].max() == VALUES


def test_the_object_is_that_of_the_picture(rows):
    from saliency_audit.datasets import open_images, read_regions

    source = open_images("shapes")
    mask = read_regions(source, [int(rows["image"].iloc[0])])[0].float()
    share = mask.reshape(CELLS, 64 // CELLS, CELLS, 64 // CELLS).mean(dim=(1, 3))
    for _, cells in rows.groupby("method"):
        found = cells.pivot_table(index="row", columns="column", values="object").to_numpy()
        assert np.abs(found - VALUES * share.numpy()).max() <= 0.5


def test_there_is_one_score_per_map(rows):
    scores = rows.groupby(["method", "image"])["faithfulness"]
    assert (scores.nunique() == 1).all()
    assert scores.first().between(0, 1).all()
