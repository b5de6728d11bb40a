"""Rows of the experiments that ask where in a picture a map lies."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from saliency_audit import study
from saliency_audit.attributions import GGIG, Edge, Saliency, saliency
from saliency_audit.datasets import open_images, read_regions
from saliency_audit.datasets.images import read_batch
from saliency_audit.metrics import connected_components, explainability, top_pixels
from saliency_audit.models import load_classifier
from saliency_audit.study.experiments.ggig_background import before_background, views
from saliency_audit.study.ggig_methods import METHODS
from saliency_audit.study.objects import with_objects
from saliency_audit.study.selection import select

SHAPES = {"models": "untrained", "images": "shapes", "n_images": 24, "slice_size": 16}
SMALL = {"steps": 3, "climb_points": 2, "ascents": 2, "learning_rate": 0.01}


def objects(rows):
    """Pictures, targets and masks of the images of the rows, in the order of their numbers."""
    source = open_images("shapes")
    numbers = sorted(set(rows["image"]))
    batch = read_batch(source, numbers)
    return batch.images, batch.labels, read_regions(source, numbers)


@pytest.fixture
def backgrounds(project, untrained):
    chosen = {"methods": "saliency,ggig,edge", "squares": "8,4", **SMALL}
    return study.compute(study.get_experiment("ggig_background"), overrides={**SHAPES, **chosen})


def test_a_row_per_image_background_and_method(backgrounds):
    found = {tuple(line) for line in backgrounds[["background", "squares"]].to_numpy().tolist()}
    assert found == {
        *(("checkerboard", 8), ("checkerboard", 4), ("stripes", 8), ("grey", 0), ("none", 0))
    }
    images = backgrounds["image"].nunique()
    assert images >= 2
    assert len(backgrounds) == images * 5 * 3
    assert not backgrounds.duplicated(["background", "squares", "method", "image"]).any()
    original = backgrounds[backgrounds["background"] == "none"]
    assert original["still_right"].all()
    np.testing.assert_allclose(original["probability"], original["confidence"], rtol=1e-5)


def test_shares_are_those_of_the_maps_of_replaced_pictures(backgrounds):
    model = load_classifier("untrained")
    pictures, targets, masks = objects(backgrounds)
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    board = ((rows // 8 + columns // 8) % 2).float()
    # Farther than 4 pixels, the sixteenth of a side, from every pixel of the object.
    places = torch.stack([rows, columns], dim=-1).reshape(-1, 2).double()
    far_away = torch.stack(
        [
            (torch.cdist(places, mask.nonzero().double()).amin(dim=1) > 4).reshape(64, 64)
            for mask in masks
        ]
    )
    replaced = torch.where(masks[:, None], pictures, board)
    probability = model(replaced).softmax(dim=1)
    chosen = backgrounds[
        (backgrounds["background"] == "checkerboard") & (backgrounds["squares"] == 8)
    ]
    explainers = {
        "saliency": Saliency(output="logit"),
        "ggig": GGIG(2, 2, 0.01),
        "edge": Edge(),
    }
    for method, explain in explainers.items():
        maps = explain(model, replaced, targets).abs().sum(dim=1).double()
        mine = chosen[chosen["method"] == method].sort_values("image")
        expected = (maps * ~masks).sum(dim=(1, 2)) / maps.sum(dim=(1, 2))
        np.testing.assert_allclose(mine["outside"], expected, rtol=1e-4)
        np.testing.assert_allclose(mine["area_outside"], (~masks).double().mean(dim=(1, 2)))
        far = (maps * far_away).sum(dim=(1, 2)) / maps.sum(dim=(1, 2))
        np.testing.assert_allclose(mine["beyond"], far, rtol=1e-4)
        np.testing.assert_allclose(mine["area_beyond"], far_away.double().mean(dim=(1, 2)))
        np.testing.assert_allclose(
            mine["probability"], probability[range(len(targets)), targets].detach(), rtol=1e-4
        )
        assert mine["still_right"].tolist() == (probability.argmax(dim=1) == targets).tolist()


def test_cutouts_explain_what_the_network_sees_before_the_checkerboard(project, untrained):
    chosen = {"methods": "saliency,edge", "squares": "8", **SHAPES, "n_images": 12, **SMALL}
    rows = study.compute(study.get_experiment("ggig_cutouts"), overrides=chosen)
    # Every candidate, however it is classified.
    assert rows["image"].nunique() == 12
    model = load_classifier("untrained")
    pictures, _, masks = objects(rows)
    own = model(pictures).argmax(dim=1)
    board = before_background(pictures, masks, "checkerboard", 8)
    answers = model(board).argmax(dim=1)
    asked = ["background", "method", "asked"]
    found = {key: group.sort_values("image") for key, group in rows.groupby(asked)}
    before = found["checkerboard", "saliency", "seen"]
    assert before["target"].tolist() == own.tolist()
    assert before["explained"].tolist() == answers.tolist()
    assert before["kept"].tolist() == (answers == own).tolist()
    likely = model(board).softmax(dim=1).amax(dim=1).detach()
    np.testing.assert_allclose(before["probability"], likely, rtol=1e-4)
    assert not before["kept"].all()
    for which, classes in (("seen", answers), ("own", own)):
        mine = found["checkerboard", "saliency", which]
        maps = Saliency(output="logit")(model, board, classes).abs().sum(dim=1).double()
        expected = (maps * ~masks).sum(dim=(1, 2)) / maps.sum(dim=(1, 2))
        np.testing.assert_allclose(mine["outside"], expected, rtol=1e-4)
        assert mine["explained"].tolist() == classes.tolist()
    assert found["none", "edge", "seen"]["kept"].all()
    assert ("none", "edge", "own") not in found


def test_views_repeat_the_checkerboard_only():
    assert list(views(("grey", "checkerboard", "stripes"), (14, 7))) == [
        *(("grey", 0), ("checkerboard", 14), ("checkerboard", 7), ("stripes", 14))
    ]
    pictures = torch.rand(1, 3, 8, 8)
    masks = torch.zeros(1, 8, 8, dtype=torch.bool)
    masks[:, 0] = True
    assert before_background(pictures, masks, "none", 0) is pictures
    # More squares than pixels: one pixel each.
    assert before_background(pictures, masks, "checkerboard", 14)[0, 0, 1, :2].tolist() == [1, 0]


def test_images_without_object_or_background_are_left_out_and_counted(untrained):
    chosen = select("untrained", "shapes", 0, 0, 40)
    first, second, *others = chosen.indices
    masks = {first: torch.zeros(64, 64), second: torch.ones(64, 64)}
    region = chosen.source.region
    source = replace(
        chosen.source,
        region=lambda index: masks[index].bool() if index in masks else region(index),
    )
    found, regions = with_objects(replace(chosen, source=source))
    assert found.indices == tuple(others)
    assert found.notes["object_or_background_missing"] == 2
    assert found.notes["used"] == len(others) == len(found.seeds)
    assert torch.equal(found.pictures, chosen.pictures[2:])
    assert torch.equal(found.targets, chosen.targets[2:])
    assert torch.equal(found.confidence, chosen.confidence[2:])
    assert torch.equal(regions, read_regions(chosen.source, others))


def test_without_masks_or_boxes_there_is_nothing_to_ask():
    with pytest.raises(ValueError, match="'digits' has neither object masks nor boxes"):
        with_objects(select("digits_cnn", "digits", 0, 0, 4))


@pytest.mark.parametrize("name", ["ggig_background", "ggig_sparse"])
def test_photographs_with_boxes_have_a_setting_of_their_own(name):
    experiment = study.get_experiment(name)
    tasks = experiment.tasks(experiment.configure("reference", {"setting": "photographs"}))
    assert {task.parameters["images"] for task in tasks} == {"tiny_imagenet_val"}
    assert {task.parameters["climb_points"] for task in tasks} == {26}
    chosen = {"models": ("shapes_cnn", "squeezenet1_0"), "n_images": 7}
    small, large = (
        task.parameters for task in experiment.tasks(experiment.configure("reference", chosen))
    )
    assert (small["images"], large["images"]) == ("shapes", "tiny_imagenet_val")
    assert (small["climb_points"], large["climb_points"]) == (11, 26)
    assert (small["last"], large["last"]) == (7, 7)
    other = experiment.configure("reference", {"images": "imagenet_sample"})
    assert {task.parameters["images"] for task in experiment.tasks(other)} == {"imagenet_sample"}


def test_rows_of_the_top_pixels_are_those_of_the_library(project, untrained):
    experiment = study.get_experiment("ggig_sparse")
    rows = study.compute(experiment, overrides={**SHAPES, **SMALL, "shares": "0.05,0.2"})
    images = rows["image"].nunique()
    assert len(rows) == images * 5 * 2
    assert set(rows["method"]) == {"saliency", "ig_without_product", "ggig", "edge", "random"}
    pictures, targets, masks = objects(rows)
    model = load_classifier("untrained")
    edges = top_pixels(saliency(Edge()(model, pictures, targets)), 0.1)
    explainers = {"ggig": GGIG(2, 2, 0.01), "edge": Edge()}
    for method, explain in explainers.items():
        maps = saliency(explain(model, pictures, targets))
        for share in (0.05, 0.2):
            marked = top_pixels(maps, share)
            count = marked.sum(dim=(1, 2)).double()
            mine = rows[(rows["method"] == method) & (rows["share"] == share)].sort_values("image")
            expected = {
                "edge_overlap": (marked & edges).sum(dim=(1, 2)) / count,
                "object_precision": (marked & masks).sum(dim=(1, 2)) / count,
                "connected_components": connected_components(marked),
                "explainability": explainability(maps, masks),
                "area": masks.double().mean(dim=(1, 2)),
            }
            for name, values in expected.items():
                np.testing.assert_allclose(mine[name], values, rtol=1e-3, atol=2e-3)
    own = rows[(rows["method"] == "edge") & (rows["share"] == 0.05)]
    assert (own["edge_overlap"] == 1).all()


@pytest.mark.parametrize(
    ("experiment", "change", "message"),
    [
        ("ggig_background", {"methods": "lime"}, "unknown method 'lime'"),
        ("ggig_background", {"backgrounds": "forest"}, "unknown background 'forest'"),
        ("ggig_background", {"squares": (14, 1)}, "squares must be at least 2"),
        ("ggig_background", {"squares": ()}, "squares must be at least 2"),
        ("ggig_background", {"climb_points": 1}, "steps must be at least 2"),
        ("ggig_background", {"ascents": 0}, "ascents must be at least 1, got 0"),
        ("ggig_background", {"margin": -0.1}, "margin must lie in"),
        ("ggig_background", {"models": ()}, "at least one model"),
        ("ggig_background", {"images": "shapse"}, "unknown image set 'shapse'"),
        ("ggig_sparse", {"models": "alexnet"}, "unknown classifiers"),
        ("ggig_sparse", {"shares": (0.05, 1.5)}, "shares must lie in"),
        ("ggig_sparse", {"shares": ()}, "at least one share"),
        ("ggig_sparse", {"edge_share": 0.0}, "shares must lie in"),
        ("ggig_sparse", {"n_images": 0}, "n_images must be at least 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(experiment, change, message):
    with pytest.raises(ValueError, match=message):
        study.get_experiment(experiment).configure("embedded", change)


def test_the_embedded_background_runs_every_method():
    (setting,) = study.get_experiment("ggig_background").configure("embedded")
    assert setting.methods == METHODS
