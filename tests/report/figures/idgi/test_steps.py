"""Scores against the number of steps as drawn, and the table of their changes."""

import numpy as np
import pytest

from saliency_audit.ledger import load_claims
from saliency_audit.ledger.external import step_sensitivity
from saliency_audit.report.figures.idgi.steps import change_table, show_scores_by_steps
from saliency_audit.report.notebook.score_request import score_request
from saliency_audit.study import ParameterError, get_experiment

PARAMETERS = {
    "paths": ["ig", "gig", "blurig"],
    "scores": ["probability", "ratio", "sic_entropy"],
    "steps": [8, 32, 128],
    "change": "signed",
    "resamples": 50,
    "alpha": 0.05,
}


def test_a_figure_per_network_and_a_panel_per_score_and_path(score_rows):
    rows = score_rows(("mobilenet_v2", "squeezenet1_0"), steps=(8, 32, 128))
    figures = show_scores_by_steps(rows, PARAMETERS)
    assert list(figures) == ["mobilenet_v2", "squeezenet1_0"]
    axes = figures["mobilenet_v2"].axes
    assert len(axes) == 9
    assert [axis.get_title().split("\n")[0] for axis in axes[:3]] == ["IG", "Guided IG", "Blur IG"]
    assert axes[0].get_xscale() == "log"
    assert [int(tick) for tick in axes[0].get_xticks()] == [8, 32, 128]
    assert list(show_scores_by_steps(rows, PARAMETERS, ["squeezenet1_0"])) == ["squeezenet1_0"]


def test_points_are_means_and_bars_begin_with_the_second(score_rows):
    rows = score_rows(steps=(8, 32, 128))
    axis = show_scores_by_steps(rows, PARAMETERS)["mobilenet_v2"].axes[0]
    chosen = rows[rows["path"] == "ig"].groupby(["method", "steps"])["probability"].mean()
    for line, method in zip(axis.lines, ("ig", "ig+idgi"), strict=True):
        assert line.get_ydata() == pytest.approx(chosen[method].to_numpy())
        assert line.get_xdata() == pytest.approx([8, 32, 128], rel=0.06)
    for bars in axis.collections:
        heights = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
        assert heights[0] == 0


def test_bars_hold_the_uncertainty_of_the_change(score_rows):
    rows = score_rows(steps=(8, 128))
    # Levels that differ much between images, changes that differ little.
    noise = np.random.default_rng(4).normal(0, 0.01, len(rows))
    rows["probability"] += 5 * rows["image"] + noise * (rows["steps"] == 128)
    axis = show_scores_by_steps(rows, PARAMETERS)["mobilenet_v2"].axes[0]
    bar = axis.collections[0].get_segments()[1]
    assert 0.004 < np.ptp(bar[:, 1]) < 0.015


def test_one_number_of_steps_is_refused(score_rows):
    with pytest.raises(ValueError, match="two of"):
        show_scores_by_steps(score_rows(steps=(8,)), PARAMETERS)


def test_the_table_holds_changes_of_paper_and_runs(score_rows):
    claim = load_claims()["IDGI-STEPS"]
    result = step_sensitivity(score_rows(("mobilenet_v2", "squeezenet1_0")), PARAMETERS)
    table = change_table(claim, {"recorded": result, "this machine": result})
    assert list(table.columns) == ["IG", "Guided IG", "Blur IG"]
    lines = table.xs(("MobileNetV2", "insertion,\nprobability\u00a0↑"), level=(0, 1))
    assert list(lines.index) == ["paper", "recorded", "this\nmachine"]
    assert lines.loc["paper", "IG"] == "0.002 → 0.069<br>0.067"
    assert lines.loc["paper", "Guided IG"] == ""
    cell = lines.loc["recorded", "Guided IG"]
    item = next(c for c in result.comparisons if c.label == "mobilenet_v2, gig, probability")
    assert item.other == pytest.approx(0.05)
    assert cell.startswith("0")
    assert "0.050" in cell
    assert cell.endswith('<span class="holds">yes</span>, n = 25')
    scores = list(dict.fromkeys(table.loc["SqueezeNet1.0"].index.get_level_values("score")))
    assert scores == [
        "insertion,\nprobability\u00a0↑",
        "insertion,\nratio\u00a0↑",
        "SIC,\nentropy\u00a0↑",
    ]


def test_without_wishes_the_rows_are_the_profile_s_own():
    assert score_request("embedded", counts=None, usual=(128,), models=None, seed=None) == {}


def test_wishes_that_leave_nothing_are_refused():
    with pytest.raises(ParameterError, match="at least one number of steps"):
        score_request("embedded", counts=())
    with pytest.raises(
        ParameterError, match="about 8, 16 steps; name at least two of them, got 8, 12"
    ):
        score_request("embedded", counts=(12, 8), known=(8, 16))
    with pytest.raises(ValueError, match="must be at least 1"):
        get_experiment("idgi_scores").configure(
            "embedded", score_request("embedded", counts=None, n_images=0)
        )


@pytest.mark.parametrize(
    ("wishes", "candidates", "steps"),
    [
        ({"counts": (16,), "usual": (128,)}, 28, {16}),
        ({"counts": None, "usual": (128,), "n_images": 60}, 60, {128}),
        ({"counts": None, "n_images": 5, "models": ("shapes_cnn",)}, 5, {8, 32, 128}),
        ({"counts": (64, 8), "seed": 3}, 28, {8, 64}),
    ],
)
def test_every_image_is_explained_at_every_number_of_steps(wishes, candidates, steps):
    experiment = get_experiment("idgi_scores")
    settings = experiment.configure("embedded", score_request("embedded", **wishes))
    tasks = experiment.tasks(settings)
    assert all(set(task.parameters["steps"]) == steps for task in tasks)
    explained = {
        i for task in tasks for i in range(task.parameters["first"], task.parameters["last"])
    }
    assert explained == set(range(candidates))
    for name in ("models", "seed"):
        if name in wishes:
            assert [getattr(each, name) for each in settings] == [wishes[name]]
