"""The mean-field rules by which variance passes forward and gradients pass back through each kind of layer.

Sources: Poole et al. 2016, Schoenholz et al. 2017 (weights, functions, dropout), Yang et al. 2019 (batch norm),
Yang & Schoenholz 2017 (residual sums), Xiao et al. 2018 (convolutions).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.layers import product
from engine.layers.spec import Array

from . import recurrent, weights
from .averages import Activation, Averages, activation_of
from .moments import Layer, Moments, places_of

_SHIFT = 1e-9
"""A mean below this is zero."""

Inputs = Sequence[Moments]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of layer maps moments forward and squared gradients back."""

    forward: Callable[[Layer, Inputs], Moments]
    backward: Callable[[Layer, Inputs, Array], Array]
    """Mean square of the gradient at an input, a number or a map, from that at the output."""
    scatter: Callable[[Layer, Inputs], float] = lambda _layer, _inputs: 0.0
    """Variance that the layer's finite width adds to ln G."""


def _weights_forward(layer: Layer, inputs: Inputs) -> Moments:
    return weights.forward(layer, inputs)


def _weights_backward(layer: Layer, _inputs: Inputs, gradient: Array) -> Array:
    return weights.backward(layer, gradient)


def _weights_scatter(layer: Layer, _inputs: Inputs) -> float:
    # of κ = 3 E φ′⁴/D² − 1 this is the part of a linear layer, 2; the function adds the rest
    return 2.0 / width(layer)


def width(layer: Layer) -> float:
    """n: how many channels or units the layer's input has, each with weights of its own."""
    kernel = layer.tensors["weight"][2:]
    return float(layer.shapes[0][0] if kernel else layer.shapes[0][-1])


def _function_forward(layer: Layer, inputs: Inputs) -> Moments:
    (z,) = inputs
    activation, variance, shift = _gaussian(layer, z)
    found = activation.averages(variance)
    pairs = (
        activation.two_samples(variance, part - shift) for part in (z.two_samples, z.neighbours)
    )
    return Moments(found.square, found.mean, *pairs)


def _function_backward(layer: Layer, inputs: Inputs, gradient: Array) -> Array:
    return gradient * slopes(layer, inputs).slope_square


def _function_scatter(layer: Layer, inputs: Inputs) -> float:
    found = slopes(layer, inputs)
    square = float(found.slope_square.mean()) ** 2
    return (
        3.0 * (float(found.slope_fourth.mean()) / square - 1.0) / layer.shape[0] if square else 0.0
    )


def slopes(layer: Layer, inputs: Inputs) -> Averages:
    """The Gaussian averages of a function layer at the variance that arrives."""
    activation, variance, _ = _gaussian(layer, inputs[0])
    return activation.averages(variance)


def _gaussian(layer: Layer, z: Moments) -> tuple[Activation, Array, float]:
    """The function of a centred Gaussian, its variance, and the square of the mean that was taken out."""
    activation = activation_of(layer.spec, layer.values)
    mean = float(z.mean.mean())
    if abs(mean) < _SHIFT:
        return activation, z.square, 0.0
    return activation.shifted(mean), np.maximum(z.square - mean**2, 0.0), mean**2


def _batch_variance(layer: Layer, x: Moments) -> float:
    """Variance of a channel over the batch and all places."""
    return max(float(np.mean(x.square - x.two_samples)), 0.0) + float(layer.values.get("eps", 0.0))


def _batch_norm_forward(layer: Layer, inputs: Inputs) -> Moments:
    x = inputs[0]
    variance, shared = _batch_variance(layer, x), float(x.two_samples.mean())
    samples = _normalised_samples(layer)
    # the batch's own mean is taken out, and with it a part of each sample
    pair = (x.two_samples - shared) / variance - 1.0 / max(samples - 1, 1)
    return Moments.of((x.square - shared) / variance, 0.0, pair, (x.neighbours - shared) / variance)


