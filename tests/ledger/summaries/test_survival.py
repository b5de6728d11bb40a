"""Which decided differences survive another choice."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger.summaries.survival import Joint, joint_survival, survival

PAIRS = list(combinations("abc", 2))


def rows(choices, n=20):
    """Distances of three pairs by choice, the same on all images but for a little noise."""
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "changed": changed,
            "value": value,
            "image": image,
            "method": one,
            "other_method": other,
            "xmgd": level + random.normal(0, 0.01),
        }
        for (changed, value), levels in choices.items()
        for (one, other), level in zip(PAIRS, levels, strict=True)
        for image in range(n)
    )


def test_kept_turned_open_and_fresh_are_told_apart():
    found = rows(
        {
            ("nothing", ""): (1, 2, 2),
            ("components", "3"): (2, 4, 4),
            ("width", "0"): (2, 1, 1),
            ("seed", "1"): (1, 1, 1),
            ("levels", "9"): (1, 2, 3),
        }
    )
    decided, choices = survival(found, "nothing")
    assert decided == 2  # the second and the third pair are level
    counts = {
        changed: (each.kept, each.undecided, each.turned, each.fresh)
        for (changed, _), each in choices.items()
    }
    assert counts == {
        "components": (2, 0, 0, 0),
        "width": (0, 0, 2, 0),
        "seed": (0, 2, 0, 0),
        "levels": (2, 0, 0, 1),
    }
    assert choices["components", "3"].ratio.value == pytest.approx(2, abs=0.02)
    assert choices["components", "3"].ratio.n == 20


def test_a_difference_survives_a_choice_if_it_survives_all_of_its_values():
    found = rows(
        {
            ("nothing", ""): (1, 2, 3),
            ("components", "3"): (2, 4, 6),
            ("components", "20"): (1, 2, 2),
            ("width", "0"): (1, 2, 3),
            ("width", "0.1"): (2, 1.5, 1),
            ("seed", "1"): (1, 2, 3),
        }
    )
    # Of pairs (a, b), (a, c), (b, c): c is farthest, but a where the first two are the largest.
    assert joint_survival(found, "nothing") == {
        "components": Joint(kept=2, undecided=1, turned=0, farthest=("c",)),
        "width": Joint(kept=0, undecided=0, turned=3, farthest=("c", "a")),
        "seed": Joint(kept=3, undecided=0, turned=0, farthest=("c",)),
        "": Joint(kept=0, undecided=0, turned=3, farthest=("c", "a")),
    }


def test_few_images_decide_nothing():
    decided, choices = survival(
        rows({("nothing", ""): (1, 2, 3), ("seed", "1"): (1, 2, 3)}, 4), "nothing"
    )
    assert decided == 0
    assert choices["seed", "1"].kept == choices["seed", "1"].fresh == 0
