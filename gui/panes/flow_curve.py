"""A broken line over the layers, drawn anew at every epoch."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.common.pixels import draw_lines

Numbers = NDArray[np.integer] | NDArray[np.float64]


class FlowCurve(pg.GraphicsObject):
    """As a `PlotCurveItem` of finite data in a room that is known: that one takes longer to change and to draw."""

    def __init__(self) -> None:
        super().__init__()
        self._data: tuple[Numbers, Numbers] = np.empty(0), np.empty(0)
        self.pen = QPen(Qt.PenStyle.NoPen)
        self._room = QRectF()
        self._segments = np.empty((0, 4))

    def set_pen(self, pen: QPen) -> None:
        """Draw with a pen as wide as so many pixels."""
        self.pen = pen
        self.update()

    def getData(self) -> tuple[Numbers, Numbers]:
        """Places and heights of the points, both (n,)."""
        return self._data

    def setData(self, x: Numbers, y: Numbers) -> None:
        """Join finite points, both (n,)."""
        self._data = x, y
        points = np.stack((x, y), axis=-1)
        self._segments = np.concatenate((points[:-1], points[1:]), axis=1)
        self.update()

    def set_room(self, room: QRectF) -> None:
        """Tell in which part of the plot the curve is to be seen; beyond it, it may not be painted."""
        if room != self._room:
            self.prepareGeometryChange()
            self._room = room

    def boundingRect(self) -> QRectF:
        return self._room

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        painter.setPen(self.pen)
        draw_lines(painter, self._segments)