def _batch_norm_backward(layer: Layer, inputs: Inputs, gradient: Array) -> Array:
    samples = max(_normalised_samples(layer), 4)
    return gradient / _batch_variance(layer, inputs[0]) * (samples - 2) / (samples - 3)


def _normalised_samples(layer: Layer) -> int:
    """Numbers that one mean of batch norm is taken over."""
    return layer.batch * product(places_of(layer.shapes[0]))


def _layer_norm_forward(layer: Layer, inputs: Inputs) -> Moments:
    x = inputs[0]
    mean = float(x.mean.mean())
    variance = _unit_variance(layer, x)
    parts = (x.square, x.two_samples, x.neighbours)
    q, p, c = ((part - mean**2) / variance for part in parts)
    return Moments.of(q, (x.mean - mean) / np.sqrt(variance), p, c)


def _unit_variance(layer: Layer, x: Moments) -> float:
    """Variance of a sample over its units."""
    spread = float(x.square.mean()) - float(x.mean.mean()) ** 2
    return max(spread, 0.0) + float(layer.values.get("eps") or 0.0)


def _layer_norm_backward(layer: Layer, inputs: Inputs, gradient: Array) -> Array:
    return gradient / _unit_variance(layer, inputs[0])


def _rms_norm_forward(layer: Layer, inputs: Inputs) -> Moments:
    x = inputs[0]
    scale = float(x.square.mean()) + float(layer.values.get("eps") or 0.0)
    parts = (x.square / scale, x.mean / np.sqrt(scale), x.two_samples / scale, x.neighbours / scale)
    return Moments(*parts)


def _rms_norm_backward(layer: Layer, inputs: Inputs, gradient: Array) -> Array:
    return gradient / (float(inputs[0].square.mean()) + float(layer.values.get("eps") or 0.0))


def _kept(layer: Layer) -> float:
    return 1.0 - float(layer.values["p"])


def _dropout_forward(layer: Layer, inputs: Inputs) -> Moments:
    x = inputs[0]
    return Moments(x.square / _kept(layer), x.mean, x.two_samples, x.neighbours)


def _dropout_backward(layer: Layer, _inputs: Inputs, gradient: Array) -> Array:
    return gradient / _kept(layer)


def _add_forward(layer: Layer, inputs: Inputs) -> Moments:
    """Branches are uncorrelated apart from their means, as when all but one end in fresh zero-mean weights."""
    times = {source: layer.sources.count(source) for source in layer.sources}
    terms = dict(zip(layer.sources, inputs, strict=True))
    mean = sum((times[name] * x.mean for name, x in terms.items()), np.zeros(()))
    own = sum(((times[name] * x.mean) ** 2 for name, x in terms.items()), np.zeros(()))

    def total(part: str) -> Array:
        squares = (times[name] ** 2 * getattr(x, part) for name, x in terms.items())
        return np.asarray(sum(squares, np.zeros(())) + mean**2 - own)

    return Moments.of(total("square"), mean, total("two_samples"), total("neighbours"))


def _identity_forward(layer: Layer, inputs: Inputs) -> Moments:
    """Joined branches are averaged by their size; where positions are lost or moved, so is the map."""
    sizes = np.array([product(shape) for shape in layer.shapes], np.float64)
    shares = sizes / sizes.sum()
    places = {x.square.shape for x in inputs}
    if len(places) > 1 or places != {places_of(layer.shape)}:
        inputs = [x.pooled() for x in inputs]

    def mixed(part: str) -> Array:
        return sum(
            (share * getattr(x, part) for share, x in zip(shares, inputs, strict=True)),
            np.zeros(()),
        )

    return Moments.of(mixed("square"), mixed("mean"), mixed("two_samples"), mixed("neighbours"))


def _unchanged(layer: Layer, _inputs: Inputs, gradient: Array) -> Array:
    if gradient.ndim and any(places_of(shape) != gradient.shape for shape in layer.shapes):
        return np.asarray(gradient.mean())
    return gradient


