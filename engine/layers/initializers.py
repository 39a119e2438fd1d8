"""Weight and bias initialisers: the torch function that draws, and the variance that it is meant to draw."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from engine.language import tr
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


def outputs_first(weight: Shape, *, transposed: bool) -> Shape:
    """The weight's shape as (out, in, kernel …), the way in which fans are counted and weights are drawn."""
    return (weight[1], weight[0], *weight[2:]) if transposed else weight


def _no_arguments(_values: Values) -> dict[str, Any]:
    return {}


Family = Literal["normal", "uniform", "truncated_normal", "orthogonal", "fixed"]
"""How single weights are distributed; "orthogonal" as the coordinates of a random direction, "fixed" not at random."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Initializer:
    """One way to draw a weight. `function` is a name in `torch.nn.init`; "" leaves torch's own draw in place."""

    kind: str
    title: str
    formula: str
    source: str
    function: str
    kernel_function: str = ""
    """What draws a weight with a kernel, where torch has a function of its own for these."""
    arguments: Callable[[Values], dict[str, Any]] = _no_arguments
    variance: Callable[[Shape, Values], float]
    """Var(w) for a weight of shape (out, in, kernel …) and gain 1, exact for the distribution (not an estimate)."""
    family: Family
    scaled: bool = False
    """Whether the spread follows from the weight's shape alone, so that a gain by hand multiplies it."""
    note: str = ""
    """What the formula does not say, for people."""


def _over_fan_in(gain: float) -> Callable[[Shape, Values], float]:
    return lambda weight, _values: gain / fans(weight).fan_in


def _glorot(weight: Shape, _values: Values) -> float:
    return 2.0 / sum(fans(weight))


def _orthogonal(weight: Shape, _values: Values) -> float:
    return 1.0 / max(weight[0], product(weight[1:]))


def _identity(weight: Shape, _values: Values) -> float:
    ones = min(weight[:2]) / product(weight)
    return ones - ones**2


def _kaiming(nonlinearity: str) -> Callable[[Values], dict[str, Any]]:
    return lambda _values: {"nonlinearity": nonlinearity}


TRUNCATED_AT = 2.0
"""Where the truncated normal ends, in σ of the uncut one."""


def _truncated_share() -> float:
    """Variance of a standard normal cut at ± c: 1 − 2 c φ(c) / (2 Φ(c) − 1)."""
    density = math.exp(-0.5 * TRUNCATED_AT**2) / math.sqrt(2.0 * math.pi)
    return 1.0 - 2.0 * TRUNCATED_AT * density / math.erf(TRUNCATED_AT / math.sqrt(2.0))


def _truncated_arguments(values: Values) -> dict[str, Any]:
    # torch divides by σ, and σ = 0 is a fair choice
    std = max(float(values["init_std"]), 1e-30)
    return {"std": std, "a": -TRUNCATED_AT * std, "b": TRUNCATED_AT * std}


_GLOROT = tr("Xavier Glorot & Bengio 2010, eq. 16")
_HE = tr("He et al. 2015, eq. 10")
_LECUN = tr("LeCun et al. 1998, section 4.6")

