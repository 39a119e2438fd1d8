"""A line across a plot at one place: an epoch, a layer, a value."""

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.common.native_bounds import NativeBounds

_SPARE = 1.0
"""Pixels on each side of the line, for rounding."""


class MarkLine(NativeBounds):
    """As pyqtgraph's `InfiniteLine`, which takes longer to move and to paint than a curve, without being dragged."""

    def __init__(self, place: float = 0.0, *, level: bool = False) -> None:
        """Upright at a place on the x axis, or `level` at one on the y axis."""
        super().__init__(QRectF())
        self._place = place
        self._level = level
        self._line_pen = QPen(Qt.PenStyle.NoPen)
        self._box: pg.ViewBox | None = None

    def join(self, plot: pg.PlotItem, *, behind: bool = False) -> None:
        """Go across a plot, `behind` all that is drawn there; the plot's range does not depend on the line."""
        self._box = plot.getViewBox()
        if behind:
            self.setZValue(-9)
        plot.addItem(self, ignoreBounds=True)
        self._box.sigTransformChanged.connect(self._fit)
        self._fit()

    def value(self) -> float:
        """Where on its axis the line lies."""
        return self._place

    def mark(self, place: float | None) -> None:
        """Lie at another place, or with None be hidden."""
        self.setVisible(place is not None)
        if place is not None and place != self._place:
            self._place = place
            self._fit()

    def set_line(self, pen: QPen) -> None:
        """Draw with a pen as wide as so many pixels."""
        self._line_pen = pen
        self._fit()
        self.update()

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        room, place = self.rect(), self._place
        painter.setPen(self._line_pen)
        painter.drawLine(
            QLineF(room.left(), place, room.right(), place)
            if self._level
            else QLineF(place, room.top(), place, room.bottom())
        )

    def _fit(self, *_: object) -> None:
        """From one end of the view to the other, and a little wider than the pen."""
        if self._box is None:
            return
        (left, right), (low, high) = self._box.viewRange()
        half = self._line_pen.widthF() / 2 + _SPARE
        if self._level:
            half *= (high - low) / max(1.0, self._box.height())
            low, high = self._place - half, self._place + half
        else:
            half *= (right - left) / max(1.0, self._box.width())
            left, right = self._place - half, self._place + half
        self.setRect(QRectF(left, low, right - left, high - low))
