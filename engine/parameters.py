"""Typed settings: stated once, and read by forms, validation, files and help alike."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.language import tr

Value = bool | int | float | str
Values = Mapping[str, Value]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """What every setting has: a name for files and code, a title and a sentence of help for people."""

    name: str
    title: str
    help: str
    unit: str = ""
    shown_when: tuple[str, tuple[Value, ...]] | None = None
    """Another setting's name and the values of it for which this one matters; None: always."""
    telling: bool = False
    """Whether the setting is worth a place on the layer's card even at its default."""

    @property
    def initial(self) -> Value:
        """The value of a new layer."""
        raise TypeError(f"{type(self).__name__} has no default")

    def check(self, value: object) -> str | None:
        """Say in a sentence what is wrong with `value`, or None when it is fine."""
        raise TypeError(f"{type(self).__name__} cannot check")

    def matters(self, values: Values) -> bool:
        """Whether the setting has an effect beside the other `values`."""
        return self.shown_when is None or values.get(self.shown_when[0]) in self.shown_when[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class IntParameter(Parameter):
    """A whole number between two bounds, both included."""

    default: int
    minimum: int = 0
    maximum: int = 65_536

    @property
    def initial(self) -> int:
        return self.default

    def check(self, value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return tr("{title} must be a whole number, not {value!r}").format(
                title=self.title, value=value
            )
        if not self.minimum <= value <= self.maximum:
            return tr("{title} must be from {minimum} to {maximum:,}, not {value:,}").format(
                title=self.title, minimum=self.minimum, maximum=self.maximum, value=value
            )
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class FloatParameter(Parameter):
    """A finite number between two bounds, both included unless `open_minimum` or `open_maximum` says otherwise."""

    default: float
    minimum: float = 0.0
    maximum: float = 1e6
    open_minimum: bool = False
    open_maximum: bool = False

    @property
    def initial(self) -> float:
        return self.default

    def check(self, value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return tr("{title} must be a number, not {value!r}").format(
                title=self.title, value=value
            )
        if isinstance(value, float) and not math.isfinite(value):
            return tr("{title} must be finite, not {value}").format(title=self.title, value=value)
        if not self.minimum <= value <= self.maximum:
            shown = f"{value:g}" if isinstance(value, float) else f"{value}"[:40]
            return tr("{title} must be from {minimum:g} to {maximum:g}, not {shown}").format(
                title=self.title, minimum=self.minimum, maximum=self.maximum, shown=shown
            )
        if self.open_minimum and value == self.minimum:
            return tr("{title} must be above {minimum:g}").format(
                title=self.title, minimum=self.minimum
            )
        if self.open_maximum and value == self.maximum:
            return tr("{title} must be below {maximum:g}").format(
                title=self.title, maximum=self.maximum
            )
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class BoolParameter(Parameter):
    """A switch."""

    default: bool

    @property
    def initial(self) -> bool:
        return self.default

    def check(self, value: object) -> str | None:
        return (
            None
            if isinstance(value, bool)
            else tr("{title} must be true or false, not {value!r}").format(
                title=self.title, value=value
            )
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values of a `ChoiceParameter`."""

    value: str
    title: str
    help: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceParameter(Parameter):
    """One of several named values."""

    default: str
    choices: tuple[Choice, ...]

    @property
    def initial(self) -> str:
        return self.default

    def check(self, value: object) -> str | None:
        if any(choice.value == value for choice in self.choices):
            return None
        known = ", ".join(choice.value for choice in self.choices)
        return tr("{title} must be one of {known}, not {value!r}").format(
            title=self.title, known=known, value=value
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TextParameter(Parameter):
    """A line of text; `is_path` makes the form offer a file dialogue."""

    default: str = ""
    maximum_length: int = 4_096
    is_path: bool = False

    @property
    def initial(self) -> str:
        return self.default

    def check(self, value: object) -> str | None:
        if not isinstance(value, str):
            return tr("{title} must be text, not {value!r}").format(title=self.title, value=value)
        if len(value) > self.maximum_length:
            return tr("{title} is longer than {maximum_length:,} characters").format(
                title=self.title, maximum_length=self.maximum_length
            )
        if "\0" in value:
            return tr("{title} holds a null character").format(title=self.title)
        return None


def defaults(parameters: Iterable[Parameter]) -> dict[str, Value]:
    """The values of a new layer, data set or training."""
    return {parameter.name: parameter.initial for parameter in parameters}


def complaints(parameters: Iterable[Parameter], values: Values) -> list[str]:
    """A sentence for each setting of `values` that is missing, unknown or wrong; empty when all is well."""
    known = {parameter.name: parameter for parameter in parameters}
    found = [
        tr("It has no setting called {name!r}").format(name=name)
        for name in values
        if name not in known
    ]
    for name, parameter in known.items():
        if name not in values:
            found.append(tr("{title} ({name}) is missing").format(title=parameter.title, name=name))
        elif (sentence := parameter.check(values[name])) is not None:
            found.append(sentence)
    return found
