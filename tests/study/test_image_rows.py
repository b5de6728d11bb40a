"""What all experiments on images share: images in, described rows out."""

import inspect

import pandas as pd
import pytest

from saliency_audit.study import Column, Task
from saliency_audit.study.experiments import ggig_sparse
from saliency_audit.study.image_rows import on_images, per_image
from saliency_audit.study.selection import select
from saliency_audit.study.shared_columns import IMAGE, shared

COLUMNS = (*shared("model", "images", "method"), *IMAGE, Column("value", "number", "", "a value"))
GIVEN = {"model": "digits_cnn", "images": "digits", "seed": 0, "first": 0, "last": 5}


def rows_of(chosen, given):
    """One per image and method."""
    for method in ("a", "b"):
        values = [float(number) for number in range(len(chosen.indices))]
        yield from per_image({"value": values}, method=method)


def test_rows_get_what_is_known_of_task_and_image():
    outcome = on_images(COLUMNS)(rows_of)(Task("t", GIVEN))
    chosen = select("digits_cnn", "digits", 0, 0, 5)
    assert outcome.notes == chosen.notes
    expected = pd.DataFrame(
        {
            "model": "digits_cnn",
            "images": "digits",
            "method": method,
            **chosen.describe(position),
            "value": float(position),
        }
        for method in ("a", "b")
        for position in range(len(chosen.indices))
    )
    pd.testing.assert_frame_equal(outcome.rows, expected)


def test_a_task_without_a_slice_has_the_first_images():
    whole = {"model": "digits_cnn", "images": "digits", "seed": 0, "n_images": 5}
    outcomes = [on_images(COLUMNS)(rows_of)(Task("t", given)).rows for given in (GIVEN, whole)]
    pd.testing.assert_frame_equal(*outcomes)


def test_where_no_image_is_left_there_is_nothing_to_compute(untrained):
    first = next(n for n in range(50) if not select(untrained, "shapes", 0, n, n + 1).indices)
    given = {"model": untrained, "images": "shapes", "seed": 0, "first": first, "last": first + 1}
    called = []
    outcome = on_images(COLUMNS)(lambda *given: called.append(given))(Task("t", given))
    assert not called
    assert outcome.rows.empty
    assert list(outcome.rows.columns) == [column.name for column in COLUMNS]
    assert outcome.notes["used"] == 0
    assert outcome.notes["misclassified"] == 1


def test_columns_that_are_not_declared_stay_for_the_store_to_refuse():
    outcome = on_images(COLUMNS)(
        lambda chosen, given: per_image({"value": [1.0]}, method="a", extra=3)
    )(Task("t", {**GIVEN, "last": 1}))
    assert list(outcome.rows.columns) == [*(column.name for column in COLUMNS), "extra"]


def test_values_of_another_number_of_images_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        list(per_image({"value": [1.0, 2.0], "other": [1.0]}))


def test_the_code_of_an_experiment_is_found_behind_its_computation():
    source = inspect.getsource(ggig_sparse.EXPERIMENT.compute)
    assert source.startswith("@on_objects")
    assert "top_pixels" in source
