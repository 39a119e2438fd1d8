"""What probe and optimiser have to know of a network's layers, read from their declarations and settings."""

from collections.abc import Mapping

from torch import nn

from engine.graph import NetworkGraph
from engine.layers import LayerSpec
from engine.probe import DeadUnits, StepWatch

from .build import GraphModule
from .flat import FlatParameters, GroupKey


def step_watch(graph: NetworkGraph, model: GraphModule) -> StepWatch:
    """A watch over all layers that knows where each activation saturates."""
    healthy = {
        name: spec.healthy(graph.nodes[name].params)
        for name, spec in _specs(graph, model).items()
        if spec.healthy is not None
    }
    return StepWatch(model.named_layers(), healthy, channels_first(graph, model))


def channels_first(graph: NetworkGraph, model: GraphModule) -> frozenset[str]:
    """The layers whose two-dimensional outputs are channels × places, and not steps × units."""
    found: set[str] = set()
    for name, spec in _specs(graph, model).items():
        sources = [edge.source for edge in graph.incoming(name)]
        if spec.channels == "first" or (spec.channels == "kept" and found.intersection(sources)):
            found.add(name)
    return frozenset(found)


def dead_units(graph: NetworkGraph, model: GraphModule) -> DeadUnits:
    """Counts the dead units of the rectifiers."""
    first = channels_first(graph, model)
    names = list(model.named_layers())
    return DeadUnits({row: names[row] in first for row in rectifiers(graph, model)})


def rectifiers(graph: NetworkGraph, model: GraphModule) -> dict[int, int]:
    """The layers whose units can die: their rows in the table, and their places in the model's outputs."""
    specs = _specs(graph, model).values()
    return {row: row + 1 for row, spec in enumerate(specs) if spec.can_die}


def trained_parameters(graph: NetworkGraph, model: GraphModule) -> dict[str, list[nn.Parameter]]:
    """The parameters of each layer that has some and is not frozen; frozen ones are told that they need no gradient."""
    found = {}
    for node_id, module in model.named_layers().items():
        parameters = list(module.parameters())
        if graph.nodes[node_id].params.get("frozen"):
            module.requires_grad_(False)
        elif parameters:
            found[node_id] = parameters
    return found


def flat_parameters(
    graph: NetworkGraph,
    layers: Mapping[str, list[nn.Parameter]],
    births: Mapping[str, int],
) -> FlatParameters:
    """The layers' parameters in one buffer, grouped by the layers' learning-rate factors and births."""
    parameters, keys = [], []
    for node_id, own in layers.items():
        factor = float(graph.nodes[node_id].params.get("learning_rate_factor", 1.0))
        parameters += own
        keys += [GroupKey(factor, births.get(node_id, 0))] * len(own)
    return FlatParameters(parameters, keys)


def _specs(graph: NetworkGraph, model: GraphModule) -> dict[str, LayerSpec]:
    nodes = graph.nodes
    return {name: spec for name in model.named_layers() if (spec := nodes[name].spec) is not None}
