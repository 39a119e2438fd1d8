"""Activation functions: saturating, non-saturating, and what each does to a gradient that passes."""

import math

import numpy as np

from engine.parameters import Choice, ChoiceParameter, FloatParameter, Values

from .spec import Array, LayerSpec, Shape, ShapeError, Shapes, Task

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
"""Klambauer et al. 2017, eq. 14, to the digits that torch uses."""

_TANH_EDGE = math.atanh(0.95)
_SIGMOID_EDGE = math.log(0.95 / 0.05)
_ELU_EDGE = math.log(0.05)
"""Beyond these, tanh is past ±0.95, the sigmoid outside 0.05 … 0.95, and an ELU's slope below 0.05 α."""

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(z: Array, _values: Values) -> Array:
    # tanh does not overflow, exp(-z) does
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def _sigmoid_slope(z: Array, values: Values) -> Array:
    a = _sigmoid(z, values)
    return a * (1.0 - a)


def _tanh(z: Array, _values: Values) -> Array:
    return np.tanh(z)


def _tanh_slope(z: Array, _values: Values) -> Array:
    return 1.0 - np.tanh(z) ** 2


def _leaky(z: Array, slope: float) -> Array:
    return np.where(z > 0, z, slope * z)


def _leaky_slope(z: Array, slope: float) -> Array:
    return np.where(z > 0, 1.0, slope)


def _rrelu_mean_slope(values: Values) -> float:
    return (float(values["lower"]) + float(values["upper"])) / 2.0


def _rrelu_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    if float(values["lower"]) > float(values["upper"]):
        raise ShapeError(
            f"the lowest α ({values['lower']:g}) is above the highest ({values['upper']:g}). Exchange them"
        )
    return shapes[0]


def _elu(z: Array, alpha: float) -> Array:
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0.0)))


def _elu_slope(z: Array, alpha: float) -> Array:
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0.0)))


def _gelu(z: Array, values: Values) -> Array:
    if values["approximate"] == "tanh":
        return 0.5 * z * (1.0 + np.tanh(_gelu_inner(z)))
    return z * _normal_cdf(z)


def _gelu_slope(z: Array, values: Values) -> Array:
    if values["approximate"] == "tanh":
        t = np.tanh(_gelu_inner(z))
        inner_slope = math.sqrt(2.0 / math.pi) * (1.0 + 3 * 0.044715 * z**2)
        return 0.5 * (1.0 + t) + 0.5 * z * (1.0 - t**2) * inner_slope
    density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    return _normal_cdf(z) + z * density


def _gelu_inner(z: Array) -> Array:
    return math.sqrt(2.0 / math.pi) * (z + 0.044715 * z**3)


def _normal_cdf(z: Array) -> Array:
    cdf: Array = 0.5 * (1.0 + _erf(z / math.sqrt(2.0)))
    return cdf


def _prelu_tensors(values: Values, shapes: Shapes) -> dict[str, Shape]:
    return {"weight": (_prelu_slopes(values, shapes),)}


def _prelu_slopes(values: Values, shapes: Shapes) -> int:
    return shapes[0][0] if values["slopes"] == "channel" else 1


