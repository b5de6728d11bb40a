import threading

import pytest
import torch
from torch import nn

from saliency_audit.datasets import open_images, read_batch
from saliency_audit.datasets.digits import digits_training_set
from saliency_audit.models import TrainingPlan, load_classifier, state_digest, train
from saliency_audit.models.small import DigitsCNN
from saliency_audit.models.training import InOrder

PLAN = TrainingPlan(epochs=2, batch_size=16, seed=3)


@pytest.fixture(scope="module")
def digits():
    images, labels = digits_training_set()
    return images[:100], labels[:100]


def with_dropout():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Dropout(0.5), nn.Linear(16, 10))


@pytest.mark.parametrize("build", [DigitsCNN, with_dropout])
def test_the_seed_decides_everything(digits, build):
    torch.manual_seed(1)
    first = state_digest(train(build, *digits, PLAN))
    torch.manual_seed(2)
    assert state_digest(train(build, *digits, PLAN)) == first
    other = TrainingPlan(epochs=2, batch_size=16, seed=4)
    assert state_digest(train(build, *digits, other)) != first


@pytest.mark.parametrize("build", [DigitsCNN, with_dropout])
def test_the_global_generator_is_untouched(digits, build):
    before = torch.get_rng_state()
    train(build, *digits, PLAN)
    assert torch.equal(before, torch.get_rng_state())


def test_trainings_in_two_threads_do_not_share_random_numbers(digits):
    started = threading.Event()

    def slow_build():
        first = nn.Linear(64, 8)
        started.wait(0.2)  # lets the other training begin between two draws
        return nn.Sequential(nn.Flatten(), first, nn.Linear(8, 10))

    def other_build():
        started.set()
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    alone = state_digest(train(slow_build, *digits, PLAN))
    digests = []
    threads = [
        threading.Thread(
            target=lambda: digests.append(state_digest(train(slow_build, *digits, PLAN)))
        ),
        threading.Thread(target=lambda: train(other_build, *digits, PLAN)),
    ]
    started.clear()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests == [alone]


def test_the_model_comes_back_trained_and_in_evaluation_mode(digits):
    images, labels = digits
    untrained = train(DigitsCNN, images, labels, TrainingPlan(epochs=0))
    model = train(DigitsCNN, images, labels, TrainingPlan(epochs=40))
    assert not any(module.training for module in model.modules())

    def loss(network):
        with torch.no_grad():
            return nn.functional.cross_entropy(network(images), labels).item()

    assert loss(model) < 0.5 * loss(untrained)


def test_the_digit_classifier_generalises():
    model = load_classifier("digits_cnn")
    images = open_images("digits")
    batch = read_batch(images, range(len(images)))
    with torch.no_grad():
        accuracy = (model(batch.images).argmax(dim=1) == batch.labels).double().mean().item()
    assert accuracy > 0.9
    assert load_classifier("digits_cnn") is model


def test_the_loss_falls_and_is_told(digits):
    told = []
    train(
        DigitsCNN, *digits, TrainingPlan(epochs=5), progress=lambda *told_of: told.append(told_of)
    )
    assert [(done, epochs) for done, epochs, _ in told] == [(k, 5) for k in range(1, 6)]
    losses = [loss for _, _, loss in told]
    assert losses[-1] < losses[0]
    assert losses[0] == pytest.approx(2.3, abs=0.3)  # about ln 10 before anything is learned


def test_temperature_multiplies_the_logits_of_the_loss(digits):
    images, labels = digits
    told = []
    flat = TrainingPlan(epochs=1, batch_size=100, learning_rate=1e-9, temperature=7)
    model = train(DigitsCNN, images, labels, flat, progress=lambda *_, **__: told.append(_[2]))
    with torch.no_grad():
        expected = nn.functional.cross_entropy(7 * model(images), labels).item()
    assert told[0] == pytest.approx(expected, rel=1e-4)


