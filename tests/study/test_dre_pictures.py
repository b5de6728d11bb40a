"""Recorded pictures: maps as cells, the object under them, and the scores of each map."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from saliency_audit.datasets import (
    CATALOG,
    open_images,
    read_batch,
    read_regions,
    shuffled_indices,
)
from saliency_audit.datasets.catalog import NAMED
from saliency_audit.datasets.photographs import PHOTOGRAPHS, open_photographs
from saliency_audit.models import load_classifier
from saliency_audit.parameters import ParameterError
from saliency_audit.study import get_experiment
from saliency_audit.study.experiments import dre_pictures
from saliency_audit.study.experiments.dre_pictures import CELLS, NO_OBJECT, VALUES
from saliency_audit.study.slices import network_tasks

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


def test_photographs_come_after_the_tasks_that_are_there_without_them():
    (setting,) = EXPERIMENT.configure("reference")
    assert setting.n_photographs == len(PHOTOGRAPHS)
    tasks = EXPERIMENT.tasks([setting])
    assert setting.n_mistaken == len(NAMED)
    count = setting.n_images
    assert tasks[:count] == network_tasks(setting, without=("n_photographs", "n_mistaken"))
    further = tasks[count:]
    assert len({task.name for task in tasks}) == len(tasks)
    places = {"photographs": len(PHOTOGRAPHS), "cutouts_named": len(NAMED)}
    others = [
        {"images": images, "first": place, "last": place + 1}
        for images, many in places.items()
        for place in range(many)
    ]
    for other, task in zip(others, further, strict=True):
        assert task.parameters == {**tasks[0].parameters, **other}
    assert len(EXPERIMENT.tasks(EXPERIMENT.configure("embedded"))) == 4


def test_the_answers_that_the_network_is_sure_of_are_explained(monkeypatch, untrained):
    small = open_photographs("photographs", 64)
    entry = replace(CATALOG["photographs"], opener=lambda root: small)
    monkeypatch.setitem(CATALOG, "photographs", entry)
    model = load_classifier(untrained)
    with torch.no_grad():
        likely, answers = model(read_batch(small, range(9)).images).softmax(dim=1).max(dim=1)
    middle = likely.median().item()
    monkeypatch.setattr(dre_pictures, "SURE", middle)
    given = {"models": untrained, "images": "photographs", "n_images": 9, "slice_size": 9}
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", {**QUICK, **given}))
    found = EXPERIMENT.compute(task)
    assert found.notes["unsure"] == 5
    pictures = found.rows.drop_duplicates("image")
    assert set(pictures["image"]) == set((likely > middle).nonzero().flatten().tolist())
    assert pictures["target"].tolist() == answers[pictures["image"].tolist()].tolist()
    assert (found.rows["object"] == NO_OBJECT).all()


def test_mistakes_are_explained_for_the_answer_that_is_wrong(monkeypatch, untrained):
    """Shapes stand in for the cut-outs, whose classes the small network does not have."""
    monkeypatch.setitem(CATALOG, "cutouts_named", CATALOG["shapes"])
    given = {"models": untrained, "images": "cutouts_named", "n_images": 6, "slice_size": 6}
    (task,) = EXPERIMENT.tasks(EXPERIMENT.configure("embedded", {**QUICK, **given}))
    found = EXPERIMENT.compute(task)
    pictures = found.rows.drop_duplicates("image")
    source, model = open_images("shapes"), load_classifier(untrained)
    batch = read_batch(source, shuffled_indices(source, 0)[:6])
    with torch.no_grad():
        answers = model(batch.images).argmax(dim=1)
    wrong = answers != batch.labels
    assert 0 < wrong.sum() < 6
    assert pictures["image"].tolist() == torch.tensor(batch.indices)[wrong].tolist()
    assert pictures["target"].tolist() == answers[wrong].tolist()
    assert (found.rows["object"] != NO_OBJECT).all()


@pytest.mark.parametrize("name", ["n_photographs", "n_mistaken"])
def test_a_negative_number_of_further_pictures_is_refused(name):
    with pytest.raises(ParameterError, match=f"{name} must be at least 0, got -1"):
        EXPERIMENT.configure("reference", {name: -1})
