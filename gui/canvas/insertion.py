"""The edits that bring layers in: at a place, into a wire, behind a layer, from the clipboard."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from engine.graph import (
    AddNodes,
    Connect,
    Disconnect,
    Edge,
    Edit,
    MoveNodes,
    NetworkGraph,
    Node,
    Together,
)
from engine.language import tr

from .geometry import CARD_HEIGHT, CARD_WIDTH, STEP_X, STEP_Y

_COPY_SHIFT = 32.0


def into_wire(graph: NetworkGraph, node: Node, edge: Edge) -> Edit:
    """Put a new node into a wire; what stands in its place is pushed to the right."""
    takes_in = node.spec is None or node.spec.inputs.maximum > 0
    gives_out = node.spec is None or node.spec.has_output
    edges = []
    if takes_in:
        edges.append(Edge(edge.source, node.id))
    if gives_out:
        edges.append(Edge(node.id, edge.target, edge.port))
    if len(edges) < 2:
        return AddNodes((node,))
    steps: list[Edit] = [Disconnect((edge,)), AddNodes((node,), tuple(edges))]
    pushed = _pushed_aside(graph, node)
    if pushed:
        steps.append(MoveNodes(pushed))
    return Together(tuple(steps), tr("Insert {label}").format(label=node.label))


def behind(graph: NetworkGraph, node: Node, before: Node) -> Edit:
    """Put a new node behind another and wire it; into the wire when there is exactly one."""
    following = graph.outgoing(before.id)
    takes_in = node.spec is None or node.spec.inputs.maximum > 0
    gives_on = before.spec is None or before.spec.has_output
    placed = replace(node, x=before.x + STEP_X, y=before.y)
    if len(following) == 1 and takes_in and (node.spec is None or node.spec.has_output):
        return into_wire(graph, placed, following[0])
    placed = free_place(graph, placed)
    return AddNodes((placed,), (Edge(before.id, node.id),) if takes_in and gives_on else ())


def free_place(graph: NetworkGraph, node: Node) -> Node:
    """The node, moved down until it covers no other."""
    while any(_overlap(node, other) for other in graph.nodes.values()):
        node = replace(node, y=node.y + STEP_Y)
    return node


def pasted(graph: NetworkGraph, copied: NetworkGraph) -> AddNodes:
    """Copied nodes and the wires among them under new ids, moved so that they do not hide what is there."""
    old = [copied.nodes[node_id] for node_id in copied.order()]
    ids = dict(zip((n.id for n in old), graph.new_ids(n.kind for n in old), strict=True))
    shift = _COPY_SHIFT
    taken = {(n.x, n.y) for n in graph.nodes.values()}
    while any((n.x + shift, n.y + shift) in taken for n in old):
        shift += _COPY_SHIFT
    nodes = (replace(n, id=ids[n.id], x=n.x + shift, y=n.y + shift) for n in old)
    edges = (Edge(ids[e.source], ids[e.target], e.port) for e in sorted(copied.edges))
    return AddNodes(tuple(nodes), tuple(edges))


def part(graph: NetworkGraph, ids: Iterable[str]) -> NetworkGraph:
    """The chosen nodes and the wires among them, as a network of their own."""
    chosen = set(ids)
    edges = (e for e in graph.edges if e.source in chosen and e.target in chosen)
    return NetworkGraph((graph.nodes[i] for i in graph.order() if i in chosen), edges, graph.data)


def next_wire(graph: NetworkGraph, ids: Iterable[str]) -> Connect | None:
    """The wire that two chosen nodes want: from the left one to the right one, at the first free input."""
    chosen = sorted((graph.nodes[i] for i in ids), key=lambda n: (n.y, n.x))
    if len(chosen) != 2:
        return None
    for source, target in (chosen, chosen[::-1]):
        taken = {edge.port for edge in graph.incoming(target.id)}
        limit = target.spec.inputs.maximum if target.spec else 1
        free = next((port for port in range(limit) if port not in taken), None)
        if free is not None:
            edge = Edge(source.id, target.id, free)
            if graph.why_not_connect(edge) is None:
                return Connect((edge,))
    return None


def _overlap(node: Node, other: Node) -> bool:
    return abs(node.x - other.x) < CARD_WIDTH and abs(node.y - other.y) < CARD_HEIGHT


def _pushed_aside(graph: NetworkGraph, node: Node) -> Mapping[str, tuple[float, float]]:
    """New places for the row to the right of a new node, when one of it stands in the way."""
    if not any(_overlap(node, other) for other in graph.nodes.values()):
        return {}
    row = [n for n in graph.nodes.values() if abs(n.y - node.y) < CARD_HEIGHT]
    return {n.id: (n.x + STEP_X, n.y) for n in row if n.x + CARD_WIDTH > node.x}