ACTIVATIONS: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Sigmoid",
        mean_field="function",
        healthy=(-_SIGMOID_EDGE, _SIGMOID_EDGE),
        title="Sigmoid",
        category="Activations",
        summary="Squeezes into 0 … 1. Its slope is at most ¼, so gradients shrink at every layer.",
        formula="σ(z) = 1 / (1 + e⁻ᶻ)",
        details="The slope is ¼ at zero and almost nothing beyond ±4: a saturated unit passes no gradient back. "
        "Deep stacks of sigmoids are the classic case of vanishing gradients (Glorot & Bengio 2010).",
        module="torch.nn.Sigmoid",
        function=_sigmoid,
        derivative=_sigmoid_slope,
    ),
    LayerSpec(
        kind="Tanh",
        mean_field="function",
        healthy=(-_TANH_EDGE, _TANH_EDGE),
        title="Tanh",
        category="Activations",
        summary="Squeezes into −1 … 1, centred on zero. Saturates beyond ±2.",
        formula="tanh(z)",
        details="Slope 1 at zero, so with Glorot's initialisation gradients fall only slowly with depth; "
        "units driven beyond ±2 saturate and pass little back.",
        module="torch.nn.Tanh",
        function=_tanh,
        derivative=_tanh_slope,
    ),
    LayerSpec(
        kind="ReLU",
        mean_field="function",
        can_die=True,
        title="ReLU",
        category="Activations",
        summary="Passes what is positive, blocks the rest. Does not saturate, but a unit can die.",
        formula="max(0, z)",
        details="Half of the units are off at any time, which is healthy. A unit that is off for every sample "
        "gets no gradient and stays dead. Pair it with He's initialisation (He et al. 2015).",
        module="torch.nn.ReLU",
        function=lambda z, _values: np.maximum(z, 0.0),
        derivative=lambda z, _values: _leaky_slope(z, 0.0),
    ),
    LayerSpec(
        kind="LeakyReLU",
        mean_field="function",
        title="Leaky ReLU",
        category="Activations",
        summary="ReLU with a small fixed slope α below zero, so that no unit is ever quite dead.",
        formula="z if z > 0, else α z",
        details="A unit that is off still passes α of its gradient and can recover (Maas et al. 2013).",
        parameters=(
            FloatParameter(
                name="negative_slope",
                telling=True,
                title="α",
                help="Slope below zero.",
                default=0.01,
                minimum=0.0,
                maximum=1.0,
            ),
        ),
        module="torch.nn.LeakyReLU",
        arguments=lambda values, _shapes: {"negative_slope": float(values["negative_slope"])},
        function=lambda z, values: _leaky(z, float(values["negative_slope"])),
        derivative=lambda z, values: _leaky_slope(z, float(values["negative_slope"])),
    ),
    LayerSpec(
        kind="RReLU",
        mean_field="function",
        title="RReLU",
        category="Activations",
        summary="Leaky ReLU whose slope is drawn at random for each number while training.",
        formula="z if z > 0, else α z, α ~ U(lower, upper)",
        details="Random slopes regularise a little; when evaluated, the slope is the mean of the two bounds "
        "(Xu et al. 2015). The curve shown here is the evaluated one.",
        parameters=(
            FloatParameter(
                name="lower",
                telling=True,
                title="Lowest α",
                help="Smallest slope that can be drawn.",
                default=0.125,
                minimum=0.0,
                maximum=1.0,
            ),
            FloatParameter(
                name="upper",
                telling=True,
                title="Highest α",
                help="Largest slope that can be drawn; at least the lowest.",
                default=1.0 / 3.0,
                minimum=0.0,
                maximum=1.0,
            ),
        ),
        shape=_rrelu_shape,
        module="torch.nn.RReLU",
        arguments=lambda values, _shapes: {
            "lower": float(values["lower"]),
            "upper": float(values["upper"]),
        },
        function=lambda z, values: _leaky(z, _rrelu_mean_slope(values)),
        derivative=lambda z, values: _leaky_slope(z, _rrelu_mean_slope(values)),
    ),
    LayerSpec(
        kind="PReLU",
        mean_field="function",
        title="PReLU",
        category="Activations",
        summary="Leaky ReLU whose slope α is learned with the weights.",
        formula="z if z > 0, else α z, α learned",
        details="α starts at the value given and is trained by gradient descent (He et al. 2015). "
        "The curve shown here is the one before training.",
        parameters=(
            FloatParameter(
                name="init",
                telling=True,
                title="First α",
                help="Slope below zero before training.",
                default=0.25,
                minimum=-1.0,
                maximum=1.0,
            ),
            ChoiceParameter(
                name="slopes",
                title="Slopes",
                help="One slope for the whole layer, or one for each unit or channel.",
                default="shared",
                choices=(Choice("shared", "one, shared"), Choice("channel", "one a channel")),
            ),
        ),
        module="torch.nn.PReLU",
        arguments=lambda values, shapes: {
            "num_parameters": _prelu_slopes(values, shapes),
            "init": float(values["init"]),
        },
        tensors=_prelu_tensors,
        function=lambda z, values: _leaky(z, float(values["init"])),
        derivative=lambda z, values: _leaky_slope(z, float(values["init"])),
    ),
    LayerSpec(
        kind="ELU",
        mean_field="function",
        healthy=(_ELU_EDGE, math.inf),
        title="ELU",
        category="Activations",
        summary="Like ReLU above zero; below, a smooth curve down to −α that lets the mean be near zero.",
        formula="z if z > 0, else α (eᶻ − 1)",
        details="Far below zero it saturates at −α and the slope vanishes; the trouble can come back late in "
        "training (Clevert et al. 2016).",
        parameters=(
            FloatParameter(
                name="alpha",
                telling=True,
                title="α",
                help="The value that the curve approaches below zero, with the sign turned.",
                default=1.0,
                minimum=0.0,
                maximum=10.0,
            ),
        ),
        module="torch.nn.ELU",
        arguments=lambda values, _shapes: {"alpha": float(values["alpha"])},
        function=lambda z, values: _elu(z, float(values["alpha"])),
        derivative=lambda z, values: _elu_slope(z, float(values["alpha"])),
    ),
    LayerSpec(
        kind="SELU",
        mean_field="function",
        healthy=(_ELU_EDGE, math.inf),
        title="SELU",
        category="Activations",
        summary="A scaled ELU whose fixed constants pull the variance back to 1. Wants LeCun's initialisation.",
        formula="λ z if z > 0, else λ α (eᶻ − 1), λ ≈ 1.0507, α ≈ 1.6733",
        details="The constants are the paper's and are not trained: with them variance 1 and mean 0 are a stable "
        "fixed point. It is stable in variance, not in gradient: χ₁ = 1.0716 (Klambauer et al. 2017).",
        module="torch.nn.SELU",
        function=lambda z, _values: SELU_SCALE * _elu(z, SELU_ALPHA),
        derivative=lambda z, _values: SELU_SCALE * _elu_slope(z, SELU_ALPHA),
    ),
    LayerSpec(
        kind="GELU",
        mean_field="function",
        healthy=(-2.5, math.inf),
        title="GELU",
        category="Activations",
        summary="Weighs z by the chance that a normal number is smaller: smooth, with a dip below zero.",
        formula="z Φ(z)",
        details="Φ is the normal distribution function (Hendrycks & Gimpel 2016). No initialisation of unit "
        "variance is both stable and critical for it.",
        parameters=(
            ChoiceParameter(
                name="approximate",
                title="Computed",
                help="By the error function, or by the faster tanh formula of the paper.",
                default="none",
                choices=(Choice("none", "exactly"), Choice("tanh", "by tanh")),
            ),
        ),
        module="torch.nn.GELU",
        arguments=lambda values, _shapes: {"approximate": str(values["approximate"])},
        function=_gelu,
        derivative=_gelu_slope,
    ),
)
