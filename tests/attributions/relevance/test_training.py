"""Training estimators: what is learnt, what stays as it was, and what a killed training loses."""

import copy
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import transforms
from torchvision.datasets import ImageFolder

from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.relevance import (
    Background,
    Design,
    EstimatorPlan,
    Objective,
    load_relevance_estimator,
    preserved,
    train_relevance_estimator,
    training,
)
from saliency_audit.attributions.relevance.background import gaussian_blurred
from saliency_audit.attributions.relevance.objective import squared_variation
from saliency_audit.attributions.relevance.pyramid import feature_maps
from saliency_audit.metrics import explainability

LAYERS = ("one", "two", "three")
SHORT = EstimatorPlan(epochs=2, batch_size=8, filter_epochs=2, filter_batch_size=8)


def weights(estimator):
    return [value.clone() for value in estimator.generator.state_dict().values()]


def same(first, second):
    return all(torch.equal(*pair) for pair in zip(weights(first), weights(second), strict=True))


# What is learnt


def test_masks_find_what_the_classifier_sees(estimator, network, bright_patches):
    images, targets, masks = bright_patches(40, seed=9)
    with frozen(network):
        found = estimator.masks(network, images, targets)
    assert found.shape == (40, 1, 16, 16)
    # A random mask scores 1/16, the share of the patch.
    assert explainability(found[:, 0], masks).mean() > 0.8


