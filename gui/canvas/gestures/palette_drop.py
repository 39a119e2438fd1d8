"""A layer that is held over the canvas and dropped: at a place, or into a wire."""

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QPointF

from engine.graph import AddNodes
from gui.canvas import insertion
from gui.canvas.geometry import CARD, STEP_X, snapped
from gui.canvas.wire_item import WireItem

if TYPE_CHECKING:
    from gui.canvas.scene import CanvasScene


class PaletteDrop:
    """Lights up the wire under the pointer; the drop makes one edit."""

    def __init__(self, scene: "CanvasScene") -> None:
        self._scene = scene
        self._over: WireItem | None = None

    def hover(self, place: QPointF) -> None:
        """The pointer is here."""
        wire = self._scene.wire_at(place)
        if wire is not self._over:
            self.leave()
            self._over = wire
            if wire is not None:
                wire.set_target(True)

    def leave(self) -> None:
        """The pointer is gone."""
        if self._over is not None:
            self._over.set_target(False)
            self._over = None

    def drop(self, kind: str, place: QPointF) -> None:
        """Add the layer, and choose it."""
        graph = self._scene.document.graph
        wire = self._scene.wire_at(place)
        self.leave()
        corner = snapped(place - CARD.center())
        node = graph.new_node(kind, corner.x(), corner.y())
        if wire is not None:
            source = graph.nodes[wire.edge.source]
            between = replace(node, x=source.x + STEP_X, y=source.y)
            edit = insertion.into_wire(graph, between, wire.edge)
        else:
            edit = AddNodes((node,))
        if self._scene.document.do(edit):
            self._scene.document.selection.choose([node.id])
