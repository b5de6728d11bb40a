"""XMGD over time: how pictures move, and what is compared."""

import pytest
import torch

from saliency_audit.metrics import MultiScale
from saliency_audit.parameters import ParameterError
from saliency_audit.study import get_experiment
from saliency_audit.study.experiments.xmgd_sequence import (
    MEASURES,
    ORDERS,
    distances_of,
    moved,
    shuffled,
)

SMALL = {"n_images": 2, "side": 16, "components": 2, "frames": 3}


def test_pictures_move_right_and_down_by_turns():
    pictures = torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    film = moved(pictures, 0.05, 5)
    assert film.shape == (5, 2, 3, 40, 40)
    assert torch.equal(film[2], pictures)
    assert torch.equal(film[3, 0, :, :, 2:], pictures[0, :, :, :-2])
    assert torch.equal(film[3, 1, :, 2:], pictures[1, :, :-2])
    assert torch.equal(film[0, 0, :, :, :-4], pictures[0, :, :, 4:])


def test_frames_are_shuffled_by_a_seed_each():
    frames = torch.arange(8.0)[None, :, None, None].expand(2, 8, 1, 1)
    once = shuffled(frames, [1, 2])
    assert torch.equal(once, shuffled(frames, [1, 2]))
    assert not torch.equal(once[0], once[1])
    assert torch.equal(once.sort(dim=1).values, frames)


def test_the_mean_map_alone_is_blind_to_the_order():
    sequences = torch.rand(1, 4, 16, 16, generator=torch.Generator().manual_seed(0)).double()
    found = distances_of(sequences, sequences.flip(1), MultiScale(components=2), 1.0)
    assert tuple(found) == MEASURES
    assert float(found["mean map"]) < 1e-9 < float(found["over time"])
    assert float(found["frame by frame"]) > 1e-9


def test_rows_hold_all_comparisons():
    experiment = get_experiment("xmgd_sequence")
    (task,) = experiment.tasks(experiment.configure("embedded", SMALL))
    rows = experiment.compute(task).rows
    assert set(rows["compared"]) == set(ORDERS)
    assert not rows.duplicated(["image", "method", "compared", "measure"]).any()
    assert len(rows) == rows["image"].nunique() * len(ORDERS) * len(MEASURES)
    still = rows[(rows["compared"] == "reversed") & (rows["measure"] == "mean map")]
    assert still["xmgd"].max() < 1e-9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": 1}, "at least 2 frames"),
        ({"shift": 0.2}, "half a picture"),
        ({"shift": 0.0}, "half a picture"),
        ({"duration": 0.0}, "duration"),
    ],
)
def test_parameters_that_cannot_be(change, message):
    with pytest.raises(ParameterError, match=message):
        get_experiment("xmgd_sequence").configure("embedded", {**SMALL, **change})
