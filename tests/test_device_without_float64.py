"""On a device without float64, such as Apple's MPS, no float64 number is made or moved there.

The device is simulated: its tensors are tensors of the CPU with a mark, which every torch function
hands on. They name another device, and a float64 result with the mark fails the test.
"""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_any, tree_map

from saliency_audit import metrics
from saliency_audit.sanity.comparison import similarities

DEVICE = torch.device("mps", 0)
IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(2))
TARGETS = torch.tensor([0, 3])


class There(torch.Tensor):
    """A tensor of the device."""

    __torch_function__ = torch._C._disabled_torch_function_impl


class NoFloat64(AssertionError):
    """A float64 number on the device."""


def is_there(value):
    return isinstance(value, There)


def names_device(value):
    return str(value).startswith("mps") if isinstance(value, str | torch.device) else False


def put(value, made_by):
    if not isinstance(value, Tensor):
        return value
    if value.dtype in (torch.float64, torch.complex128):
        raise NoFloat64(f"{made_by} makes {value.dtype} on the device")
    return value if is_there(value) else value.as_subclass(There)


def take(value):
    return value.as_subclass(Tensor) if is_there(value) else value


class Device(TorchFunctionMode):
    """While it is entered, the device is there."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", str(func))
        options = dict(kwargs or {})
        marked = tree_any(is_there, (args, options))
        if marked and name == "__get__" and func.__self__.__name__ in ("device", "is_cpu"):
            return DEVICE if func.__self__.__name__ == "device" else False
        if marked and name in ("numpy", "__array__"):
            raise TypeError("can't convert a tensor of the device to numpy; use .cpu() first")
        if name in ("cpu", "to") and func in (Tensor.cpu, Tensor.to):
            return self._moved(func, args, options)
        asked = options.get("device") is not None
        if asked:
            marked = names_device(options["device"])
            options["device"] = "cpu" if marked else options["device"]
        args, options = tree_map(
            lambda v: torch.device("cpu") if names_device(v) else v, (args, options)
        )
        found = func(*args, **options)
        return tree_map(lambda value: put(value, name), found) if marked else found

    def _moved(self, func, args, options):
        values, *rest = args
        given = [*rest, *options.values()] if func is Tensor.to else ["cpu"]
        here = not is_there(values)
        for item in given:
            if isinstance(item, Tensor):
                here = not is_there(item)
            elif isinstance(item, str | torch.device):
                here = not names_device(item)
        rest, options = tree_map(
            lambda v: torch.device("cpu") if names_device(v) else v, (rest, options)
        )
        found = func(values, *rest, **options)
        return take(found) if here else put(found, "to")


def there(values):
    return put(values.clone(), "the test")


@pytest.fixture
def device():
    with Device():
        yield


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        trunk = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        return nn.Sequential(*trunk, nn.Flatten(), nn.Linear(6 * 64, 4)).eval()


def test_the_simulation_finds_what_the_device_would_refuse(device):
    values = there(IMAGES)
    assert (values.device, values.cpu().device.type) == (DEVICE, "cpu")
    assert values.new_zeros(3).device == values.to(torch.float32).device == DEVICE
    assert torch.zeros(3, device=values.device).device == DEVICE
    assert torch.from_numpy(np.zeros(3)).to(values).dtype == torch.float32
    assert values.cpu().double().dtype == torch.float64
    for made in (
        lambda: values.double().cpu(),
        lambda: values.to(torch.float64),
        lambda: torch.zeros(3, dtype=torch.float64, device=values.device),
        lambda: torch.from_numpy(np.zeros(3)).to(values.device),
        lambda: torch.from_numpy(np.zeros(3)).to("mps"),
        lambda: values.new_tensor(1.0, dtype=torch.float64),
        lambda: values.sum(dtype=torch.float64),
    ):
        with pytest.raises(NoFloat64):
            made()
    with pytest.raises(TypeError, match="to numpy"):
        values.numpy()


@pytest.mark.parametrize("targets", ["given", "predicted"])
def test_every_method_and_metric_that_asks_a_model(any_call, network, device, targets):
    chosen = TARGETS if targets == "given" else None
    found = any_call(network, there(IMAGES), chosen if chosen is None else there(chosen))
    expected = any_call(network, IMAGES, chosen)
    torch.testing.assert_close(take(found.cpu()), expected, equal_nan=True)


@pytest.mark.traits("baseline")
@pytest.mark.parametrize("baseline", [0.5, (0.2, 0.4, 0.6), np.full((3, 16, 16), 0.3), "blur"])
def test_baselines_of_double_precision(any_method, network, device, baseline):
    if any_method.name.startswith("blurig"):
        pytest.skip("the blur path makes its own start")
    maps = any_method.create()(network, there(IMAGES), there(TARGETS), baseline)
    assert maps.device == DEVICE


MAPS = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(3))
OTHERS = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(4))
REGIONS = OTHERS > 0.7
FOLDS = torch.tensor([0, 1, 1])
OF_MAPS = {
    **{
        name: lambda f, put: f(put(MAPS), put(OTHERS))
        for name in (
            *("spearman", "ssim", "dice", "weighted_jaccard", "normalized_mse", "wasserstein1"),
            *("norm_distance", "jpeg_stability"),
        )
    },
    **{
        name: lambda f, put: f(put(MAPS), put(REGIONS))
        for name in ("explainability", "region_iou", "box_iou", "pointing_game", "mass_inside")
    },
    "top_pixels": lambda f, put: f(put(MAPS), 0.1),
    "pearson_skewness": lambda f, put: f(put(MAPS)),
    "share_within": lambda f, put: f(put(REGIONS), put(MAPS > 0.5)),
    "connected_components": lambda f, put: f(put(REGIONS)),
    "ms_ssim": lambda f, put: f(put(MAPS[:, None]), put(OTHERS[:, None])),
    "rank_distances": lambda f, put: f(put(torch.stack([MAPS, OTHERS], dim=1)), put(FOLDS)),
    "jpeg_copy": lambda f, put: f(put(MAPS[:, None])),
}


@pytest.mark.parametrize("name", OF_MAPS)
def test_metrics_of_maps(name, device):
    measure = getattr(metrics, name)
    found, expected = OF_MAPS[name](measure, there), OF_MAPS[name](measure, Tensor.clone)
    torch.testing.assert_close(take(found.cpu()), expected, equal_nan=True)


@pytest.mark.parametrize("scaling", ["min-max", "outliers", "none"])
def test_similarities_of_the_sanity_checks(device, scaling):
    pair = MAPS[:, None], OTHERS[:, None]
    found = similarities(*map(there, pair), sign="absolute", scaling=scaling)
    expected = similarities(*pair, sign="absolute", scaling=scaling)
    for measure, values in expected.items():
        torch.testing.assert_close(take(found[measure]), values, equal_nan=True)
