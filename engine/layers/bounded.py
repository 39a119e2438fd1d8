"""Activations whose values stay between two bounds, and which saturate there."""

import math

from engine.language import tr
from engine.parameters import Choice, ChoiceParameter, FloatParameter, Values

from . import functions
from .spec import LayerSpec, Shape, ShapeError, Shapes, Task

_TANH_EDGE = math.atanh(0.95)
_SIGMOID_EDGE = math.log(19.0)
_SOFTSIGN_EDGE = math.sqrt(20.0) - 1.0
"""Beyond these tanh is past ±0.95, the sigmoid outside 0.05 … 0.95, and softsign's slope below 0.05."""


def _bounds(values: Values) -> tuple[float, float]:
    return float(values["min_val"]), float(values["max_val"])


def _hardtanh_shape(values: Values, shapes: Shapes, _task: Task) -> Shape:
    low, high = _bounds(values)
    if low >= high:
        raise ShapeError(
            tr(
                "its lowest value ({low:g}) is not below its highest ({high:g}). Exchange "
                "them, or move one"
            ).format(low=low, high=high)
        )
    return shapes[0]


def _softmax_shape(_values: Values, shapes: Shapes, _task: Task) -> Shape:
    if not shapes[0]:
        raise ShapeError(
            tr(
                "it expects at least one dimension and receives a single number. Put Reshape "
                "with the shape 1 before it"
            )
        )
    return shapes[0]


BOUNDED: tuple[LayerSpec, ...] = (
    LayerSpec(
        kind="Sigmoid",
        mean_field="function",
        healthy=lambda _values: (-_SIGMOID_EDGE, _SIGMOID_EDGE),
        title="Sigmoid",
        category="Activations",
        summary=tr(
            "Squeezes into 0 … 1. Its slope is at most ¼, so gradients shrink at every layer."
        ),
        formula="σ(z) = 1 / (1 + e⁻ᶻ)",
        details=tr(
            "The slope is ¼ at zero and almost nothing beyond ±4: a saturated unit "
            "passes no gradient back. Deep stacks of sigmoids are the classic case of "
            "vanishing gradients (Glorot & Bengio 2010)."
        ),
        module="torch.nn.Sigmoid",
        function=functions.sigmoid,
        derivative=functions.sigmoid_slope,
    ),
    LayerSpec(
        kind="Tanh",
        mean_field="function",
        healthy=lambda _values: (-_TANH_EDGE, _TANH_EDGE),
        title="Tanh",
        category="Activations",
        summary=tr("Squeezes into −1 … 1, centred on zero. Saturates beyond ±2."),
        formula="tanh(z)",
        details=tr(
            "Slope 1 at zero, so with Glorot's initialisation gradients fall only slowly "
            "with depth; units driven beyond ±2 saturate and pass little back."
        ),
        module="torch.nn.Tanh",
        function=functions.tanh,
        derivative=functions.tanh_slope,
    ),
    LayerSpec(
        kind="Softsign",
        mean_field="function",
        healthy=lambda _values: (-_SOFTSIGN_EDGE, _SOFTSIGN_EDGE),
        title="Softsign",
        category="Activations",
        summary=tr("Squeezes into −1 … 1 like tanh, but approaches its ends slowly."),
        formula="z / (1 + |z|)",
        details=tr(
            "Its slope 1 / (1 + |z|)² falls as a power and not exponentially, so that "
            "saturated units still learn a little (Bergstra et al. 2009; compared with "
            "tanh by Glorot & Bengio 2010)."
        ),
        module="torch.nn.Softsign",
        function=functions.softsign,
        derivative=functions.softsign_slope,
    ),
    LayerSpec(
        kind="Hardtanh",
        mean_field="function",
        healthy=_bounds,
        title="Hardtanh",
        category="Activations",
        summary=tr("A straight line between two bounds, flat outside: tanh drawn with a ruler."),
        formula=tr("z cut to low … high"),
        details=tr(
            "Slope 1 inside and exactly 0 outside: a unit beyond the bounds passes no "
            "gradient at all (Collobert 2004)."
        ),
        parameters=(
            FloatParameter(
                name="min_val",
                telling=True,
                title=tr("Lowest"),
                help=tr("The smallest number that leaves the layer."),
                default=-1.0,
                minimum=-100.0,
                maximum=100.0,
            ),
            FloatParameter(
                name="max_val",
                telling=True,
                title=tr("Highest"),
                help=tr("The largest number that leaves the layer; above the lowest."),
                default=1.0,
                minimum=-100.0,
                maximum=100.0,
            ),
        ),
        shape=_hardtanh_shape,
        module="torch.nn.Hardtanh",
        arguments=lambda values, _shapes: {
            "min_val": float(values["min_val"]),
            "max_val": float(values["max_val"]),
        },
        function=lambda z, values: functions.clamp(z, *_bounds(values)),
        derivative=lambda z, values: functions.clamp_slope(z, *_bounds(values)),
    ),
    LayerSpec(
        kind="Hardsigmoid",
        mean_field="function",
        healthy=lambda _values: (-3.0, 3.0),
        title=tr("Hard sigmoid"),
        category="Activations",
        summary=tr("The sigmoid drawn with a ruler: straight from −3 to 3, flat outside."),
        formula="min(max(z + 3, 0), 6) / 6",
        details=tr(
            "Slope ⅙ inside, exactly 0 outside; cheap on small devices (Howard et al. 2019)."
        ),
        module="torch.nn.Hardsigmoid",
        function=functions.hardsigmoid,
        derivative=functions.hardsigmoid_slope,
    ),
    LayerSpec(
        kind="Softmax",
        title="Softmax",
        category="Activations",
        summary=tr("Turns numbers into shares that are positive and sum to 1."),
        formula="softmax(z)ᵢ = e^zᵢ / Σⱼ e^zⱼ",
        details=tr(
            "Every output depends on every input, so it has no curve of its own, and the "
            "mean-field theory does not cover it. When one share is near 1 it saturates "
            "and passes almost no gradient. Do not put it before an Output with "
            "cross-entropy: that loss has its own."
        ),
        parameters=(
            ChoiceParameter(
                name="over",
                title=tr("Sums to 1 over"),
                help=tr("The dimension whose shares sum to 1; the same for a row of numbers."),
                default="first",
                choices=(
                    Choice(
                        "first", tr("units or channels"), tr("The first dimension after the batch.")
                    ),
                    Choice("last", tr("the last dimension")),
                ),
            ),
        ),
        shape=_softmax_shape,
        module="torch.nn.Softmax",
        arguments=lambda values, _shapes: {"dim": 1 if values["over"] == "first" else -1},
    ),
)