INITIALIZERS: Mapping[str, Initializer] = {
    item.kind: item
    for item in (
        Initializer(
            kind="he_normal",
            family="normal",
            title=tr("He normal"),
            formula="Var(w) = 2 / fan_in",
            source=_HE,
            function="kaiming_normal_",
            arguments=_kaiming("relu"),
            variance=_over_fan_in(2.0),
            scaled=True,
        ),
        Initializer(
            kind="he_uniform",
            family="uniform",
            title=tr("He uniform"),
            formula="Var(w) = 2 / fan_in",
            source=_HE,
            function="kaiming_uniform_",
            arguments=_kaiming("relu"),
            variance=_over_fan_in(2.0),
            scaled=True,
        ),
        Initializer(
            kind="glorot_normal",
            family="normal",
            title=tr("Glorot normal"),
            formula="Var(w) = 2 / (fan_in + fan_out)",
            source=_GLOROT,
            function="xavier_normal_",
            variance=_glorot,
            scaled=True,
        ),
        Initializer(
            kind="glorot_uniform",
            family="uniform",
            title=tr("Glorot uniform"),
            formula="Var(w) = 2 / (fan_in + fan_out)",
            source=_GLOROT,
            function="xavier_uniform_",
            variance=_glorot,
            scaled=True,
        ),
        Initializer(
            kind="lecun_normal",
            family="normal",
            title=tr("LeCun normal"),
            formula="Var(w) = 1 / fan_in",
            source=_LECUN,
            function="kaiming_normal_",
            arguments=_kaiming("linear"),
            variance=_over_fan_in(1.0),
            scaled=True,
        ),
        Initializer(
            kind="lecun_uniform",
            family="uniform",
            title=tr("LeCun uniform"),
            formula="Var(w) = 1 / fan_in",
            source=_LECUN,
            function="kaiming_uniform_",
            arguments=_kaiming("linear"),
            variance=_over_fan_in(1.0),
            scaled=True,
        ),
        Initializer(
            kind="normal",
            family="normal",
            title=tr("Normal (σ by hand)"),
            formula="Var(w) = σ²",
            source=tr("a plain normal distribution around 0"),
            function="normal_",
            arguments=lambda values: {"std": float(values["init_std"])},
            variance=lambda _weight, values: float(values["init_std"]) ** 2,
        ),
        Initializer(
            kind="truncated_normal",
            family="truncated_normal",
            title=tr("Truncated normal (σ by hand)"),
            formula="Var(w) = .774 σ²",
            source=tr("a normal distribution around 0, drawn again beyond ± 2 σ"),
            function="trunc_normal_",
            arguments=_truncated_arguments,
            variance=lambda _weight, values: float(values["init_std"]) ** 2 * _truncated_share(),
            note=tr("Cutting at ± 2 σ takes 23 % of the variance away"),
        ),
        Initializer(
            kind="uniform",
            family="uniform",
            title=tr("Uniform (bound by hand)"),
            formula="Var(w) = a² / 3",
            source=tr("a uniform distribution from −a to a"),
            function="uniform_",
            arguments=lambda values: {
                "a": -float(values["init_bound"]),
                "b": float(values["init_bound"]),
            },
            variance=lambda _weight, values: float(values["init_bound"]) ** 2 / 3.0,
        ),
        Initializer(
            kind="orthogonal",
            family="orthogonal",
            title=tr("Orthogonal"),
            formula=tr("W Wᵀ = I, Var(w) = 1 / max(rows, columns)"),
            source=tr("Saxe et al. 2014, section 3"),
            function="orthogonal_",
            variance=_orthogonal,
            scaled=True,
        ),
        Initializer(
            kind="lsuv",
            family="orthogonal",
            title="LSUV",
            formula=tr("orthogonal at first, Var(w) = 1 / max(rows, columns)"),
            source=tr("Mishkin & Matas 2016, algorithm 1"),
            function="orthogonal_",
            variance=_orthogonal,
            note=tr(
                "Before training, layer after layer is divided by σ(z) until Var(z) = 1 on "
                "the first batch"
            ),
        ),
        Initializer(
            kind="identity",
            family="fixed",
            title=tr("Identity"),
            formula=tr("W = I: ones on the diagonal, else 0"),
            source=tr(
                "torch.nn.init.eye_ and dirac_; a layer that starts by passing on what it gets"
            ),
            function="eye_",
            kernel_function="dirac_",
            variance=_identity,
            scaled=True,
        ),
        Initializer(
            kind="constant",
            family="fixed",
            title=tr("Constant (by hand)"),
            formula=tr("w = c, Var(w) = 0"),
            source=tr("every unit computes the same, and learns the same"),
            function="constant_",
            arguments=lambda values: {"val": float(values["init_value"])},
            variance=lambda _weight, _values: 0.0,
        ),
        Initializer(
            kind="zeros",
            family="fixed",
            title=tr("Zeros"),
            formula="w = 0",
            source=tr("the mistake that shows why symmetry must be broken"),
            function="zeros_",
            variance=lambda _weight, _values: 0.0,
        ),
        Initializer(
            kind="torch_default",
            family="uniform",
            title=tr("torch's default"),
            formula="Var(w) = 1 / (3 fan_in)",
            source=tr(
                "torch.nn.Linear: kaiming_uniform_(a=√5), the one that Glorot & Bengio criticised"
            ),
            function="",
            variance=_over_fan_in(1.0 / 3.0),
            scaled=True,
        ),
    )
}

INITIALIZER_PARAMETERS: tuple[Parameter, ...] = (
    ChoiceParameter(
        name="initializer",
        telling=True,
        title=tr("Initialiser"),
        help=tr("How the weights are drawn."),
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
        help=tr("Standard deviation of the normal distribution that the weights are drawn from."),
        default=0.05,
        minimum=0.0,
        maximum=100.0,
        shown_when=("initializer", ("normal", "truncated_normal")),
    ),
    FloatParameter(
        name="init_bound",
        telling=True,
        title=tr("Bound a"),
        help=tr("The weights are drawn evenly from −a to a; the standard deviation is a/√3."),
        default=0.05,
        minimum=0.0,
        maximum=100.0,
        shown_when=("initializer", ("uniform",)),
    ),
    FloatParameter(
        name="init_value",
        telling=True,
        title=tr("Value c"),
        help=tr("Every weight starts at this number."),
        default=0.05,
        minimum=-100.0,
        maximum=100.0,
        shown_when=("initializer", ("constant",)),
    ),
    FloatParameter(
        name="init_gain",
        title=tr("Gain"),
        help=tr(
            "Multiplies the weights that were drawn, and so their σ; 1 leaves them as "
            "the formula says."
        ),
        default=1.0,
        minimum=0.0,
        maximum=1_000.0,
        shown_when=(
            "initializer",
            tuple(item.kind for item in INITIALIZERS.values() if item.scaled),
        ),
    ),
)
"""The settings that every weight layer shares."""

BIAS_PARAMETERS: tuple[Parameter, ...] = (
    ChoiceParameter(
        name="bias_initializer",
        title=tr("First biases"),
        help=tr("What the biases are before training."),
        default="zeros",
        choices=(
            Choice("zeros", tr("zeros")),
            Choice("constant", tr("a constant"), tr("The same number for every unit.")),
            Choice("normal", tr("normal"), tr("Drawn around zero with a σ by hand.")),
            Choice("torch_default", tr("torch's default"), tr("Drawn evenly from ± 1 / √fan_in.")),
        ),
        shown_when=("bias", (True,)),
    ),
    FloatParameter(
        name="bias_value",
        title=tr("First bias b"),
        help=tr("Every bias starts at this number; far below zero, ReLU units are born dead."),
        default=0.1,
        minimum=-100.0,
        maximum=100.0,
        shown_when=("bias_initializer", ("constant",)),
    ),
    FloatParameter(
        name="bias_std",
        title=tr("σ of biases"),
        help=tr("Standard deviation of the normal distribution that the biases are drawn from."),
        default=0.05,
        minimum=0.0,
        maximum=100.0,
        shown_when=("bias_initializer", ("normal",)),
    ),
)
"""How the biases begin, in layers that have a switch `bias`."""
