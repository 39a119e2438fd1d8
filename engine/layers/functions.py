"""Activation functions and their slopes: element-wise, float64, as exact as numpy is."""

import math

import numpy as np

from engine.parameters import Values

from .spec import Array

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
"""Klambauer et al. 2017, eq. 14, to the digits that torch uses."""

_SOFTPLUS_THRESHOLD = 20.0
"""Beyond it torch takes the line for the curve."""

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _logistic(z: Array) -> Array:
    # neither overflows nor rounds the small values away
    return np.exp(-np.logaddexp(0.0, -z))


def sigmoid(z: Array, _values: Values) -> Array:
    return _logistic(z)


def sigmoid_slope(z: Array, _values: Values) -> Array:
    return _logistic(z) * _logistic(-z)


def tanh(z: Array, _values: Values) -> Array:
    return np.tanh(z)


def tanh_slope(z: Array, _values: Values) -> Array:
    return 1.0 - np.tanh(z) ** 2


def softsign(z: Array, _values: Values) -> Array:
    return z / (1.0 + np.abs(z))


def softsign_slope(z: Array, _values: Values) -> Array:
    return 1.0 / (1.0 + np.abs(z)) ** 2


def leaky(z: Array, slope: float) -> Array:
    return np.where(z > 0, z, slope * z)


def leaky_slope(z: Array, slope: float) -> Array:
    return np.where(z > 0, 1.0, slope)


def clamp(z: Array, low: float, high: float) -> Array:
    return np.clip(z, low, high)


def clamp_slope(z: Array, low: float, high: float) -> Array:
    return np.where((z > low) & (z < high), 1.0, 0.0)


def elu(z: Array, alpha: float) -> Array:
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0.0)))


def elu_slope(z: Array, alpha: float) -> Array:
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0.0)))


def celu(z: Array, values: Values) -> Array:
    alpha = float(values["alpha"])
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0.0) / alpha))


def celu_slope(z: Array, values: Values) -> Array:
    return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0.0) / float(values["alpha"])))


def softplus(z: Array, values: Values) -> Array:
    beta = float(values["beta"])
    return np.where(beta * z > _SOFTPLUS_THRESHOLD, z, np.logaddexp(0.0, beta * z) / beta)


def softplus_slope(z: Array, values: Values) -> Array:
    inner = float(values["beta"]) * z
    return np.where(inner > _SOFTPLUS_THRESHOLD, 1.0, _logistic(inner))


def silu(z: Array, _values: Values) -> Array:
    return z * _logistic(z)


def silu_slope(z: Array, _values: Values) -> Array:
    return _logistic(z) * (1.0 + z * _logistic(-z))


def mish(z: Array, _values: Values) -> Array:
    return z * np.tanh(np.logaddexp(0.0, z))


def mish_slope(z: Array, _values: Values) -> Array:
    t = np.tanh(np.logaddexp(0.0, z))
    return t + z * (1.0 - t**2) * _logistic(z)


def hardsigmoid(z: Array, _values: Values) -> Array:
    return np.clip(z + 3.0, 0.0, 6.0) / 6.0


def hardsigmoid_slope(z: Array, _values: Values) -> Array:
    return clamp_slope(z, -3.0, 3.0) / 6.0


def hardswish(z: Array, values: Values) -> Array:
    return z * hardsigmoid(z, values)


def hardswish_slope(z: Array, _values: Values) -> Array:
    inside = (2.0 * z + 3.0) / 6.0
    return np.where(z <= -3.0, 0.0, np.where(z >= 3.0, 1.0, inside))


def gelu(z: Array, values: Values) -> Array:
    if values["approximate"] == "tanh":
        return 0.5 * z * (1.0 + np.tanh(_gelu_inner(z)))
    return z * _normal_cdf(z)


def gelu_slope(z: Array, values: Values) -> Array:
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
