"""XMGD of sequences: when a place is salient counts."""

import pytest
import torch

from saliency_audit.metrics import MultiScale, xmgd, xmgd_of_sequences

ONE = MultiScale(components=1, width=None, kernels=(1,))


def spot(x, y, side=32, radius=2.0):
    """A smooth spot, `(side, side)` from nearly 0 to 1."""
    centres = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    return torch.exp(
        -((centres[None] - x) ** 2 + (centres[:, None] - y) ** 2) / (2 * (radius / side) ** 2)
    )


def walk(start=0.3, step=0.05, frames=8):
    return torch.stack([spot(start + step * frame, 0.5) for frame in range(frames)])[None]


def test_one_gaussian_each_moves_as_far_as_the_spot_was_moved():
    # Closed form: equal covariances, so that MW₂² is the squared distance of the means.
    found = xmgd_of_sequences(walk(0.3), walk(0.4), ONE)
    torch.testing.assert_close(found, torch.tensor([0.1**2]).double(), rtol=0.02, atol=0)


def test_the_reverse_differs_in_the_covariance_of_place_and_time_only():
    # Two Gaussians with equal means and the covariances [[a, c], [c, b]] and [[a, −c], [−c, b]] in
    # x and t: W₂² = 2 (a + b) − 2 (the sum of the roots of the eigenvalues of their product).
    forth = walk()
    found = float(xmgd_of_sequences(forth, forth.flip(1), ONE))
    steps = (torch.arange(8, dtype=torch.float64) + 0.5) / 8
    places = 0.3 + 0.05 * torch.arange(8, dtype=torch.float64)
    a = float(places.var(correction=0)) + (2 / 32) ** 2
    b = float(steps.var(correction=0))
    c = float(((places - places.mean()) * (steps - steps.mean())).mean())
    one = torch.tensor([[a, c], [c, b]])
    other = torch.tensor([[a, -c], [-c, b]])
    roots = torch.linalg.eigvals(one @ other).real.clamp(min=0).sqrt().sum()
    assert found == pytest.approx(2 * (a + b) - 2 * float(roots), rel=0.02)


def test_the_mean_map_is_blind_to_the_order():
    forth = walk()
    back = forth.flip(1)
    assert float(xmgd(forth.mean(1), back.mean(1), ONE)) < 1e-12
    assert float(xmgd_of_sequences(forth, back, ONE)) > 1e-3


def test_equal_sequences_are_at_zero_and_pairs_do_not_mix():
    sequences = torch.cat([walk(0.2), walk(0.35)])
    settings = MultiScale(components=3)
    assert (xmgd_of_sequences(sequences, sequences, settings) < 1e-12).all()
    both = xmgd_of_sequences(sequences, sequences.flip(0), settings)
    alone = xmgd_of_sequences(sequences[:1], sequences[1:], settings)
    assert both[0] == alone[0]
    torch.testing.assert_close(both[0], both[1])


def test_a_short_duration_makes_time_count_little():
    forth = walk()
    long, short = (float(xmgd_of_sequences(forth, forth.flip(1), ONE, d)) for d in (1.0, 0.01))
    assert short < 0.01 * long


def test_a_constant_sequence_has_no_distance():
    sequences = torch.cat([walk(), torch.ones(1, 8, 32, 32, dtype=torch.float64)])
    found = xmgd_of_sequences(sequences, sequences, ONE)
    assert found.isnan().tolist() == [False, True]


def test_fewer_pixels_with_weight_than_gaussians_are_refused():
    points = torch.zeros(1, 2, 8, 8, dtype=torch.float64)
    points[0, 0, 3, 3] = points[0, 1, 4, 4] = 1
    with pytest.raises(ValueError, match="components"):
        xmgd_of_sequences(points, points, MultiScale(components=3, kernels=(1,)))


@pytest.mark.parametrize(
    ("first", "second", "duration", "message"),
    [
        (walk(), walk(frames=4), 1.0, "one shape"),
        (walk()[0], walk(), 1.0, "N, T, H, W"),
        (-walk(), walk(), 1.0, "at least 0"),
        (walk() * torch.nan, walk(), 1.0, "finite"),
        (walk(), walk() + torch.inf * (walk() > 0.9), 1.0, "finite"),
        (walk(), walk(), 0.0, "duration"),
        (walk(), walk(), float("nan"), "duration"),
    ],
)
def test_bad_sequences_are_refused(first, second, duration, message):
    with pytest.raises(ValueError, match=message):
        xmgd_of_sequences(first, second, ONE, duration)
