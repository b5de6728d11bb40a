"""Figures and tables of maps on changed models."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from saliency_audit.attributions import Edge, Saliency
from saliency_audit.models.randomization import Randomisation
from saliency_audit.report.figures.ggig.randomization import (
    show_cascaded_maps,
    show_randomization,
    stage_table,
)
from saliency_audit.report.figures.ggig.sigma import (
    floor_table,
    limit_table,
    show_noisy_maps,
    show_perturbation,
)
from saliency_audit.report.names import network

METHODS = ("saliency", "ig_without_product", "ggig", "edge", "random", "rise")
MEASURES = ("spearman", "weighted_jaccard", "ssim")
LEVELS = (0.0, 0.5, 1.0)


def filled(rows):
    table = pd.DataFrame(rows)
    random = np.random.default_rng(0)
    for measure in MEASURES:
        table[measure] = 0.4 + 0.2 * random.random(len(table))
    table["probability"] = 0.3
    table["classes"] = 10
    return table


@pytest.fixture
def sigma():
    table = filled(
        {
            "model": model,
            "method": method,
            "sign": sign,
            "image": image,
            "draw": draw,
            "against": against,
            "level": level,
        }
        for model in ("digits_cnn", "shapes_cnn")
        for method in METHODS
        for sign in ("absolute", "signed")
        for image in range(12)
        for draw in range(2)
        for against, level in [*(("noise", t) for t in LEVELS), ("unrelated", np.nan)]
    )
    table.loc[table["level"] == 0, list(MEASURES)] = 1.0
    table.loc[table["model"] == "digits_cnn", "ssim"] = np.nan
    return table


@pytest.fixture
def stages():
    table = filled(
        {
            "model": model,
            "method": method,
            "sign": sign,
            "image": image,
            "draw": 0,
            "how": how,
            "stage": stage,
            "layer": f"model.conv{stage}",
        }
        for model, layers in (("digits_cnn", 3), ("squeezenet1_0", 11))
        for method in METHODS
        for sign in ("absolute", "signed")
        for image in range(12)
        for how in ("cascade", "independent")
        for stage in range(1, layers + 1)
    )
    table.loc[table["model"] == "digits_cnn", "ssim"] = np.nan
    return table


@pytest.fixture
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(300, 4)).eval()


def test_curves_fall_beside_their_limits(sigma):
    figure = show_perturbation(sigma)
    shown = [axis for axis in figure.axes if axis.axison]
    assert not any(axis.get_title() for axis in figure.axes if not axis.axison)
    titles = [axis.get_title() for axis in shown]
    assert titles == [
        *("class score", "Spearman", "weighted Jaccard"),
        *("class score", "Spearman", "weighted Jaccard", "SSIM"),
    ]
    assert shown[0].lines[-1].get_ydata() == pytest.approx([0.1, 0.1])
    line = next(item for item in shown[1].lines if item.get_label() == "GGIG")
    mine = sigma[(sigma["method"] == "ggig") & (sigma["sign"] == "absolute")]
    mine = mine[mine["model"] == "digits_cnn"]
    assert line.get_ydata() == pytest.approx(mine.groupby("level")["spearman"].mean())
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["Saliency", "IG", "GGIG", "Edges", "Random"]
    plt.close(figure)
    with pytest.raises(ValueError, match="no rows to show"):
        show_perturbation(sigma[:0])


def test_limits_stand_beside_those_of_networks_drawn_otherwise(sigma, stages):
    table = floor_table(sigma, stages, "signed")
    assert {name for name, _ in table.index} == {network("digits_cnn")}
    assert list(table.columns) == ["Spearman", "weighted Jaccard"]  # no SSIM of 8×8 pixels
    far = sigma[(sigma["model"] == "digits_cnn") & (sigma["against"] == "unrelated")]
    far = far[(far["method"] == "ggig") & (far["sign"] == "signed")]
    last = stages[(stages["model"] == "digits_cnn") & (stages["how"] == "cascade")]
    last = last[(last["stage"] == 3) & (last["method"] == "ggig") & (last["sign"] == "signed")]
    line = table.loc[(network("digits_cnn"), "GGIG")]
    assert line["Spearman"] == f"{far['spearman'].mean():.3f} / {last['spearman'].mean():.3f}"


def test_limits_stand_under_each_other(sigma):
    sigma.loc[(sigma["method"] == "ig_without_product") & (sigma["image"] == 3), list(MEASURES)] = (
        np.nan
    )
    table = limit_table({"recorded": sigma, "this machine": sigma}, 0.05)
    line = table.loc[("small CNN on shapes", "GGIG", "recorded")]
    mine = sigma[(sigma["method"] == "ggig") & (sigma["sign"] == "absolute")]
    mine = mine[mine["model"] == "shapes_cnn"]
    end = mine[mine["level"] == 1]["ssim"].mean()
    floor = mine[mine["against"] == "unrelated"]["ssim"].mean()
    assert line["SSIM"] == f"0.5 σ [0.5 σ, 0.5 σ]<br>{end:.3f} / {floor:.3f}"
    assert line["undefined"] == "0"
    score = table.loc[("small CNN on shapes", "class score", "recorded"), "class score"]
    assert score == "— [—, —]<br>0.300 / 0.100"
    # 1 image × (3 levels + unrelated) × 2 draws of 12
    ig = table.loc[("small CNN on digits", "IG", "this\nmachine")]
    assert ig["undefined"] == "8 of 96"
    assert ig["SSIM"] == ""


def test_stages_are_named_or_counted(stages):
    figure = show_randomization(stages, "cascade")
    shown = [axis for axis in figure.axes if axis.axison]
    assert [axis.get_title() for axis in shown] == [
        *("Spearman", "weighted Jaccard"),
        *("Spearman", "weighted Jaccard", "SSIM"),
    ]
    ticks = [label.get_text() for label in shown[0].get_xticklabels()]
    assert ticks == ["conv1", "conv2", "conv3"]
    assert "conv1" not in [label.get_text() for label in shown[-1].get_xticklabels()]
    line = next(item for item in shown[-1].lines if item.get_label() == "IG")
    assert len(line.get_xdata()) == 11
    plt.close(figure)
    with pytest.raises(ValueError, match="no rows to show"):
        show_randomization(stages[stages["how"] == "cascade"], "independent")


def test_means_over_the_stages(stages):
    table = stage_table({"recorded": stages})
    mine = stages[(stages["method"] == "ggig") & (stages["sign"] == "absolute")]
    mine = mine[(mine["model"] == "squeezenet1_0") & (mine["how"] == "cascade")]
    line = table.loc[("SqueezeNet1.0", "GGIG", "recorded")]
    last = mine[mine["stage"] == 11]["ssim"].mean()
    assert line["cascade, SSIM"] == f"{mine['ssim'].mean():.3f} / {last:.3f}"
    assert "/" not in line["each alone, SSIM"]
    assert table.loc[("small CNN on digits", "RISE", "recorded"), "cascade, SSIM"] == ""


def test_maps_of_changed_models(model):
    picture = torch.rand(1, 12, 12, generator=torch.Generator().manual_seed(0))
    methods = {"GRAD": Saliency(output="logit"), "edges": Edge()}
    target = torch.tensor(2)
    figure = show_noisy_maps(model, methods, picture, target, (0.0, 0.5))
    score = model(picture[None]).softmax(dim=1)[0, 2]
    assert figure.axes[0].get_title() == f"0 σ\nscore {score:.2f}"
    maps = [axis.images[0].get_array() for axis in figure.axes]
    assert len(maps) == 6
    gradient = methods["GRAD"](model, picture[None], target[None]).abs()[0, 0]
    assert np.allclose(maps[2], gradient)
    assert not np.allclose(maps[2], maps[3])
    assert np.allclose(maps[4], maps[5])
    plt.close(figure)
    figure = show_cascaded_maps(model, methods, picture, target, Randomisation())
    titles = [axis.get_title().split("\n")[0] for axis in figure.axes[:3]]
    assert titles == ["trained", "1 re-initialised", "2 re-initialised"]
    plt.close(figure)
    figure = show_cascaded_maps(model, methods, picture, target, Randomisation(), most=2)
    titles = [axis.get_title().split("\n")[0] for axis in figure.axes[:2]]
    assert titles == ["trained", "2 re-initialised"]
    plt.close(figure)