def _scale_forward(layer: Layer, inputs: Inputs) -> Moments:
    factor, x = float(layer.values["factor"]), inputs[0]
    pairs = (part * factor**2 for part in (x.two_samples, x.neighbours))
    return Moments(x.square * factor**2, x.mean * factor, *pairs)


def _scale_backward(layer: Layer, _inputs: Inputs, gradient: Array) -> Array:
    return gradient * float(layer.values["factor"]) ** 2


def _pool_forward(layer: Layer, inputs: Inputs) -> Moments:
    """The mean of a window: neighbours are correlated, and the more so the nearer they are (exponentially)."""
    x = inputs[0].over(places_of(layer.shapes[0]))
    grids = pool_operators(layer)
    q, mean, p, c = (
        weights.along(grids, part, back=False)
        for part in (x.square, x.mean, x.two_samples, x.neighbours)
    )
    share = np.clip((c - p) / np.maximum(q - p, 1e-30), 0.0, 1.0)
    sizes = [int(np.rint(1.0 / grid.max())) for grid in grids]
    inside, beside = np.ones_like(share), np.ones_like(share)
    for size in sizes:
        inside = inside * _window_mean(share, size)
        beside = inside * share
    return Moments.of(p + (q - p) * inside, mean, p, p + (q - p) * beside)


def _window_mean(share: Array, size: int) -> Array:
    """Mean of share^|i − j| over all pairs of places in a row of `size`."""
    total = size * np.ones_like(share)
    for distance in range(1, min(size, 64)):
        total = total + 2.0 * (size - distance) * share**distance
    return total / size**2


def _pool_backward(layer: Layer, _inputs: Inputs, gradient: Array) -> Array:
    grids = pool_operators(layer)
    spread = np.broadcast_to(gradient.mean(), [len(grid) for grid in grids])
    if gradient.shape == spread.shape:
        spread = gradient
    return weights.along([grid**2 for grid in grids], spread, back=True)


def pool_operators(layer: Layer) -> tuple[Array, ...]:
    """For each axis, the share of input i in the mean at output o, shape (outputs, inputs)."""
    inputs, outputs = places_of(layer.shapes[0]), places_of(layer.shape)
    kernel = int(layer.values.get("kernel_size", 0))
    if not kernel or len(outputs) != len(inputs):
        outputs = outputs or (1,) * len(inputs)
        return tuple(_adaptive(i, o) for i, o in zip(inputs, outputs, strict=True))
    stride, padding = (
        int(layer.values.get(name, default))
        for name, default in (("stride", kernel), ("padding", 0))
    )
    return tuple(
        weights.taps(i, o, kernel, stride, padding, 1) / kernel
        for i, o in zip(inputs, outputs, strict=True)
    )


def _adaptive(inputs: int, outputs: int) -> Array:
    """Windows from ⌊o n / m⌋ to ⌈(o + 1) n / m⌉, as torch's adaptive pooling has them."""
    table = np.zeros((outputs, inputs))
    for o in range(outputs):
        first, last = o * inputs // outputs, -(-(o + 1) * inputs // outputs)
        table[o, first:last] = 1.0 / (last - first)
    return table


RULES: Mapping[str, Rule] = {
    "weights": Rule(_weights_forward, _weights_backward, _weights_scatter),
    "function": Rule(_function_forward, _function_backward, _function_scatter),
    "batch_norm": Rule(_batch_norm_forward, _batch_norm_backward),
    "layer_norm": Rule(_layer_norm_forward, _layer_norm_backward),
    "rms_norm": Rule(_rms_norm_forward, _rms_norm_backward),
    "dropout": Rule(_dropout_forward, _dropout_backward),
    "add": Rule(_add_forward, _unchanged),
    "identity": Rule(_identity_forward, _unchanged),
    "scale": Rule(_scale_forward, _scale_backward),
    "recurrent": Rule(recurrent.forward, recurrent.backward),
    "mean_pool": Rule(_pool_forward, _pool_backward),
}
"""By the name that a `LayerSpec` gives as its `mean_field`; a kind without a rule here ends the prediction."""
