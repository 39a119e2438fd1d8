"""Weight initialisers: the torch function that draws, and the variance that it is meant to draw."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.parameters import Choice, ChoiceParameter, FloatParameter, Parameter, Values

from .spec import Shape, product


class Fans(NamedTuple):
    """Connections into and out of one unit, as `torch.nn.init` counts them."""

    fan_in: int
    fan_out: int


def fans(weight: Shape) -> Fans:
    """Fan in and fan out of a weight of shape (out, in, kernel …)."""
    field = product(weight[2:])
    return Fans(weight[1] * field, weight[0] * field)


def _no_arguments(_values: Values) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Initializer:
    """One way to draw a weight. `function` is a name in `torch.nn.init`; "" leaves torch's own draw in place."""

    kind: str
    title: str
    formula: str
    source: str
    function: str
    arguments: Callable[[Values], dict[str, Any]] = _no_arguments
    variance: Callable[[Shape, Values], float]
    """Var(w) for a weight of the given shape, exact for the distribution (not an estimate)."""


def _over_fan_in(gain: float) -> Callable[[Shape, Values], float]:
    return lambda weight, _values: gain / fans(weight).fan_in


def _glorot(weight: Shape, _values: Values) -> float:
    return 2.0 / sum(fans(weight))


def _orthogonal(weight: Shape, _values: Values) -> float:
    return 1.0 / max(weight[0], product(weight[1:]))


def _kaiming(nonlinearity: str) -> Callable[[Values], dict[str, Any]]:
    return lambda _values: {"nonlinearity": nonlinearity}


_GLOROT = "Xavier Glorot & Bengio 2010, eq. 16"
_HE = "He et al. 2015, eq. 10"
_LECUN = "LeCun et al. 1998, section 4.6"

INITIALIZERS: Mapping[str, Initializer] = {
    item.kind: item
    for item in (
        Initializer(
            kind="he_normal",
            title="He normal",
            formula="Var(w) = 2 / fan_in",
            source=_HE,
            function="kaiming_normal_",
            arguments=_kaiming("relu"),
            variance=_over_fan_in(2.0),
        ),
        Initializer(
            kind="he_uniform",
            title="He uniform",
            formula="Var(w) = 2 / fan_in",
            source=_HE,
            function="kaiming_uniform_",
            arguments=_kaiming("relu"),
            variance=_over_fan_in(2.0),
        ),
        Initializer(
            kind="glorot_normal",
            title="Glorot normal",
            formula="Var(w) = 2 / (fan_in + fan_out)",
            source=_GLOROT,
            function="xavier_normal_",
            variance=_glorot,
        ),
        Initializer(
            kind="glorot_uniform",
            title="Glorot uniform",
            formula="Var(w) = 2 / (fan_in + fan_out)",
            source=_GLOROT,
            function="xavier_uniform_",
            variance=_glorot,
        ),
        Initializer(
            kind="lecun_normal",
            title="LeCun normal",
            formula="Var(w) = 1 / fan_in",
            source=_LECUN,
            function="kaiming_normal_",
            arguments=_kaiming("linear"),
            variance=_over_fan_in(1.0),
        ),
        Initializer(
            kind="lecun_uniform",
            title="LeCun uniform",
            formula="Var(w) = 1 / fan_in",
            source=_LECUN,
            function="kaiming_uniform_",
            arguments=_kaiming("linear"),
            variance=_over_fan_in(1.0),
        ),
        Initializer(
            kind="normal",
            title="Normal (σ by hand)",
            formula="Var(w) = σ²",
            source="a plain normal distribution around 0",
            function="normal_",
            arguments=lambda values: {"std": float(values["init_std"])},
            variance=lambda _weight, values: float(values["init_std"]) ** 2,
        ),
        Initializer(
            kind="uniform",
            title="Uniform (bound by hand)",
            formula="Var(w) = a² / 3",
            source="a uniform distribution from −a to a",
            function="uniform_",
            arguments=lambda values: {
                "a": -float(values["init_bound"]),
                "b": float(values["init_bound"]),
            },
            variance=lambda _weight, values: float(values["init_bound"]) ** 2 / 3.0,
        ),
        Initializer(
            kind="orthogonal",
            title="Orthogonal",
            formula="W Wᵀ = I, Var(w) = 1 / max(rows, columns)",
            source="Saxe et al. 2014, section 3",
            function="orthogonal_",
            variance=_orthogonal,
        ),
        Initializer(
            kind="zeros",
            title="Zeros",
            formula="w = 0",
            source="the mistake that shows why symmetry must be broken",
            function="zeros_",
            variance=lambda _weight, _values: 0.0,
        ),
        Initializer(
            kind="torch_default",
            title="torch's default",
            formula="Var(w) = 1 / (3 fan_in)",
            source="torch.nn.Linear: kaiming_uniform_(a=√5), the one that Glorot & Bengio criticised",
            function="",
            variance=_over_fan_in(1.0 / 3.0),
        ),
    )
}

INITIALIZER_PARAMETERS: tuple[Parameter, ...] = (
    ChoiceParameter(
        name="initializer",
        telling=True,
        title="Initialiser",
        help="How the weights are drawn. Biases start at zero; torch's default draws them as well.",
        default="he_normal",
        choices=tuple(
            Choice(item.kind, item.title, f"{item.formula} ({item.source})")
            for item in INITIALIZERS.values()
        ),
    ),
    FloatParameter(
        name="init_std",
        telling=True,
        title="σ",
        help="Standard deviation of the normal distribution that the weights are drawn from.",
        default=0.05,
        minimum=0.0,
        maximum=100.0,
        shown_when=("initializer", ("normal",)),
    ),
    FloatParameter(
        name="init_bound",
        telling=True,
        title="Bound a",
        help="The weights are drawn evenly from −a to a; the standard deviation is a/√3.",
        default=0.05,
        minimum=0.0,
        maximum=100.0,
        shown_when=("initializer", ("uniform",)),
    ),
)
"""The settings that every weight layer shares."""


def weight_std(weight: Shape, values: Values) -> float:
    """Standard deviation that the chosen initialiser gives a weight of this shape."""
    return math.sqrt(INITIALIZERS[str(values["initializer"])].variance(weight, values))
