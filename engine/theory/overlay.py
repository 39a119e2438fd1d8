"""The theory of a whole network: variance forward, gradient back, and how far one network may stray from it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.data import Split
from engine.graph import Inference, NetworkGraph
from engine.language import tr
from engine.layers import LayerSpec
from engine.layers.spec import Array

from . import kernel, recurrent, weights
from .averages import activation_of
from .moments import Layer, Moments
from .recursion import FixedPoint, Recursion
from .result import NUMBERS, Prediction
from .rules import RULES, width
from .validity import ASSUMPTIONS, LINEAR, TIED, Validity

LARGEST = 1e100
"""A variance beyond it is given up: some layers further on it would be no number."""
WIDENED = 1.2
"""The band of a finite width is widened by this, for what its first order leaves out."""


@dataclass(frozen=True, slots=True, eq=False)
class _Gradient:
    """The gradient that reaches a layer's output."""

    square: Array
    """Mean square over units, a number or a map; 1 at the last layer."""
    scatter: float
    """Variance of ln G between networks of this width."""
    narrowness: float
    """Σ 1/n on the way from the last layer."""


def predict(
    graph: NetworkGraph, inference: Inference, *, batch_size: int, split: Split | None = None
) -> Prediction:
    """What mean-field theory says of a network that `infer` found no error in.

    With `split` the variance starts from its training inputs, and a network of vectors with batch or layer norm is
    carried sample by sample; without, inputs have variance 1 and are uncorrelated.
    """
    layers = _layers(graph, inference, batch_size)
    overlay = _Overlay(layers, _input_moments(graph, inference, split))
    prediction = overlay.prediction()
    if split is None:
        return prediction
    loss = str(graph.nodes[inference.trained[-1]].params["loss"])
    found = kernel.carry(layers, split, loss, batch_size)
    return prediction if found is None else _refined(prediction, layers, found)


def _layers(graph: NetworkGraph, inference: Inference, batch_size: int) -> list[Layer]:
    """The rows of the run's tables as the rules see them."""
    found = []
    for node_id in inference.trained:
        node, spec = graph.nodes[node_id], graph.nodes[node_id].spec
        if spec is None or not spec.has_output or not spec.inputs.maximum:
            continue
        sources = tuple(edge.source for edge in graph.incoming(node_id))
        shapes = tuple(inference.shapes[source] for source in sources)
        tensors = inference.tensors.get(node_id, {})
        shape = inference.shapes[node_id]
        found.append(
            Layer(
                node_id, node.label, spec, node.params, shapes, shape, tensors, sources, batch_size
            )
        )
    return found


def _input_moments(
    graph: NetworkGraph, inference: Inference, split: Split | None
) -> dict[str, Moments]:
    ids = [node_id for node_id in inference.trained if not _inputs_of(graph.nodes[node_id].spec)]
    moments = Moments.of(1.0) if split is None else data_moments(split.train_inputs)
    return dict.fromkeys(ids, moments)


def _inputs_of(spec: LayerSpec | None) -> int:
    return spec.inputs.maximum if spec else 0


def data_moments(inputs: np.ndarray) -> Moments:
    """Mean square, mean, and mean product of two samples and of neighbouring places, of inputs (n, …)."""
    x = inputs.astype(np.float64).reshape(
        len(inputs), inputs.shape[1] if inputs.ndim > 1 else 1, -1
    )
    places = inputs.shape[2:]
    square, n = (x**2).mean(axis=0), max(len(x), 2)
    pair = (n * x.mean(axis=0) ** 2 - square) / (n - 1)
    near = [_beside(x.reshape(*x.shape[:2], *places), axis) for axis in range(2, inputs.ndim)]
    return Moments.of(
        square.mean(axis=0).reshape(places),
        np.float64(x.mean()),
        pair.mean(axis=0).reshape(places),
        np.float64(np.mean(near) if near else 0.0),
    )


def _beside(x: Array, axis: int) -> float:
    """Mean product of neighbours along an axis."""
    if x.shape[axis] < 2:
        return 0.0
    moved = np.moveaxis(x, axis, 0)
    return float((moved[1:] * moved[:-1]).mean())


