import pytest

from saliency_audit.parameters import PROFILES, coerce
from saliency_audit.study import ParameterError, available, get_experiment
from saliency_audit.study.experiment import describe


def test_profiles_replace_defaults_and_overrides_replace_profiles(toy):
    experiment = toy.experiment()
    assert [each.count for each in experiment.configure("embedded")] == [4]
    assert [each.names for each in experiment.configure("reference")] == [("a", "b")]
    (chosen,) = experiment.configure("reference", {"count": 2})
    assert (chosen.count, chosen.names) == (2, ("a", "b"))


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("scale", 3, 3.0),
        ("names", "a,b", ("a", "b")),
        ("names", "a, b", ("a", "b")),
        ("names", ["x", "y"], ("x", "y")),
        ("names", "alone", ("alone",)),
        ("limit", None, None),
        ("limit", 7, 7),
        ("exact", True, True),
    ],
)
def test_values_get_their_declared_type(toy, name, given, expected):
    (parameters,) = toy.experiment().configure("embedded", {name: given})
    value = getattr(parameters, name)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("count", "7.0", r"parameter count takes int, got '7\.0'"),
        ("count", 7.0, r"parameter count takes int, got 7\.0"),
        ("count", True, "parameter count takes int, got True"),
        ("scale", "big", "parameter scale takes float, got 'big'"),
        ("scale", True, "parameter scale takes float, got True"),
        ("exact", 1, "parameter exact takes bool, got 1"),
        ("names", 5, "parameter names takes str, got 5"),
        ("names", ["a", 5], "parameter names takes str, got 5"),
        ("limit", "x", r"parameter limit takes int \| None, got 'x'"),
    ],
)
def test_values_of_another_type_are_refused(toy, name, given, message):
    with pytest.raises(ParameterError, match=message):
        toy.experiment().configure("embedded", {name: given})


def test_an_unknown_parameter_lists_the_known_with_types_and_defaults(toy):
    with pytest.raises(
        ParameterError, match=r"toy has no parameter step; known: count: int = 4, sc"
    ):
        toy.experiment().configure("embedded", {"step": 3})


def test_an_unknown_profile_lists_the_known(toy):
    with pytest.raises(ParameterError, match="no profile 'paper'; known: embedded, reference"):
        toy.experiment().configure("paper")


def test_the_experiments_own_rules_are_parameter_errors(toy):
    with pytest.raises(ParameterError, match="toy: count must not be negative"):
        toy.experiment().configure("embedded", {"count": -1})


def test_describe_names_every_parameter(toy):
    assert describe(toy.experiment()) == (
        "count: int = 4, scale: float = 1.0, names: tuple[str, ...] = ('a',), "
        "limit: int | None = None, exact: bool = False"
    )


@pytest.mark.parametrize("value", [[8, 16], "8,16", "8, 16", (8, 16)])
def test_coerce_takes_tuples_of_numbers(value):
    assert coerce("steps", value, tuple[int, ...]) == (8, 16)


def test_a_single_value_is_a_tuple_of_one():
    assert coerce("steps", 8, tuple[int, ...]) == (8,)
    assert coerce("names", "a", tuple[str, ...] | None) == ("a",)
    with pytest.raises(ParameterError, match="parameter steps takes int, got 'x'"):
        coerce("steps", "8,x", tuple[int, ...])
    with pytest.raises(ParameterError, match=r"parameter steps takes int, got '\[8'"):
        coerce("steps", "[8", tuple[int, ...])


def test_an_unknown_experiment_lists_the_known():
    with pytest.raises(
        ValueError, match="unknown experiment 'idgi'; known: idgi_scores, idgi_settings"
    ):
        get_experiment("idgi")


@pytest.mark.parametrize("name", available())
def test_every_profile_of_every_experiment_makes_tasks_of_its_own(name):
    experiment = get_experiment(name)
    assert experiment.name == name
    # The pictures of an illustration are computed where the book is built, at one size.
    known = {"embedded"} if name == "idgi_illustration" else set(PROFILES)
    assert set(experiment.profiles) == known
    for profile in experiment.profiles:
        names = [task.name for task in experiment.tasks(experiment.configure(profile))]
        assert names
        assert len(set(names)) == len(names)