def stripes(count, seed):
    """Noisy stripes of 2 pixels, down (0) or across (1), and which."""
    generator = torch.Generator().manual_seed(seed)
    ways = torch.randint(2, (count,), generator=generator)
    wave = (torch.arange(16) // 2 % 2).float()
    down = wave.expand(count, 1, 16, 16)
    images = torch.where(ways[:, None, None, None] == 0, down, down.transpose(2, 3))
    return (0.8 * images + 0.2 * torch.rand(count, 1, 16, 16, generator=generator)), ways


@pytest.mark.parametrize("loss", ["printed", "released"])
def test_the_first_stage_likens_features_to_their_own_class(network, loss):
    plan = replace(SHORT, epochs=0, filter_epochs=20, filter_learning_rate=0.02, filter_loss=loss)
    images, ways = stripes(64, 0)
    trained = train_relevance_estimator(network, LAYERS, images, ways, plan=plan)
    images, ways = stripes(40, 1)
    with frozen(network):
        _, maps = feature_maps(network, images, LAYERS)
    own, absent = (
        trained.generator.filter.similarity(maps[-1], classes).mean(dim=(1, 2))
        for classes in (ways, ways + 2)  # which no picture has
    )
    assert (own > absent + 0.5).all()


def test_the_second_stage_leaves_the_filter_alone_unless_told(network, pictures):
    trained = [
        train_relevance_estimator(network, LAYERS, pictures[0], plan=plan)
        for plan in (replace(SHORT, epochs=0), SHORT, replace(SHORT, filter_further=True))
    ]
    first, fixed, further = (each.generator.filter.embedding.weight for each in trained)
    assert torch.equal(fixed, first)
    assert not torch.equal(further, first)
    assert not same(trained[0], trained[1])


def test_classes_are_the_models_own_unless_given(network, pictures):
    images, places, _ = pictures
    assert torch.equal(network(images).argmax(dim=1), places)
    own = train_relevance_estimator(network, LAYERS, images, plan=SHORT)
    assert same(own, train_relevance_estimator(network, LAYERS, images, places, plan=SHORT))
    others = (places + 1) % 4
    assert not same(own, train_relevance_estimator(network, LAYERS, images, others, plan=SHORT))


def test_a_folder_of_pairs_gives_what_its_tensor_gives(network, pictures):
    images, places, _ = pictures
    pairs = [(image, int(place)) for image, place in zip(images, places, strict=True)]
    own = train_relevance_estimator(network, LAYERS, images, plan=SHORT)
    assert same(own, train_relevance_estimator(network, LAYERS, pairs, plan=SHORT))


@pytest.fixture
def folder(pictures, tmp_path):
    """The pictures on disk, a folder per quarter, with their number in the order of the folder."""
    images, places, _ = pictures
    for number, (image, place) in enumerate(zip(images, places, strict=True)):
        path = tmp_path / f"quarter{int(place)}" / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray((255 * image[0]).round().byte().numpy()).save(path)
    return tmp_path, places.argsort(stable=True)


def test_a_real_folder_gives_what_its_tensor_gives(network, pictures, folder):
    path, order = folder
    transform = transforms.Compose([transforms.Grayscale(), transforms.ToTensor()])
    found = train_relevance_estimator(network, LAYERS, ImageFolder(path, transform), plan=SHORT)
    stored = (255 * pictures[0][order]).round() / 255
    assert same(found, train_relevance_estimator(network, LAYERS, stored, plan=SHORT))


def test_a_folder_without_a_transform_is_told_of_tensors(network, folder):
    with pytest.raises(ValueError, match=r"ToTensor makes tensors.*Image"):
        train_relevance_estimator(network, LAYERS, ImageFolder(folder[0]), plan=SHORT)


class Alone(torch.utils.data.Dataset):
    """Pictures of a folder by their numbers; it says nothing of files."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, number):
        return self.images[number]


@pytest.mark.parametrize("content", [b"", b"no picture", None])
@pytest.mark.parametrize("kept", [False, True])
def test_a_file_that_cannot_be_read_is_named(network, folder, tmp_path_factory, content, kept):
    path, _ = folder
    transform = transforms.Compose([transforms.Grayscale(), transforms.ToTensor()])
    images = ImageFolder(path, transform)
    number = 7
    broken = images.samples[number][0]
    Path(broken).write_bytes(Path(broken).read_bytes()[:-30] if content is None else content)
    few = torch.utils.data.Subset(images, [3, number, 5])
    checkpoint = tmp_path_factory.mktemp("kept") / "checkpoint.pt" if kept else None
    for data, said in (
        (images, f"picture {number}, {broken}, cannot be read"),
        (few, f"picture 1, {broken}, cannot be read"),
        (Alone(images), f"picture {number} cannot be read"),
    ):
        with pytest.raises(ValueError, match="put a sound copy in its place, or leave") as refusal:
            train_relevance_estimator(network, LAYERS, data, plan=SHORT, checkpoint=checkpoint)
        assert str(refusal.value).startswith(said)
        assert refusal.value.__cause__ is not None


def test_a_picture_that_the_transform_cannot_take_is_named(network, folder):
    path, _ = folder
    images = ImageFolder(
        path, transforms.Compose([transforms.RandomCrop(20), transforms.ToTensor()])
    )
    with pytest.raises(
        ValueError, match=r"picture 0, .*\.png, cannot be read \(.*larger than input"
    ):
        train_relevance_estimator(network, LAYERS, images, plan=SHORT)


# What stays as it was


@pytest.mark.parametrize("batch_norm", ["evaluation", "batch"])
def test_the_classifier_is_left_as_found(network, pictures, batch_norm):
    model = copy.deepcopy(network).train()
    model.one[0].weight.requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    seed = torch.random.get_rng_state()
    plan = replace(SHORT, batch_norm=batch_norm)
    trained = train_relevance_estimator(model, LAYERS, pictures[0], plan=plan)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(part.training for part in model.modules())
    assert [value.requires_grad for value in model.parameters()] == [False] + [True] * 7
    assert not any(value.grad is not None for value in model.parameters())
    assert torch.equal(torch.random.get_rng_state(), seed)
    assert not trained.generator.training
    assert not any(value.requires_grad for value in trained.generator.parameters())


def test_batch_statistics_are_another_training(network, pictures):
    own = train_relevance_estimator(network, LAYERS, pictures[0], plan=SHORT)
    batch = replace(SHORT, batch_norm="batch")
    assert not same(own, train_relevance_estimator(network, LAYERS, pictures[0], plan=batch))


def test_a_seed_gives_the_same_weights_and_another_others(network, pictures):
    def train(seed):
        plan = replace(SHORT, seed=seed)
        return train_relevance_estimator(network, LAYERS, pictures[0], plan=plan)

    assert same(train(3), train(3))
    assert not same(train(3), train(4))


# Killed trainings


class Killed(Exception):
    pass


@pytest.mark.parametrize("after", [("filter", 1), ("filter", 2), ("masks", 1)])
def test_a_killed_training_ends_at_the_same_weights(network, pictures, tmp_path, after):
    file = tmp_path / "checkpoint.pt"

    def kill(stage, done, epochs, loss, left):
        if (stage, done) == after:
            raise Killed

    with pytest.raises(Killed):
        train_relevance_estimator(
            network, LAYERS, pictures[0], plan=SHORT, checkpoint=file, progress=kill
        )
    assert file.is_file()
    seen = []
    resumed = train_relevance_estimator(
        network,
        LAYERS,
        pictures[0],
        plan=SHORT,
        checkpoint=file,
        progress=lambda stage, done, *more: seen.append((stage, done)),
    )
    order = [("filter", 1), ("filter", 2), ("masks", 1), ("masks", 2)]
    assert seen == order[order.index(after) + 1 :]
    assert same(resumed, train_relevance_estimator(network, LAYERS, pictures[0], plan=SHORT))
    assert not file.exists()


@pytest.mark.parametrize("steps", [1, 7, 13])
def test_a_training_killed_within_an_epoch_ends_at_the_same_weights(
    network, pictures, tmp_path, monkeypatch, steps
):
    monkeypatch.setattr(training, "EVERY", 0.0)
    seen = []

    def kill(*told):
        seen.append(told)
        if len(seen) == steps:
            raise Killed

    def train(**more):
        return train_relevance_estimator(network, LAYERS, pictures[0], plan=SHORT, **more)

    file = tmp_path / "checkpoint.pt"
    with pytest.raises(Killed):
        train(checkpoint=file, progress=kill)
    assert file.is_file()
    assert same(train(checkpoint=file, progress=lambda *told: seen.append(told)), train())
    whole = []
    train(progress=lambda *told: whole.append(told[:4]))
    assert [told[:4] for told in seen] == whole  # no step is done twice, losses go on


def test_a_checkpoint_of_another_training_is_refused(network, pictures, tmp_path):
    file = tmp_path / "checkpoint.pt"

    def kill(*told):
        raise Killed

    def train(model=network, layers=LAYERS, plan=SHORT, images=pictures[0], **more):
        return train_relevance_estimator(model, layers, images, plan=plan, checkpoint=file, **more)

    with pytest.raises(Killed):
        train(progress=kill)
    kept = file.read_bytes()
    another, fewer = copy.deepcopy(network), copy.deepcopy(network)
    another.one[0].weight.data += 1
    # The same weights, a class less.
    fewer.forward = lambda images: type(network).forward(fewer, images)[:, :3]
    for other in (
        {"model": another},
        {"model": fewer},
        {"layers": LAYERS[:2]},
        {"plan": replace(SHORT, learning_rate=0.5)},
        {"objective": Objective(area=1.0)},
        {"background": Background(blur=1.0)},
        {"design": Design(eta=2.0)},
        {"design": Design(head="sigmoid")},
        {"design": Design(upsampler="shuffle")},
        {"design": Design(share=0.25)},
    ):
        with pytest.raises(ValueError, match="other settings or another classifier; delete it"):
            train(**other)
    assert file.read_bytes() == kept
    with pytest.raises(ValueError, match="to its end if this is the checkpoint of a training"):
        load_relevance_estimator(file, network)
    file.write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match="no checkpoint of a training"):
        train()


def begun(file, network, images, targets=None):
    """A training on these pictures, killed after its first epoch; and how it goes on with others."""

    def kill(*told):
        raise Killed

    def train(images, targets=None, progress=None):
        return train_relevance_estimator(
            network, LAYERS, images, targets, plan=SHORT, checkpoint=file, progress=progress
        )

    with pytest.raises(Killed):
        train(images, targets, kill)
    return train


def changed(values, number, change):
    found = values.clone()
    found[number] += change
    return found


@pytest.mark.parametrize("number", range(0, 48, 5))
def test_a_training_goes_on_with_no_picture_changed(network, pictures, tmp_path, number):
    images, places, _ = pictures
    train = begun(tmp_path / "checkpoint.pt", network, images, places)
    another = images.clone()
    another[number, 0, 3, 3] = 0.25
    for given in (
        (another, places),
        (images, changed(places, number, 1 - 2 * (places[number] > 0))),
        (torch.cat([images[:number], images[number + 1 :]]), places[1:]),
        (images.roll(1, dims=0), places),
        (images, None),
    ):
        with pytest.raises(ValueError, match=r"begun on other pictures or targets.*or delete it"):
            train(*given)
    train(images, places)


def test_a_file_that_changed_unseen_is_noticed(network, pictures, tmp_path):
    for number, image in enumerate(pictures[0]):
        path = tmp_path / "pictures" / "one" / f"{number:02d}.bmp"
        path.parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray((255 * image[0]).round().byte().numpy()).save(path)
    transform = transforms.Compose([transforms.Grayscale(), transforms.ToTensor()])
    folder = ImageFolder(tmp_path / "pictures", transform)
    train = begun(tmp_path / "checkpoint.pt", network, folder)
    before, about = path.read_bytes(), path.stat()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert path.stat().st_size == about.st_size
    with pytest.raises(ValueError, match="begun on other pictures"):
        train(folder)
    path.write_bytes(before)
    train(folder)


def test_pictures_drawn_at_random_have_no_checkpoint(network, folder, tmp_path):
    draws = (transforms.Grayscale(), transforms.ToTensor(), transforms.RandomCrop(16, padding=2))
    images = ImageFolder(folder[0], transforms.Compose(draws))
    train_relevance_estimator(network, LAYERS, images, plan=SHORT)
    with pytest.raises(ValueError, match=r"picture 0 is another each time it is read.*draws no"):
        train_relevance_estimator(
            network, LAYERS, images, plan=SHORT, checkpoint=tmp_path / "checkpoint.pt"
        )


def test_a_saved_estimator_is_no_checkpoint_and_stays(network, pictures, estimator, tmp_path):
    file = tmp_path / "estimator.pt"
    estimator.save(file)
    kept = file.read_bytes()
    with pytest.raises(
        ValueError, match=r"no checkpoint of a training \(KeyError\); name another file"
    ):
        train_relevance_estimator(network, LAYERS, pictures[0], plan=SHORT, checkpoint=file)
    assert file.read_bytes() == kept


# Bad input


def test_what_cannot_be_trained_is_refused(network, pictures):
    images, places, _ = pictures

    def refused(message, *arguments, model=network, **more):
        with pytest.raises(ValueError, match=message):
            train_relevance_estimator(model, *arguments, plan=SHORT, **more)

    refused("at least two images", LAYERS, images[:1])
    refused("not its path or its loader; got str", LAYERS, "pictures")
    loader = torch.utils.data.DataLoader(images)
    refused("got DataLoader", LAYERS, loader)
    refused("must be a torch.nn.Module", LAYERS, images, model=lambda inputs: network(inputs))
    refused("ToTensor makes tensors", LAYERS, [image.numpy() for image in images])
    refused("no folder", LAYERS, images, checkpoint="nowhere/checkpoint.pt")
    refused("is a folder", LAYERS, images, checkpoint=".")
    refused("targets must be", LAYERS, images, 0)
    refused("targets must be", LAYERS, images, [0.5] * len(images))
    refused("no layer 'four'", ("one", "four"), images)
    refused("half as large", ("one", "three"), images)
    refused(r"\[0, 1\]", LAYERS, images + 1)
    refused("one size", LAYERS, [images[0], images[1][:, :8]])
    refused("targets must be", LAYERS, images, places[:3])
    refused("targets must be", LAYERS, images, places.float())
    refused("classes of the model", LAYERS, images, places + 3)
    broken = copy.deepcopy(network)
    broken.three[0].weight.data[:] = float("nan")
    refused("NaN", LAYERS, images, model=broken)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", -1),
        ("epochs", 1.5),
        ("batch_size", 0),
        ("batch_size", 1),
        ("filter_batch_size", 1),
        ("seed", 1.5),
        ("seed", -1),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("halve_every", 0),
        ("fake", 1.0),
        ("filter_loss", "mine"),
        ("batch_norm", "train"),
    ],
)
def test_plans_that_are_none(name, value):
    with pytest.raises(ValueError, match=name):
        EstimatorPlan(**{name: value})


# Backgrounds and objectives


def test_half_of_the_backgrounds_are_blurred_and_half_are_colours():
    images = torch.rand(400, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    drawn = Background().draw(images, torch.Generator().manual_seed(1))
    blurred = gaussian_blurred(images, 10**0.5)
    kinds = (drawn == blurred).flatten(1).all(dim=1)
    assert 0.42 < kinds.float().mean() < 0.58
    plain = drawn[~kinds]
    means = plain.mean(dim=(2, 3))
    assert (means - 0.5).abs().max() < 0.165 + 0.055
    spread = (plain - means[:, :, None, None]).std()
    assert spread == pytest.approx(0.055, rel=0.05)
    again = Background().draw(images, torch.Generator().manual_seed(1))
    assert torch.equal(drawn, again)


def test_a_blur_keeps_constants_and_has_the_width_it_says():
    assert torch.allclose(gaussian_blurred(torch.full((1, 1, 9, 9), 0.3), 2.0), torch.tensor(0.3))
    point = torch.zeros(1, 1, 81, 81)
    point[..., 40, 40] = 1
    row = gaussian_blurred(point, 3.0)[0, 0].sum(dim=0)
    variance = (row * (torch.arange(81) - 40) ** 2).sum()
    assert float(variance) == pytest.approx(9, rel=0.04)  # cut off at three σ
    assert torch.equal(gaussian_blurred(point, 0.0), point)


def test_the_preserved_picture_is_equation_one():
    images, others = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
    mask = torch.rand(2, 1, 4, 4)
    expected = images * mask + others * (1 - mask)
    torch.testing.assert_close(preserved(images, mask, others), expected)


def test_objectives_are_their_formulas():
    images, others = torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4)
    mask, classes = torch.rand(2, 1, 4, 4), torch.tensor([1, 0])
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).eval()

    def probability(kept):
        logits = network(images * kept + others * (1 - kept))
        return logits.softmax(dim=1)[[0, 1], classes]

    def loss(**settings):
        with frozen(network):
            return Objective(**settings).loss(network, images, others, mask, classes)

    kept, rest = probability(mask), probability(1 - mask)
    base = -kept.log().mean()
    torch.testing.assert_close(loss(), base)
    torch.testing.assert_close(loss(score="probability"), -kept.mean())
    torch.testing.assert_close(loss(background=2.0), base + 2 * rest.mean())
    torch.testing.assert_close(loss(area=3.0), base + 3 * mask.mean())
    rough = squared_variation(mask).mean()
    torch.testing.assert_close(loss(smoothness=0.5), base + 0.5 * rough)
    for name in ("area", "background", "smoothness"):
        with pytest.raises(ValueError, match=name):
            Objective(**{name: -1.0})


def test_total_variation_counts_each_pair_of_neighbours_once():
    masks = torch.tensor([[0.0, 1.0], [3.0, 3.0]])[None, None]
    assert squared_variation(masks).tolist() == [1 + 9 + 4]


def test_backgrounds_do_not_depend_on_the_default_type():
    images = torch.rand(6, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    usual = Background().draw(images, torch.Generator().manual_seed(1))
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        drawn = Background().draw(images, torch.Generator().manual_seed(1))
    finally:
        torch.set_default_dtype(before)
    assert drawn.dtype == torch.float32
    assert torch.equal(drawn, usual)
