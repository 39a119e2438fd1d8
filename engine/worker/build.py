"""From a document to a torch module: one sub-module a node, keyed by the node's id."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from engine.graph import Inference, NetworkGraph, Node
from engine.layers import INITIALIZERS, LayerSpec, Shape, gain_of, outputs_first

from .sequence_modules import initialise_recurrent


class LayerError(Exception):
    """A layer could not be built or run; `node_id` says which, the cause says why."""

    def __init__(self, node_id: str, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.node_id = node_id


@dataclass(frozen=True, slots=True)
class _Step:
    """One call of the forward pass: which values go in, where the result is kept."""

    node_id: str
    module: nn.Module
    sources: tuple[int, ...]


def node_seed(seed: int, node_id: str) -> int:
    """The seed of one node's initial weights, so that changing a layer leaves the others' as they are."""
    digest = hashlib.blake2b(f"{seed}:{node_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


class GraphModule(nn.Module):
    """The trained part of a network, from the data to what the Output receives."""

    def __init__(self, graph: NetworkGraph, inference: Inference, seed: int) -> None:
        super().__init__()
        # a list, not a dict: a node may be called as one of the dict's own methods
        self.layers = nn.ModuleList()
        self._steps: list[_Step] = []
        places: dict[str, int] = {}
        for node_id in inference.trained:
            node = graph.nodes[node_id]
            sources = [edge.source for edge in graph.incoming(node_id)]
            if node.kind == "Input":
                places[node_id] = 0
            elif node.kind == "Output":
                self._result = places[sources[0]]
            else:
                module = _built(node, [inference.shapes[source] for source in sources], seed)
                self.layers.append(module)
                self._steps.append(
                    _Step(node_id, module, tuple(places[source] for source in sources))
                )
                places[node_id] = len(self._steps)
        self._chain = self._result == len(self._steps) and all(
            step.sources == (place,) for place, step in enumerate(self._steps)
        )

    def named_layers(self) -> Mapping[str, nn.Module]:
        """The sub-modules by node id, in the order of the forward pass."""
        return {step.node_id: step.module for step in self._steps}

    def forward(self, inputs: Tensor) -> Tensor:
        values = [inputs]
        step = None
        try:
            if self._chain:
                for step in self._steps:
                    inputs = step.module(inputs)
                return inputs
            for step in self._steps:
                values.append(step.module(*[values[place] for place in step.sources]))
            return values[self._result]
        except Exception as error:
            if step is None:
                raise
            raise LayerError(step.node_id, error) from error


def _built(node: Node, shapes: list[Shape], seed: int) -> nn.Module:
    spec = cast("LayerSpec", node.spec)
    package, _, name = spec.module.rpartition(".")
    torch.manual_seed(node_seed(seed, node.id))
    try:
        module: nn.Module = getattr(import_module(package), name)(
            **spec.arguments(node.params, shapes)
        )
        if spec.initialised:
            _initialise(module, node, spec)
        elif isinstance(module, nn.RNNBase):
            initialise_recurrent(module, node.params)
    except Exception as error:
        raise LayerError(node.id, error) from error
    return module


def _initialise(module: nn.Module, node: Node, spec: LayerSpec) -> None:
    """Draw weight and bias, and normalise the weight, as the node says; `module` comes with torch's own draws."""
    with torch.no_grad():
        _draw_weight(cast("Tensor", module.weight), node, spec)
        if isinstance(module.bias, nn.Parameter):
            _draw_bias(module.bias, node)
    axis = 1 if spec.transposed else 0
    match node.params["normalise_weight"]:
        case "spectral":
            parametrizations.spectral_norm(module, dim=axis)
        case "weight":
            parametrizations.weight_norm(module, dim=axis)


def _draw_weight(weight: Tensor, node: Node, spec: LayerSpec) -> None:
    initializer = INITIALIZERS[str(node.params["initializer"])]
    function = initializer.function
    if weight.ndim > 2:
        function = initializer.kernel_function or function
    if function:
        # torch.nn.init counts fans as if every weight were (out, in, …)
        shape = outputs_first(tuple(weight.shape), transposed=spec.transposed)
        drawn = torch.empty(shape)
        getattr(nn.init, function)(drawn, **initializer.arguments(node.params))
        weight.copy_(drawn.transpose(0, 1) if spec.transposed else drawn)
    gain = gain_of(node.params)
    if gain != 1.0:
        weight.mul_(gain)


def _draw_bias(bias: Tensor, node: Node) -> None:
    match node.params["bias_initializer"]:
        case "zeros":
            bias.zero_()
        case "constant":
            bias.fill_(float(node.params["bias_value"]))
        case "normal":
            bias.normal_(0.0, float(node.params["bias_std"]))
