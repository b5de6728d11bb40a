"""Re-initialised layers: which, in what order, from what, and that nothing else changes."""

import pytest
import torch
from torch import nn

from saliency_audit.models.degradation import with_sigma_noise
from saliency_audit.models.randomization import (
    Randomisation,
    all_reinitialised,
    cascade,
    layers_in_order,
    one_by_one,
)


class Backwards(nn.Module):
    """Defines its layers in another order than it runs them, and one that it never runs."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 4)
        self.auxiliary = nn.Linear(8, 4)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.third = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, images):
        found = self.third(self.norm(self.second(self.first(images))).relu())
        return self.head(found.mean(dim=(2, 3)))


IMAGE = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(0))
ORDER = ["first", "second", "norm", "third", "head"]


@pytest.fixture
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        found = Backwards()
        found(torch.rand(16, 3, 6, 6))  # running statistics
        with torch.no_grad():
            found.norm.weight.uniform_(0.5, 2)
    return found.eval()


def changed(model, other):
    first, second = model.state_dict(), other.state_dict()
    return {name for name in first if not torch.equal(first[name], second[name])}


def test_layers_come_in_the_order_of_the_pass(model):
    assert layers_in_order(model.train(), IMAGE) == ORDER
    assert model.training


def test_the_cascade_is_nested_and_leaves_the_model_alone(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    earlier = {}
    for stage, name in zip(cascade(model, IMAGE), reversed(ORDER), strict=True):
        assert stage.name == name
        touched = {part.rpartition(".")[0] for part in changed(model, stage.model)}
        assert touched == set(ORDER[-stage.number :])
        now = {key: value.clone() for key, value in stage.model.state_dict().items()}
        for key, value in earlier.items():
            if key.rpartition(".")[0] != name:
                assert torch.equal(now[key], value)
        earlier = now
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())


def test_one_by_one_touches_one_layer(model):
    for stage, name in zip(one_by_one(model, IMAGE), reversed(ORDER), strict=True):
        assert (stage.name, stage.number) == (name, 1)
        assert {part.rpartition(".")[0] for part in changed(model, stage.model)} == {name}


def test_all_anew_is_the_end_of_the_cascade(model):
    *_, last = cascade(model, IMAGE, Randomisation(seed=4))
    found = all_reinitialised(model, IMAGE, Randomisation(seed=4))
    assert not changed(found, last.model)
    assert {part.rpartition(".")[0] for part in changed(model, found)} == set(ORDER)


class Attending(nn.Module):
    """Its attention and itself read parameters of layers that they do not run."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 3, stride=3)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.auxiliary = nn.Linear(8, 4)
        self.shift = nn.ParameterList([torch.linspace(0, 1, 8)])
        self.head = nn.Linear(8, 4)

    def forward(self, images):
        tokens = self.patches(images).flatten(2).transpose(1, 2) + self.shift[0]
        return self.head(self.attention(tokens, tokens, tokens)[0].mean(dim=1))


@pytest.fixture
def attending():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Attending().eval()


def test_parameters_that_are_read_without_running_their_layer_are_drawn_too(attending):
    order = layers_in_order(attending, IMAGE)
    assert order == ["shift", "patches", "attention", "attention.out_proj", "head"]
    found = all_reinitialised(attending, IMAGE, Randomisation("truncated_normal"))
    untouched = {name for name, _ in attending.named_parameters()} - changed(attending, found)
    assert untouched == {"auxiliary.weight", "auxiliary.bias"}
    alone = one_by_one(attending, IMAGE, Randomisation("truncated_normal"))
    touched = {stage.name: changed(attending, stage.model) for stage in alone}
    assert touched["attention.out_proj"] == {
        "attention.out_proj.weight",
        "attention.out_proj.bias",
    }
    with pytest.raises(ValueError, match=r"layer 'attention' \(MultiheadAttention\) has no init"):
        all_reinitialised(attending, IMAGE)


def test_no_kernel_makes_an_unused_layer_seem_used():
    class Encoding(nn.Module):
        def __init__(self):
            super().__init__()
            layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 1)
            self.auxiliary = nn.Linear(8, 4)

        def forward(self, images):
            return self.encoder(images.flatten(2).repeat(1, 1, 2)[..., :8]).mean(dim=1)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Encoding().eval()
    names = [name.removeprefix("encoder.layers.0.") for name in layers_in_order(model, IMAGE)]
    assert names == ["self_attn", "self_attn.out_proj", "norm1", "linear1", "linear2", "norm2"]


