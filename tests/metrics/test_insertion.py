import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from torch import nn

from saliency_audit.attributions.pixel_curves import reveal_order
from saliency_audit.metrics import insertion_score
from saliency_audit.metrics.insertion import blur

HEIGHT, WIDTH, IMPORTANT_ROWS = 8, 10, 3
LOW, HIGH = 0.2, 0.9


class CountsRevealed(nn.Module):
    """Probability of class 0: LOW + (HIGH − LOW) × the share of important pixels in the original."""

    def __init__(self, original, important):
        super().__init__()
        self.original, self.important = original, important

    def forward(self, pictures):
        revealed = (pictures == self.original).all(dim=1) & self.important
        share = revealed.double().sum(dim=(1, 2)) / self.important.sum()
        probability = LOW + (HIGH - LOW) * share
        return torch.stack([probability, 1 - probability], dim=1).log()


@pytest.fixture(scope="module")
def image():
    generator = torch.Generator().manual_seed(5)
    return torch.rand(1, 3, HEIGHT, WIDTH, dtype=torch.float64, generator=generator)


@pytest.fixture(scope="module")
def important():
    mask = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    mask.flatten()[
        torch.randperm(HEIGHT * WIDTH, generator=torch.Generator().manual_seed(6))[
            : IMPORTANT_ROWS * WIDTH
        ]
    ] = True
    return mask


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 6 * 8, 3)
        ).double()


@pytest.fixture(scope="module")
def batch():
    generator = torch.Generator().manual_seed(2)
    images = torch.rand(4, 3, HEIGHT, WIDTH, dtype=torch.float64, generator=generator)
    maps = torch.randn(4, HEIGHT, WIDTH, generator=generator)
    return images, maps, torch.tensor([0, 2, 1, 1])


FIRST = torch.tensor([0])


def test_perfect_and_worst_order_have_their_closed_forms(image, important):
    model = CountsRevealed(image, important)
    # The curve climbs for IMPORTANT_ROWS of HEIGHT steps and is flat for the others.
    lost = (HIGH - LOW) * IMPORTANT_ROWS / (2 * HEIGHT)
    perfect = insertion_score(model, image, important[None].double(), FIRST)
    worst = insertion_score(model, image, -important[None].double(), FIRST)
    assert perfect.probability.item() == pytest.approx(HIGH - lost, abs=1e-12)
    assert worst.probability.item() == pytest.approx(LOW + lost, abs=1e-12)
    assert perfect.ratio.item() == pytest.approx((HIGH - lost) / HIGH, abs=1e-12)
    assert worst.ratio.item() == pytest.approx((LOW + lost) / HIGH, abs=1e-12)
    climb = torch.linspace(LOW, HIGH, IMPORTANT_ROWS + 1, dtype=torch.float64)
    flat = torch.full((HEIGHT - IMPORTANT_ROWS,), HIGH, dtype=torch.float64)
    torch.testing.assert_close(perfect.curves[0], torch.cat([climb, flat]), rtol=0, atol=1e-12)


def test_a_constant_map_reveals_at_random(image, important):
    model = CountsRevealed(image, important)
    scores = insertion_score(
        model,
        image.expand(60, -1, -1, -1),
        torch.zeros(60, HEIGHT, WIDTH),
        torch.zeros(60, dtype=torch.int64),
    )
    assert scores.curves.isfinite().all()
    assert scores.probability.mean().item() == pytest.approx((LOW + HIGH) / 2, abs=0.02)
    assert len(scores.probability.unique()) > 30


def slowly(model, image, saliency, target, step):
    """The curve, one picture at a time, for a map without ties."""
    blurred = blurred_by_scipy(image)
    order = np.argsort(-saliency.numpy().ravel())
    curve = []
    for revealed in [*range(0, HEIGHT * WIDTH, step), HEIGHT * WIDTH]:
        picture = blurred.copy().reshape(3, -1)
        picture[:, order[:revealed]] = image.numpy().reshape(3, -1)[:, order[:revealed]]
        picture = torch.from_numpy(picture.reshape(1, 3, HEIGHT, WIDTH))
        curve.append(model(picture).softmax(dim=1)[0, target].item())
    return np.array(curve)


def blurred_by_scipy(image):
    return np.stack(
        [
            ndimage.gaussian_filter(plane, sigma=5, mode="mirror", radius=5)
            for plane in image.numpy()
        ]
    )


