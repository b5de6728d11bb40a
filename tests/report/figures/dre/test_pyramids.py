"""The table of layers that feed mask generators."""

from itertools import pairwise

import pytest

from saliency_audit.report.figures.dre.pyramids import NETWORKS, pyramid_table


def test_the_papers_layers_of_resnet50_with_their_channels():
    table = pyramid_table({"resnet50": NETWORKS["resnet50"]})
    assert table.iloc[0].tolist() == [
        "layer1<br>256 × 56 × 56",
        "layer2<br>512 × 28 × 28",
        "layer3<br>1024 × 14 × 14",
        "layer4<br>2048 × 7 × 7",
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("squeezenet1_0", "mobilenet_v2", "tf_efficientnet_lite0 (timm)"),
        *("shapes_cnn", "normed_shapes_cnn"),
    ],
)
def test_every_network_has_layers_that_halve(name):
    cells = [cell for cell in pyramid_table({name: NETWORKS[name]}).iloc[0] if cell]
    sides = [int(cell.rsplit(" × ")[-1]) for cell in cells]
    assert len(sides) >= 2
    assert all(small in (large // 2, (large + 1) // 2) for large, small in pairwise(sides))