def test_an_initialiser_that_leaves_a_parameter_is_named():
    class Scaled(nn.Linear):
        def __init__(self):
            super().__init__(3, 2)
            self.factor = nn.Parameter(torch.tensor([2.0]))

        def forward(self, images):
            return self.factor * super().forward(images.mean(dim=(2, 3)))

    message = r"layer '' \(Scaled\) does not draw factor; take 'truncated_normal' or 'permuted'"
    with pytest.raises(ValueError, match=message):
        all_reinitialised(Scaled(), IMAGE)
    assert changed(
        Scaled(), all_reinitialised(Scaled(), IMAGE, Randomisation("truncated_normal"))
    ) == {*("weight", "bias", "factor")}


def test_equally_shaped_layers_get_different_values(model):
    *_, last = cascade(model, IMAGE)
    assert not torch.equal(last.model.second.weight, last.model.third.weight)


@pytest.mark.parametrize("initialiser", ["default", "truncated_normal", "permuted"])
def test_a_seed_fixes_the_draw_and_another_one_changes_it(model, initialiser):
    state = torch.get_rng_state()
    finals = []
    for seed in (0, 0, 1):
        *_, last = cascade(model, IMAGE, Randomisation(initialiser, seed=seed))
        finals.append(last.model.second.weight)
    assert torch.equal(finals[0], finals[1])
    assert not torch.equal(finals[0], finals[2])
    assert torch.equal(torch.get_rng_state(), state)


def test_permuted_values_are_the_trained_ones(model):
    *_, last = cascade(model, IMAGE, Randomisation("permuted"))
    for name, values in model.named_parameters():
        found = last.model.get_parameter(name)
        if "auxiliary" not in name:
            assert torch.equal(found.flatten().sort().values, values.flatten().sort().values)


def test_truncated_normal_has_its_deviation(model):
    *_, last = cascade(model, IMAGE, Randomisation("truncated_normal"))
    assert last.model.second.weight.std().item() == pytest.approx(0.1, rel=0.1)
    assert not torch.equal(last.model.norm.weight, torch.ones(8))


@pytest.mark.parametrize("statistics", ["keep", "reset"])
def test_what_becomes_of_batch_norm(model, statistics):
    *_, last = cascade(model, IMAGE, Randomisation(statistics=statistics))
    assert torch.equal(last.model.norm.weight, torch.ones(8))
    kept = torch.equal(last.model.norm.running_mean, model.norm.running_mean)
    assert kept == (statistics == "keep")
    if statistics == "reset":
        assert torch.equal(last.model.norm.running_var, torch.ones(8))


def test_bad_models_and_settings_are_named(model):
    with pytest.raises(ValueError, match="unknown initialiser 'uniform'; known: default"):
        Randomisation("uniform")
    with pytest.raises(ValueError, match="unknown statistics 'drop'; known: keep, reset"):
        Randomisation(statistics="drop")
    with pytest.raises(ValueError, match="seed must be a whole number, got 'a'"):
        Randomisation(seed="a")
    with pytest.raises(ValueError, match="no layer with parameters"):
        list(cascade(nn.Flatten(), IMAGE))

    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(torch.ones(3))

        def forward(self, images):
            return images.mean(dim=(2, 3)) * self.factor

    with pytest.raises(ValueError, match=r"layer '' \(Scale\) has no initialiser of its own; take"):
        list(cascade(Scale(), IMAGE))
    assert len(list(cascade(Scale(), IMAGE, Randomisation("truncated_normal")))) == 1


def test_sigma_noise_has_the_deviation_of_each_tensor_and_grows_with_the_level(model):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        wide = nn.Sequential(nn.Conv2d(3, 64, 5), nn.BatchNorm2d(64), nn.Conv2d(64, 64, 5))
    with torch.no_grad():
        wide[2].weight.mul_(30)
    half, full = (with_sigma_noise(wide, level, seed=3) for level in (0.5, 1.0))
    for name, values in wide.named_parameters():
        if values.numel() < 1000:
            continue
        noise = full.get_parameter(name) - values
        assert noise.std().item() == pytest.approx(values.std().item(), rel=0.05)
        torch.testing.assert_close(
            half.get_parameter(name) - values, noise / 2, atol=1e-6, rtol=1e-3
        )
    # A constant tensor has σ = 0.
    assert torch.equal(full[1].weight, wide[1].weight)
    assert torch.equal(full[1].running_var, wide[1].running_var)
    assert changed(wide, with_sigma_noise(wide, 0.0)) == set()
    assert not torch.equal(with_sigma_noise(wide, 1.0, seed=4)[0].weight, full[0].weight)


def test_sigma_noise_refuses_what_makes_no_sense(model):
    with pytest.raises(ValueError, match="level of noise must be a finite number ≥ 0, got -1"):
        with_sigma_noise(model, -1)
    with pytest.raises(ValueError, match="no parameters that could be perturbed"):
        with_sigma_noise(nn.Flatten(), 1.0)
