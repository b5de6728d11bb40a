"""A map that is constant up to rounding is constant, for every measure that orders or scales it."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from saliency_audit import metrics
from saliency_audit.attributions import create
from saliency_audit.metrics import dice, mu_fidelity, pearson_skewness, spearman, ssim, top_pixels
from saliency_audit.metrics.fold_distances import rank_distances
from saliency_audit.metrics.ranks import is_constant
from saliency_audit.metrics.similarity import DISTANCES, min_max
from saliency_audit.sanity import similarities
from saliency_audit.sanity.comparison import SCALINGS

RANDOM = torch.Generator().manual_seed(3)


def nearly(value, dtype):
    """Maps of one value, but for the last digits."""
    steps = torch.randint(-3, 4, (2, 16, 16), generator=RANDOM)
    return (value * (1 + steps * torch.finfo(dtype).eps).to(torch.float64)).to(dtype)


MAPS = torch.rand(2, 16, 16, dtype=torch.float64, generator=RANDOM)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [0.0, 1e-12, 0.3, 1e8])
def test_measures_of_nearly_constant_maps_are_undefined(value, dtype):
    constant, maps = nearly(value, dtype), MAPS.to(dtype)
    assert is_constant(constant).all()
    assert spearman(constant, maps).isnan().all()
    assert ssim(maps, constant).isnan().all()
    assert min_max(constant).isnan().all()
    assert pearson_skewness(constant).isnan().all()
    assert DISTANCES["spearman"](maps, constant).isnan().all()
    assert not top_pixels(constant, 0.2).any()
    folds = torch.tensor([0, 1])
    distances = rank_distances(torch.stack([constant, maps], dim=1), folds)
    assert distances.isnan().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("sign", ["absolute", "signed"])
@pytest.mark.parametrize("channels", [1, 3])
def test_similarities_of_nearly_constant_maps_are_undefined(dtype, scaling, sign, channels):
    constant = torch.stack([nearly(0.7, dtype) for _ in range(channels)], dim=1)
    maps = MAPS.to(dtype)[:, None].repeat(1, channels, 1, 1)
    for pair in ((constant, maps), (maps, constant), (constant, constant)):
        found = similarities(*pair, sign, scaling=scaling)
        assert all(values.isnan().all() for values in found.values())


def test_a_small_difference_that_is_no_rounding_counts():
    for dtype, size in ((torch.float32, 1e-4), (torch.float64, 1e-9)):
        maps = (1 + size * MAPS).to(dtype)
        assert not is_constant(maps).any()
        assert torch.allclose(spearman(maps, maps), torch.ones(2, dtype=torch.float64))
    assert dice(MAPS, MAPS).tolist() == [1, 1]


def test_fidelity_of_a_nearly_constant_map_is_undefined():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 3))
    images, targets = torch.rand(2, 3, 16, 16, generator=RANDOM), torch.tensor([0, 2])
    found = mu_fidelity(model, images, nearly(0.3, torch.float32), targets, subsets=5)
    assert found.isnan().all()


class PoolsFirst(nn.Module):
    """A convolution after the pooling, as in timm's MobileNetV3."""

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.convolution, self.after = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 8, 1)
        self.head = nn.Linear(8, 3)

    def forward(self, images):
        pooled = F.adaptive_avg_pool2d(F.relu(self.convolution(images)), 1)
        return self.head(F.relu(self.after(pooled)).flatten(1))


@pytest.mark.parametrize("method", ["gradcam", "gradcam++"])
def test_a_map_of_one_place_grows_to_one_value(method):
    images = torch.rand(4, 3, 28, 28, generator=RANDOM)
    targets = torch.zeros(4, dtype=torch.int64)
    first, second = (
        create(method, layer="after", output="logit")(PoolsFirst(seed), images, targets)
        for seed in (0, 5)
    )
    assert all(len(single.unique()) == 1 for single in (*first, *second))
    found = similarities(first, second, "absolute")
    assert all(values.isnan().all() for values in found.values())


def test_rounding_does_not_order_the_pixels_of_a_constant_map():
    exact = torch.full((2, 12, 12), 0.3)
    step = torch.finfo(torch.float32).eps * 0.3
    rough = exact + step * torch.randint(-3, 4, exact.shape).float()
    assert (rough != exact).any()
    region = torch.zeros(2, 12, 12, dtype=torch.bool)
    region[:, :, :4] = True
    for metric in (metrics.pointing_game, metrics.explainability, metrics.region_iou):
        assert torch.equal(metric(rough, region), metric(exact, region))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 144, 2)).eval()
        images = torch.rand(2, 3, 12, 12)
    for metric in (metrics.insertion_score, metrics.deletion_score, metrics.faithfulness):
        curves = [metric(network, images, maps, 0).curves for maps in (rough, exact)]
        assert torch.equal(*curves)