@pytest.mark.parametrize("step", [None, 1, 7, HEIGHT * WIDTH])
@torch.no_grad()
def test_equals_a_slow_loop(network, batch, step):
    images, maps, targets = batch
    scores = insertion_score(network, images, maps, targets, pixels_per_step=step)
    used = WIDTH if step is None else step
    revealed = np.unique([*range(0, HEIGHT * WIDTH, used), HEIGHT * WIDTH])
    np.testing.assert_allclose(scores.fractions, revealed / (HEIGHT * WIDTH), atol=1e-15)
    for i in range(len(images)):
        curve = slowly(network, images[i], maps[i], targets[i], used)
        np.testing.assert_allclose(scores.curves[i], curve, rtol=0, atol=1e-12)
        area = np.trapezoid(curve, revealed / (HEIGHT * WIDTH))
        assert scores.probability[i].item() == pytest.approx(area, abs=1e-12)
        assert scores.ratio[i].item() == pytest.approx(area / curve[-1], abs=1e-12)


def test_curves_start_blurred_and_end_at_the_untouched_image(network, batch):
    images, maps, targets = batch
    scores = insertion_score(network, images, maps, targets)
    chosen = targets[:, None]
    with torch.no_grad():
        untouched = network(images).softmax(dim=1).gather(1, chosen)[:, 0]
        start = network(blur(images)).softmax(dim=1).gather(1, chosen)[:, 0]
    torch.testing.assert_close(scores.curves[:, -1], untouched, rtol=0, atol=1e-12)
    torch.testing.assert_close(scores.curves[:, 0], start, rtol=0, atol=1e-12)
    torch.testing.assert_close(scores.probability / scores.ratio, untouched, rtol=0, atol=1e-12)
    assert scores.fractions[0] == 0
    assert scores.fractions[-1] == 1
    assert scores.curves.shape == (4, HEIGHT + 1)
    assert scores.curves.dtype == torch.float64


@pytest.mark.parametrize("batch_size", [1, 5, 9, 1000])
def test_batches_change_nothing(network, batch, batch_size):
    images, maps, targets = batch
    alone = insertion_score(network, images, maps.round(), targets)
    again = insertion_score(network, images, maps.round(), targets, batch_size=batch_size)
    torch.testing.assert_close(again.curves, alone.curves, rtol=0, atol=1e-12)


def test_company_changes_nothing_where_the_seeds_are_the_same(network, batch):
    images, maps, targets = batch
    ties, seeds = maps.round(), [11, 12, 13, 14]
    together = insertion_score(network, images, ties, targets, seeds=seeds)
    for i in range(4):
        one = slice(i, i + 1)
        single = insertion_score(network, images[one], ties[one], targets[one], seeds=seeds[one])
        torch.testing.assert_close(single.curves[0], together.curves[i], rtol=0, atol=1e-12)


def test_ties_follow_the_seed(network, batch):
    images, maps, targets = batch
    flat = torch.zeros_like(maps)
    score = [
        insertion_score(network, images, flat, targets, seeds=seeds).probability
        for seeds in ([0, 1, 2, 3], [0, 1, 2, 3], [4, 5, 6, 7])
    ]
    assert torch.equal(score[0], score[1])
    assert (score[0] != score[2]).all()
    assert torch.equal(score[0], insertion_score(network, images, flat, targets).probability)


def test_seeds_move_nothing_without_ties(network, batch):
    images, maps, targets = batch
    one = insertion_score(network, images, maps, targets, seeds=[0] * 4)
    two = insertion_score(network, images, maps, targets, seeds=[9] * 4)
    assert torch.equal(one.curves, two.curves)


def test_only_the_order_of_the_map_counts(network, batch):
    images, maps, targets = batch
    one = insertion_score(network, images, maps, targets)
    two = insertion_score(network, images, (maps.double() * 3 - 7).exp(), targets)
    assert torch.equal(one.curves, two.curves)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_reveal_order_is_a_permutation_by_falling_saliency(seed, levels):
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randint(0, levels, (2, 4, 5), generator=generator).float()
    ranks = reveal_order(maps, [seed, seed + 1])
    assert ranks.shape == maps.shape
    for saliency, rank in zip(maps.flatten(1), ranks.flatten(1), strict=True):
        assert torch.equal(rank.sort().values, torch.arange(20))
        revealed = saliency[rank.argsort()]
        assert (revealed[1:] <= revealed[:-1]).all()


def test_ties_favour_no_corner():
    ranks = reveal_order(torch.zeros(400, 3, 3), list(range(400))).double()
    # The mean of 400 ranks uniform on 0…8 has standard deviation 2.58/20 = 0.13.
    assert (ranks.mean(dim=0) - 4).abs().max() < 0.6


