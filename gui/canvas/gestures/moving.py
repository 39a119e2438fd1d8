"""Moving cards with the mouse: free while it lasts, one edit when it ends."""

from typing import TYPE_CHECKING

from engine.graph import Connect, Disconnect, Edge, Edit, MoveNodes, Together
from engine.language import tr
from gui.canvas.node_item import NodeItem
from gui.canvas.wire_item import WireItem

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene


class MoveGesture:
    """A card without wires that is dropped on a wire is inserted into it."""

    def __init__(self, scene: "CanvasScene") -> None:
        self._scene = scene
        self._active = False
        self._over: WireItem | None = None

    def begin(self) -> None:
        """The mouse was pressed; it may become a drag."""
        self._active = isinstance(self._scene.mouseGrabberItem(), NodeItem)

    def move(self) -> None:
        """Light up the wire that the card would be inserted into."""
        if self._active:
            self._light(self._wire_under_loose_card())

    def finish(self) -> None:
        """Make one edit of all that was moved."""
        over, active = self._over, self._active
        self._light(None)
        self._active = False
        places = self._moved()
        if not active or not places:
            return
        move = MoveNodes(places)
        self._scene.document.do(move if over is None else _inserting(self._scene, move, over.edge))

    def cancel(self) -> bool:
        """Put the cards back to where the document has them."""
        if not self._active:
            return False
        self._active = False
        self._light(None)
        grabber = self._scene.mouseGrabberItem()
        if grabber is not None:
            grabber.ungrabMouse()
        for node_id in self._moved():
            node = self._scene.document.graph.nodes[node_id]
            self._scene.cards[node_id].setPos(node.x, node.y)
        return True

    def _moved(self) -> dict[str, tuple[float, float]]:
        nodes = self._scene.document.graph.nodes
        return {
            node_id: (card.x(), card.y())
            for node_id, card in self._scene.cards.items()
            if node_id in nodes and (card.x(), card.y()) != (nodes[node_id].x, nodes[node_id].y)
        }

    def _wire_under_loose_card(self) -> WireItem | None:
        chosen = [item for item in self._scene.selectedItems() if isinstance(item, NodeItem)]
        if len(chosen) != 1:
            return None
        card, graph = chosen[0], self._scene.document.graph
        loose = not graph.incoming(card.node.id) and not graph.outgoing(card.node.id)
        spec = card.node.spec
        fits = spec is not None and spec.inputs.maximum > 0 and spec.has_output
        return self._scene.wire_at(card.sceneBoundingRect().center()) if loose and fits else None

    def _light(self, wire: WireItem | None) -> None:
        if self._over is not None and self._over is not wire:
            self._over.set_target(False)
        self._over = wire
        if wire is not None:
            wire.set_target(True)


def _inserting(scene: "CanvasScene", move: MoveNodes, edge: Edge) -> Edit:
    (node_id,) = move.places
    wires = Connect((Edge(edge.source, node_id), Edge(node_id, edge.target, edge.port)))
    return Together(
        (move, Disconnect((edge,)), wires),
        tr("Insert {label}").format(label=scene.cards[node_id].node.label),
    )
