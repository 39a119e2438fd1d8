"""The kernel overlay: a virtual network of M units on B real samples, for batch and layer norm on real data.

Each weight layer draws Gaussian rows with the covariance Var(w) · fan_in · HᵀH / M of what arrives, all other layers
act on the samples as they do in the network; the backward pass likewise (Yang et al. 2019, section 3).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.data import Split
from engine.layers.spec import Array

from . import weights
from .averages import activation_of
from .moments import Layer

MAXIMUM_SAMPLES = 96
MAXIMUM_ROWS = 1_024
_NUMBERS = 65_536
"""Virtual units times samples; more of the one are paid for by fewer of the other."""
_STEP = 8
_ANY = 32
"""Up to so many samples any number will do; batch norm depends on it."""
"""Numbers of samples and of units are multiples of it."""
_ONE_THREAD = 100_000
"""Multiplications that BLAS does on one thread; waking others on a busy machine costs more than all the arithmetic."""
_CANDIDATES = 32
_JITTER = 1e-10
_RULES = frozenset(
    ("weights", "function", "batch_norm", "layer_norm", "dropout", "add", "identity")
)


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """Columns of shape (layers,); gradients are relative to the last layer."""

    square: Array
    mean: Array
    correlation: Array
    gradient_rms: Array
    chi: Array


def carry(layers: Sequence[Layer], split: Split, loss: str, batch_size: int) -> Carried | None:
    """The theory carried sample by sample; None when nothing in the network needs it or a rule does not fit."""
    if not _fits(layers):
        return None
    random = np.random.default_rng(0)
    count = min(batch_size, MAXIMUM_SAMPLES, len(split.train_inputs))
    count -= count % _STEP if count > _ANY else 0
    if count < 2:
        return None
    runs = [_run(layers, split, loss, count, random) for _ in range(-(-_ANY // count))]
    return _average(runs)


def _run(
    layers: Sequence[Layer], split: Split, loss: str, count: int, random: np.random.Generator
) -> Carried:
    chosen = _typical_batch(split.train_inputs, count, random)
    inputs = split.train_inputs[chosen].astype(np.float64).reshape(count, -1).T
    network = _Virtual(layers, inputs, random)
    network.backward(loss, split.train_targets[chosen], max(split.info.classes, 1))
    return network.columns()


def _average(runs: Sequence[Carried]) -> Carried:
    """Over batches; gradients in the mean square."""
    return Carried(
        square=np.mean([run.square for run in runs], axis=0),
        mean=np.mean([run.mean for run in runs], axis=0),
        correlation=np.mean([run.correlation for run in runs], axis=0),
        gradient_rms=np.sqrt(np.mean([run.gradient_rms**2 for run in runs], axis=0)),
        chi=np.mean([run.chi for run in runs], axis=0),
    )


def _typical_batch(inputs: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Places of `count` samples whose sizes and likeness are near those of most batches."""
    batches = [random.permutation(len(inputs))[:count] for _ in range(_CANDIDATES)]
    marks = np.array([_marks(inputs[batch].reshape(count, -1)) for batch in batches])
    middle, spread = marks.mean(axis=0), marks.std(axis=0)
    distance = (np.abs(marks - middle) / np.where(spread > 0, spread, 1.0)).max(axis=1)
    return batches[int(distance.argmin())]


def _marks(batch: np.ndarray) -> tuple[float, float, float]:
    """Mean square, mean square of it over samples, and mean square of the products of two samples."""
    products = (batch.astype(np.float64) @ batch.T) / batch.shape[1]
    own = np.diag(products)
    return float(own.mean()), float((own**2).mean()), float((products**2).mean())


def _fits(layers: Sequence[Layer]) -> bool:
    # what these divide by differs from sample to sample, or ties samples together
    if not any(layer.spec.mean_field in ("batch_norm", "layer_norm") for layer in layers):
        return False
    return all(_carries(layer) for layer in layers)


def _carries(layer: Layer) -> bool:
    rule = layer.spec.mean_field
    if rule not in _RULES or any(len(shape) != 1 for shape in (layer.shape, *layer.shapes)):
        return False
    if rule == "weights" and weights.draw_problem(layer.values) is not None:
        return False
    return len(layer.sources) == 1 or rule == "add"


