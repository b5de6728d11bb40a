"""Estimators of the DRE study: kept where they were trained, shipped in half precision."""

from dataclasses import replace

import pytest
import torch

from saliency_audit.models import load_classifier
from saliency_audit.study import estimators
from saliency_audit.study.estimators import dre_setting, estimator, ship, training_pictures

QUICK = dre_setting("shapes_cnn", 64, 1, 1, 0)


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(estimators, "project_root", lambda: tmp_path)
    estimator.cache_clear()
    yield tmp_path
    estimator.cache_clear()


def test_a_shipped_estimator_is_found_first_and_is_the_trained_one_rounded(project):
    trained = estimator(QUICK)
    assert QUICK.file.is_file()
    path = ship(QUICK)
    assert path == QUICK.shipped
    assert path.stat().st_size < 0.6 * QUICK.file.stat().st_size
    QUICK.file.unlink()
    shipped = estimator(QUICK)
    assert not QUICK.file.exists()
    pairs = zip(
        trained.generator.state_dict().values(),
        shipped.generator.state_dict().values(),
        strict=True,
    )
    for ours, theirs in pairs:
        assert torch.equal(ours.half().to(theirs.dtype), theirs)
    images = training_pictures("shapes_cnn", 4)
    model = load_classifier("shapes_cnn")
    targets = torch.tensor([0, 1, 2, 3])
    torch.testing.assert_close(
        shipped.masks(model, images, targets),
        trained.masks(model, images, targets),
        atol=0.02,
        rtol=0.0,
    )


def test_settings_have_files_of_their_own():
    others = [replace(QUICK, n_train=65), dre_setting("shapes_cnn", 64, 1, 1, 1)]
    assert len({each.shipped for each in (QUICK, *others)}) == 3
    assert len({each.file for each in (QUICK, *others)}) == 3


def test_weights_that_leave_half_precision_are_not_shipped(project):
    with torch.no_grad():
        next(iter(estimator(QUICK).generator.parameters())).fill_(1e6)
    with pytest.raises(ValueError, match="do not fit into half precision"):
        ship(QUICK)


def test_a_classifier_without_training_pictures_is_refused():
    with pytest.raises(ValueError, match="to train masks on 'vgg16'; known: mobilenet_v2_tiny200"):
        training_pictures("vgg16", 3)


@pytest.mark.data("tiny200_train")
def test_pictures_of_tiny_imagenet_are_read_when_asked_for(data_root):
    pictures = training_pictures("efficientnet_lite0_tiny200", 300)
    assert len(pictures) == 300
    assert pictures[0].shape == (3, 128, 128)
    # The order is the study's, which mixes the classes.
    assert len({pictures.images.labels[number] for number in pictures.chosen}) > 100
    with pytest.raises(ValueError, match="tiny200_train has 20000 pictures, 20001 were asked for"):
        training_pictures("efficientnet_lite0_tiny200", 20001)
