"""The other experiments of the IDGI study, at parameters of seconds."""

import copy
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from saliency_audit.attributions import create, saliency
from saliency_audit.datasets import open_images, read_batch, read_regions
from saliency_audit.ledger.external import TESTS
from saliency_audit.metrics import box_iou, explainability, jpeg_copy, jpeg_stability, region_iou
from saliency_audit.metrics.jpeg import uncancelled
from saliency_audit.models import load_classifier
from saliency_audit.released import idgi_study
from saliency_audit.study import ParameterError, available, compute, get_experiment
from saliency_audit.study.experiments.idgi_illustration import landscape_score, project
from saliency_audit.study.paths import PATHS

SHAPES = {"models": "untrained", "images": "shapes", "n_images": 8, "slice_size": 4}
METHODS = {f"{path}{rule}" for path in PATHS for rule in ("", "+idgi")}


def explained(method, steps, images):
    """The library's maps of images of a study's rows, one at a time."""
    model = load_classifier("untrained")
    options = {"max_sigma": 50 * 64 / 224} if "blurig" in method else {}
    explain = create(method, steps=steps, **options)
    return torch.cat([explain(model, x[None], y[None]) for x, y in images])


def used(rows):
    """Pictures and targets of the rows' images."""
    return read_batch(open_images("shapes"), sorted(set(rows["image"])))


def test_theorem_rows_are_complete_under_idgi(project, untrained):
    rows = compute(get_experiment("idgi_theorem"), overrides={**SHAPES, "steps": [2, 4]})
    assert not rows.duplicated(["path", "method", "steps", "image"]).any()
    assert set(rows["method"]) == METHODS
    assert set(rows["steps"]) == {2, 4}
    assert rows["image"].nunique() == 2
    change = rows["end_score"] - rows["start_score"]
    np.testing.assert_allclose(rows["completeness_error"], rows["total"] - change, atol=1e-12)
    idgi = rows["method"].str.endswith("+idgi")
    assert rows.loc[idgi, "completeness_error"].abs().max() < 1e-6
    assert rows.loc[~idgi, "completeness_error"].abs().max() > 1e-6
    assert rows.loc[~idgi, "taylor_error"].isna().all()
    batch = used(rows)
    end = load_classifier(untrained)(batch.images).softmax(dim=1).amax(dim=1).tolist()
    black = load_classifier(untrained)(torch.zeros(1, 3, 64, 64)).softmax(dim=1)[0].tolist()
    for position, index in enumerate(batch.indices):
        chosen = rows[rows["image"] == index]
        np.testing.assert_allclose(chosen["end_score"], end[position], rtol=1e-6)
        straight = chosen[chosen["path"] != "blurig"]
        start = black[int(chosen["target"].iloc[0])]
        np.testing.assert_allclose(straight["start_score"], start, rtol=1e-6)


def path_points(path, steps, image):
    """The points of a path of one image `(C, H, W)` of 64×64 pixels."""
    if path == "ig":
        return [alpha * image for alpha in np.linspace(0, 1, steps)]
    widths = np.arange(steps)[::-1] * (50 * 64 / 224) / steps
    blurs = [gaussian_filter(image, (0, width, width), mode="constant") for width in widths]
    return [torch.from_numpy(blur) for blur in blurs]


def mean_miss(model, points, target):
    """Mean |f(x_jp) − f(γ_{j+1})| over consecutive points, one after the other."""

    def score(point):
        return model(point[None]).softmax(dim=1)[0, target]

    misses = []
    for here, there in pairwise(points):
        here = here.clone().requires_grad_(True)
        before, wanted = score(here), score(there)
        (gradient,) = torch.autograd.grad(before, here)
        projected = here + gradient * (wanted - before) / (gradient**2).sum()
        misses.append(abs(score(projected) - wanted).item())
    return np.mean(misses)


