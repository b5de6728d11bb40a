"""Text of `-p name=text` means what a person means by it."""

import math

import pytest

from saliency_audit.parameters import ParameterError, coerce

READ = [
    ("1e-4", float, 1e-4),
    ("1E-4", float, 1e-4),
    (".5", float, 0.5),
    ("5.", float, 5.0),
    ("-0.1", float, -0.1),
    ("3", float, 3.0),
    ("010", float, 10.0),
    ("inf", float, math.inf),
    ("1e-4", float | None, 1e-4),
    ("None", float | None, None),
    ("null", int | None, None),
    ("010", int, 10),
    ("+7", int, 7),
    (" 7 ", int, 7),
    ("no", str, "no"),
    ("a #b", str, "a #b"),
    ("12:30", str, "12:30"),
    ("007", str, "007"),
    ("None", str | None, None),
    ("none of them", str | None, "none of them"),
    ("true", bool, True),
    ("False", bool, False),
    ("8,16", tuple[int, ...], (8, 16)),
    ("[8, 16]", tuple[int, ...], (8, 16)),
    ("(8, 16,)", tuple[int, ...], (8, 16)),
    ("8", tuple[int, ...], (8,)),
    ("0.1,1e-3", tuple[float, ...], (0.1, 1e-3)),
    ("a,b", tuple[str, ...], ("a", "b")),
    ("[]", tuple[str, ...], ()),
    ("['a', 'b']", tuple[str, ...], ("a", "b")),
    ("on, off", tuple[str, ...], ("on", "off")),
    ("None", tuple[str, ...] | None, None),
    (3, float, 3.0),
    ([1, 2], tuple[int, ...], (1, 2)),
    (None, int | None, None),
]


@pytest.mark.parametrize(("given", "hint", "expected"), READ)
def test_what_is_written_is_what_is_meant(given, hint, expected):
    found = coerce("rate", given, hint)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("12:30", float),
        ("1:30", tuple[int, ...]),
        ("1_000", int),
        ("0x10", int),
        ("1.5", int),
        ("1e3", int),
        ("many", int | None),
        ("1,5", float),
        ("٣", int),
        ("no", bool),
        ("1", bool),
        ("8;16", tuple[int, ...]),
        ("None", int),
        (True, int),
        (1.5, int),
        (None, str),
        (3, str),
    ],
)
def test_what_does_not_fit_is_refused(given, hint):
    with pytest.raises(ParameterError, match=r"^parameter rate takes .*, got ") as refusal:
        coerce("rate", given, hint)
    assert repr(given) in str(refusal.value)
