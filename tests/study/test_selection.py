"""Which images of a slice are explained, and for which class."""

from dataclasses import replace

import pytest
import torch

from saliency_audit.attributions.engine import predict
from saliency_audit.datasets import CATALOG, image_seed, open_images, shuffled_indices
from saliency_audit.models import load_classifier
from saliency_audit.study.selection import Selection, balanced, select

CANDIDATES = 64


@pytest.fixture(scope="module")
def kept(untrained):
    """What is kept of the same candidates, by what is asked for."""
    ways = ("correctly", "wrongly", "both")
    return {keep: select(untrained, "shapes", 3, 0, CANDIDATES, keep) for keep in ways}


def test_correct_and_wrong_images_are_all_there_are_in_their_order(kept):
    order = shuffled_indices(open_images("shapes"), 3)[:CANDIDATES]
    assert kept["both"].indices == order
    right, wrong = kept["correctly"].indices, kept["wrongly"].indices
    assert right
    assert len(wrong) > len(right)
    assert not set(right) & set(wrong)
    assert sorted((*right, *wrong), key=order.index) == list(order)


def test_the_predicted_class_is_explained_and_the_true_one_noted(kept, untrained):
    model, source = load_classifier(untrained), open_images("shapes")
    for keep, chosen in kept.items():
        labels = [source.labels[index] for index in chosen.indices]
        assert chosen.labels.tolist() == labels
        with torch.no_grad():
            scores = model(chosen.pictures)
        assert chosen.targets.tolist() == scores.argmax(dim=1).tolist()
        top = scores.softmax(dim=1).amax(dim=1)
        torch.testing.assert_close(chosen.confidence, top)
        assert chosen.correct.tolist() == predict(model, chosen.pictures, chosen.labels)[1].tolist()
        assert chosen.correct.any() == (keep != "wrongly")
        assert chosen.correct.all() == (keep == "correctly")


def test_an_image_is_the_same_whatever_else_is_kept(kept):
    both = kept["both"]
    for keep in ("correctly", "wrongly"):
        for position, index in enumerate(kept[keep].indices):
            place = both.indices.index(index)
            assert kept[keep].describe(position) == both.describe(place)
            assert torch.equal(kept[keep].pictures[position], both.pictures[place])
            assert kept[keep].seeds[position] == both.seeds[place] == image_seed(3, index)


def test_notes_count_the_candidates(kept):
    for chosen in kept.values():
        assert chosen.notes["candidates"] == CANDIDATES
        assert chosen.notes["misclassified"] == len(kept["wrongly"].indices)
        assert chosen.notes["used"] == len(chosen.indices)


def test_the_first_images_of_a_selection(kept):
    found = kept["both"].first(3)
    assert found.indices == kept["both"].indices[:3]
    assert found.notes["used"] == 3
    assert kept["both"].first(1000).indices == kept["both"].indices


def test_nothing_is_kept_of_no_candidates(untrained):
    for keep in ("correctly", "both"):
        chosen = select(untrained, "shapes", 0, 5, 5, keep)
        assert chosen.indices == ()
        assert not balanced(chosen).indices


def test_another_choice_is_refused(untrained):
    with pytest.raises(ValueError, match="'wrong'; known: correctly, wrongly, both"):
        select(untrained, "shapes", 0, 0, 1, "wrong")


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([0, 1, 0, 1, 0, 0], [0, 1, 2, 3]),
        ([1, 1, 0, 1, 1], [0, 2]),
        ([0, 0, 0], []),
        ([1, 1], []),
    ],
)
def test_as_many_of_both_kinds_the_first_of_each(targets, expected):
    count = len(targets)
    chosen = Selection(
        model=torch.nn.Identity(),
        source=open_images("shapes"),
        pictures=torch.arange(count)[:, None, None, None],
        targets=torch.tensor(targets),
        labels=torch.zeros(count, dtype=torch.int64),
        indices=tuple(range(10, 10 + count)),
        confidence=torch.arange(count).double(),
        seeds=list(range(count)),
        notes={"candidates": count},
    )
    found = balanced(chosen)
    assert found.indices == tuple(10 + place for place in expected)
    assert found.pictures.flatten().tolist() == found.seeds == expected
    assert found.confidence.tolist() == expected
    assert (~found.correct).sum() == found.correct.sum()
    assert found.notes == {"candidates": count, "used": len(expected)}


@pytest.mark.parametrize("keep", ["correctly", "wrongly", "both"])
def test_pictures_without_a_class_cannot_be_chosen_by_it(keep, pictures, monkeypatch):
    entry = CATALOG["pictures"]
    unlabelled = replace(
        entry, opener=lambda root: replace(opened := entry.opener(root), labels=(-1,) * len(opened))
    )
    monkeypatch.setitem(CATALOG, "pictures", unlabelled)
    if keep != "both":
        with pytest.raises(ValueError, match=f"none is classified {keep}"):
            select("brightest", "pictures", 0, 0, 6, keep)
        return
    chosen = select("brightest", "pictures", 0, 0, 6, keep)
    assert len(chosen.indices) == 4  # two files are corrupt
    assert chosen.notes["misclassified"] == 0