@pytest.mark.parametrize("path", ["ig", "blurig"])
def test_taylor_errors_are_those_of_a_loop_over_points(project, untrained, path):
    rows = compute(
        get_experiment("idgi_theorem"), overrides={**SHAPES, "paths": path, "steps": [3, 4]}
    )
    batch = used(rows)
    model = copy.deepcopy(load_classifier(untrained)).double()
    for steps in (3, 4):
        chosen = rows[(rows["method"] == f"{path}+idgi") & (rows["steps"] == steps)]
        expected = [
            mean_miss(model, path_points(path, steps, image.double()), target)
            for image, target in zip(batch.images, batch.labels, strict=True)
        ]
        found = chosen.sort_values("image")["taylor_error"]
        np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_jpeg_rows_are_what_the_library_gives(project, untrained):
    rows = compute(get_experiment("idgi_jpeg"), overrides={**SHAPES, "steps": 4})
    assert not rows.duplicated(["method", "scale", "image"]).any()
    assert set(rows["method"]) == METHODS
    batch = used(rows)
    copies = jpeg_copy(batch.images, 75)
    for method in ("ig", "ig+idgi", "blurig"):
        before = explained(method, 4, zip(batch.images, batch.labels, strict=True))
        after = explained(method, 4, zip(copies, batch.labels, strict=True))
        for scale in ("raw", "unit_norm", "signed_sum"):
            chosen = rows[(rows["method"] == method) & (rows["scale"] == scale)]
            chosen = chosen.sort_values("image")
            expected = jpeg_stability(before, after, scale=scale)
            np.testing.assert_allclose(chosen["value"], expected, atol=1e-3)
            left = torch.minimum(uncancelled(before), uncancelled(after))
            np.testing.assert_allclose(chosen["uncancelled"], left, atol=1e-4)


def test_the_picture_of_idgi_shows_what_its_claim_states(project):
    rows = compute(get_experiment("idgi_illustration"), overrides={"steps": 8})
    assert rows.groupby("path", sort=False)["point"].agg(list).to_dict() == {
        "ig": list(range(9)),
        "gig": list(range(9)),
        "blurig": list(range(8)),
    }
    last = rows.groupby("path")["point"].transform("max") == rows["point"]
    assert rows.loc[last, "projected_score"].isna().all()
    inner = rows[~last]
    np.testing.assert_allclose(inner["projected_score"], inner["next_score"], atol=1e-12)
    following = rows.groupby("path")["score"].shift(-1)[~last]
    assert (inner["next_score"] == following).all()
    for row in inner.itertuples():
        assert landscape_score((row.x1, row.x2)) == row.score
        reached = landscape_score((row.projected_x1, row.projected_x2))
        assert reached == pytest.approx(row.projected_score, abs=1e-15)
    straight = rows[rows["path"] == "ig"]
    np.testing.assert_allclose(straight["x1"], 0.9 * straight["alpha"], atol=1e-15)
    assert TESTS["illustration_facts"](rows, {"steps": 8}).verdict == "reproduced"


def test_a_projection_reaches_the_wanted_score_along_the_gradient():
    score = landscape_score((0.2, 0.3))
    wanted = landscape_score((0.25, 0.3))
    point, reached = project((0.2, 0.3), (1.0, 0.0), score, wanted)
    assert point == pytest.approx([0.25, 0.3], abs=1e-12)
    assert reached == pytest.approx(wanted, abs=1e-14)
    assert project((0.2, 0.3), (1.0, 0.0), score, score) == ([0.2, 0.3], score)


def test_cost_rows_time_every_method_beside_plain_passes(project, untrained):
    overrides = {"models": untrained, "images": "shapes", "n_images": 4, "steps": 2, "repeats": 2}
    rows = compute(get_experiment("idgi_cost"), overrides=overrides)
    assert not rows.duplicated(["method", "repeat"]).any()
    assert set(rows["method"]) == METHODS
    assert set(rows["repeat"]) == {0, 1}
    assert (rows[["seconds", "raw_seconds"]] > 0).all(axis=None)
    # Of eight candidates two are classified correctly.
    assert set(rows["images"]) == {2}
    assert set(rows["points"]) == {4}
    device = "cpu (" if not torch.cuda.is_available() else torch.cuda.get_device_name()
    assert rows["device"].str.startswith(device).all()


def test_localisation_is_scored_where_there_are_masks(project, untrained):
    rows = compute(get_experiment("idgi_beyond"), overrides={**SHAPES, "steps": 4, "reveal": 8})
    assert not rows.duplicated(["method", "score", "image"]).any()
    assert set(rows["method"]) == METHODS
    batch = used(rows)
    regions = read_regions(open_images("shapes"), batch.indices)
    salient = saliency(explained("ig+idgi", 4, zip(batch.images, batch.labels, strict=True)))
    measures = {"explainability": explainability, "region_iou": region_iou, "box_iou": box_iou}
    assert set(rows["score"]) == {"probability", "ratio", *measures}
    for name, measure in measures.items():
        chosen = rows[(rows["method"] == "ig+idgi") & (rows["score"] == name)]
        expected = measure(salient, regions)
        np.testing.assert_allclose(chosen.sort_values("image")["value"], expected, atol=1e-3)


