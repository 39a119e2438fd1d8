"""Recurrent layers of one gate, step by step: h_t = φ(W x_t + b + U h_t₋₁ + c) (Chen et al. 2018)."""

from collections.abc import Sequence

import numpy as np

from engine.language import tr
from engine.layers import CATALOGUE, weight_std
from engine.layers.spec import Array
from engine.parameters import Values

from .averages import Activation, activation_of
from .moments import Layer, Moments
from .recursion import FixedPoint, Recursion
from .weights import draw_problem, spectrum_problem

_FUNCTIONS = {"tanh": "Tanh", "relu": "ReLU"}
_RECURRENT = "recurrent_"
"""What the names of the settings of U begin with."""


def recurrent_problem(layer: Layer) -> tuple[str, bool] | None:
    """Why the theory cannot follow the layer, and whether it has no figures at all; None when it can."""
    if layer.tensors.get("weight_hh_l0", (0, 0)) != (_units(layer), _units(layer)):
        return tr("its gates multiply one another"), True
    sets = (layer.values, _recurrent_values(layer.values))
    problem = next((found for values in sets if (found := draw_problem(values))), None)
    if problem is not None:
        return problem, True
    limit = next((found for values in sets if (found := spectrum_problem(values))), None)
    return None if limit is None else (limit, False)


def forward(layer: Layer, inputs: Sequence[Moments]) -> Moments:
    """Moments of the last state, or averaged over all states."""
    states = _states(layer, inputs[0])
    if len(layer.shape) == 1:
        return states[-1]
    parts = zip(*((s.square, s.mean, s.two_samples) for s in states), strict=True)
    return Moments.of(*(np.mean(part, axis=0) for part in parts))


def backward(layer: Layer, inputs: Sequence[Moments], gradient: Array) -> Array:
    """Mean square of ∂L/∂x over all steps: through time by σ² D a step, and out by W."""
    (_, recurrent, outgoing), arriving = _variances(layer), float(gradient.mean())
    slopes = [
        float(_activation(layer).averages(z).slope_square) for z, _ in _steps(layer, inputs[0])
    ]
    now, total = arriving, 0.0
    for slope in reversed(slopes):
        total += outgoing * slope * now
        now = recurrent * slope * now + (arriving if len(layer.shape) > 1 else 0.0)
    directions = 2 if layer.values.get("bidirectional") else 1
    return np.asarray(directions * total / len(slopes))


def chain(layer: Layer, inputs: Sequence[Moments]) -> FixedPoint:
    """Where the state's variance goes over many steps, and χ₁, the factor of ‖∂L/∂h_t‖² at each of them."""
    incoming, recurrent, _ = _variances(layer)
    driven = incoming * float(inputs[0].square.mean()) + _bias(layer)
    return Recursion(_activation(layer), recurrent, driven).fixed_point(max(driven, 1e-9))


def _states(layer: Layer, x: Moments) -> list[Moments]:
    activation = _activation(layer)
    found = []
    for z, pair in _steps(layer, x):
        averages = activation.averages(z)
        both = activation.two_samples(z, pair)
        found.append(Moments.of(averages.square, averages.mean, both))
    return found


def _steps(layer: Layer, x: Moments) -> list[tuple[float, float]]:
    """q and p of the sum that goes into φ at each step; the state before the first is 0."""
    (incoming, recurrent, _), bias = _variances(layer), _bias(layer)
    driven, pair = (incoming * float(part.mean()) + bias for part in (x.square, x.two_samples))
    activation, found = _activation(layer), [(driven, pair)]
    while len(found) < layer.shapes[0][0]:
        q, p = found[-1]
        square = float(activation.averages(q).square)
        both = float(activation.two_samples(q, p))
        found.append((driven + recurrent * square, pair + recurrent * both))
    return found


def _activation(layer: Layer) -> Activation:
    spec = CATALOGUE[_FUNCTIONS[str(layer.values["nonlinearity"])]]
    return activation_of(spec, spec.defaults)


def _variances(layer: Layer) -> tuple[float, float, float]:
    """Var(W) · inputs, Var(U) · units, and Var(W) · units, which the gradient meets on its way out."""
    into, within = layer.tensors["weight_ih_l0"], layer.tensors["weight_hh_l0"]
    first = _drawn(layer, into, layer.values)
    again = _drawn(layer, within, _recurrent_values(layer.values))
    return first * into[1], again * within[1], first * into[0]


def _bias(layer: Layer) -> float:
    """Both biases together; they are zero except beside torch's own weights."""
    if "bias_ih_l0" not in layer.tensors:
        return 0.0
    own = (layer.values, _recurrent_values(layer.values))
    drawn = sum(values["initializer"] == "torch_default" for values in own)
    return drawn / (3.0 * _units(layer))


def _drawn(layer: Layer, weight: tuple[int, ...], values: Values) -> float:
    # torch draws all tensors of a recurrent layer from ± 1/√units, whatever their fan
    if values["initializer"] == "torch_default":
        return float(values.get("init_gain", 1.0)) ** 2 / (3.0 * _units(layer))
    return weight_std(weight, values) ** 2


def _units(layer: Layer) -> int:
    return int(layer.values["hidden_size"])


def _recurrent_values(values: Values) -> Values:
    return {
        name.removeprefix(_RECURRENT): value
        for name, value in values.items()
        if name.startswith(_RECURRENT)
    }
