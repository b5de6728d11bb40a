"""What a model may do around a function whose backward pass is replaced, and around a layer."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from saliency_audit.attributions import create

TARGETS = torch.tensor([0, 1])
IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))


class Net(nn.Module):
    """Two convolutions; the activation between them is given."""

    def __init__(self, activation):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
        self.head, self.activation = nn.Linear(4, 3), activation

    def forward(self, images):
        inner = self.activation(self.first(images))
        return self.head(F.relu(self.second(inner)).mean((2, 3)))


def masked(values):
    values = values.clone()
    values[values < 0] = 0
    return values


def in_place_mask(values):
    values = values.clone()
    return values.mul_(values > 0)


ZERO = torch.tensor(0.0)
RECTIFIERS = {
    "maximum": lambda v: torch.maximum(v, ZERO),
    "maximum by name": lambda v: torch.maximum(input=v, other=ZERO),
    "max": lambda v: torch.max(v, torch.zeros_like(v)),
    "minimum": lambda v: -torch.minimum(-v, ZERO),
    "where": lambda v: torch.where(v > 0, v, 0.0),
    "leaky where": lambda v: torch.where(v > 0, v, 0.1 * v),
    "mask": lambda v: v * (v > 0),
    "mask of numbers": lambda v: v * (v > 0).float(),
    "mask of a copy": lambda v: v * (v.detach() > 0),
    "mask from the other side": lambda v: v * (v > 0),
    "mask in place": in_place_mask,
    "heaviside": lambda v: v * torch.heaviside(v.detach(), ZERO),
    "sign": lambda v: v * (v.sign() + 1) / 2,
    "abs": lambda v: (v + v.abs()) / 2,
    "masked_fill": lambda v: v.masked_fill(v < 0, 0.0),
    "assignment": masked,
    "clamp": lambda v: v.clamp(min=0),
    "clamp by tensor": lambda v: v.clamp(min=ZERO),
    "clamp from above": lambda v: -(-v).clamp(max=0),
    "clamp_min": lambda v: v.clamp_min(0),
    "threshold": lambda v: F.threshold(v, 0, 0),
    "silu": lambda v: v * torch.sigmoid(v),
    "mish": lambda v: v * torch.tanh(F.softplus(v)),
    "gelu": lambda v: v * 0.5 * (1 + torch.erf(v / 2**0.5)),
    "softplus": lambda v: torch.logaddexp(v, ZERO),
    "softplus by log": lambda v: torch.log1p(v.exp()),
    "relu6": F.relu6,
    "scripted": torch.jit.script(nn.ReLU()),
    "aten": torch.ops.aten.relu,
}
RELUS = {
    "by name": lambda v: torch.relu(input=v),
    "functional by name": lambda v: F.relu(input=v, inplace=True),
    "in place": nn.ReLU(inplace=True),
    "method": lambda v: v.relu(),
    "method in place": lambda v: v.clone().relu_(),
}


@pytest.mark.parametrize("name", RECTIFIERS)
def test_a_rectifier_that_is_not_guided_is_refused_however_it_is_written(name):
    guided = create("guided_backprop", output="logit")
    with pytest.raises(ValueError, match="defined for ReLU only") as refusal:
        guided(Net(RECTIFIERS[name]), IMAGES, TARGETS)
    assert "× Relu" not in str(refusal.value)


@pytest.mark.parametrize("name", RELUS)
def test_every_call_of_relu_is_guided(name):
    guided = create("guided_backprop", output="logit")
    right = guided(Net(F.relu), IMAGES, TARGETS)
    assert torch.allclose(guided(Net(RELUS[name]), IMAGES, TARGETS), right, atol=1e-7)


def test_a_fixed_mask_and_a_gate_are_no_rectifiers():
    fixed = (torch.arange(14) % 2).float()

    class Gated(Net):
        def forward(self, images):
            inner = F.relu(self.first(images)) * fixed
            gate = torch.sigmoid(inner.mean((2, 3), keepdim=True))
            return self.head((inner * gate).mean((2, 3)))

    create("guided_backprop", output="logit")(Gated(None), IMAGES, TARGETS)


STEPS = {
    "relu": lambda v: v.relu_(),
    "product": lambda v: v.mul_(2.0),
    "sum": lambda v: v.add_(1.0),
    "assignment": lambda v: v.index_fill_(2, torch.tensor([0]), 0.5),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("method", ["deeplift", "guided_backprop"])
def test_the_model_may_work_in_place_after_a_replaced_function(method, step):
    explain = create(method, output="logit")
    in_place = Net(lambda v: STEPS[step](F.max_pool2d(F.relu(v), 2)))
    copied = Net(lambda v: STEPS[step](F.max_pool2d(F.relu(v), 2).clone()))
    assert torch.equal(explain(in_place, IMAGES, TARGETS), explain(copied, IMAGES, TARGETS))


class Checkpointed(nn.Module):
    """A network one part of which may be recomputed on the way back."""

    def __init__(self, part="", **how):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 5, 3)
        self.head, self.part, self.how = nn.Linear(5, 3), part, how

    def _run(self, name, function, values):
        if name == self.part:
            return checkpoint(function, values, **self.how)
        return function(values)

    def forward(self, images):
        first = self._run("before", lambda v: self.a(v).relu(), images)
        inner = self._run("around", lambda v: self.c(self.b(v).relu()).relu(), first)
        return self._run("after", lambda v: self.head(v.mean((2, 3))), inner)


@pytest.mark.parametrize("part", ["before", "around", "after"])
@pytest.mark.parametrize("method", ["saliency", "ig", "gradcam", "gradcam++", "deeplift"])
@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
def test_checkpoints_change_no_map(method, part, reentrant):
    settings = {"layer": "b"} if method.startswith("gradcam") else {}
    settings |= {"steps": 4} if method == "ig" else {}
    explain = create(method, output="logit", **settings)
    model = Checkpointed(part, use_reentrant=reentrant)
    if method == "deeplift" and reentrant:
        with pytest.raises(ValueError, match="CheckpointFunction"):
            explain(model, IMAGES, TARGETS)
        return
    right = explain(Checkpointed(), IMAGES, TARGETS)
    assert torch.allclose(explain(model, IMAGES, TARGETS), right, atol=1e-7)


@pytest.mark.parametrize("classes", [2, 10, 1000])
@pytest.mark.parametrize(
    ("output", "scale"),
    [
        *(("probability", scale) for scale in (1e-2, 1.0)),  # then they are 0 or 1
        *(("log_probability", scale) for scale in (1e-2, 1.0)),
        *(("logit", scale) for scale in (1e-2, 1.0, 1e3)),
    ],
)
def test_deeplift_notices_an_operation_without_a_rule_at_any_scale(classes, output, scale):
    class Waves(Net):
        def forward(self, images):
            return scale * self.wide(torch.sin(3 * self.first(images)).mean((2, 3)))

    model = Waves(None)
    model.wide = nn.Linear(4, classes)
    with pytest.raises(ValueError, match="the scores differ by"):
        create("deeplift", output=output)(model, IMAGES, TARGETS)
