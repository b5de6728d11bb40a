"""Folds: every class shared out equally, at random, the same for the same seed."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from saliency_audit.models.folds import stratified_folds


@given(
    counts=st.lists(st.integers(5, 40), min_size=1, max_size=6),
    folds=st.integers(2, 5),
    seed=st.integers(0, 5),
)
def test_classes_and_images_are_shared_out_equally(counts, folds, seed):
    labels = torch.cat([torch.full((n,), label) for label, n in enumerate(counts)])
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))]
    found = stratified_folds(labels, folds, seed)
    assert found.dtype == torch.int64
    sizes = torch.bincount(found, minlength=folds)
    assert len(sizes) == folds
    assert int(sizes.max() - sizes.min()) <= 1
    for label in range(len(counts)):
        of_class = torch.bincount(found[labels == label], minlength=folds)
        assert int(of_class.max() - of_class.min()) <= 1


def test_the_seed_decides_and_the_order_is_shuffled():
    labels = torch.zeros(100, dtype=torch.int64)
    first = stratified_folds(labels, 5, 1)
    assert torch.equal(first, stratified_folds(labels, 5, 1))
    assert not torch.equal(first, stratified_folds(labels, 5, 2))
    assert not torch.equal(first, torch.arange(100) % 5)
    assert not torch.equal(first, torch.arange(100) // 20)


@pytest.mark.parametrize(
    ("labels", "folds", "message"),
    [
        ([0, 0, 0, 1, 1], 3, "3 folds need 3 .* class; class 1 has 2; take fewer folds"),
        ([], 2, "class none has 0"),
        ([0, 0], 1, "at least 2 folds, got 1"),
        ([0, 0, 0, 0], 2.5, r"a whole number of at least 2 folds, got 2\.5"),
        ([0, 0, 0, 0], True, "a whole number of at least 2 folds, got True"),
        ([[0, 0], [0, 0]], 2, r"labels must be int64 of shape \(N,\), got torch.int64 \(2, 2\)"),
    ],
)
def test_bad_input(labels, folds, message):
    with pytest.raises(ValueError, match=message):
        stratified_folds(torch.tensor(labels, dtype=torch.int64), folds)


def test_labels_are_whole_numbers_in_a_tensor():
    with pytest.raises(
        ValueError, match=r"labels must be int64 of shape \(N,\), got torch.float32"
    ):
        stratified_folds(torch.zeros(4), 2)
    with pytest.raises(ValueError, match="labels must be a torch tensor, got list"):
        stratified_folds([0, 0, 0, 0], 2)
