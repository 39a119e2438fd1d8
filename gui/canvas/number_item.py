"""The number below a short wire's glyph: it changes with every epoch, the wire itself seldom."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from .stripe import StripePainter
from .zoom import TEXTS

_ROOM = QRectF(-36.0, 4.0, 72.0, 36.0)
"""Around the middle of the wire."""


class NumberItem(QGraphicsItem):
    """Painted apart from its wire, so that the wire's own picture can be kept."""

    def __init__(self, wire: QGraphicsItem, stripes: StripePainter) -> None:
        super().__init__(wire)
        self._stripes = stripes
        self.text = ""
        self._width = 0.0
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_number(self, text: str, width: float) -> None:
        """Show a number below a stripe of a width."""
        if (text, width) != (self.text, self._width):
            self.text, self._width = text, width
            self.update()

    def boundingRect(self) -> QRectF:
        return _ROOM

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        if self.text and zoom >= TEXTS:
            self._stripes.paint_number(painter, self.text, QPointF(), self._width, zoom)
