"""Points of several kinds as one item: three scatter plots of a hundred points take ten times as long to paint."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QPaintEngine, QPainter, QPixmap
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.common.pixels import in_pixels, stamp, to_places

from .ridges import draw_path, lines_path

Floats = NDArray[np.float64]


class Points(NamedTuple):
    """Places of one kind of point; both of shape (n,)."""

    x: Floats
    y: Floats


def _regular(corners: int, first: float) -> Floats:
    angles = 2.0 * np.pi * (np.arange(corners + 1) / corners + first)
    return np.stack((np.cos(angles), np.sin(angles)))


SHAPES: Mapping[str, Floats] = {
    "down": _regular(3, 0.25),
    "disc": _regular(12, 0.0),
    "up": _regular(3, 0.75),
}
"""x and y of each closed shape's corners around the point, as parts of its radius; y points down the screen."""


class PointsItem(pg.GraphicsObject):
    """Points of a fixed size in pixels, of one shape and colour for each kind."""

    def __init__(self, shapes: Mapping[str, str]) -> None:
        """`shapes` names a shape for each kind."""
        super().__init__()
        self._shapes = shapes
        self._brushes: dict[str, QBrush] = {}
        self._pictures: dict[tuple[str, float, float], QPixmap] = {}
        self._size = 8.0
        self._room = QRectF()
        self.points: dict[str, Points] = {kind: Points(np.empty(0), np.empty(0)) for kind in shapes}

    def set_colors(self, colors: Mapping[str, str]) -> None:
        """Draw each kind in a colour."""
        self._brushes = {kind: pg.mkBrush(color) for kind, color in colors.items()}
        self._pictures.clear()
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
        on_screen = painter.paintEngine().type() == QPaintEngine.Type.Raster
        density = painter.device().devicePixelRatioF()
        with in_pixels(painter) as to_pixels:
            for kind, (x, y) in self.points.items():
                places = to_places(to_pixels, x, y)
                if on_screen:
                    stamp(painter, self._picture(kind, density), places)
                else:  # shapes, which can be enlarged
                    self._draw_shape(painter, kind, places)

    def _picture(self, kind: str, density: float) -> QPixmap:
        """One point of a kind, made once: shapes take five times as long."""
        key = kind, self._size, density
        if key not in self._pictures:
            side = self._size + 2.0
            picture = QPixmap(math.ceil(side * density), math.ceil(side * density))
            picture.setDevicePixelRatio(density)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            self._draw_shape(painter, kind, np.full((1, 2), side / 2))
            painter.end()
            self._pictures[key] = picture
        return self._pictures[key]

    def _draw_shape(self, painter: QPainter, kind: str, places: Floats) -> None:
        across, down = SHAPES[self._shapes[kind]] * self._size / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._brushes[kind])
        draw_path(painter, lines_path(places[:, :1] + across, places[:, 1:] + down))
