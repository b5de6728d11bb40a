"""The XMGD study's experiments: known answers where there are any, peers for the rest."""

import numpy as np
import pytest
import torch

from saliency_audit.metrics import MultiScale, xmgd
from saliency_audit.study import get_experiment
from saliency_audit.study.detector_maps import METHODS, unit_maps
from saliency_audit.study.duplicated_points import duplicated_xmgd, duplicates
from saliency_audit.study.experiment import ParameterError
from saliency_audit.study.experiments import xmgd_scales, xmgd_time, xmgd_transport
from saliency_audit.study.experiments.xmgd_equivalence import UNDEFINED, compared
from saliency_audit.study.experiments.xmgd_transport import PROPERTIES, examined


def rows_of(name, **changes):
    experiment = get_experiment(name)
    first, *_ = experiment.tasks(experiment.configure("embedded", changes))
    return experiment.compute(first).rows


def some_map(side=16, seed=0):
    generator = torch.Generator().manual_seed(seed)
    found = torch.rand(side, side, generator=generator, dtype=torch.float64) ** 3
    return (found - found.min()) / (found.max() - found.min())


def test_copies_are_counted_and_lie_at_the_centres_of_pixels():
    points = duplicates(np.array([[0.0, 1.0], [0.3, 0.05]]), 0.1)
    places, counts = np.unique(points, axis=0, return_counts=True)
    assert places.tolist() == [[0.25, 0.75], [0.75, 0.25]]
    assert counts.tolist() == [3, 10]


@pytest.mark.parametrize("window", ["mean", "gaussian"])
def test_the_paper_s_way_is_ours_where_a_fit_has_one_solution(window):
    # One Gaussian has the moments of the points, wherever EM begins.
    settings = MultiScale(components=1, width=0.01, window=window, tolerance=1e-9)
    first, second = some_map(), some_map(seed=1)
    ours = xmgd(first[None], second[None], settings).item()
    assert duplicated_xmgd(first, second, settings) == pytest.approx(ours, rel=1e-6)


def test_copies_need_a_width():
    with pytest.raises(ValueError, match="width"):
        duplicated_xmgd(some_map(), some_map(seed=1), MultiScale(width=None))


def test_unit_maps_are_means_over_cells_from_0_to_1():
    maps = torch.arange(16.0).reshape(1, 4, 4)
    expected = torch.tensor([[[0, 0.2], [0.8, 1]]]).double()
    torch.testing.assert_close(unit_maps(maps, 2), expected)
    assert unit_maps(maps, 8).shape == (1, 8, 8)
    assert unit_maps(torch.ones(1, 4, 4), 2).isnan().all()


GIVEN = {"side": 16, "components": 3, "seed": 0, "iterations": 10, "bins": (0.1, 0.001)}


def test_weights_and_copies_give_one_fit_and_small_bins_are_nearer():
    coarse, fine = compared(some_map(), GIVEN)
    for row in (coarse, fine):
        assert row["same_weights_parameter"] < 1e-9
        assert row["same_weights_likelihood"] < 1e-9
        assert row["copies"] == len(duplicates(some_map().numpy(), row["bin"]))
    assert fine["mixture_wasserstein"] < coarse["mixture_wasserstein"]
    assert fine["log_likelihood"] < coarse["log_likelihood"]
    assert 0 < fine["lost"] < coarse["lost"]


def test_whole_multiples_of_the_bin_lose_nothing():
    steps = torch.arange(256, dtype=torch.float64).reshape(16, 16) % 11 / 10
    (row,) = compared(steps, {**GIVEN, "bins": (0.1,)})
    assert row["lost"] == pytest.approx(0, abs=1e-12)
    assert row["mixture_wasserstein"] < 1e-6
    assert row["log_likelihood"] < 1e-9


def test_fewer_places_than_components_have_no_fit():
    lonely = torch.full((16, 16), 0.05, dtype=torch.float64)
    lonely[0, 0], lonely[1, 1] = 0, 1
    coarse, fine = compared(lonely, GIVEN)
    assert all(np.isnan(coarse[name]) for name in UNDEFINED)
    assert all(np.isfinite(fine[name]) for name in UNDEFINED)


def single(x, spread):
    return np.array([[x, 0.0]]), spread * np.eye(2)[None], np.array([1.0])


def test_properties_of_gaussians_on_a_line():
    # Between round Gaussians W₂² is the squared way plus twice the squared gap of deviations.
    mixtures = [single(0, 0.01), single(1, 0.01), single(2, 0.04)]
    found = dict(examined(mixtures))
    assert found[0, 1]["distance"] == pytest.approx(1)
    assert found[0, 2]["distance"] == pytest.approx(np.sqrt(4 + 2 * 0.1**2))
    for values in found.values():
        assert set(values) == {"distance", *PROPERTIES}
        assert max(values[name] for name in PROPERTIES) < 1e-12


