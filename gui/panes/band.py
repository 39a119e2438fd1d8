"""A band between two curves, as one item."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

Floats = NDArray[np.float64]


class BandItem(pg.GraphicsObject):
    """The area between `low` and `high` wherever both are finite numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.x: Floats = np.empty(0)
        self.low: Floats = np.empty(0)
        self.high: Floats = np.empty(0)
        self._color = QColor()
        self._path = QPainterPath()

    def set_color(self, color: QColor) -> None:
        """Fill with another colour."""
        self._color = color
        self.update()

    def set_band(self, x: Floats, low: Floats, high: Floats) -> None:
        """Show other bounds, all of shape (n,)."""
        self.prepareGeometryChange()
        self.x, self.low, self.high = x, low, high
        self._path = QPainterPath()
        for part in _runs(np.isfinite(low) & np.isfinite(high)):
            around = np.concatenate((x[part], x[part][::-1]))
            bounds = np.concatenate((low[part], high[part][::-1]))
            self._path.addPath(pg.functions.arrayToQPath(around, bounds, connect="all"))
        self.update()

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect()

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color)
        painter.drawPath(self._path)


def _runs(known: NDArray[np.bool_]) -> list[slice]:
    """The stretches of neighbours that are known; those of a single one have no area."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    return [
        slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1
    ]
