"""What the probe has to know of a network's layers, read from their declarations."""

from engine.graph import NetworkGraph
from engine.layers import LayerSpec
from engine.probe import StepWatch

from .build import GraphModule


def step_watch(graph: NetworkGraph, model: GraphModule) -> StepWatch:
    """A watch over all layers that knows where each activation saturates."""
    healthy = {
        name: spec.healthy(graph.nodes[name].params)
        for name, spec in _specs(graph, model).items()
        if spec.healthy is not None
    }
    return StepWatch(model.named_layers(), healthy)


def rectifiers(graph: NetworkGraph, model: GraphModule) -> dict[int, int]:
    """The layers whose units can die: their rows in the table, and their places in the model's outputs."""
    specs = _specs(graph, model).values()
    return {row: row + 1 for row, spec in enumerate(specs) if spec.can_die}


def _specs(graph: NetworkGraph, model: GraphModule) -> dict[str, LayerSpec]:
    nodes = graph.nodes
    return {name: spec for name in model.named_layers() if (spec := nodes[name].spec) is not None}