class _Overlay:
    """The scalar theory: one variance and one covariance a layer, with a map where there are places."""

    def __init__(self, layers: Sequence[Layer], start: Mapping[str, Moments]) -> None:
        self.layers = layers
        self.validity = Validity(layers)
        self.moments: dict[str, Moments | None] = dict(start)
        for layer in layers:
            self.moments[layer.node_id] = self._forward(layer)
        self.chi: dict[str, float] = {}
        self.gradients = self._all_gradients()

    def prediction(self) -> Prediction:
        """All columns."""
        rows = [self._row(layer) for layer in self.layers]
        columns = {name: np.array([row[name] for row in rows], np.float64) for name in NUMBERS}
        reasons = tuple(self._reason(layer) for layer in self.layers)
        tied = any(layer.spec.mean_field == "recurrent" for layer in self.layers)
        return Prediction(
            nodes=tuple(layer.node_id for layer in self.layers),
            **columns,
            applies=np.array([not reason for reason in reasons], np.bool_),
            reasons=reasons,
            notes=(ASSUMPTIONS, TIED) if tied else (ASSUMPTIONS,),
            method="scalar",
        )

    def _forward(self, layer: Layer) -> Moments | None:
        blame = self.validity.before[layer.node_id]
        arriving = self._arriving(layer)
        if arriving is None or (blame is not None and blame[1]):
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            moments = RULES[layer.spec.mean_field].forward(layer, arriving)
        return moments if float(moments.square.max()) < LARGEST else None

    def _arriving(self, layer: Layer) -> list[Moments] | None:
        found = [self.moments[source] for source in layer.sources]
        return None if any(x is None for x in found) else [x for x in found if x is not None]

    def _all_gradients(self) -> dict[str, _Gradient | None]:
        reaching: dict[str, list[_Gradient | None]] = {layer.node_id: [] for layer in self.layers}
        reaching[self.layers[-1].node_id].append(_Gradient(np.ones(()), 0.0, 0.0))
        found: dict[str, _Gradient | None] = {}
        for layer in reversed(self.layers):
            found[layer.node_id] = _together(reaching[layer.node_id])
            passed = self._backward(layer, found[layer.node_id])
            for source in set(layer.sources) & set(reaching):
                times = layer.sources.count(source)
                same = passed if passed is None or times == 1 else _scaled(passed, times**2)
                reaching[source].append(same)
        return found

    def _backward(self, layer: Layer, gradient: _Gradient | None) -> _Gradient | None:
        """The gradient at the layer's inputs; notes χ on the way."""
        blame = self.validity.after_through(layer)
        if blame is not None and blame[1]:
            return None
        arriving = self._arriving(layer)
        if arriving is None and layer.spec.mean_field not in LINEAR:
            return None
        arriving = arriving or [Moments.of(1.0)]
        rule = RULES[layer.spec.mean_field]
        leaving = gradient.square if gradient else np.ones(())
        square = rule.backward(layer, arriving, leaving)
        self.chi[layer.node_id] = _chi(layer, square, leaving)
        if gradient is None or float(square.max()) >= LARGEST:
            return None
        narrower = 1.0 / width(layer) if layer.spec.mean_field == "weights" else 0.0
        scatter = gradient.scatter + rule.scatter(layer, arriving)
        return _Gradient(square, scatter, gradient.narrowness + narrower)

    def _reason(self, layer: Layer) -> str:
        gradient = self.gradients[layer.node_id]
        strays = (gradient.narrowness, gradient.scatter) if gradient else (0.0, 0.0)
        reason = self.validity.reason(layer.node_id, *strays)
        unknown = self.moments[layer.node_id] is None or gradient is None
        return reason or (tr("Out of the range of numbers.") if unknown else "")

    def _row(self, layer: Layer) -> dict[str, float]:
        row = dict.fromkeys(NUMBERS, math.nan)
        moments, gradient = self.moments[layer.node_id], self.gradients[layer.node_id]
        row["chi"] = self.chi.get(layer.node_id, math.nan)
        if moments is not None:
            row |= _forward_columns(layer, moments) | self._depth_columns(layer, moments)
        if gradient is not None:
            row |= self._gradient_columns(layer, gradient)
        return row

    def _gradient_columns(self, layer: Layer, gradient: _Gradient) -> dict[str, float]:
        rms = math.sqrt(float(gradient.square.mean()))
        return {"gradient_rms": rms} | _relative(
            rms, layer.units / self.layers[-1].units, gradient.scatter
        )

    def _depth_columns(self, layer: Layer, moments: Moments) -> dict[str, float]:
        """Fixed point and depth scale of the chain that repeats this weight layer and its activation."""
        followers = [follower for follower in self.layers if layer.node_id in follower.sources]
        functions = {follower.spec.mean_field for follower in followers}
        if layer.spec.mean_field == "recurrent":
            return _depth(recurrent.chain(layer, self._arriving(layer) or []))
        if layer.spec.mean_field != "weights" or functions != {"function"} or len(followers) != 1:
            return {}
        bias_mean, bias_square = weights.bias_moments(layer)
        if bias_mean:
            return {}
        activation = activation_of(followers[0].spec, followers[0].values)
        start = max(float(moments.square.mean()), 1e-9)
        chain = Recursion(activation, weights.sigma_w(layer), bias_square)
        return _depth(chain.fixed_point(start))


