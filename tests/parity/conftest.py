"""Networks for the comparisons with plain torch: chains of layers, and layers by themselves."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

from engine.data import DataInfo, DataSpec
from engine.graph import Edge, Inference, NetworkGraph, Node, infer
from engine.layers import CATALOGUE, Shape
from engine.worker.build import GraphModule
from engine.worker.prepare import Prepared, prepare

Layer = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Alone:
    """A single layer between Input and Output, and what is inferred of it."""

    node_id: str
    graph: NetworkGraph
    inference: Inference

    @property
    def shape(self) -> Shape | None:
        """What leaves the layer; None when the layer was refused."""
        return self.inference.shapes.get(self.node_id)

    @property
    def tensors(self) -> Mapping[str, Shape]:
        """The trained tensors."""
        return self.inference.tensors[self.node_id]

    def built(self, seed: int = 0) -> nn.Module:
        """The module that a run would train."""
        return GraphModule(self.graph, self.inference, seed).named_layers()[self.node_id]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums are split over threads in ways that depend on the machine; the worker uses one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def alone() -> Callable[..., Alone]:
    """Makes a single layer whose every input gets samples of the given shape."""
    return _alone


@pytest.fixture
def prepared() -> Callable[..., Prepared]:
    """Makes a network ready for training: a chain of layers, with shortcuts into their second inputs."""
    return _prepared


def _alone(kind: str, params: Mapping[str, Any], shape: Shape) -> Alone:
    ends = [_node("input_1", ("Input", {})), _node("output_1", ("Output", {}))]
    graph = NetworkGraph(
        [*ends, _node("tested_1", (kind, params))],
        [
            *(Edge("input_1", "tested_1", port) for port in range(CATALOGUE[kind].inputs.minimum)),
            Edge("tested_1", "output_1"),
        ],
    )
    info = DataInfo(title="made up", samples=1, input_shape=shape, classes=3)
    return Alone("tested_1", graph, infer(graph, info))


def _prepared(
    layers: Sequence[Layer],
    data: DataSpec,
    *,
    loss: str = "cross_entropy",
    shortcuts: Sequence[tuple[str, str]] = (),
    **training: Any,
) -> Prepared:
    whole: list[Layer] = [("Input", {}), *layers, ("Output", {"loss": loss})]
    ids = list(NetworkGraph().new_ids(kind for kind, _ in whole))
    wires = [Edge(*pair) for pair in itertools.pairwise(ids)]
    wires += [Edge(source, target, 1) for source, target in shortcuts]
    nodes = map(_node, ids, whole)
    return prepare(NetworkGraph(nodes, wires, data, training), None)


def _node(node_id: str, layer: Layer) -> Node:
    kind, params = layer
    return Node(node_id, kind, "", {**CATALOGUE[kind].defaults, **params})
