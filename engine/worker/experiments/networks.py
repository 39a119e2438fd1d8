"""Networks of the experiments, as documents that a person could build in the window."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from engine.data import DataSpec, with_defaults
from engine.graph import AddNodes, Edge, NetworkGraph, Node, SetData, SetTraining
from engine.layers import CATALOGUE
from engine.parameters import Value
from engine.training import TRAINING_DEFAULTS

HEAD_INITIALIZER = "lecun_normal"
"""The last Linear layer draws from N(0, 1/n) in every experiment."""

DIGITS = DataSpec("digits")


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that is to be added: its kind, and the settings that differ from the kind's defaults."""

    kind: str
    settings: Mapping[str, Value] = field(default_factory=dict)


def layer(kind: str, **settings: Value) -> Layer:
    """A layer of a kind with some settings."""
    return Layer(kind, settings)


RELU, TANH, SIGMOID, ELU, SELU = map(Layer, ("ReLU", "Tanh", "Sigmoid", "ELU", "SELU"))
BATCH_NORM, LAYER_NORM = Layer("BatchNorm1d"), Layer("LayerNorm")


def linear(units: int, initializer: str = "he_normal", **settings: Value) -> Layer:
    """A Linear layer; its biases begin at zero, but for torch's default."""
    return layer("Linear", out_features=units, initializer=initializer, **settings)


def hidden(
    depth: int,
    width: int,
    activation: Layer,
    initializer: str = "he_normal",
    *,
    norm: Layer | None = None,
    settings: Mapping[str, Value] | None = None,
) -> list[Layer]:
    """`depth` times Linear (with more `settings`), a normalisation if there is one, activation."""
    block = [linear(width, initializer, **(settings or {})), *([norm] if norm else []), activation]
    return block * depth


def head(units: int = 10) -> Layer:
    """The last Linear layer, one unit a class."""
    return linear(units, HEAD_INITIALIZER)


def sgd(
    learning_rate: float, *, batch: int, epochs: int, momentum: float = 0.0, **more: Value
) -> dict[str, Value]:
    """Training settings: plain gradient descent, which shows gradient problems as they are."""
    return {
        "optimizer": "SGD",
        "learning_rate": learning_rate,
        "momentum": momentum,
        "batch_size": batch,
        "epochs": epochs,
        **more,
    }


def chain(
    layers: Iterable[Layer], training: Mapping[str, Value], data: DataSpec = DIGITS
) -> NetworkGraph:
    """Input, the layers one after the other, Output; a head that is left out stays out."""
    graph = NetworkGraph()
    kinds = [Layer("Input"), *layers, Layer("Output")]
    nodes = _nodes(graph, kinds)
    edges = tuple(Edge(source.id, target.id) for source, target in pairwise(nodes))
    return _finished(graph, nodes, edges, data, training)


def classifier(
    layers: Iterable[Layer], training: Mapping[str, Value], data: DataSpec = DIGITS
) -> NetworkGraph:
    """A chain on the digits: flattened, through the layers, into a head of ten units."""
    return chain([Layer("Flatten"), *layers, head()], training, data)


def residual_classifier(
    stem: Sequence[Layer],
    block: Sequence[Layer],
    times: int,
    top: Sequence[Layer],
    training: Mapping[str, Value],
) -> NetworkGraph:
    """A classifier whose `block` is repeated, each time with a wire around it into an Add."""
    layers = [Layer("Input"), Layer("Flatten"), *stem]
    around: list[tuple[int, int]] = []
    for _ in range(times):
        begin = len(layers) - 1
        layers += [*block, Layer("Add")]
        around.append((begin, len(layers) - 1))
    layers += [*top, head(), Layer("Output")]
    graph = NetworkGraph()
    nodes = _nodes(graph, layers)
    edges = [Edge(source.id, target.id) for source, target in pairwise(nodes)]
    edges += [Edge(nodes[begin].id, nodes[end].id, 1) for begin, end in around]
    return _finished(graph, nodes, tuple(edges), DIGITS, training)


def _nodes(graph: NetworkGraph, layers: Sequence[Layer]) -> tuple[Node, ...]:
    ids = graph.new_ids(one.kind for one in layers)
    return tuple(
        Node(node_id, one.kind, params={**CATALOGUE[one.kind].defaults, **one.settings})
        for node_id, one in zip(ids, layers, strict=True)
    )


def _finished(
    graph: NetworkGraph,
    nodes: tuple[Node, ...],
    edges: tuple[Edge, ...],
    data: DataSpec,
    training: Mapping[str, Value],
) -> NetworkGraph:
    graph.training = dict(TRAINING_DEFAULTS)
    graph.apply(AddNodes(nodes, edges))
    graph.apply(SetData(with_defaults(data)))
    graph.apply(SetTraining(training))
    return graph
