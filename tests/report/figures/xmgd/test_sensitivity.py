"""Figure and table of what the open choices of XMGD do."""

from itertools import combinations

import pandas as pd
import pytest

from saliency_audit.report.figures.xmgd.sensitivity import (
    CHANGES,
    choice_name,
    sensitivity_table,
    show_sensitivity,
    survivors_table,
)
from saliency_audit.study import get_experiment
from saliency_audit.study.experiments.xmgd_sensitivity import variations


@pytest.fixture
def rows():
    levels = dict(zip(combinations(("ig", "saliency", "deeplift"), 2), (1, 2, 3), strict=True))
    return pd.DataFrame(
        {
            "model": "shapes_cnn",
            "images": "shapes",
            "changed": changed,
            "value": value,
            "image": image,
            "method": one,
            "other_method": other,
            "xmgd": factor * level + image / 100,
        }
        for changed, value, factor in (("nothing", "", 1), ("seed", "1", 2), ("width", "0", -1))
        for (one, other), level in levels.items()
        for image in range(20)  # scipy permutes tied ranks of fewer than 14, which takes seconds
    )


def test_bars_have_the_length_of_what_was_decided(rows):
    ratio, fates = show_sensitivity(rows).axes
    assert [text.get_text() for text in ratio.get_yticklabels()] == [
        "seed 1",
        "the saliency itself",
    ]
    widths = [bar.get_width() for bar in fates.patches]
    assert widths == [3, 0, 0, 0, 0, 3]  # kept with the seed, turned with the saliency
    assert fates.get_title().startswith("3 ")
    assert all(float(tick).is_integer() for tick in fates.get_xticks())


def test_the_table_counts_the_same(rows):
    table = sensitivity_table({"recorded": rows})
    assert list(table["kept"]) == ["3 of 3", "0 of 3"]
    assert list(table["turned"]) == ["0", "3"]


def test_survivors_are_counted_by_what_is_changed_and_of_all(rows):
    table = survivors_table({"recorded": rows})
    assert list(table.index.get_level_values("changed")) == [
        "the seed of EM",
        "b",
        "any of these",
    ]
    assert list(table["kept under all"]) == ["3 of 3", "0 of 3", "0 of 3"]
    assert list(table["turned under some"]) == ["0", "3", "3"]
    assert list(table["values"]) == ["1", "0", ""]
    assert set(table["farthest"]) == {"DeepLIFT", "DeepLIFT, IG"}


def test_every_choice_of_the_study_has_a_name_in_words():
    experiment = get_experiment("xmgd_sensitivity")
    (settings,) = experiment.configure("reference")
    tried = variations(vars(settings))
    names = [choice_name(*choice) for choice in list(tried)[1:]]
    assert not [name for name in names if "_" in name or name.startswith(("components", "width"))]
    assert len(set(names)) == len(names)
    assert {changed for changed, _ in list(tried)[1:]} == set(CHANGES) - {""}


def test_nothing_is_not_drawn(rows):
    with pytest.raises(ValueError, match="no rows to show"):
        show_sensitivity(rows.iloc[:0])