def test_images_without_masks_get_insertion_scores_only(project, pictures):
    overrides = {"models": "brightest", "images": "pictures", "n_images": 6, "paths": "ig"}
    rows = compute(get_experiment("idgi_beyond"), overrides={**overrides, "steps": 2})
    assert set(rows["score"]) == {"probability", "ratio"}
    assert len(rows) == 3 * 2 * 2


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("idgi_theorem", {"steps": []}, "steps must be at least 2.*got none"),
        ("idgi_theorem", {"steps": [8, 1]}, "steps must be at least 2"),
        ("idgi_jpeg", {"quality": 0}, r"quality must lie in 1\.\.95, got 0"),
        ("idgi_jpeg", {"quality": 96}, r"quality must lie in 1\.\.95, got 96"),
        ("idgi_jpeg", {"steps": 1}, "steps must be at least 2"),
        ("idgi_illustration", {"steps": 2}, "steps must be at least 3"),
        ("idgi_cost", {"repeats": 0}, "repeats must be at least 1, got 0"),
        ("idgi_cost", {"steps": 1}, "steps must be at least 2"),
        ("idgi_beyond", {"reveal": 0}, "reveal must be at least 1, got 0"),
        ("idgi_beyond", {"reduction": "mean"}, "unknown reduction 'mean'"),
        ("idgi_beyond", {"steps": 1}, "steps must be at least 2"),
    ],
)
def test_bad_parameters_are_refused(name, overrides, message):
    with pytest.raises(ParameterError, match=message):
        get_experiment(name).configure("embedded", overrides)


OF_NETWORKS = [name for name in available() if name.startswith("idgi_")]
OF_NETWORKS.remove("idgi_illustration")


@pytest.mark.parametrize("name", OF_NETWORKS)
def test_names_are_checked_by_every_experiment_of_networks(name):
    configure = get_experiment(name).configure
    with pytest.raises(ParameterError, match=r"unknown classifiers \['resnet'\]"):
        configure("embedded", {"models": "resnet", "images": "digits"})
    with pytest.raises(ParameterError, match="unknown image set 'mnits'"):
        configure("embedded", {"images": "mnits"})


def test_settings_are_the_main_rows_and_the_released_code(project, untrained):
    """Each end of every choice is what stands elsewhere: our scores, or the released code's."""
    steps = [8, 128]
    given = {**SHAPES, "n_images": 4, "paths": ["ig", "gig", "blurig"]}
    rows = compute(get_experiment("idgi_settings"), overrides={**given, "steps": steps})
    keys = ["path", "method", "steps", "walk", "guided", "start", "ranking", "image"]
    assert not rows.duplicated(keys).any()
    ours = compute(get_experiment("idgi_scores"), overrides={**given, "sweep": steps, "steps": 8})
    main = rows[
        (rows["walk"] == "whole") & (rows["start"] == "blurred") & (rows["ranking"] == "magnitude")
    ]
    main = main[main["guided"] != "released"]
    by = ["method", "steps", "image"]
    both = main.merge(ours, on=by, suffixes=("", "_ours"))
    assert len(both) == len(ours) == len(main)
    for score in ("probability", "ratio"):
        np.testing.assert_allclose(both[score], both[f"{score}_ours"], atol=1e-6)

    model, batch = load_classifier(untrained), used(rows)
    released = rows[
        (rows["walk"] == "cut") & (rows["start"] == "black") & (rows["ranking"] == "signed")
    ]
    for path in ("ig", "blurig"):
        maps = idgi_study.maps(
            *(model, batch.images, batch.labels, path, 8),
            *((0, 0, 0), (1, 1, 1), 50 * 64 / 224),
        )
        for method, found in zip((path, f"{path}+idgi"), maps, strict=True):
            scores, _ = idgi_study.insertion(
                model, batch.images, found, batch.labels, (0, 0, 0), (1, 1, 1)
            )
            here = released[(released["method"] == method) & (released["steps"] == 8)]
            recorded = here.set_index("image").loc[list(batch.indices), "probability"]
            np.testing.assert_allclose(recorded, scores, atol=2e-3)
