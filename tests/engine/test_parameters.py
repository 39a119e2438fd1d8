"""Typed settings: bounds, types, sentences, and settings that matter only beside others."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.parameters import (
    BoolParameter,
    Choice,
    ChoiceParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    TextParameter,
    complaints,
    defaults,
)

UNITS = IntParameter(name="units", title="Units", help="", default=4, minimum=1, maximum=9_000)
RATE = FloatParameter(name="rate", title="Rate", help="", default=0.5, minimum=-1.0, maximum=2.0)
OPEN = FloatParameter(
    name="open",
    title="Open",
    help="",
    default=0.5,
    maximum=1.0,
    open_minimum=True,
    open_maximum=True,
)
SWITCH = BoolParameter(name="switch", title="Switch", help="", default=True)
MODE = ChoiceParameter(
    name="mode", title="Mode", help="", default="a", choices=(Choice("a", "A"), Choice("b", "B"))
)
TEXT = TextParameter(name="text", title="Text", help="", default="x", maximum_length=5)
ALL: tuple[Parameter, ...] = (UNITS, RATE, OPEN, SWITCH, MODE, TEXT)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)

GOOD: list[tuple[Parameter, Any]] = [
    (UNITS, 1),
    (UNITS, 9_000),
    (RATE, -1.0),
    (RATE, 2),
    (RATE, 0),
    (OPEN, math.nextafter(0.0, 1.0)),
    (OPEN, math.nextafter(1.0, 0.0)),
    (SWITCH, False),
    (MODE, "b"),
    (TEXT, ""),
    (TEXT, "ααααα"),
]
BAD: list[tuple[Parameter, Any, str]] = [
    (UNITS, 0, "from 1 to 9,000, not 0"),
    (UNITS, 9_001, "from 1 to 9,000, not 9,001"),
    (UNITS, 10**400, "from 1 to 9,000"),
    (UNITS, 3.0, "whole number, not 3.0"),
    (UNITS, True, "whole number, not True"),
    (UNITS, "3", "whole number, not '3'"),
    (UNITS, None, "whole number, not None"),
    (RATE, math.nextafter(2.0, 3.0), "from -1 to 2"),
    (RATE, -1.5, "from -1 to 2, not -1.5"),
    (RATE, 10**400, "from -1 to 2, not 1000"),
    (RATE, math.nan, "finite, not nan"),
    (RATE, math.inf, "finite, not inf"),
    (RATE, -math.inf, "finite, not -inf"),
    (RATE, False, "a number, not False"),
    (RATE, "1", "a number, not '1'"),
    (OPEN, 0, "above 0"),
    (OPEN, -0.0, "above 0"),
    (OPEN, 1, "below 1"),
    (SWITCH, 1, "true or false, not 1"),
    (SWITCH, "true", "true or false, not 'true'"),
    (MODE, "c", "one of a, b, not 'c'"),
    (MODE, 1, "one of a, b, not 1"),
    (MODE, ["a"], "one of a, b"),
    (TEXT, "123456", "longer than 5 characters"),
    (TEXT, "a\0b", "a null character"),
    (TEXT, b"a", "must be text"),
]


@pytest.mark.parametrize(("parameter", "value"), GOOD)
def test_a_value_within_the_bounds_is_accepted(parameter: Parameter, value: object) -> None:
    assert parameter.check(value) is None


@pytest.mark.parametrize(("parameter", "value", "words"), BAD)
def test_a_wrong_value_is_named_with_title_and_bounds(
    parameter: Parameter, value: object, words: str
) -> None:
    sentence = parameter.check(value)
    assert sentence is not None
    assert sentence.startswith(parameter.title)
    assert words in sentence


@pytest.mark.parametrize("parameter", ALL, ids=lambda parameter: parameter.name)
@given(value=JUNK)
def test_checking_never_raises(parameter: Parameter, value: object) -> None:
    sentence = parameter.check(value)
    assert sentence is None or sentence.startswith(parameter.title)


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_float_bounds_are_those_of_arithmetic(value: float) -> None:
    assert (RATE.check(value) is None) == (-1.0 <= value <= 2.0)
    assert (OPEN.check(value) is None) == (0.0 < value < 1.0)


@given(value=st.integers())
def test_int_bounds_are_both_included(value: int) -> None:
    assert (UNITS.check(value) is None) == (value in range(1, 9_001))


def test_defaults_are_the_initial_values_by_name() -> None:
    wanted = {"units": 4, "rate": 0.5, "open": 0.5, "switch": True, "mode": "a", "text": "x"}
    assert defaults(ALL) == wanted
    assert complaints(ALL, wanted) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"units": 0}, ["Units must be"]),
        ({"extra": 1}, ["no setting called 'extra'"]),
        ({"rate": "x", "text": 3}, ["Rate must be", "Text must be"]),
    ],
)
def test_each_wrong_setting_gets_one_complaint(change: dict[str, Any], words: list[str]) -> None:
    found = complaints(ALL, {**defaults(ALL), **change})
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))


def test_missing_settings_are_named_in_declared_order() -> None:
    found = complaints(ALL, {})
    assert found == [f"{parameter.title} ({parameter.name}) is missing" for parameter in ALL]


@pytest.mark.parametrize(
    ("values", "matters"), [({"mode": "b"}, True), ({"mode": "a"}, False), ({}, False)]
)
def test_a_setting_matters_only_beside_the_named_values(
    values: dict[str, Any], matters: bool
) -> None:
    depending = BoolParameter(
        name="d", title="D", help="", default=False, shown_when=("mode", ("b", "c"))
    )
    assert depending.matters(values) is matters
    assert SWITCH.matters(values)


def test_a_bare_parameter_refuses_to_be_used() -> None:
    bare = Parameter(name="bare", title="Bare", help="")
    with pytest.raises(TypeError, match="no default"):
        _ = bare.initial
    with pytest.raises(TypeError, match="cannot check"):
        bare.check(1)
