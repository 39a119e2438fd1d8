"""The document: a directed acyclic graph of layers, the data set it is for, and how it is trained."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from engine.data import DataSpec, with_defaults
from engine.language import tr
from engine.layers import CATALOGUE, LayerSpec
from engine.parameters import Value

if TYPE_CHECKING:
    from .edits import Edit


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A layer in the network. `params` may hold anything when the kind is unknown, so that nothing is lost."""

    id: str
    kind: str
    name: str = ""
    params: Mapping[str, Any] = {}
    x: float = 0.0
    y: float = 0.0

    @property
    def spec(self) -> LayerSpec | None:
        """The layer's declaration; None when this lab does not know the kind."""
        return CATALOGUE.get(self.kind)

    @property
    def label(self) -> str:
        """What people call it: the name they gave, else the kind's title and the number of its id."""
        if self.name:
            return self.name
        title = self.spec.title if self.spec else self.kind
        number = self.id.rpartition("_")[2]
        return f"{title} {number}" if number.isdigit() else title


class Edge(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """A wire from the output of `source` to input `port` of `target`."""

    source: str
    target: str
    port: int = 0


class EditError(Exception):
    """The edit cannot be made and nothing was changed; the message says why."""


class NetworkGraph:
    """Nodes, edges, data set and training settings; changed by `apply` alone.

    Iteration orders never depend on the history of edits: nodes come in topological order, ties broken
    by id, so that undoing a change gives back the very same network.
    """

    def __init__(
        self,
        nodes: Iterable[Node] = (),
        edges: Iterable[Edge] = (),
        data: DataSpec | None = None,
        training: Mapping[str, Value] | None = None,
    ) -> None:
        self._nodes = {node.id: node for node in nodes}
        self._edges = set(edges)
        self.data = with_defaults(data or DataSpec("digits"))
        self.training: Mapping[str, Value] = dict(training or {})
        self._listeners: list[Callable[[Edit], None]] = []

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by id."""
        return self._nodes

    @property
    def edges(self) -> frozenset[Edge]:
        """All wires."""
        return frozenset(self._edges)

    def subscribe(self, listener: Callable[["Edit"], None]) -> Callable[[], None]:
        """Call `listener` with each edit after it was made; the answer ends the subscription."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def apply(self, edit: "Edit") -> "Edit":
        """Make an edit, tell the listeners once, and return the edit that takes it back.

        Raises `EditError` and changes nothing when the edit does not fit the graph.
        """
        inverse = edit.apply_to(self)
        for listener in tuple(self._listeners):
            listener(edit)
        return inverse

    def incoming(self, node_id: str) -> list[Edge]:
        """The wires into a node, by port."""
        return sorted((e for e in self._edges if e.target == node_id), key=lambda e: e.port)

    def outgoing(self, node_id: str) -> list[Edge]:
        """The wires out of a node, in a fixed order."""
        return sorted(e for e in self._edges if e.source == node_id)

    def order(self) -> list[str]:
        """All node ids in topological order, ties broken by id; nodes of a loop come last."""
        waiting = dict.fromkeys(self._nodes, 0)
        followers: dict[str, list[str]] = {node_id: [] for node_id in self._nodes}
        for edge in self._edges:
            waiting[edge.target] += 1
            followers[edge.source].append(edge.target)
        ready = sorted((n for n, count in waiting.items() if not count), key=id_key, reverse=True)
        done: list[str] = []
        while ready:
            done.append(ready.pop())
            freed = []
            for target in followers[done[-1]]:
                waiting[target] -= 1
                if not waiting[target]:
                    freed.append(target)
            if freed:
                ready = sorted([*ready, *freed], key=id_key, reverse=True)
        rest = set(self._nodes).difference(done)
        return done + sorted(rest, key=id_key)

    def ancestors(self, node_id: str) -> set[str]:
        """The node itself and everything that it depends on."""
        sources: dict[str, list[str]] = {}
        for edge in self._edges:
            sources.setdefault(edge.target, []).append(edge.source)
        found: set[str] = set()
        queue = [node_id]
        while queue:
            current = queue.pop()
            if current not in found:
                found.add(current)
                queue.extend(sources.get(current, ()))
        return found

    def new_ids(self, kinds: Iterable[str]) -> Iterator[str]:
        """An unused id for each kind, such as `linear_3`."""
        taken = set(self._nodes)
        for kind in kinds:
            number = 1
            while (candidate := f"{kind.lower()}_{number}") in taken:
                number += 1
            taken.add(candidate)
            yield candidate

    def new_node(self, kind: str, x: float = 0.0, y: float = 0.0) -> Node:
        """A node of a known kind with default settings and an unused id; it is not added."""
        (node_id,) = self.new_ids([kind])
        return Node(node_id, kind, "", CATALOGUE[kind].defaults, x, y)

    def same_as(self, other: "NetworkGraph") -> bool:
        """Whether both describe the same network, data set and training."""
        return (
            self._nodes == other._nodes
            and self._edges == other._edges
            and self.data == other.data
            and self.training == other.training
        )

    def why_not_connect(self, edge: Edge) -> str | None:
        """The sentence that says why a wire cannot be drawn, or None when it can."""
        source, target = self._nodes.get(edge.source), self._nodes.get(edge.target)
        if source is None or target is None:
            return tr("One end of the wire is not in the network")
        if source.spec is not None and not source.spec.has_output:
            return tr("{label} has no output to draw a wire from").format(label=source.label)
        if target.spec is not None and edge.port >= target.spec.inputs.maximum:
            return tr("{label} has no such input").format(label=target.label)
        if edge.port < 0:
            return tr("An input's number cannot be negative")
        if any(e.target == edge.target and e.port == edge.port for e in self._edges):
            return tr("This input of {label} already has a wire").format(label=target.label)
        if edge.target in self.ancestors(edge.source):
            return tr("This wire would close a loop, and data could flow for ever")
        return None


def id_key(node_id: str) -> tuple[str, int, str]:
    """Sorts ids as people count: `linear_2` before `linear_10`."""
    stem, _, number = node_id.rpartition("_")
    return (
        (stem, int(number), node_id)
        if number.isdecimal() and number.isascii()
        else (node_id, -1, node_id)
    )