def test_flips_mirror_about_half_of_the_images_and_nothing_else(digits):
    images, labels = digits
    given = []

    class Watch(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(64, 10)

        def forward(self, batch):
            given.append(batch)
            return self.head(batch.flatten(1))

    train(Watch, images, labels, TrainingPlan(epochs=1, batch_size=100, flips=True))
    (batch,) = given
    originals = {tuple(image.flatten().tolist()) for image in images}
    same = [tuple(image.flatten().tolist()) in originals for image in batch]
    mirrored = [tuple(image.flip(2).flatten().tolist()) in originals for image in batch]
    assert all(a or b for a, b in zip(same, mirrored, strict=True))
    assert 25 < sum(mirrored) < 75


def test_one_cycle_rises_and_falls(digits, monkeypatch):
    rates = []
    real = torch.optim.Adam.step

    def watch(self, *args, **options):
        rates.append(self.param_groups[0]["lr"])
        return real(self, *args, **options)

    monkeypatch.setattr(torch.optim.Adam, "step", watch)
    plan = TrainingPlan(epochs=4, batch_size=10, learning_rate=0.01, schedule="one_cycle")
    train(DigitsCNN, *digits, plan)
    assert len(rates) == 40
    assert max(rates) == pytest.approx(0.01, rel=0.05)
    assert rates[0] < 0.001 > rates[-1]


def test_training_stops_after_so_many_steps_and_shows_the_network_on_the_way(digits):
    images, labels = digits
    seen = []

    def observe(done, model):
        assert not model.training
        seen.append((done, model.head.bias.detach().clone()))
        return False

    plan = TrainingPlan(epochs=9, batch_size=30, iterations=6)
    model = train(DigitsCNN, images, labels, plan, observe=observe)
    assert [done for done, _ in seen] == list(range(1, 7))  # four steps an epoch
    assert torch.equal(seen[-1][1], model.head.bias)
    assert not torch.equal(seen[-2][1], model.head.bias)
    unseen = train(DigitsCNN, images, labels, plan)
    assert torch.equal(unseen.head.bias, model.head.bias)


@pytest.mark.parametrize("kind", [TrainingPlan, InOrder])
def test_epochs_are_shuffled_unless_the_plan_has_one_order(digits, kind):
    images, labels = digits
    seen = []

    class Watching(DigitsCNN):
        def forward(self, images):
            seen.append(images.detach().clone())
            return super().forward(images)

    train(Watching, images, labels, kind(epochs=2, batch_size=30, seed=3))
    epochs = torch.cat(seen).split(len(images))
    in_order = [torch.equal(epoch, images) for epoch in epochs]
    assert in_order == ([True, True] if kind is InOrder else [False, False])


def test_an_observer_ends_a_training(digits):
    images, labels = digits
    plan = TrainingPlan(epochs=9, batch_size=30, iterations=6)
    ended = train(DigitsCNN, images, labels, plan, observe=lambda done, model: done == 3)
    assert not ended.training
    short = train(DigitsCNN, images, labels, TrainingPlan(epochs=9, batch_size=30, iterations=3))
    assert torch.equal(ended.head.bias, short.head.bias)


def test_sgd_with_momentum_is_that_of_the_textbook(digits):
    images, labels = digits
    images, labels = images[:20], labels[:20]
    plan = TrainingPlan(epochs=3, batch_size=20, learning_rate=0.1, optimizer="sgd", momentum=0.9)
    build = lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10))  # noqa: E731
    trained = train(build, images, labels, plan)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        model = build()
    weights, velocity = model[1].weight.detach().clone(), torch.zeros_like(model[1].weight)
    bias, bias_velocity = model[1].bias.detach().clone(), torch.zeros_like(model[1].bias)
    flat = images.flatten(1)
    for _ in range(3):
        error = (flat @ weights.T + bias).softmax(dim=1)
        error[range(20), labels] -= 1
        velocity = 0.9 * velocity + error.T @ flat / 20
        bias_velocity = 0.9 * bias_velocity + error.mean(dim=0)
        weights, bias = weights - 0.1 * velocity, bias - 0.1 * bias_velocity
    torch.testing.assert_close(trained[1].weight.detach(), weights, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(trained[1].bias.detach(), bias, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"optimizer": "lion"}, "unknown optimizer 'lion'; known: adam, sgd"),
        ({"momentum": 0.9}, "momentum belongs to sgd, got 0.9 for adam"),
        ({"schedule": "cosine"}, "unknown schedule 'cosine'; known: constant, one_cycle"),
        ({"batch_size": 0}, "batch_size at least 1"),
        ({"learning_rate": 0.0}, "learning_rate and temperature must be above 0"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan, message):
    with pytest.raises(ValueError, match=message):
        TrainingPlan(**plan)


def test_nothing_to_train_on_is_said(digits):
    images, labels = digits
    with pytest.raises(ValueError, match="0 images and 0 labels: nothing to train on"):
        train(DigitsCNN, images[:0], labels[:0], PLAN)
