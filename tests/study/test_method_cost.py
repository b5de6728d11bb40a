"""Passes are those that each method's definition asks for."""

from functools import partial

import pytest
import torch

from saliency_audit import study
from saliency_audit.study import timing
from saliency_audit.study.experiments import method_cost
from saliency_audit.study.ggig_methods import METHODS, VARIANTS

FEW = {"n_images": 2, "steps": 7, "ascents": 3, "samples": 5, "masks": 11}


@pytest.fixture(scope="module")
def rows(module_project):
    # Half a second for every method is for figures that are published.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(method_cost, "quickest", partial(timing.quickest, within=0.01))
        return study.compute(study.get_experiment("method_cost"), "embedded", FEW)


def test_passes_are_those_of_the_definitions(rows):
    assert set(rows["method"]) == set(METHODS) - set(VARIANTS)
    found = rows.groupby("method")[["forward_passes", "backward_passes"]].agg(["min", "max"])
    expected = {
        "saliency": 1,
        "gradient_input": 1,
        "guided_backprop": 1,
        "smoothgrad": 5,
        "ig_without_product": 7,
        "ig": 7,
        "blurig": 7,
        "ggig": 7 * 3,
        "rise": 11,
        "edge": 0,
        "random": 0,
    }
    for method, passes in expected.items():
        assert set(found.loc[method, "forward_passes"]) == {passes}, method
        assert set(found.loc[method, "backward_passes"]) == {0 if method == "rise" else passes}


def test_seconds_are_positive(rows):
    assert (rows[["seconds", "gradient_seconds"]] > 0).all().all()


def test_the_quickest_run_counts(monkeypatch):
    monkeypatch.setattr(timing, "timed", lambda work, device: work())
    device = torch.device("cpu")
    assert timing.quickest(iter([3.0, 1.0, 2.0, 9.0]).__next__, device, within=5) == (1.0, 3)
    assert timing.quickest(iter([3.0, 1.0]).__next__, device, within=3) == (3.0, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"methods": ("lime",)}, "lime"), ({"masks": 0}, "masks"), ({"steps": 1}, "steps")],
)
def test_settings_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        study.get_experiment("method_cost").configure("embedded", change)
