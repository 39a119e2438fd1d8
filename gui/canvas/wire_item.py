"""A wire from an output to an input."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
)
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsSceneHoverEvent,
    QStyleOptionGraphicsItem,
    QWidget,
)

from engine.graph import Edge
from gui.common.theme import GRID, Theme, scaled_font

from .geometry import wire_path

_REACH = 12.0
_ARROW = 5.0
_LABEL_ZOOM = 0.6


class WireItem(QGraphicsPathItem):
    """Draws one wire; hovered or chosen, it shows the shape that flows through it."""

    def __init__(self, edge: Edge, theme: Theme, font: QFont) -> None:
        super().__init__()
        self.edge = edge
        self.theme = theme
        self._font = scaled_font(font, 0.85)
        self._label = ""
        self._hovered = False
        self._target = False
        self._hit = QPainterPath()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setAcceptHoverEvents(True)

    def set_ends(self, start: QPointF, end: QPointF) -> None:
        """Lead the wire from one point of the scene to another."""
        path = wire_path(start, end)
        if path != self.path():
            stroker = QPainterPathStroker()
            stroker.setWidth(_REACH)
            self._hit = stroker.createStroke(path)
            self.setPath(path)

    def set_label(self, label: str) -> None:
        """The shape that flows through the wire."""
        self._label = label
        self.setToolTip(label)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self.update()

    def set_target(self, target: bool) -> None:
        """Light up while a layer is held over the wire."""
        if target != self._target:
            self._target = target
            self.update()

    def shape(self) -> QPainterPath:
        return self._hit

    def boundingRect(self) -> QRectF:
        room = 3.0 * GRID
        return self.path().boundingRect().adjusted(-room, -room, room, room)

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self._set_hovered(True)
        super().hoverEnterEvent(event)

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self._set_hovered(False)
        super().hoverLeaveEvent(event)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strong = self.isSelected() or self._target
        color = self.theme.color("accent" if strong or self._hovered else "muted")
        pen = QPen(color, 4.0 if self._target else 3.0 if strong else 2.0)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self.path())
        self._paint_arrow(painter, color)
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        if self._label and zoom >= _LABEL_ZOOM and (strong or self._hovered):
            self._paint_label(painter)

    def _set_hovered(self, hovered: bool) -> None:
        self._hovered = hovered
        self.update()

    def _paint_arrow(self, painter: QPainter, color: QColor) -> None:
        """A small head before the input, so that the direction is plain."""
        tip = self.path().pointAtPercent(1.0) - QPointF(_ARROW + 1.0, 0)
        head = QPainterPath(tip)
        head.lineTo(tip + QPointF(-_ARROW * 1.6, -_ARROW))
        head.lineTo(tip + QPointF(-_ARROW * 1.6, _ARROW))
        head.closeSubpath()
        painter.fillPath(head, color)

    def _paint_label(self, painter: QPainter) -> None:
        middle = self.path().pointAtPercent(0.5)
        metrics = QFontMetricsF(self._font)
        box = metrics.boundingRect(self._label).adjusted(-6, -3, 6, 3)
        box.moveCenter(middle)
        painter.setPen(QPen(self.theme.color("accent"), 1.0))
        painter.setBrush(self.theme.color("card"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(self.theme.color("text"))
        painter.setFont(self._font)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._label)
