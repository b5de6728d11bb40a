"""The computed picture of IDGI: its score is the experiment's, its lines are the rows'."""

import numpy as np
import pytest

from saliency_audit.report.figures.idgi.illustration import (
    landscape_scores,
    show_paths,
    show_straight_path,
)
from saliency_audit.study import get_experiment
from saliency_audit.study.experiments.idgi_illustration import landscape_score


@pytest.fixture(scope="module")
def rows():
    experiment = get_experiment("idgi_illustration")
    (task,) = experiment.tasks(experiment.configure("embedded", {"steps": 6}))
    return experiment.compute(task).rows


def test_the_grid_has_the_score_of_the_experiment():
    x1, x2 = np.meshgrid([0.1, 0.5, 1.2], [-0.2, 0.6])
    expected = [
        [landscape_score(p) for p in zip(*line, strict=True)] for line in zip(x1, x2, strict=True)
    ]
    np.testing.assert_allclose(landscape_scores(x1, x2), expected)


def test_every_step_is_joined_to_its_projection(rows):
    panels = [axis for axis in show_paths(rows).axes if axis.get_title()]
    assert [axis.get_title() for axis in panels] == ["IG", "Guided IG", "Blur IG"]
    for axis, path in zip(panels, ("ig", "gig", "blurig"), strict=True):
        chosen = rows[rows["path"] == path].sort_values("point")
        *segments, points, projections = axis.lines
        steps = chosen.dropna(subset=["projected_x1"])
        expected = steps[["x1", "x2", "projected_x1", "projected_x2"]].to_numpy().reshape(-1, 2, 2)
        np.testing.assert_allclose([line.get_xydata() for line in segments], expected)
        np.testing.assert_allclose(points.get_xydata(), chosen[["x1", "x2"]])
        np.testing.assert_allclose(
            projections.get_xydata(), chosen[["projected_x1", "projected_x2"]]
        )


def test_all_points_lie_in_view(rows):
    axis = show_paths(rows).axes[0]
    for name, (low, high) in (("x1", axis.get_xlim()), ("x2", axis.get_ylim())):
        values = rows[[name, f"projected_{name}"]]
        assert low < values.min().min()
        assert values.max().max() < high


def test_position_lies_on_its_straight_line_and_the_score_does_not(rows):
    position, over_alpha, over_x = show_straight_path(rows).axes

    def largest_gap(axis):
        lines = axis.lines
        pairs = zip(lines[::2], lines[1::2], strict=True)
        return max(np.abs(straight.get_ydata() - own.get_ydata()).max() for straight, own in pairs)

    assert largest_gap(position) < 1e-12
    assert largest_gap(over_alpha) > 0.05
    assert largest_gap(over_x) > 0.05