def test_a_distance_that_is_none_is_found_out(monkeypatch):
    # The square is no metric: from 0 to 2 it is 4, by way of 1 only 2.
    true = xmgd_transport.mixture_wasserstein
    monkeypatch.setattr(xmgd_transport, "mixture_wasserstein", lambda *parts: true(*parts) ** 2)
    found = dict(examined([single(0, 0.01), single(1, 0.01), single(2, 0.01)]))
    assert found[0, 2]["triangle"] == pytest.approx(2)
    assert found[0, 2]["POT"] == pytest.approx(2)
    assert found[0, 2]["shift"] == pytest.approx(2)


def test_transport_rows():
    rows = rows_of("xmgd_transport", n_images=3, explained=("ig", "saliency"), components=3)
    maps = len(set(zip(rows["image"], rows["method"], strict=True))) + 1
    assert rows["pair"].nunique() == maps * (maps - 1) / 2
    assert set(rows["property"]) == set(PROPERTIES)
    assert rows["violation"].max() < 1e-8
    assert (rows["distance"] > 0).all()


def test_time_rows():
    rows = rows_of("xmgd_time", n_images=1, components=3, side=32, together=10)
    ways = [xmgd_time.DUPLICATED, xmgd_time.WEIGHTED, xmgd_time.KEPT]
    assert rows["way"].tolist() == ways
    assert (rows["seconds"] > 0).all()
    assert rows["device"].str.contains("1 thread,").all()
    assert rows["timed"].tolist() == [1, 1, 10]
    value = rows.set_index("way")["value"]
    assert value[xmgd_time.WEIGHTED] == pytest.approx(value[xmgd_time.KEPT])
    assert value[xmgd_time.DUPLICATED] == pytest.approx(value[xmgd_time.WEIGHTED], rel=0.5)


def test_scales_rows():
    rows = rows_of("xmgd_scales", n_images=3, components=3, side=32, windows=("mean",))
    assert set(rows["pair"]) == {xmgd_scales.METHODS_APART}
    assert len(rows) == rows["image"].nunique() * 6
    assert set(rows["receptive_field"]) == {51}
    assert {len(terms) for terms in rows["terms"]} == {3}
    assert set(rows["method"]) | set(rows["other_method"]) == set(METHODS)


def test_scales_compare_networks_on_images_that_both_classify(monkeypatch):
    chosen = {"shapes_cnn": ("shapes_cnn", 0), "digits_cnn": ("shapes_cnn", 1)}
    true = xmgd_scales.select

    def other_order(model, images, seed, first, last):
        network, shift = chosen[model]
        found = true(network, images, seed, first, last)
        return found.only(torch.arange(len(found.indices)) >= shift)

    monkeypatch.setattr(xmgd_scales, "select", other_order)
    changes = {"components": 2, "side": 16, "explained": ("saliency",), "windows": ("mean",)}
    models = {"models": ("shapes_cnn", "digits_cnn"), "images": "shapes", "n_images": 3}
    experiment = get_experiment("xmgd_scales")
    task, *_ = experiment.tasks(experiment.configure("embedded", {**changes, **models}))
    monkeypatch.setattr(
        xmgd_scales, "_field", lambda model, shape: {"shapes_cnn": 51, "digits_cnn": 6}[model]
    )
    outcome = experiment.compute(task)
    rows = outcome.rows
    assert set(rows["pair"]) == {xmgd_scales.NETWORKS}
    assert (rows["receptive_field"] - rows["other_receptive_field"] == 45).all()
    # Equal maps of the same image: only if images were aligned are the distances 0.
    assert np.stack(rows["terms"]).max() < 1e-12
    assert set(outcome.notes["networks_sha256"]) == {"shapes_cnn", "digits_cnn"}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("xmgd_equivalence", {"bins": (0.0,)}, "bins"),
        ("xmgd_equivalence", {"iterations": 0}, "iterations"),
        ("xmgd_equivalence", {"explained": ("rise",)}, "rise"),
        ("xmgd_transport", {"side": 0}, "side"),
        ("xmgd_transport", {"components": 0}, "components"),
        ("xmgd_time", {"explained": ("ig",)}, "two methods"),
        ("xmgd_time", {"width": 0.0}, "width"),
        ("xmgd_scales", {"windows": ("median",)}, "median"),
        ("xmgd_scales", {"windows": ()}, "at least one kind"),
        ("xmgd_scales", {"models": ("shapes_cnn", "digits_cnn")}, "the same images"),
    ],
)
def test_parameters_that_cannot_be(name, change, message):
    with pytest.raises(ParameterError, match=message):
        get_experiment(name).configure("embedded", change)
