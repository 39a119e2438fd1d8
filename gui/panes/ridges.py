"""Ridges, outlines, bands and medians of many layers, each kind drawn as one item."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.common.pixels import fill_rects, in_pixels
from gui.common.theme import Theme

Floats = NDArray[np.float64]
_HEIGHT = 0.92
_BAND_TOP, _MEDIAN_TOP = 0.82, 0.45
"""How far down a row the ends of the band and the median begin, when ridges are drawn."""
_DASHES = [4.0, 3.0]
_BRACKET_WIDTHS = 1.0, 2.0
_MARK_WIDTHS = np.array([1, 2, 1])
"""In pixels: of the band and of the median."""
BEFORE = "#ff6b6b"
"""What is compared with, over a heat map: there, rows are too low for dashes."""


class _RowsItem(pg.GraphicsObject):
    """Something that is drawn over rows: row `i` lies between y = i and y = i + 1."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme | None = None
        self._room = QRectF()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def boundingRect(self) -> QRectF:
        return self._room

    def _take_room(self, left: float, right: float, rows: int) -> None:
        room = QRectF(left, 0.0, right - left, rows)
        if room != self._room:
            self.prepareGeometryChange()
            self._room = room


class RidgeItem(_RowsItem):
    """All ridges as one item: the first layer on top, row `i` stands on the line y = i + 1."""

    def __init__(self) -> None:
        super().__init__()
        self.places: Floats = np.empty(0)
        self.density: Floats = np.empty((0, 0))
        self.before: Floats | None = None
        """The densities that are compared with, over the same borders."""
        self._paths: list[QPainterPath] = []

    def set_ridges(
        self, places: Floats, density: Floats, chosen: Sequence[int], before: Floats | None = None
    ) -> None:
        """Show densities (layers, bins), each at most 1, over bin borders (bins + 1)."""
        self._take_room(float(places[0]), float(places[-1]), len(density))
        self.places, self.density, self.before = places, density, before
        is_chosen = np.isin(np.arange(len(density)), list(chosen))
        parts = [(density, ~is_chosen), (density, is_chosen)]
        if before is not None:
            parts.append((before, np.full(len(before), True)))
        self._paths = [_outlines(places, ridges, np.flatnonzero(rows)) for ridges, rows in parts]
        self.update()

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        if self._theme is None or not self._paths:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("ridge"), 0))
        for path, fill in zip(self._paths[:2], (0.25, 0.65), strict=True):
            painter.setBrush(self._theme.color("ridge", fill))
            draw_path(painter, path)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_dashed(self._theme.text))
        for path in self._paths[2:]:
            draw_path(painter, path)


class BandItem(_RowsItem):
    """From p1 to p99, with the median, of every layer as one item; over a heat map a second set to compare with."""

    def __init__(self) -> None:
        super().__init__()
        self.quantiles: Floats = np.empty((0, 3))
        self.before: Floats | None = None
        self._brackets: Sequence[QPainterPath] = ()
        self._marks: list[_Marks] = []

    def set_band(
        self, quantiles: Floats, span: tuple[float, float], over_map: bool, before: Floats | None
    ) -> None:
        """Show places (layers, 3) of p1, median and p99: brackets under ridges, upright marks over a heat map."""
        self._take_room(*span, len(quantiles))
        self.quantiles, self.before = quantiles, before
        self._brackets = () if over_map else _brackets(quantiles.clip(*span))
        shown = [("#ffffff", quantiles)] if over_map else []
        if over_map and before is not None:
            shown.append((BEFORE, before))
        self._marks = [_Marks(color, *_known(places.clip(*span))) for color, places in shown]
        self.update()

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        if self._theme is None:
            return
        for path, width in zip(self._brackets, _BRACKET_WIDTHS, strict=False):
            painter.setPen(_cosmetic(self._theme.text, width))
            draw_path(painter, path)
        if self._marks:
            with in_pixels(painter) as to_pixels:
                painter.setPen(Qt.PenStyle.NoPen)
                for marks in self._marks:
                    marks.paint(painter, to_pixels)


class _Marks(NamedTuple):
    """Marks in rows that are not joined: neighbours of another kind would weave a mesh."""

    color: str
    places: Floats
    """p1, median and p99 (marks, 3)."""
    rows: NDArray[np.int64]

    def paint(self, painter: QPainter, to_pixels: QTransform) -> None:
        """Fill them as rectangles of whole pixels: a path of as many lines takes three times as long."""
        left = np.rint(self.places * to_pixels.m11() + to_pixels.dx())
        ends = np.rint((self.rows[:, None] + np.array([0, 1])) * to_pixels.m22() + to_pixels.dy())
        rects = np.empty((*left.shape, 4), np.int32)
        # a dark seam keeps a mark apart from bright cells
        for color, seam in (("#000000", 1), (self.color, 0)):
            rects[..., 0], rects[..., 2] = left - seam, left + _MARK_WIDTHS - 1 + seam
            rects[..., 1], rects[..., 3] = ends[:, :1] - seam, ends[:, 1:] - 1 + seam
            painter.setBrush(QColor(color))
            fill_rects(painter, rects.reshape(-1, 4))


def draw_path(painter: QPainter, path: QPainterPath) -> None:
    """Draw a path that is not empty: in an SVG an empty one would be an error."""
    if not path.isEmpty():
        painter.drawPath(path)


@lru_cache(maxsize=32)
def _cosmetic(color: str, width: float) -> QPen:
    pen: QPen = pg.mkPen(color, width=width)
    pen.setCosmetic(True)
    return pen


def _dashed(color: str) -> QPen:
    pen = QPen(_cosmetic(color, 1.0))
    pen.setDashPattern(_DASHES)
    return pen


def _outlines(places: Floats, density: Floats, rows: NDArray[np.integer]) -> QPainterPath:
    """Closed outlines of some rows, each on its own line."""
    if not rows.size:
        return QPainterPath()
    centres = (places[1:] + places[:-1]) / 2
    x = np.concatenate((centres[:1], centres, centres[-1:]))
    heights = np.pad(density[rows], ((0, 0), (1, 1)))
    y = rows[:, None] + 1 - heights * _HEIGHT
    return lines_path(np.broadcast_to(x, y.shape), y)


def _brackets(quantiles: Floats) -> tuple[QPainterPath, QPainterPath]:
    """The band as a bracket that opens upwards, the median as a line in the ridge."""
    quantiles, rows = _known(quantiles)
    low, middle, high = quantiles.T
    x = np.column_stack((low, low, high, high))
    y = rows[:, None] + np.array([_BAND_TOP, 1.0, 1.0, _BAND_TOP])
    lines = rows[:, None] + np.array([_MEDIAN_TOP, 1.0])
    return lines_path(x, y), lines_path(np.column_stack((middle, middle)), lines)


def _known(quantiles: Floats) -> tuple[Floats, NDArray[np.int64]]:
    rows = np.flatnonzero(~np.isnan(quantiles).any(axis=1))
    return quantiles[rows], rows


def lines_path(x: Floats, y: Floats) -> QPainterPath:
    """A line for each row of the coordinates, shape (lines, points)."""
    if not x.size:
        return QPainterPath()
    connect = np.ones(y.shape, np.int32)
    connect[:, -1] = 0
    path: QPainterPath = pg.functions.arrayToQPath(
        x.ravel(), y.ravel(), connect=connect.ravel(), finiteCheck=False
    )
    return path
