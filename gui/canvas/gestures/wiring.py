"""Drawing a wire from port to port."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsPathItem

from engine.graph import Connect, Disconnect, Edge, Edit, Together
from engine.language import tr
from gui.canvas.geometry import wire_path
from gui.canvas.node_item import NodeItem, Port
from gui.common.theme import Theme

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene


class WireGesture:
    """From the press on a port to the release.

    A press on an input that has a wire takes that wire off and goes on from its other end. A release on
    an input that has a wire replaces it; a release over a card uses its first free input; a release on
    the empty canvas gives up (a wire that was taken off is then gone).
    """

    def __init__(self, scene: "CanvasScene", port: Port, theme: Theme) -> None:
        self._scene = scene
        self._taken = None if port.is_output else _wire_into(scene, port)
        self._start = Port(self._taken.source, True) if self._taken else port
        self._begun_at = port
        self._line = QGraphicsPathItem()
        self._line.setPen(QPen(theme.color("accent"), 2.5, Qt.PenStyle.DashLine))
        self._line.setZValue(2.0)
        scene.addItem(self._line)
        if self._taken is not None:
            scene.wires[self._taken].setVisible(False)
        self._dim_what_does_not_fit()

    def move(self, position: QPointF) -> None:
        """Lead the line to the pointer and light up the port that it would end at."""
        port = self._target(position)
        here = self._scene.cards[self._start.node_id].port_position(self._start)
        there = self._scene.cards[port.node_id].port_position(port) if port else position
        self._line.setPath(wire_path(*((here, there) if self._start.is_output else (there, here))))
        reason = ""
        for card in self._scene.cards.values():
            lit = port if port is not None and card.node.id == port.node_id else None
            card.set_lit(lit, dim=card.node.id in self._dimmed and lit is None)
        if port is not None:
            reason = self._why_not(port) or ""
        self._scene.hint.emit(reason)

    def finish(self, position: QPointF) -> None:
        """Make the edit that the release asks for."""
        port = self._target(position)
        self._clean_up()
        edit = self._edit(port)
        if edit is not None:
            self._scene.document.do(edit)

    def cancel(self) -> None:
        """Put everything back."""
        self._clean_up()

    def _clean_up(self) -> None:
        self._scene.removeItem(self._line)
        if self._taken is not None and self._taken in self._scene.wires:
            self._scene.wires[self._taken].setVisible(True)
        for card in self._scene.cards.values():
            card.set_lit(None)
        self._scene.hint.emit("")

    def _edit(self, port: Port | None) -> Edit | None:
        if port is None:
            return Disconnect((self._taken,)) if self._taken else None
        edge = self._edge(port)
        if edge == self._taken or port == self._begun_at:
            return None
        gone = {
            e
            for e in (self._taken, _wire_into(self._scene, Port(edge.target, False, edge.port)))
            if e
        }
        if not gone:
            return Connect((edge,))
        return Together((Disconnect(tuple(sorted(gone))), Connect((edge,))), tr("Move a wire"))

    def _edge(self, port: Port) -> Edge:
        source, target = (self._start, port) if self._start.is_output else (port, self._start)
        return Edge(source.node_id, target.node_id, target.index)

    def _target(self, position: QPointF) -> Port | None:
        """The port that a release here would mean."""
        port = self._scene.port_at(position)
        if port is not None and port.is_output != self._start.is_output:
            return port
        card = self._scene.card_at(position)
        if card is None or card.node.id == self._start.node_id:
            return None
        return self._free_port(card)

    def _free_port(self, card: NodeItem) -> Port | None:
        if not self._start.is_output:
            has_output = card.node.spec is None or card.node.spec.has_output
            return Port(card.node.id, True) if has_output else None
        free = [
            index
            for index in card.input_indices
            if _wire_into(self._scene, Port(card.node.id, False, index)) in (None, self._taken)
        ]
        places = free or card.input_indices
        return Port(card.node.id, False, places[0]) if places else None

    def _why_not(self, port: Port) -> str | None:
        """Why the wire cannot end here, apart from a wire that would be replaced."""
        edge = self._edge(port)
        if _wire_into(self._scene, Port(edge.target, False, edge.port)) is not None:
            return None
        return self._scene.document.graph.why_not_connect(edge)

    def _dim_what_does_not_fit(self) -> None:
        graph = self._scene.document.graph
        start = self._start.node_id
        if self._start.is_output:
            never = graph.ancestors(start)
            unable = {
                i
                for i, n in graph.nodes.items()
                if n.spec is not None and not n.spec.inputs.maximum
            }
        else:
            never = {i for i in graph.nodes if start in graph.ancestors(i)}
            unable = {
                i for i, n in graph.nodes.items() if n.spec is not None and not n.spec.has_output
            }
        self._dimmed = (never | unable) - {start}


def _wire_into(scene: "CanvasScene", port: Port) -> Edge | None:
    edges = scene.document.graph.incoming(port.node_id)
    return next((edge for edge in edges if edge.port == port.index), None)
