"""The canvas: the network as it is drawn, dragged, wired and zoomed."""

import math

from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsView, QToolTip, QWidget

from engine.graph import (
    AddNodes,
    MoveNodes,
)
from engine.language import tr, trn
from engine.layers import CATALOGUE
from engine.training import RunHistory
from gui.common.focus import RING, paint_ring
from gui.common.mime import LAYER_KIND
from gui.common.theme import GRID, ThemeSource, scaled_font
from gui.common.tips import in_lines
from gui.document import Document

from . import insertion
from .chosen import Chosen
from .geometry import CARD, CARD_HEIGHT, CARD_WIDTH, STEP_X, snapped
from .gestures.palette_drop import PaletteDrop
from .gestures.panning import Panning
from .gestures.renaming import NameEditor
from .layout import tidy_places
from .legend import Legend
from .live import LiveDrawing
from .menu import menu_at
from .neighbours import nearest
from .scene import CanvasScene
from .texts import description

_ZOOM_STEP = 1.2
_SMALLEST, _LARGEST = 0.05, 4.0
_FIT_LIMIT = 1.1
_EMPTY = (
    tr("Drag a layer from the left onto this canvas,"),
    tr("or open an example: File › Examples."),
    tr("A network begins with Input and ends with Output."),
)
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class CanvasView(QGraphicsView):
    """Shows the document's network; every change that it makes is an edit of the document."""

    def __init__(
        self, document: Document, themes: ThemeSource, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self.chosen = Chosen(document)
        """What can be done with the chosen layers and wires."""
        self._themes = themes
        self._scene = CanvasScene(document, themes, themes.base_font)
        self._scene.setParent(self)
        self.setScene(self._scene)
        self._drop = PaletteDrop(self._scene)
        self._names = NameEditor(self)
        self._live = LiveDrawing(self._scene, document, themes, self)
        self._legend = Legend(self)
        self._live.drawn.connect(self._show_legend)
        self._panning = Panning(self)
        self._hint = ""
        self._scene.hint.connect(self._show_hint)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setDragMode(QGraphicsView.DragMode.RubberBandDrag)
        # not Smart: to clip a long wire to many small rectangles takes longer than to paint it
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.BoundingRectViewportUpdate)
        # it paints its ground itself: what lies below need not be painted each time
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setViewportMargins(RING, RING, RING, RING)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(True)
        self.setMinimumSize(GRID * 20, GRID * 10)
        self.setAccessibleName(tr("Network canvas"))
        themes.changed.connect(self._use_theme)
        document.replaced.connect(self._fit_soon)
        document.selection.changed.connect(self._describe)
        document.selection.changed.connect(self._reveal_chosen)
        self._use_theme()
        self._describe()

    # What a training brings.

    @property
    def live(self) -> LiveDrawing:
        """What draws the figures of a training on cards and wires."""
        return self._live

    def show_history(self, history: RunHistory | None) -> None:
        """Show another run, its newest epoch; the network of now is the one that it trains."""
        self._live.show_history(history)

    def data_changed(self) -> None:
        """The history has grown."""
        self._live.data_changed()

    def set_epoch(self, epoch: int | None) -> None:
        """Show an epoch by its place in the history, or with None follow the newest."""
        self._live.set_epoch(epoch)

    def toggle_live(self) -> None:
        """Take the figures of the training off the canvas, or put them back."""
        self._live.set_shown(not self._live.is_shown)

    # What the main window's actions call.

    def fit(self) -> None:
        """Show the whole network, never larger than life by much."""
        room = QRectF()
        for card in self._scene.cards.values():
            room |= card.sceneBoundingRect()
        if room.isNull():
            self.resetTransform()
            return
        margin = 2 * GRID
        room.adjust(-margin, -margin, margin, margin)
        # also while the legend is hidden: the picture should not jump when training begins
        reserved = self._legend.room
        width, height = self.viewport().width(), max(1, self.viewport().height() - reserved)
        limit = _FIT_LIMIT * self._themes.theme.type_scale
        self._set_zoom(min(width / room.width(), height / room.height(), limit))
        self.centerOn(room.center() + QPointF(0.0, reserved / 2 / self._zoom))

    def zoom_in(self) -> None:
        """Enlarge around the middle."""
        self._set_zoom(self._zoom * _ZOOM_STEP)

    def zoom_out(self) -> None:
        """Shrink around the middle."""
        self._set_zoom(self._zoom / _ZOOM_STEP)

    def zoom_reset(self) -> None:
        """Show at 100 %."""
        self._set_zoom(1.0)

    def insert_kind(self, kind: str) -> None:
        """Add a layer behind the chosen one and wire it, or in the middle of the view; it is chosen then."""
        graph = self._document.graph
        node = graph.new_node(kind)
        only = self._document.selection.only
        if only is not None:
            edit = insertion.behind(graph, node, graph.nodes[only])
        else:
            middle = self.mapToScene(self.viewport().rect().center())
            corner = snapped(middle - CARD.center())
            edit = AddNodes(
                (insertion.free_place(graph, replace(node, x=corner.x(), y=corner.y())),)
            )
        if self._document.do(edit):
            self._document.selection.choose([node.id])
            self.ensureVisible(self._scene.cards[node.id], 3 * GRID, 3 * GRID)

    def show_node(self, node_id: str) -> None:
        """Bring a layer into view and choose it."""
        card = self._scene.cards.get(node_id)
        if card is not None:
            self._document.selection.choose([node_id])
            if self._zoom < 0.5:
                self._set_zoom(1.0)
            self.centerOn(card)
            self.setFocus()

    def tidy(self) -> None:
        """Lay the network out in rows that fit the view, as one step."""
        per_row = max(2, int(self.viewport().width() / STEP_X / max(self._zoom, 0.6)))
        places = tidy_places(self._document.graph, per_row)
        nodes = self._document.graph.nodes
        moved = {i: place for i, place in places.items() if place != (nodes[i].x, nodes[i].y)}
        if moved and self._document.do(MoveNodes(moved)):
            self.fit()

    def rename(self) -> None:
        """Edit the chosen layer's name in place."""
        only = self._document.selection.only
        if only is not None:
            self._names.begin(self._document, only, self._card_rect(only))

    # Keys that no action has.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, control = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key in _ARROWS:
            (self.chosen.nudge if control else self._step)(*_ARROWS[Qt.Key(key)])
        elif key in (Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.rename()
        elif key == Qt.Key.Key_Escape:
            if not self._scene.cancel_gesture():
                self._document.selection.choose()
        elif key == Qt.Key.Key_Backspace:
            self.chosen.delete()
        elif key == Qt.Key.Key_L and control:
            self.chosen.connect()
        elif key == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._panning.hold(True)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._panning.hold(False)
        super().keyReleaseEvent(event)

    def event(self, event: QEvent) -> bool:
        """The frame around what scrolls is painted here; `paintEvent` is the viewport's."""
        handled = super().event(event)
        if event.type() == QEvent.Type.Paint:
            paint_ring(self, self._themes.theme)
        elif event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return handled

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            zoom = self._zoom * math.pow(_ZOOM_STEP, event.angleDelta().y() / 120)
            self._set_zoom(zoom, at_pointer=True)
            event.accept()
        else:
            super().wheelEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._panning.press(event):
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._panning.move(event):
            return
        super().mouseMoveEvent(event)
        if self._hint:
            QToolTip.showText(event.globalPosition().toPoint(), in_lines(self._hint), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self._panning.release():
            super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        card = self._scene.card_at(self.mapToScene(event.position().toPoint()))
        if card is None:
            super().mouseDoubleClickEvent(event)
        else:
            self._document.selection.choose([card.node.id])
            self.rename()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = menu_at(self, self._scene, self._document, self.mapToScene(event.pos()))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    # A layer that is dragged in from the palette.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(LAYER_KIND):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasFormat(LAYER_KIND):
            self._drop.hover(self.mapToScene(event.position().toPoint()))
            event.acceptProposedAction()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._drop.leave()

    def dropEvent(self, event: QDropEvent) -> None:
        kind = bytes(event.mimeData().data(LAYER_KIND).data()).decode("utf-8", "replace")
        place = self.mapToScene(event.position().toPoint())
        if kind not in CATALOGUE:
            self._drop.leave()
            return
        event.acceptProposedAction()
        self._drop.drop(kind, place)
        self.setFocus()

    def drawForeground(self, painter: QPainter, rect: QRectF | object) -> None:
        if self._document.graph.nodes:
            self._scene.paint_labels(painter)
            return
        painter.resetTransform()
        painter.setPen(self._themes.theme.color("muted"))
        painter.setFont(scaled_font(self.font(), 1.2))
        painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, "\n".join(_EMPTY))

    @property
    def _zoom(self) -> float:
        return self.transform().m11()

    def _set_zoom(self, zoom: float, *, at_pointer: bool = False) -> None:
        """Zoom around the middle, or so that what lies under the pointer stays there."""
        anchors = QGraphicsView.ViewportAnchor
        self.setTransformationAnchor(
            anchors.AnchorUnderMouse if at_pointer else anchors.AnchorViewCenter
        )
        factor = min(_LARGEST, max(_SMALLEST, zoom)) / self._zoom
        self.scale(factor, factor)
        self._live.zoomed()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._live.data_changed()

    def _use_theme(self) -> None:
        self.setBackgroundBrush(self._themes.theme.color("surface"))
        self._legend.set_theme(self._themes.theme)

    def _show_legend(self) -> None:
        self._legend.setVisible(self._live.has_figures)

    def _reveal_chosen(self) -> None:
        """Scroll to the layer that was chosen elsewhere, but only when it is out of sight."""
        card = self._scene.cards.get(self._document.selection.only or "")
        if card is not None:
            middle = self.mapFromScene(card.sceneBoundingRect().center())
            if not self.viewport().rect().contains(middle):
                self.ensureVisible(card, 3 * GRID, 3 * GRID)

    def _fit_soon(self) -> None:
        """After the window has its size; a new document may come before the first show."""
        QTimer.singleShot(0, self, self.fit)

    def _show_hint(self, hint: str) -> None:
        self._hint = hint
        if not hint:
            QToolTip.hideText()

    def _describe(self) -> None:
        only = self._document.selection.only
        chosen = len(self._document.selection.nodes)
        text = trn("{count} layer chosen", "{count} layers chosen", chosen).format(count=chosen)
        if not chosen:
            text = tr("No layer chosen")
        if only is not None:
            text = description(self._document.graph.nodes[only], self._document.inference)
            text = ". ".join(part for part in (text, self._live.sentence(only)) if part)
        self.setAccessibleDescription(text)

    def _card_rect(self, node_id: str) -> QRectF:
        node = self._document.graph.nodes[node_id]
        corner = self.mapFromScene(QPointF(node.x, node.y))
        return QRectF(
            QPointF(corner), QPointF(CARD_WIDTH, CARD_HEIGHT) * self._zoom + QPointF(corner)
        )

    def _step(self, right: int, down: int) -> None:
        """Choose the nearest card in a direction."""
        nodes = self._document.graph.nodes
        start = self._document.selection.only or next(iter(self._document.graph.order()), None)
        if start is None:
            return
        target = start
        if self._document.selection.only is not None:
            target = nearest(nodes.values(), nodes[start], right, down) or start
        self._document.selection.choose([target])
        self.ensureVisible(self._scene.cards[target], 3 * GRID, 3 * GRID)
