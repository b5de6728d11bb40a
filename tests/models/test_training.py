import threading

import pytest
import torch
from torch import nn

from saliency_audit.datasets import open_images, read_batch
from saliency_audit.datasets.digits import digits_training_set
from saliency_audit.models import TrainingPlan, load_classifier, state_digest, train
from saliency_audit.models.small import DigitsCNN

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