@dataclass(slots=True)
class _Virtual:
    """Rows of virtual units by real samples, for each layer."""

    layers: Sequence[Layer]
    inputs: Array
    """Real inputs, shape (inputs, samples)."""
    random: np.random.Generator
    outputs: dict[str, Array] = field(default_factory=dict)
    backs: dict[str, Callable[[Array], Array]] = field(default_factory=dict)
    gradients: dict[str, Array] = field(default_factory=dict)
    chi: dict[str, float] = field(default_factory=dict)
    rows: int = 0
    _noise: Array = field(default_factory=lambda: np.zeros((0, 0)))
    _turns: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        samples = self.inputs.shape[1]
        wanted = max(min(MAXIMUM_ROWS, _NUMBERS // samples), self.layers[-1].units)
        self.rows = 2 * _STEP * math.ceil(wanted / (2 * _STEP))
        self._noise = _white(self.rows, samples, self.random)
        turns = self.random.standard_normal((2, samples, samples))
        self._turns = [np.linalg.qr(turn)[0] for turn in turns]
        for layer in self.layers:
            arriving = [self._output(source) for source in layer.sources]
            output, self.backs[layer.node_id] = self._through(layer, arriving)
            self.outputs[layer.node_id] = output

    def backward(self, loss: str, targets: np.ndarray, classes: int) -> None:
        """Carry the loss's gradient back to every layer."""
        last = self.layers[-1]
        start = loss_gradient(loss, self.outputs[last.node_id], targets, last.units, classes)
        self.gradients[last.node_id] = start
        for layer in reversed(self.layers):
            leaving = self.gradients[layer.node_id]
            arriving = self.backs[layer.node_id](leaving)
            share = float((arriving**2).mean() / max(float((leaving**2).mean()), 1e-300))
            one = len(layer.sources) == 1
            self.chi[layer.node_id] = share * layer.shapes[0][0] / layer.units if one else 1.0
            for source in layer.sources:
                if source in self.outputs:
                    self.gradients[source] = self.gradients.get(source, 0.0) + arriving

    def columns(self) -> Carried:
        """The figures of all layers."""
        outputs = [self.outputs[layer.node_id] for layer in self.layers]
        rms = np.array([np.sqrt((self.gradients[x.node_id] ** 2).mean()) for x in self.layers])
        return Carried(
            square=np.array([(h**2).mean() for h in outputs]),
            mean=np.array([h.mean() for h in outputs]),
            correlation=np.array([_correlation(h) for h in outputs]),
            gradient_rms=rms / rms[-1] if rms[-1] else np.full(len(rms), np.nan),
            chi=np.array([self.chi[layer.node_id] for layer in self.layers]),
        )

    def _output(self, source: str) -> Array:
        if source in self.outputs:
            return self.outputs[source]
        return np.resize(self.inputs, (self.rows, self.inputs.shape[1]))

    def _through(
        self, layer: Layer, arriving: list[Array]
    ) -> tuple[Array, Callable[[Array], Array]]:
        """What leaves a layer, and the function that takes a gradient from its output to its input."""
        x = arriving[0]
        match layer.spec.mean_field:
            case "weights":
                return self._weights(layer, x)
            case "function":
                activation = activation_of(layer.spec, layer.values)
                slope = activation.derivative(x)
                return activation.function(x), lambda g: g * slope
            case "batch_norm":
                return _normalised(x, 1, _eps(layer))
            case "layer_norm":
                return _normalised(x, 0, _eps(layer))
            case "dropout":
                kept = 1.0 - float(layer.values["p"])
                mask = (self.random.random(x.shape) < kept) / kept
                return x * mask, lambda g: g * mask
        return np.asarray(sum(arriving)), lambda g: g

    def _weights(self, layer: Layer, x: Array) -> tuple[Array, Callable[[Array], Array]]:
        incoming, outgoing = weights.fan_variances(layer)
        mean, extra = weights.bias_moments(layer)
        known = x if layer.sources[0] in self.outputs else self.inputs
        covariance = incoming * _gram(known) + extra - mean**2

        def back(g: Array) -> Array:
            return self._draw(outgoing * _gram(g))

        return self._draw(covariance) + mean, back

    def _draw(self, covariance: Array) -> Array:
        """Gaussian rows with this covariance between samples.

        A random turn makes each draw a new one; moving the rows on unties their lengths from those of other draws.
        """
        samples = len(covariance)
        # after batch norm the covariance has no full rank
        edge = _JITTER * np.trace(covariance) / samples + np.finfo(np.float64).tiny
        root = np.linalg.cholesky(covariance + edge * np.eye(samples))
        turned = _product(self._turn(samples), root.T)
        noise = np.roll(self._noise, self.random.integers(self.rows), axis=0)
        return _product(noise, turned)

    def _turn(self, samples: int) -> Array:
        """A random rotation: two fixed ones with a random order and random signs between them."""
        signs = self.random.choice((-1.0, 1.0), samples)
        order = self.random.permutation(samples)
        return _product((self._turns[0] * signs)[:, order], self._turns[1])


def _gram(h: Array) -> Array:
    """Mean product of each pair of samples, shape (samples, samples)."""
    size = _block(len(h), h.shape[1] ** 2)
    blocks = h.reshape(-1, size, h.shape[1])
    # a copy, as numpy would take a product with the own transpose for a routine that is not kept on one thread
    turned = np.ascontiguousarray(blocks.transpose(0, 2, 1))
    return np.asarray((turned @ blocks).sum(axis=0) / len(h))


def _product(left: Array, right: Array) -> Array:
    """left @ right, some rows at a time."""
    size = _block(len(left), right.size)
    stacked: Array = left.reshape(-1, size, left.shape[1]) @ right
    return stacked.reshape(len(left), right.shape[1])


def _block(rows: int, work: int) -> int:
    """The largest part of `rows` of which each costs `work` that stays on one thread."""
    most = max(1, _ONE_THREAD // work)
    return next(size for size in range(min(most, rows), 0, -1) if rows % size == 0)


def _white(rows: int, samples: int, random: np.random.Generator) -> Array:
    """Gaussian rows, centred and with exactly the identity as their covariance, in pairs of opposite sign."""
    half = random.standard_normal((rows // 2, samples))
    root = np.linalg.cholesky(half.T @ half / len(half))
    half = np.linalg.solve(root, half.T).T
    return np.concatenate([half, -half])


def _eps(layer: Layer) -> float:
    return float(layer.values.get("eps") or 0.0)


def _normalised(x: Array, axis: int, eps: float) -> tuple[Array, Callable[[Array], Array]]:
    middle = x - x.mean(axis, keepdims=True)
    scale = 1.0 / np.sqrt((middle**2).mean(axis, keepdims=True) + eps)
    y = middle * scale

    def back(g: Array) -> Array:
        along = g - g.mean(axis, keepdims=True)
        return np.asarray(scale * (along - y * (g * y).mean(axis, keepdims=True)))

    return y, back


def _correlation(h: Array) -> float:
    """Mean product of two different samples over the mean square."""
    samples = h.shape[1]
    total, own = float((h.sum(axis=1) ** 2).mean()), float((h**2).sum(axis=1).mean())
    return (total - own) / ((samples - 1) * own) if own else float("nan")


def loss_gradient(
    loss: str, outputs: Array, targets: np.ndarray, units: int, classes: int
) -> Array:
    """Each sample's ∂L/∂y, up to a common factor; rows of `outputs` are taken `units` at a time, each a draw.

    `outputs` (rows, samples); `targets` class numbers (samples,) or values (samples, …).
    """
    whole = len(outputs) // units * units
    # rows that are left over belong to one more draw, which shares rows with the one before
    last = np.arange(len(outputs) - units, len(outputs)) if whole < len(outputs) else np.arange(0)
    places = np.concatenate([np.arange(whole), last])
    draws = outputs[places].reshape(-1, units, outputs.shape[1])
    if loss == "binary_cross_entropy":
        wanted, given = targets.reshape(1, -1), 0.5 * (1.0 + np.tanh(0.5 * draws))
    elif loss == "cross_entropy":
        grown = np.exp(draws - draws.max(axis=1, keepdims=True))
        wanted, given = np.eye(units)[:, targets], grown / grown.sum(axis=1, keepdims=True)
    else:
        one_hot = classes > 1 and targets.ndim == 1 and targets.dtype.kind == "i"
        wanted = np.eye(units)[:, targets] if one_hot else targets.reshape(len(targets), -1).T
        given = draws
    gradient = np.empty_like(outputs)
    gradient[places] = np.asarray(given - wanted).reshape(-1, outputs.shape[1])
    return gradient
