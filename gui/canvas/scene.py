"""The scene: one item for each node and wire, kept in step with the document."""

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QGraphicsSceneMouseEvent

from engine.graph import Edge
from engine.layers import show
from gui.common.lettering import Lettering
from gui.common.theme import ThemeSource, scaled_font
from gui.document import Document

from .geometry import PORT_REACH
from .gestures.moving import MoveGesture
from .gestures.wiring import WireGesture
from .glyph_layer import GlyphLayer
from .node_item import NodeItem, Port
from .stripe import StripePainter
from .wire_item import WireItem
from .zoom import TEXTS, zoom_of

_ROOM = 400.0


class CanvasScene(QGraphicsScene):
    """Follows the document; hands presses on to the gesture that they begin.

    `hint` carries a sentence to be shown at the pointer ("" for none).
    """

    hint = Signal(str)

    def __init__(self, document: Document, themes: ThemeSource, font: QFont) -> None:
        super().__init__()
        # all items change at every epoch: to keep their places sorted takes longer than to look at them all
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.document = document
        self._themes = themes
        self._font = font
        self._lettering = Lettering(font)
        self._stripes = StripePainter(themes.theme, self._lettering)
        self.cards: dict[str, NodeItem] = {}
        self.wires: dict[Edge, WireItem] = {}
        self._glyphs = GlyphLayer(self._stripes, self.wires.values)
        self.addItem(self._glyphs)
        self._choosing = False
        self._wiring: WireGesture | None = None
        self._moving = MoveGesture(self)
        document.edited.connect(self._sync)
        document.replaced.connect(self._sync)
        document.inferred.connect(self._refresh)
        document.selection.changed.connect(self._take_selection)
        self.selectionChanged.connect(self._give_selection)
        themes.changed.connect(self._repaint)
        self._sync()

    def port_at(self, position: QPointF) -> Port | None:
        """The port within reach of a point of the scene; the topmost card's."""
        for item in self._near(position):
            if isinstance(item, NodeItem) and (port := item.port_at(position)) is not None:
                return port
        return None

    def card_at(self, position: QPointF) -> NodeItem | None:
        """The card under a point of the scene."""
        found = (item for item in self.items(position) if isinstance(item, NodeItem))
        return next(found, None)

    def wire_at(self, position: QPointF) -> WireItem | None:
        """The wire under a point of the scene."""
        found = (item for item in self.items(position) if isinstance(item, WireItem))
        return next(found, None)

    def follow_card(self, node_id: str) -> None:
        """Lead a card's wires to where it stands now; called by the card as it moves."""
        graph = self.document.graph
        if node_id in graph.nodes:
            for edge in (*graph.incoming(node_id), *graph.outgoing(node_id)):
                self._lead(edge)

    def cancel_gesture(self) -> bool:
        """Give up what the mouse is doing and put everything back; False when it does nothing."""
        if self._wiring is not None:
            self._wiring.cancel()
            self._wiring = None
            return True
        return self._moving.cancel()

    def mousePressEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        port = (
            self.port_at(event.scenePos()) if event.button() == Qt.MouseButton.LeftButton else None
        )
        if port is not None:
            self._wiring = WireGesture(self, port, self._themes.theme)
            self._wiring.move(event.scenePos())
            event.accept()
            return
        super().mousePressEvent(event)
        self._moving.begin()

    def mouseMoveEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        if self._wiring is not None:
            self._wiring.move(event.scenePos())
            return
        super().mouseMoveEvent(event)
        self._moving.move()

    def mouseReleaseEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        if self._wiring is not None:
            gesture, self._wiring = self._wiring, None
            gesture.finish(event.scenePos())
            return
        super().mouseReleaseEvent(event)
        self._moving.finish()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.cancel_gesture():
            event.accept()
            return
        super().keyPressEvent(event)

    def _near(self, position: QPointF) -> list[QGraphicsItem]:
        reach = QPointF(PORT_REACH, PORT_REACH)
        return list(self.items(QRectF(position - reach, position + reach)))

    def _sync(self) -> None:
        """Make the items those of the document; only what differs is touched."""
        graph = self.document.graph
        for edge in self.wires.keys() - graph.edges:
            self.removeItem(self.wires.pop(edge))
        for node_id in self.cards.keys() - graph.nodes.keys():
            self.removeItem(self.cards.pop(node_id))
        wired = self._wired_inputs()
        for node_id, node in graph.nodes.items():
            card = self.cards.get(node_id)
            if card is None:
                card = NodeItem(node, self._themes.theme, self._font, self._lettering)
                self.cards[node_id] = card
                card.show_node(node, wired.get(node_id, []), self.document.inference)
                self.addItem(card)
            elif card.node is not node:
                card.show_node(node, wired.get(node_id, []), self.document.inference)
        for edge in graph.edges - self.wires.keys():
            self.wires[edge] = WireItem(
                edge, self._themes.theme, self._stripes, scaled_font(self._font, 0.85)
            )
            self.addItem(self.wires[edge])
        self._refresh()
        self._take_selection()

    def _refresh(self) -> None:
        """Shapes, problems and wired inputs may have changed."""
        inference = self.document.inference
        wired = self._wired_inputs()
        self._glyphs.setRect(QRectF())  # wires may have gone
        for node_id, card in self.cards.items():
            if node_id in self.document.graph.nodes:
                card.show_node(
                    self.document.graph.nodes[node_id], wired.get(node_id, []), inference
                )
        for edge, wire in self.wires.items():
            shape = inference.shapes.get(edge.source)
            wire.set_label(show(shape) if shape is not None else "")
            self._lead(edge)
        room = self.itemsBoundingRect().adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM)
        self.setSceneRect(room)

    def _wired_inputs(self) -> dict[str, list[int]]:
        wired: dict[str, list[int]] = {}
        for edge in self.document.graph.edges:
            wired.setdefault(edge.target, []).append(edge.port)
        return wired

    def _lead(self, edge: Edge) -> None:
        source, target = self.cards.get(edge.source), self.cards.get(edge.target)
        wire = self.wires.get(edge)
        if source is not None and target is not None and wire is not None:
            wire.set_ends(
                source.port_position(Port(edge.source, True)),
                target.port_position(Port(edge.target, False, edge.port)),
            )
            self._glyphs.cover(wire.rect())

    def _take_selection(self) -> None:
        selection = self.document.selection
        self._choosing = True
        for node_id, card in self.cards.items():
            card.setSelected(node_id in selection.nodes)
        for edge, wire in self.wires.items():
            wire.setSelected(edge in selection.edges)
        self._choosing = False

    def _give_selection(self) -> None:
        if not self._choosing:
            chosen = self.selectedItems()
            self.document.selection.choose(
                (item.node.id for item in chosen if isinstance(item, NodeItem)),
                (item.edge for item in chosen if isinstance(item, WireItem)),
            )

    def paint_labels(self, painter: QPainter) -> None:
        """What is said of wires, over all that is drawn."""
        if zoom_of(painter) >= TEXTS:
            for wire in self.wires.values():
                if wire.shows_label:
                    wire.paint_label(painter)

    def _repaint(self) -> None:
        self._stripes.set_theme(self._themes.theme)
        items: list[NodeItem | WireItem] = [*self.cards.values(), *self.wires.values()]
        for item in items:
            item.set_theme(self._themes.theme)
