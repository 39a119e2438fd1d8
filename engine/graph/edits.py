"""Edits: the only way to change a document. Each is a small value that knows its own inverse."""

import math
from collections.abc import Mapping, Sized
from typing import Any

import msgspec
from msgspec.structs import replace

from engine.data import DataSpec
from engine.language import tr, trn
from engine.parameters import Value

from .model import Edge, EditError, NetworkGraph, Node


class _Edit(msgspec.Struct, frozen=True, tag=True):
    def apply_to(self, graph: NetworkGraph) -> "Edit":
        """Change the graph and return the inverse; on `EditError` nothing was changed. Called by `graph.apply`."""
        raise TypeError(f"{type(self).__name__} cannot be applied")

    def title(self) -> str:
        """What the undo menu says."""
        raise TypeError(f"{type(self).__name__} has no title")


class AddNodes(_Edit, frozen=True, tag=True):
    """Add nodes, and wires among them or to what is there."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()

    def title(self) -> str:
        label = self.nodes[0].label if self.nodes else ""
        return trn("Add {label}", "Add {count} layers", len(self.nodes)).format(
            label=label, count=len(self.nodes)
        )

    def apply_to(self, graph: NetworkGraph) -> "Edit":
        ids = [node.id for node in self.nodes]
        for node_id in ids:
            if node_id in graph._nodes or ids.count(node_id) > 1:
                raise EditError(
                    tr("There is already a layer with the id {node_id!r}").format(node_id=node_id)
                )
        graph._nodes.update((node.id, node) for node in self.nodes)
        try:
            _connect(graph, self.edges)
        except EditError:
            for node_id in ids:
                del graph._nodes[node_id]
            raise
        return RemoveNodes(tuple(ids))


class RemoveNodes(_Edit, frozen=True, tag=True):
    """Remove nodes and every wire that touches them."""

    ids: tuple[str, ...]

    def title(self) -> str:
        return _counted(trn("Delete layer", "Delete {count} layers", len(self.ids)), self.ids)

    def apply_to(self, graph: NetworkGraph) -> "Edit":
        ids = dict.fromkeys(self.ids)
        nodes = tuple(_node(graph, node_id) for node_id in ids)
        edges = tuple(sorted(e for e in graph._edges if e.source in ids or e.target in ids))
        graph._edges.difference_update(edges)
        for node_id in ids:
            del graph._nodes[node_id]
        return AddNodes(nodes, edges)


class Connect(_Edit, frozen=True, tag=True):
    """Draw wires."""

    edges: tuple[Edge, ...]

    def title(self) -> str:
        return _counted(trn("Connect a wire", "Connect {count} wires", len(self.edges)), self.edges)

    def apply_to(self, graph: NetworkGraph) -> "Edit":
        _connect(graph, self.edges)
        return Disconnect(self.edges)


class Disconnect(_Edit, frozen=True, tag=True):
    """Take wires away."""

    edges: tuple[Edge, ...]

    def title(self) -> str:
        return _counted(trn("Delete a wire", "Delete {count} wires", len(self.edges)), self.edges)

    def apply_to(self, graph: NetworkGraph) -> "Edit":
        missing = set(self.edges) - graph._edges
        if missing:
            edge = min(missing)
            raise EditError(
                tr("There is no wire from {source} to {target}").format(
                    source=edge.source, target=edge.target
                )
            )
        graph._edges.difference_update(self.edges)
        return Connect(self.edges)


class MoveNodes(_Edit, frozen=True, tag=True):
    """Put nodes at new places on the canvas."""

    places: Mapping[str, tuple[float, float]]

    def title(self) -> str:
        return _counted(trn("Move layer", "Move {count} layers", len(self.places)), self.places)

    def apply_to(self, graph: NetworkGraph) -> "Edit":
        old = {
            node_id: (_node(graph, node_id).x, _node(graph, node_id).y) for node_id in self.places
        }
        if not all(math.isfinite(c) for place in self.places.values() for c in place):
            raise EditError(tr("A layer's place must be two finite numbers"))
        for node_id, (x, y) in self.places.items():
            graph._nodes[node_id] = replace(graph._nodes[node_id], x=x, y=y)
        return MoveNodes(old)


class SetParam(_Edit, frozen=True, tag=True):
    """Give a layer's setting a new value."""

    id: str
    name: str
    value: Value

    def title(self) -> str:
        return tr("Set {name}").format(name=self.name)

    def apply_to(self, graph: NetworkGraph) -> "Edit":
        node = _node(graph, self.id)
        if self.name not in node.params:
            raise EditError(
                tr("{label} has no setting called {name!r}").format(
                    label=node.label, name=self.name
                )
            )
        _check_setting(node, self.name, self.value)
        old = node.params[self.name]
        graph._nodes[self.id] = replace(node, params={**node.params, self.name: self.value})
        return SetParam(self.id, self.name, old)


