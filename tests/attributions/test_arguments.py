"""Arguments of types that peers take, and others, which are refused by name with a remedy."""

import numpy as np
import pytest
import torch
from torch import nn

from saliency_audit.attributions import create
from saliency_audit.metrics import information_points, insertion_score

IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
TARGETS = torch.tensor([0, 1])
SALIENCY = IMAGES.mean(dim=1)


def network(classes=3):
    torch.manual_seed(0)
    pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, classes))
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), *pool).eval()


@pytest.mark.parametrize(
    ("method", "setting", "value"),
    [
        ("rise", "masks", np.int64(6)),
        ("rise", "probability", np.float32(0.5)),
        ("smoothgrad", "samples", np.int32(3)),
        ("smoothgrad", "noise", np.float64(0.1)),
        ("saliency", "batch_size", np.int64(2)),
        ("gradcam++", "epsilon", np.float32(0.0)),
    ],
)
def test_numbers_of_numpy_are_numbers(method, setting, value):
    found = create(method, **{setting: value})(network(), IMAGES, TARGETS)
    assert torch.equal(found, create(method, **{setting: value.item()})(network(), IMAGES, TARGETS))


@pytest.mark.parametrize(
    ("method", "setting", "value", "message"),
    [
        ("rise", "masks", "9", "masks must be a whole number"),
        ("rise", "masks", 9.0, "masks must be a whole number"),
        ("rise", "masks", True, "masks must be a whole number"),
        ("rise", "probability", "0.5", "probability must lie in"),
        ("rise", "probability", None, "probability must lie in"),
        ("smoothgrad", "noise", "0.1", "noise must be a finite number"),
        ("smoothgrad", "noise", float("nan"), "noise must be a finite number"),
        ("smoothgrad", "noise", [0.1], "noise must be a finite number"),
        ("smoothgrad", "noise", 10**400, "noise must be a finite number"),
        ("rise", "probability", 10**400, "probability must lie in"),
        ("smoothgrad", "noise_unit", None, "unknown noise_unit None"),
        ("gradcam++", "epsilon", "0", "epsilon must be a finite number"),
        ("gradcam", "layout", 4, "unknown layout 4"),
        ("ig", "output", ["logit"], r"unknown output \['logit'\]"),
    ],
)
def test_other_settings_are_refused_by_name(method, setting, value, message):
    with pytest.raises(ValueError, match=message):
        create(method, **{setting: value})


@pytest.mark.parametrize("layer", [["0"], 0, nn.ReLU()])
def test_a_layer_is_asked_for_by_its_name(layer):
    with pytest.raises(ValueError, match="the model has no layer"):
        create("gradcam", layer=layer)(network(), IMAGES, TARGETS)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*is deprecated")
@pytest.mark.parametrize("method", ["rise", "saliency", "ig"])
@pytest.mark.parametrize("form", ["scripted", "frozen", "traced", "exported"])
def test_models_in_other_forms_are_explained_like_the_model(method, form):
    model, small = network(), {"rise": {"masks": 4}, "ig": {"steps": 3}}.get(method, {})
    forms = {
        "scripted": lambda: torch.jit.script(model),
        "frozen": lambda: torch.jit.freeze(torch.jit.script(model)),
        "traced": lambda: torch.jit.trace(model, IMAGES),
        "exported": lambda: torch.export.export(
            model, (IMAGES,), dynamic_shapes=({0: torch.export.Dim("n", min=1, max=64)},)
        ).module(),
    }
    explain = create(method, output="logit", **small)
    right = explain(model, IMAGES, TARGETS)
    assert torch.allclose(explain(forms[form](), IMAGES, TARGETS), right, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*is deprecated")
@pytest.mark.parametrize("layer", [None, "0"])
def test_the_layers_of_a_script_cannot_be_looked_into(layer):
    with pytest.raises(ValueError, match=r"as it was before torch\.jit\.script"):
        create("gradcam", layer=layer)(torch.jit.script(network()), IMAGES, TARGETS)


def test_gradients_are_refused_in_inference_mode_and_scores_are_not():
    with torch.inference_mode():
        with pytest.raises(ValueError, match=r"within torch\.inference_mode\(\): make it outside"):
            create("saliency")(network(), IMAGES, TARGETS)
        create("rise", masks=3)(network(), IMAGES, TARGETS)


@pytest.mark.parametrize("seeds", [7, "12", [0.5, 1], [None, None]])
def test_seeds_are_a_list_of_whole_numbers(seeds):
    with pytest.raises(ValueError, match=r"seeds must be (a list of )?whole numbers"):
        insertion_score(network(), IMAGES, SALIENCY, TARGETS, seeds=seeds)


class RulesOut(nn.Module):
    """Gives one class −∞."""

    def __init__(self, place):
        super().__init__()
        self.network, self.out = network(), torch.arange(3) == place

    def forward(self, images):
        return self.network(images).masked_fill(self.out, -torch.inf)


def test_a_class_that_is_ruled_out_does_not_matter_to_the_others():
    found = insertion_score(RulesOut(2), IMAGES, SALIENCY, TARGETS)
    assert found.probability.isfinite().all()
    information_points(RulesOut(2), IMAGES, SALIENCY, TARGETS, complexities=("file_size",))
