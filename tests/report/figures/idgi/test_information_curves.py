"""Median information curves as drawn, what they drop, and the picture of one image."""

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.report.figures.idgi.information_curves import show_median_curves
from saliency_audit.report.figures.idgi.information_stages import STAGES, curve_example, show_stages
from saliency_audit.report.figures.information import dropped_images

PARAMETERS = {"paths": ["ig", "gig"], "curves": ["aic", "sic"], "steps": 128}


def test_the_medians_are_those_of_the_images_that_neither_method_drops(score_rows):
    rows = score_rows(paths=("ig", "gig"))
    figure = show_median_curves(rows, {**PARAMETERS, "complexity": "file_size"})
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["IG, n = 22", "Guided IG, n = 22", "IG, n = 25", "Guided IG, n = 25"]
    sic = figure.axes[2]
    base, idgi = sic.lines
    assert (base.get_label(), idgi.get_label()) == ("base", "+IDGI")
    chosen = rows[(rows["steps"] == 128) & (rows["path"] == "ig")]
    for line, method in ((base, "ig"), (idgi, "ig+idgi")):
        scores = chosen.loc[chosen["method"] == method, "probability"]
        # A quarter of the way from 1000 to 5000 bytes, and from 0.1 to 0.9.
        expected = (scores.median() - 0.1) / 0.8
        assert np.interp(0.25, line.get_xdata(), line.get_ydata()) == pytest.approx(expected)
    assert sic.get_ylabel() == "MobileNetV2\nSIC"


def test_networks_without_curves_are_left_out_or_refused(score_rows):
    rows = score_rows(models=("digits_cnn", "mobilenet_v2"), n=6)
    small = rows["model"] == "digits_cnn"
    for name in ("ic_file_size", "ic_ms_ssim", "ic_probability", "ic_correct"):
        rows[name] = rows[name].where(~small, None)
    figure = show_median_curves(rows, {**PARAMETERS, "complexity": "ms_ssim"})
    assert {axis.get_ylabel() for axis in figure.axes} == {
        *("MobileNetV2\nAIC", "MobileNetV2\nSIC", "")
    }
    with pytest.raises(ValueError, match="no image whose MS-SSIM could be measured"):
        show_median_curves(rows[small], {**PARAMETERS, "complexity": "ms_ssim"})
    with pytest.raises(ValueError, match="no image that both curves use"):
        curve_example(rows[small], 128, 0)


def test_dropped_images_are_counted_once_per_curve_and_source(score_rows):
    sources = {"recorded": score_rows(already_right=3), "here": score_rows(n=6, already_right=2)}
    table = dropped_images(sources, 128)
    assert table.index.names == ["network", "complexity", "curve", "source"]
    assert list(table.columns) == ["images", "no rise", "no information", "used"]
    assert len(table) == 8
    lines = table.loc["MobileNetV2"]
    assert list(lines.loc[("normalised entropy", "AIC", "recorded")]) == [25, 3, 0, 22]
    assert list(lines.loc[("normalised entropy", "AIC", "here")]) == [6, 2, 0, 4]
    assert list(lines.loc[("MS-SSIM", "SIC", "recorded")]) == [25, 0, 0, 25]


def test_an_image_without_rise_of_information_is_dropped_for_that(score_rows):
    rows = score_rows(already_right=0, n=5)
    rows["ic_file_size"] = [
        [5000.0, 4000.0, 4500.0, 5000.0] if image == 2 else sizes
        for image, sizes in zip(rows["image"], rows["ic_file_size"], strict=True)
    ]
    lines = dropped_images({"here": rows}).loc["MobileNetV2"]
    assert list(lines.loc[("normalised entropy", "SIC", "here")]) == [5, 0, 1, 4]
    assert list(lines.loc[("MS-SSIM", "SIC", "here")]) == [5, 0, 0, 5]


def test_methods_that_drop_different_images_are_refused(score_rows):
    rows = score_rows(n=5)
    rows["ic_correct"] = [
        [1.0, 1.0, 1.0, 1.0] if (method, image) == ("ig+idgi", 4) else right
        for method, image, right in zip(
            rows["method"], rows["image"], rows["ic_correct"], strict=True
        )
    ]
    with pytest.raises(ValueError, match="drop different images"):
        dropped_images({"here": rows})


def test_the_example_is_an_image_that_both_curves_use(score_rows):
    rows = score_rows(n=6, already_right=2)
    found = [curve_example(rows, 128, place) for place in range(5)]
    assert [example.image for example in found] == [2, 3, 4, 5, 2]
    assert found[0].images == "imagenet_sample"
    assert found[0].steps == 128
    # Other step counts than the declared one: the most there are.
    assert curve_example(rows[rows["steps"] == 8], 128, 0).steps == 8


class Brightness(nn.Module):
    """Logit of class 0: mean of the left half minus that of the right half."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        half = pictures.shape[-1] // 2
        left, right = pictures[..., :half].mean((1, 2, 3)), pictures[..., half:].mean((1, 2, 3))
        return torch.stack([8 * (left - right), torch.zeros_like(left)], dim=1)


def test_the_stages_go_from_the_random_pixels_to_the_original():
    picture = torch.rand(3, 24, 24, generator=torch.Generator().manual_seed(0)) / 4
    picture[:, :, :12] += 0.7
    maps = {"IG": picture.sum(0), "IG+IDGI": picture.sum(0) ** 2}
    figure = show_stages(Brightness(), picture, maps, torch.tensor(0), seed=5, mode="fast")
    curves, *pictures = figure.axes
    assert len(pictures) == 2 * (len(STAGES) + 2)
    shown = [axis.images[0].get_array() for axis in pictures]
    original = picture.mul(255).round().byte().permute(1, 2, 0).numpy()
    assert (shown[4] == original).all()
    assert (shown[0] == shown[5]).all()
    unchanged = [(stage == original).all(axis=2).mean() for stage in shown[:5]]
    assert unchanged == sorted(unchanged)
    assert unchanged[0] < 0.2
    captions = [axis.get_xlabel() for axis in pictures]
    assert captions[0].endswith("0.00 information")
    expected = torch.sigmoid(Brightness()(picture[None] * 1)[0, 0])
    assert captions[4] == f"{float(expected):.2f} probability\n1.00 information"
    assert [line.get_label() for line in curves.lines] == ["IG", "IG+IDGI"]
    # The order of the two maps is the same, and so are their curves.
    assert (curves.lines[0].get_ydata() == curves.lines[1].get_ydata()).all()
