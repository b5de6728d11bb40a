"""Every recorded slice has the columns that its experiment declares."""

import dataclasses

import pyarrow as pa
import pytest

from saliency_audit.sanity import MEASURES
from saliency_audit.study import Column, available, get_experiment, recorded_store
from saliency_audit.study.columns import column_faults, names
from saliency_audit.study.former_names import COLUMNS
from saliency_audit.study.predictors import Series
from saliency_audit.study.selection import select
from saliency_audit.study.shared_columns import IMAGE, SERIES, SIMILARITIES, shared


@pytest.mark.parametrize("name", available())
def test_recorded_rows_are_as_declared(name):
    experiment = get_experiment(name)
    slices = [
        found
        for profile in experiment.profiles
        for found in recorded_store(experiment, profile).slices().values()
    ]
    assert slices
    faults = {}
    for each in slices:
        schema = pa.schema(
            column.with_name(COLUMNS.get(column.name, column.name)) for column in each.table.schema
        )
        if found := list(column_faults(schema, each.table.num_rows, experiment.recorded)):
            faults[each.task] = found
    assert not faults


@pytest.mark.parametrize("name", available())
def test_columns_have_one_name_and_say_what_they_mean(name):
    columns = get_experiment(name).columns
    assert len(set(names(columns))) == len(columns)
    assert all(column.meaning for column in columns)


@pytest.mark.parametrize("name", available())
def test_labels_have_the_values_of_their_columns(name):
    experiment = get_experiment(name)
    for profile in experiment.profiles:
        for task in experiment.tasks(experiment.configure(profile)):
            labels = experiment.labels(task.parameters)
            assert list(labels) == names(experiment.labels.columns)
            table = pa.table({name: [value] for name, value in labels.items()})
            assert not list(column_faults(table.schema, 1, experiment.labels.columns))


def test_groups_of_columns_are_what_the_code_writes():
    assert names(SIMILARITIES) == list(MEASURES)
    assert names(SERIES) == [field.name for field in dataclasses.fields(Series)]
    chosen = select("digits_cnn", "digits", 0, 0, 1)
    assert names(IMAGE) == list(chosen.describe(0))


def test_shared_columns_come_in_the_order_asked_for():
    assert names(shared("sign", "image", "model")) == ["sign", "image", "model"]
    assert names((*IMAGE, *SIMILARITIES))[3:5] == ["confidence", "spearman"]
    with pytest.raises(KeyError, match="methd"):
        shared("methd")


def test_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match="unknown type of a column 'float'"):
        Column("value", "float", "", "a number")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "integer"),
        ([1.0, None], "number"),
        (["a", "b"], "text"),
        ([True, False], "boolean"),
        ([[1.0], [2.0, 3.0]], "numbers"),
        ([[True], [False]], "booleans"),
    ],
)
def test_values_fit_their_own_type_only(values, kind):
    table = pa.table({"value": values})
    for other in ("integer", "number", "text", "boolean", "numbers", "booleans"):
        faults = list(column_faults(table.schema, 2, [Column("value", other, "", "a value")]))
        assert (not faults) == (other == kind)


def test_rows_without_any_list_have_no_type_for_them():
    table = pa.table({"value": pa.nulls(2)})
    assert not list(column_faults(table.schema, 2, [Column("value", "numbers", "", "curves")]))
    assert list(column_faults(table.schema, 2, [Column("value", "number", "", "a number")]))
    assert not list(column_faults(table.schema, 0, [Column("value", "number", "", "a number")]))
