"""Points of several kinds as one item: three scatter plots of a hundred points take ten times as long to paint."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPainterPath
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from .ridges import draw_path

Floats = NDArray[np.float64]


class Points(NamedTuple):
    """Places of one kind of point; both of shape (n,)."""

    x: Floats
    y: Floats


def _regular(corners: int, first: float) -> Floats:
    angles = 2.0 * np.pi * (np.arange(corners) / corners + first)
    return np.column_stack((np.cos(angles), np.sin(angles)))


SHAPES: Mapping[str, Floats] = {
    "down": _regular(3, 0.25),
    "disc": _regular(12, 0.0),
    "up": _regular(3, 0.75),
}
"""Corners of each shape around the point, as parts of its radius; y points down the screen."""


class PointsItem(pg.GraphicsObject):
    """Points of a fixed size in pixels, of one shape and colour for each kind."""

    def __init__(self, shapes: Mapping[str, str]) -> None:
        """`shapes` names a shape for each kind."""
        super().__init__()
        self._shapes = shapes
        self._brushes: dict[str, QBrush] = {}
        self._size = 8.0
        self._room = QRectF()
        self.points: dict[str, Points] = {kind: Points(np.empty(0), np.empty(0)) for kind in shapes}

    def set_colors(self, colors: Mapping[str, str]) -> None:
        """Draw each kind in a colour."""
        self._brushes = {kind: pg.mkBrush(color) for kind, color in colors.items()}
        self.update()

    def set_points(self, points: Mapping[str, Points], size: float, room: QRectF) -> None:
        """Show points, `size` pixels wide, within a room of the plot."""
        if room != self._room:
            self.prepareGeometryChange()
            self._room = room
        self.points, self._size = dict(points), size
        self.update()

    def boundingRect(self) -> QRectF:
        return self._room

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        to_pixels = painter.transform()
        scale = np.array([[to_pixels.m11(), to_pixels.m12()], [to_pixels.m21(), to_pixels.m22()]])
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for kind, (x, y) in self.points.items():
            centres = np.column_stack((x, y)) @ scale + (to_pixels.dx(), to_pixels.dy())
            painter.setBrush(self._brushes[kind])
            draw_path(painter, _shapes(centres, SHAPES[self._shapes[kind]] * self._size / 2))
        painter.restore()


def _shapes(centres: Floats, corners: Floats) -> QPainterPath:
    """One closed shape at each centre."""
    if not centres.size:
        return QPainterPath()
    closed = np.concatenate((corners, corners[:1]))
    outlines = centres[:, None] + closed
    connect = np.ones(outlines.shape[:2], np.int32)
    connect[:, -1] = 0
    path: QPainterPath = pg.functions.arrayToQPath(
        outlines[..., 0].ravel(),
        outlines[..., 1].ravel(),
        connect=connect.ravel(),
        finiteCheck=False,
    )
    return path
