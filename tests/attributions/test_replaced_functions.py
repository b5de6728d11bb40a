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
    "tiny clamp": lambda v: v.clamp(min=1e-6),
    "tinier clamp": lambda v: v.clamp(min=1e-38),
    "clamp below 0": lambda v: v.clamp_min(-0.1),
    "clamp by a tiny tensor": lambda v: v.clamp(min=torch.tensor(1e-6)),
    "clamped relu": lambda v: F.relu(v).clamp(max=6),
    "clamp of a view": lambda v: v.flatten(1).clamp(min=1e-6).view_as(v),
    "squareplus": lambda v: (v + (v * v + 4).sqrt()) / 2,
    "sharp squareplus": lambda v: (v + (v * v + 1e-12).sqrt()) / 2,
    "squareplus by powers": lambda v: 0.5 * (v + (v**2 + 1e-12) ** 0.5),
    "squareplus by difference": lambda v: (v.square() + 4).sqrt() - v,
    "squareplus by rsub": lambda v: torch.rsub(v, (v.square() + 4).sqrt()),
    "squareplus by rsqrt": lambda v: v + (v * v + 4) * (v * v + 4).rsqrt(),
    "squareplus by stack": lambda v: v + torch.stack([v, v * 0 + 1]).norm(dim=0),
    "sum with tanh": lambda v: v + torch.tanh(v),
    "maximum of a stack": lambda v: torch.stack([v, 0 * v]).max(0).values,
    "amax of a stack": lambda v: torch.stack([v, 0 * v], -1).amax(-1),
    "amax of a cat": lambda v: torch.cat([v[None], torch.zeros_like(v)[None]]).amax(0),
    "leaky mask": lambda v: v * ((v > 0) + 0.1 * (v <= 0)),
    "doubled mask": lambda v: v * (2 * (v > 0).float()) / 2,
    "mask by bool": lambda v: v * F.relu(v.detach()).bool(),
    "mask by inequality": lambda v: v * (F.relu(v.detach()) != 0),
    "mask by signbit": lambda v: v * ~torch.signbit(v),
    "mask by ceil": lambda v: v * torch.ceil(v.detach().clamp(0, 1)),
    "mask by numpy": lambda v: v * torch.from_numpy((v.detach().numpy() > 0).astype("float32")),
    "mask by sign of a copy": lambda v: v * (v.detach().sign() + 1) / 2,
    "mask by division": lambda v: v / torch.where(v > 0, 1.0, torch.inf),
    "mask by einsum": lambda v: torch.einsum("nchw,nchw->nchw", v, (v > 0).float()),
    "silu with a fixed gate": lambda v: v * torch.sigmoid(v.detach()),
    "silu of a view": lambda v: v * torch.sigmoid(v.flatten(1)).view_as(v),
    "silu of channels last": lambda v: (
        v.permute(0, 2, 3, 1) * torch.sigmoid(v).permute(0, 2, 3, 1)
    ).permute(0, 3, 1, 2),
    "silu by softmax": lambda v: v * torch.stack([v, torch.zeros_like(v)]).softmax(0)[0],
    "silu by einsum": lambda v: torch.einsum("nchw,nchw->nchw", v, torch.sigmoid(v)),
    "silu by parts": lambda v: v * torch.cat([half.sigmoid() for half in v.chunk(2, 1)], 1),
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


class Masked(nn.Module):
    """A product with a fixed mask of the values' whole shape."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mask", (torch.arange(14) % 2).float().expand(1, 4, 14, 14).clone())

    def forward(self, values):
        return F.relu(values) * self.mask


def squeeze_and_excite(values):
    return F.relu(values) * torch.sigmoid(F.adaptive_avg_pool2d(values, 1))


def normalised_by_hand(values):
    centred = values - values.mean(1, keepdim=True)
    return F.relu(centred / (centred.square().mean(1, keepdim=True) + 1e-6).sqrt())


ALLOWED = {
    "fixed mask": Masked(),
    "squeeze and excite": squeeze_and_excite,
    "residual squeeze and excite": lambda v: v + squeeze_and_excite(v),
    "normalised": lambda v: F.normalize(F.relu(v)),
    "divided by a norm": lambda v: v / v.norm(dim=1, keepdim=True).clamp(min=1e-6),
    "divided by a deviation": lambda v: v / v.std(1)[:, None].clamp_min(1e-6),
    "normalised by hand": normalised_by_hand,
    "far clamp": lambda v: v.clamp(max=1e4),
    "two-sided clamp": lambda v: v.clamp(-10, 10),
    "generalised mean": lambda v: F.avg_pool2d(F.relu(v).clamp(min=1e-6) ** 3, 2) ** (1 / 3),
    "channel maximum": lambda v: F.relu(torch.cat([v, v], 1).amax(1, keepdim=True).expand_as(v)),
    "tanh": torch.tanh,
    "scale": lambda v: v * torch.full((1, 4, 1, 1), 0.5),
    "numbers": lambda v: torch.ops.aten.add.Scalar(torch.ops.aten.mul.Scalar(v / 3, 2.0), 1.0),
    "residual": lambda v: v + F.relu(v),
}


@pytest.mark.parametrize("name", ALLOWED)
@pytest.mark.parametrize("size", [1, 2])
def test_what_does_not_rectify_passes_with_its_gradient(name, size):
    guided = create("guided_backprop", output="logit")
    maps = guided(Net(ALLOWED[name]), IMAGES[:size], TARGETS[:size])
    assert 0 < maps.abs().sum() < torch.inf


def test_a_mask_on_the_images_is_no_rectifier():
    class OnImages(Net):
        def forward(self, images):
            mask = torch.ones_like(images)
            mask[:, :, 2] = 0
            return super().forward(images * mask)

    maps = create("guided_backprop", output="logit")(OnImages(F.relu), IMAGES, TARGETS)
    assert (maps[:, :, 2] == 0).all()


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