def test_infinite_saliency_still_has_an_order():
    maps = torch.tensor([[[0.0, float("inf")], [-float("inf"), 1.0]]])
    assert reveal_order(maps, [0]).tolist() == [[[2, 0], [3, 1]]]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
@pytest.mark.parametrize("shape", [(2, 3, 20, 17), (1, 1, 6, 6)])
def test_blur_equals_scipy(dtype, tolerance, shape):
    images = torch.rand(shape, dtype=dtype, generator=torch.Generator().manual_seed(4))
    expected = np.stack([blurred_by_scipy(image) for image in images.double()])
    np.testing.assert_allclose(blur(images), expected, rtol=0, atol=tolerance)


def test_no_images_give_no_scores(network):
    scores = insertion_score(
        network,
        torch.zeros(0, 3, HEIGHT, WIDTH),
        torch.zeros(0, HEIGHT, WIDTH),
        torch.zeros(0, dtype=torch.int64),
    )
    assert scores.probability.shape == scores.ratio.shape == (0,)
    assert scores.curves.shape == (0, HEIGHT + 1)


def changed(maps, value):
    maps = maps.clone()
    maps[2, 1, 1] = value
    return maps


BAD = {
    "NaN": (lambda i, m, t: (i, changed(m, float("nan")), t, {}), "saliency maps hold NaN"),
    "maps with channels": (
        lambda i, m, t: (i, m[:, None], t, {}),
        r"saliency must have shape \(4, 8, 10\).*got \(4, 1, 8, 10\); reduce",
    ),
    "an array": (
        lambda i, m, t: (i, m.numpy(), t, {}),
        "saliency must be a torch tensor, got a numpy array",
    ),
    "too few maps": (lambda i, m, t: (i, m[:3], t, {}), r"\(4, 8, 10\).*got \(3, 8, 10\)"),
    "one image": (lambda i, m, t: (i[0], m[0], t, {}), r"\(N, C, H, W\), got \(3, 8, 10\)"),
    "too few targets": (
        lambda i, m, t: (i, m, t[:1], {}),
        r"targets must be class indices, 4 integers or one for all.*got torch.int64 \(1,\)",
    ),
    "a class that is none": (lambda i, m, t: (i, m, t + 9, {}), "targets must lie in 0"),
    "numbers that are not whole": (lambda i, m, t: (i, m, t.float(), {}), "class indices.*float32"),
    "bytes": (lambda i, m, t: ((i * 255).byte(), m, t, {}), "floating point in .0, 1.*by 255"),
    "0 to 255": (lambda i, m, t: (i * 255, m, t, {}), r"must lie in \[0, 1\]"),
    "NaN image": (lambda i, m, t: (i / 0 * 0, m, t, {}), "images hold NaN or infinite"),
    "too few seeds": (lambda i, m, t: (i, m, t, {"seeds": [1]}), "4 images need 4 seeds, got 1"),
    "no pixels": (lambda i, m, t: (i, m, t, {"pixels_per_step": 0}), r"in 1\.\.80, got 0"),
    "too many pixels": (lambda i, m, t: (i, m, t, {"pixels_per_step": 81}), r"1\.\.80, got 81"),
    "half a pixel": (lambda i, m, t: (i, m, t, {"pixels_per_step": 2.5}), "number.*got 2.5"),
    "no pictures": (lambda i, m, t: (i, m, t, {"batch_size": 0}), "batch_size must be a positive"),
    "tiny images": (
        lambda i, m, t: (i[:, :, :5], m[:, :5], t, {}),
        "5×10 pixels are too small for the 11-tap blur; at least 6",
    ),
}


class Answers(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, images):
        return self.answer(images)


BAD_MODELS = {
    "a tuple": (lambda x: (x.flatten(1), x), r"\(\d+, classes\), got tuple"),
    "feature maps": (lambda x: x, r"\(\d+, classes\), got \(\d+, 3, 8, 10\)"),
    "two classes": (lambda x: x.flatten(1)[:, :2], r"targets must lie in 0\.\.1"),
    "not finite": (lambda x: x.flatten(1) / 0, "scores are NaN or infinite"),
}


@pytest.mark.parametrize("case", BAD_MODELS)
def test_models_whose_answer_is_no_score_are_refused(batch, case):
    images, maps, targets = batch
    answer, message = BAD_MODELS[case]
    with pytest.raises(ValueError, match=message):
        insertion_score(Answers(answer), images, maps, targets)


@pytest.mark.parametrize("case", BAD)
def test_bad_input(network, batch, case):
    change, message = BAD[case]
    images, maps, targets, settings = change(*batch)
    with pytest.raises(ValueError, match=message):
        insertion_score(network, images, maps, targets, **settings)