class Rename(_Edit, frozen=True, tag=True):
    """Give a layer a name of one's own; "" returns to the one made from its kind."""

    id: str
    name: str

    def title(self) -> str:
        return tr("Rename layer")

    def apply_to(self, graph: NetworkGraph) -> "Edit":
        node = _node(graph, self.id)
        if len(self.name) > MAXIMUM_NAME:
            raise EditError(
                tr("A name may have {maximum_name} characters").format(maximum_name=MAXIMUM_NAME)
            )
        graph._nodes[self.id] = replace(node, name=self.name)
        return Rename(self.id, node.name)


class SetData(_Edit, frozen=True, tag=True):
    """Choose another data set, or other settings of it."""

    data: DataSpec

    def title(self) -> str:
        return tr("Change data set")

    def apply_to(self, graph: NetworkGraph) -> "Edit":
        old, graph.data = graph.data, self.data
        return SetData(old)


class SetTraining(_Edit, frozen=True, tag=True):
    """Replace training settings by name; the others stay."""

    values: Mapping[str, Value]

    def title(self) -> str:
        return (
            tr("Set {values}").format(values=", ".join(self.values))
            if len(self.values) == 1
            else tr("Change training settings")
        )

    def apply_to(self, graph: NetworkGraph) -> "Edit":
        unknown = [name for name in self.values if name not in graph.training]
        if unknown:
            raise EditError(
                tr("Training has no setting called {unknown!r}").format(unknown=unknown[0])
            )
        old = {name: graph.training[name] for name in self.values}
        graph.training = {**graph.training, **self.values}
        return SetTraining(old)


class Together(_Edit, frozen=True, tag=True):
    """Several edits as one step: all of them, or none."""

    edits: tuple["Edit", ...]
    label: str

    def title(self) -> str:
        return self.label

    def apply_to(self, graph: NetworkGraph) -> "Edit":
        inverses: list[Edit] = []
        try:
            for edit in self.edits:
                inverse = edit.apply_to(graph)
                inverses.append(inverse)
        except EditError:
            for inverse in reversed(inverses):
                inverse.apply_to(graph)
            raise
        return Together(tuple(reversed(inverses)), self.label)


Edit = (
    AddNodes
    | RemoveNodes
    | Connect
    | Disconnect
    | MoveNodes
    | SetParam
    | Rename
    | SetData
    | SetTraining
    | Together
)

MAXIMUM_NAME = 80


def _node(graph: NetworkGraph, node_id: str) -> Node:
    try:
        return graph.nodes[node_id]
    except KeyError:
        raise EditError(
            tr("There is no layer with the id {node_id!r}").format(node_id=node_id)
        ) from None


def _connect(graph: NetworkGraph, edges: tuple[Edge, ...]) -> None:
    done: list[Edge] = []
    for edge in edges:
        reason = graph.why_not_connect(edge)
        if reason is not None:
            graph._edges.difference_update(done)
            raise EditError(reason)
        graph._edges.add(edge)
        done.append(edge)


def _check_setting(node: Node, name: str, value: Any) -> None:
    if node.spec is None:
        return
    for parameter in node.spec.parameters:
        if parameter.name == name and (sentence := parameter.check(value)) is not None:
            raise EditError(f"{node.label}: {sentence}")


def _counted(text: str, things: Sized) -> str:
    return text.format(count=len(things))