def _depth(point: FixedPoint) -> dict[str, float]:
    return {"fixed_point": point.q, "chi_1": point.chi_1, "depth_scale": point.depth_scale}


def _chi(layer: Layer, arriving: Array, leaving: Array) -> float:
    """G at the input over G at the output; a layer with several inputs hands each its share unchanged."""
    if len(layer.shapes) > 1:
        return 1.0
    sizes = [math.prod(shape) for shape in (layer.shapes[0], layer.shape)]
    total = float(leaving.mean()) * sizes[1]
    return float(arriving.mean()) * sizes[0] / total if total else math.nan


def _forward_columns(layer: Layer, moments: Moments) -> dict[str, float]:
    square, mean = float(moments.square.mean()), float(moments.mean.mean())
    pair = float(moments.two_samples.mean())
    return {
        "square": square,
        "mean": mean,
        "std": float(_std(layer, square, mean, pair)),
        "correlation": pair / square if square else math.nan,
    }


def _std(layer: Layer, square: float, mean: float, pair: float) -> float:
    """Over the samples of a batch and the layer's units, whose own mean is not quite the expected one."""
    units = layer.shape[0] if len(layer.shape) > 1 else layer.units
    strays = (pair - mean**2 + (square - pair) / layer.batch) / units
    return math.sqrt(max(square - mean**2 - strays, 0.0))


def _relative(rms: float, units: float, scatter: float) -> dict[str, float]:
    """Norm and band; ln RMS strays half as far as ln G."""
    reach = math.exp(min(WIDENED * math.sqrt(scatter), 700.0))
    return {
        "gradient_norm": rms * math.sqrt(units),
        "band_low": rms / reach,
        "band_high": rms * reach,
    }


def _together(parts: Sequence[_Gradient | None]) -> _Gradient | None:
    """Gradients that meet at an output: their squares add, as branches with weights of their own are uncorrelated.

    What the branches stray in common stays; what is a branch's own counts by its share.
    """
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    square = sum((part.square for part in known), np.zeros(()))
    total = float(square.mean()) or 1.0
    shares = [float(part.square.mean()) / total for part in known]
    common = min(part.scatter for part in known)
    narrow = min(part.narrowness for part in known)
    return _Gradient(
        np.asarray(square),
        common + sum(s**2 * (p.scatter - common) for s, p in zip(shares, known, strict=True)),
        narrow + sum(s**2 * (p.narrowness - narrow) for s, p in zip(shares, known, strict=True)),
    )


def _scaled(gradient: _Gradient, factor: float) -> _Gradient:
    return replace(gradient, square=gradient.square * factor)


def _refined(prediction: Prediction, layers: Sequence[Layer], found: kernel.Carried) -> Prediction:
    """The kernel's moments and gradients in place of the scalar ones; the band keeps its width."""
    with np.errstate(invalid="ignore", divide="ignore"):
        low = prediction.band_low / prediction.gradient_rms
        high = prediction.band_high / prediction.gradient_rms
    moments = found.square, found.mean, found.correlation * found.square
    units = np.sqrt([layer.units / layers[-1].units for layer in layers])
    return replace(
        prediction,
        square=found.square,
        mean=found.mean,
        std=np.array([_std(*row) for row in zip(layers, *moments, strict=True)]),
        correlation=found.correlation,
        gradient_rms=found.gradient_rms,
        gradient_norm=found.gradient_rms * units,
        chi=found.chi,
        band_low=found.gradient_rms * low,
        band_high=found.gradient_rms * high,
        method="kernel",
    )
