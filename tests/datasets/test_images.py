"""Seeds and orders: fixed by the study and the image alone."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from saliency_audit.datasets import (
    Images,
    MissingDataError,
    image_seed,
    read_batch,
    read_regions,
    shuffled_indices,
)
from saliency_audit.datasets.images import only_classes, scaled_to


def numbered(count):
    return Images(
        name="numbered",
        names=tuple(f"n{i}" for i in range(count)),
        labels=tuple(i % 3 for i in range(count)),
        read=lambda index: torch.full((1, 2, 2), index / count),
    )


@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_shuffled_indices_are_a_permutation_fixed_by_the_seed(count, seed):
    order = shuffled_indices(numbered(count), seed)
    assert sorted(order) == list(range(count))
    assert order == shuffled_indices(numbered(count), seed)
    assert all(type(index) is int for index in order)


def test_another_seed_gives_another_order():
    assert shuffled_indices(numbered(50), 0) != shuffled_indices(numbered(50), 1)
    assert shuffled_indices(numbered(50), 0) != tuple(range(50))


def test_image_seeds_differ_between_images_and_studies():
    seeds = {image_seed(study, index) for study in range(20) for index in range(100)}
    assert len(seeds) == 2000


def test_image_seeds_are_those_of_the_recorded_rows():
    # A change of these numbers changes the order of ties in every recorded row.
    assert [image_seed(0, 0), image_seed(0, 1), image_seed(1, 0)] == [
        2968811710,
        3964924996,
        1835504127,
    ]


def test_global_generators_play_no_part():
    before = torch.get_rng_state()
    shuffled_indices(numbered(9), 3)
    image_seed(3, 4)
    assert torch.equal(before, torch.get_rng_state())


def test_read_batch_keeps_the_order_asked_for():
    batch = read_batch(numbered(10), (7, 2, 2))
    assert batch.indices == (7, 2, 2)
    assert batch.labels.tolist() == [1, 2, 2]
    assert batch.labels.dtype == torch.int64
    torch.testing.assert_close(batch.images[:, 0, 0, 0], torch.tensor([0.7, 0.2, 0.2]))


def test_only_some_classes_are_numbered_anew():
    images = only_classes(numbered(9), (2, 0))
    assert images.names == ("n0", "n2", "n3", "n5", "n6", "n8")
    assert images.labels == (1, 0, 1, 0, 1, 0)
    assert images.read(1)[0, 0, 0].item() == pytest.approx(2 / 9)
    assert images.region is None
    with pytest.raises(ValueError, match=r"'numbered' has no picture of classes \[7\]"):
        only_classes(numbered(9), (0, 7))


def test_pictures_are_scaled_as_a_whole_and_lose_their_regions():
    half = Images(
        name="half",
        names=("one",),
        labels=(0,),
        read=lambda index: torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(3, 4, 4),
        region=lambda index: torch.ones(4, 4, dtype=torch.bool),
    )
    small, large = (scaled_to(half, side).read(0) for side in (2, 8))
    # A pixel of the small one reaches over its edge: weights 1, 3, 3, 1 of two dark and one bright.
    torch.testing.assert_close(small[0, 0], torch.tensor([1 / 7, 6 / 7]))
    assert large.shape == (3, 8, 8)
    assert large[0, 0].tolist() == [0, 0, 0, 0.25, 0.75, 1, 1, 1]
    with pytest.raises(MissingDataError, match="pictures of another size have no regions"):
        read_regions(scaled_to(half, 2), [0])
