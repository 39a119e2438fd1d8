"""Weight layers: the variance that their initialiser gives, and where each weight meets the input."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from engine.language import tr
from engine.layers import INITIALIZERS, fans, weight_std
from engine.layers.spec import Array
from engine.parameters import Values

from .moments import Layer, Moments, places_of

_INDEPENDENT = frozenset(
    (
        "",  # torch's own draw, which is uniform
        "kaiming_normal_",
        "kaiming_uniform_",
        "xavier_normal_",
        "xavier_uniform_",
        "normal_",
        "uniform_",
        "trunc_normal_",
    )
)
"""The functions of `torch.nn.init` whose weights are independent and have mean zero."""


def draw_problem(values: Values) -> str | None:
    """Why the theory cannot follow weights that are drawn with these settings at all, or None."""
    kind = str(values["initializer"])
    function = INITIALIZERS[kind].function
    if kind == "lsuv":
        return tr("its weights are rescaled on the data before training")
    if function in _INDEPENDENT or function == "orthogonal_":
        return None
    return tr("its weights are not random")


def spectrum_problem(values: Values) -> str | None:
    """Why figures for such weights hold on average only, or None."""
    if values["initializer"] == "orthogonal":
        return tr(
            "its weights are orthogonal; the theory is for independent ones of the same variance"
        )
    return None


def weight_variance(layer: Layer) -> float:
    """Var(w), from the layer's own initialiser and fan."""
    weight, initializer = layer.tensors["weight"], INITIALIZERS[str(layer.values["initializer"])]
    if _is_transposed(layer) and initializer.function:
        # fans are counted as if every weight were (out, in, …); torch's own draw takes the axes as they lie
        weight = (weight[1], weight[0], *weight[2:])
    return weight_std(weight, layer.values) ** 2


def bias_moments(layer: Layer) -> tuple[float, float]:
    """E b and E b² before training."""
    values = layer.values
    if "bias" not in layer.tensors:
        return 0.0, 0.0
    drawn = "torch_default" if values["initializer"] == "torch_default" else "zeros"
    match values.get("bias_initializer", drawn):
        case "constant":
            return float(values["bias_value"]), float(values["bias_value"]) ** 2
        case "normal":
            return 0.0, float(values["bias_std"]) ** 2
        case "torch_default":
            return 0.0, 1.0 / (3.0 * fans(layer.tensors["weight"]).fan_in)
    return 0.0, 0.0


def fan_variances(layer: Layer) -> tuple[float, float]:
    """Var(w) times the channels that a unit listens to, and times the channels that listen to it."""
    weight, groups = layer.tensors["weight"], int(layer.values.get("groups", 1))
    variance = weight_variance(layer)
    if _is_transposed(layer):
        return variance * weight[0] / groups, variance * weight[1]
    return variance * weight[1], variance * weight[0] / groups


def sigma_w(layer: Layer) -> float:
    """σw² = fan_in · Var(w), for an input without borders."""
    taps = math.prod(layer.tensors["weight"][2:])
    if _is_transposed(layer):
        taps /= int(layer.values.get("stride", 1)) ** len(layer.tensors["weight"][2:])
    return fan_variances(layer)[0] * taps


def forward(layer: Layer, inputs: Sequence[Moments]) -> Moments:
    """q and p of z: Var(w) times the sum over the inputs of each place, and the bias."""
    (arriving,) = inputs
    grids = operators(layer)
    seen = arriving.over(places_of(layer.shapes[0])) if grids else arriving.pooled()
    incoming, (mean, extra) = fan_variances(layer)[0], bias_moments(layer)

    def through(part: Array) -> Array:
        return incoming * along(grids, part, back=False) + extra

    far = seen.two_samples + (seen.neighbours - seen.two_samples) * _decay(layer, seen)
    return Moments.of(through(seen.square), mean, through(seen.two_samples), through(far))


def backward(layer: Layer, gradient: Array) -> Array:
    """Mean square of ∂L/∂x at each place of the input, from that of ∂L/∂z: the forward map transposed."""
    grids, outgoing = operators(layer), fan_variances(layer)[1]
    if not grids:
        return np.asarray(outgoing * gradient.mean())
    return outgoing * along(grids, np.broadcast_to(gradient, places_of(layer.shape)), back=True)


def operators(layer: Layer) -> tuple[Array, ...]:
    """For each axis of positions, how often output o meets input i, shape (outputs, inputs); () for Linear."""
    kernel = layer.tensors["weight"][2:]
    inputs, outputs = places_of(layer.shapes[0]), places_of(layer.shape)
    if len(kernel) != len(inputs):
        return ()
    step, edge, gap = (int(layer.values.get(n, d)) for n, d in _WINDOW)
    if _is_transposed(layer):
        axes = zip(outputs, inputs, kernel, strict=True)
        return tuple(taps(i, o, k, step, edge, gap).T for i, o, k in axes)
    axes = zip(inputs, outputs, kernel, strict=True)
    return tuple(taps(i, o, k, step, edge, gap) for i, o, k in axes)


_WINDOW = (("stride", 1), ("padding", 0), ("dilation", 1))


@lru_cache(maxsize=512)
def taps(inputs: int, outputs: int, kernel: int, stride: int, padding: int, dilation: int) -> Array:
    """How often a sliding window at output o touches input i; shape (outputs, inputs)."""
    touched = np.arange(outputs)[:, None] * stride - padding + np.arange(kernel) * dilation
    output, tap = np.nonzero((touched >= 0) & (touched < inputs))
    table = np.zeros((outputs, inputs))
    np.add.at(table, (output, touched[output, tap]), 1.0)
    return table


def along(grids: Sequence[Array], values: Array, *, back: bool) -> Array:
    """Apply a table of taps along each axis of a map; `back` applies the transposes."""
    for axis, grid in enumerate(grids):
        turned = grid.T if back else grid
        values = np.moveaxis(np.tensordot(turned, values, (1, axis)), 0, axis)
    return values


def _is_transposed(layer: Layer) -> bool:
    return "Transpose" in layer.spec.module


def _decay(layer: Layer, seen: Moments) -> float:
    """How much further apart two neighbouring outputs look: exponential decay of correlation with distance."""
    gap = float(np.mean(seen.square - seen.two_samples))
    nearby = float(np.mean(seen.neighbours - seen.two_samples))
    share = min(1.0, max(0.0, nearby / gap)) if gap > 0 else 0.0
    return float(share ** (int(layer.values.get("stride", 1)) - 1))
