"""Which layers of common networks feed a mask generator: found by running them."""

import warnings
from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd
import torch
from torch import nn

from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.relevance import find_pyramid
from saliency_audit.attributions.relevance.pyramid import feature_maps
from saliency_audit.models.small import NormedShapesCNN, ShapesCNN
from saliency_audit.report.notebook.tables import text_table

Build = Callable[[], nn.Module]


def torchvision_network(name: str) -> nn.Module:
    """An untrained network of torchvision: where its maps halve does not depend on weights."""
    from torchvision.models import get_model

    quick = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with torch.random.fork_rng(devices=[]):
        return get_model(name, weights=None, **quick).eval()


def timm_network(name: str) -> nn.Module:
    """An untrained network of timm."""
    with warnings.catch_warnings():  # that progress bars of notebooks need another package
        warnings.simplefilter("ignore")
        import timm

    with torch.random.fork_rng(devices=[]):
        network: nn.Module = timm.create_model(name, pretrained=False)
    return network.eval()


def small_network(kind: Build) -> nn.Module:
    """An untrained network of those that begin here."""
    with torch.random.fork_rng(devices=[]):
        return kind().eval()


# Networks of the study and of the paper, by name, with the side of their pictures.
SIDES = {
    "resnet18": 224,
    "resnet50": 224,
    "vgg19": 224,
    "googlenet": 224,
    "squeezenet1_0": 224,
    "mobilenet_v2": 224,
    "densenet121": 224,
    "inception_v3": 299,
}
NETWORKS: Mapping[str, tuple[Build, int]] = {
    **{name: (partial(torchvision_network, name), side) for name, side in SIDES.items()},
    "tf_efficientnet_lite0 (timm)": (partial(timm_network, "tf_efficientnet_lite0"), 224),
    "legacy_xception (timm)": (partial(timm_network, "legacy_xception"), 299),
    "shapes_cnn": (partial(small_network, ShapesCNN), 64),
    "normed_shapes_cnn": (partial(small_network, NormedShapesCNN), 64),
}


def pyramid_table(networks: Mapping[str, tuple[Build, int]] = NETWORKS) -> pd.DataFrame:
    """The layers that `find_pyramid` names, with their channels and sides.

    Args:
        networks: what builds a network, and the side of its pictures, by name.

    Returns:
        A line per network, and a column per place from the largest maps to the smallest.
    """
    lines: dict[tuple[str], dict[str, str]] = {}
    for title, (build, side) in networks.items():
        model, picture = build(), torch.full((1, 3, side, side), 0.5)
        layers = find_pyramid(model, picture)
        with frozen(model):
            _, maps = feature_maps(model, picture, layers)
        lines[(title,)] = {
            f"layer {place}": f"{name}<br>{found.shape[1]} × {found.shape[2]} × {found.shape[3]}"
            for place, (name, found) in enumerate(zip(layers, maps, strict=True), start=1)
        }
    return text_table(lines, ["network"])
