"""A small chart for the narrow column of the inspector: areas, curves and marks, painted without pyqtgraph's weight."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QFontMetricsF,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from gui.common.scales import decade_label
from gui.common.theme import GRID, ThemeSource, scaled_font
from gui.common.tips import in_lines

Floats = NDArray[np.float64]
Range = tuple[float, float]
Ticks = Sequence[tuple[float, str]]
Style = Literal["line", "dashed", "points", "thin"]

SHARE: Range = (0.0, 1.0)
"""The vertical range of what is drawn in shares of the chart's height."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 5 * GRID, GRID, GRID // 2, 2 * GRID + 2
_DOT = 2.5
_LARGE = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A line through points, or the points alone; NaN leaves a gap. `legend` "" keeps it out of the legend."""

    name: str
    x: Floats
    y: Floats
    color: str
    style: Style = "line"
    legend: str = ""
    vertical: Range | None = None
    """The range that its y is drawn in; None for the chart's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """What lies between two curves over the same x."""

    name: str
    x: Floats
    low: Floats
    high: Floats
    color: str
    alpha: float = 0.25
    pattern: Qt.BrushStyle = Qt.BrushStyle.SolidPattern
    legend: str = ""
    vertical: Range | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line at x, with a word at its top."""

    x: float
    color: str
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """All that a chart shows; `says` gives the read-out at an x."""

    x: Range
    y: Range
    x_ticks: Ticks
    y_ticks: Ticks
    areas: Sequence[Area] = ()
    curves: Sequence[Curve] = ()
    marks: Sequence[Mark] = ()
    says: Callable[[float], str] = field(default=lambda _x: "")


EMPTY = Picture((0.0, 1.0), (0.0, 1.0), (), ())


class Chart(QWidget):
    """Paints a picture in the theme's colours, with a legend above it and a read-out under the pointer."""

    def __init__(self, themes: ThemeSource, name: str, height: int) -> None:
        super().__init__()
        self._themes = themes
        self._height = height
        self.picture = EMPTY
        self._legend_rows: list[list[Curve | Area]] = []
        self._polygons: dict[str, list[QPolygonF]] = {}
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFont(scaled_font(self.font(), 0.85))
        self.setFixedHeight(height)
        themes.changed.connect(self.update)

    def show_picture(self, picture: Picture, description: str) -> None:
        """Draw another picture; `description` says in words what it shows."""
        self.picture = picture
        self.setAccessibleDescription(description)
        self._legend_rows = self._rows_of_legend()
        height = self._height + round(self._legend_height())
        if height != self.height():
            self.setFixedHeight(height)
        self._place()
        self.update()

    def drawn(self, name: str) -> tuple[Floats, Floats]:
        """The points of a curve, or the border of an area, read back from what is painted."""
        items: list[Area | Curve] = [*self.picture.areas, *self.picture.curves]
        item = next(item for item in items if item.name == name)
        points = [point for polygon in self._polygons[name] for point in polygon.toList()]
        room, across = self._room(), self.picture.x
        low, high = item.vertical or self.picture.y
        x = np.array([point.x() for point in points])
        y = np.array([point.y() for point in points])
        return (
            across[0] + (x - room.left()) / room.width() * (across[1] - across[0]),
            low + (room.bottom() - y) / room.height() * (high - low),
        )

    def sizeHint(self) -> QSize:
        return QSize(GRID * 30, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._legend_rows = self._rows_of_legend()
        self._place()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._say(event.position(), event.globalPosition())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._say(QPointF(event.pos()), QPointF(event.globalPos()))
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = self._room()
        painter.fillRect(room, self._themes.theme.color("surface"))
        self._paint_ticks(painter, room)
        painter.save()
        painter.setClipRect(room)
        for area in self.picture.areas:
            self._paint_area(painter, area)
        self._paint_marks(painter, room)
        for curve in self.picture.curves:
            self._paint_curve(painter, curve)
        painter.restore()
        self._paint_legend(painter)
        painter.end()

    def _say(self, place: QPointF, where: QPointF) -> None:
        room = self._room()
        if room.contains(place):
            low, high = self.picture.x
            text = self.picture.says(low + (place.x() - room.left()) / room.width() * (high - low))
            QToolTip.showText(where.toPoint(), in_lines(text), self)

    # places

    def _room(self) -> QRectF:
        top = _TOP + self._legend_height()
        return QRectF(self.rect()).adjusted(_LEFT, top, -_RIGHT, -_BOTTOM)

    def _place(self) -> None:
        self._polygons = {
            **{area.name: [self._outline(area)] for area in self.picture.areas},
            **{
                curve.name: self._pieces(curve.x, curve.y, curve.vertical)
                for curve in self.picture.curves
            },
        }

    def _outline(self, area: Area) -> QPolygonF:
        there, back = (self._points(area.x, y, area.vertical) for y in (area.low, area.high))
        return QPolygonF(there + back[::-1])

    def _pieces(self, x: Floats, y: Floats, vertical: Range | None) -> list[QPolygonF]:
        """A polygon for each stretch without a gap."""
        known = np.isfinite(y)
        if known.all():
            return [QPolygonF(self._points(x, y, vertical))]
        points = self._points(x, np.where(known, y, 0.0), vertical)
        borders = [0, *(np.flatnonzero(np.diff(known)) + 1).tolist(), y.size]
        stretches = itertools.pairwise(borders)
        return [QPolygonF(points[a:b]) for a, b in stretches if known[a]]

    def _points(self, x: Floats, y: Floats, vertical: Range | None) -> list[QPointF]:
        room = self._room()
        across, up = _shares(x, self.picture.x), _shares(y, vertical or self.picture.y)
        left = room.left() + np.clip(across, -_LARGE, _LARGE) * room.width()
        top = room.bottom() - np.clip(up, -_LARGE, _LARGE) * room.height()
        return list(map(QPointF, left.tolist(), top.tolist()))

    # painting

    def _paint_ticks(self, painter: QPainter, room: QRectF) -> None:
        theme, metrics = self._themes.theme, QFontMetricsF(self.font())
        grid, words = QPen(theme.color("grid"), 1.0), QPen(theme.color("muted"))
        for value, text in self.picture.x_ticks:
            x = room.left() + _share(value, self.picture.x) * room.width()
            painter.setPen(grid)
            painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
            painter.setPen(words)
            wide = metrics.horizontalAdvance(text)
            left = min(max(x - wide / 2, 0.0), self.width() - wide)
            painter.drawText(QPointF(left, room.bottom() + metrics.ascent() + 2), text)
        for value, text in self.picture.y_ticks:
            y = room.bottom() - _share(value, self.picture.y) * room.height()
            painter.setPen(grid)
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(words)
            left = room.left() - metrics.horizontalAdvance(text) - GRID / 2
            painter.drawText(QPointF(left, y + metrics.capHeight() / 2), text)

    def _paint_area(self, painter: QPainter, area: Area) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(self._themes.theme.color(area.color, area.alpha), area.pattern))
        for polygon in self._polygons[area.name]:
            painter.drawPolygon(polygon)

    def _paint_curve(self, painter: QPainter, curve: Curve) -> None:
        color = self._themes.theme.color(curve.color)
        if curve.style == "points":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            for polygon in self._polygons[curve.name]:
                for point in polygon.toList():
                    painter.drawEllipse(point, _DOT, _DOT)
            return
        painter.setPen(_pen(QPen(color, 1.0 if curve.style == "thin" else 2.0), curve.style))
        for polygon in self._polygons[curve.name]:
            painter.drawPolyline(polygon)

    def _paint_marks(self, painter: QPainter, room: QRectF) -> None:
        metrics = QFontMetricsF(self.font())
        for mark in self.picture.marks:
            x = room.left() + _share(mark.x, self.picture.x) * room.width()
            painter.setPen(QPen(self._themes.theme.color(mark.color), 1.0, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
            wide = metrics.horizontalAdvance(mark.text)
            left = x + 3 if x + 3 + wide <= room.right() else x - 3 - wide
            painter.drawText(QPointF(left, room.top() + metrics.ascent()), mark.text)

    # legend

    def _entries(self) -> list[Curve | Area]:
        """What lies on top comes first."""
        entries: list[Curve | Area] = [*reversed(self.picture.curves), *self.picture.areas]
        return [entry for entry in entries if entry.legend]

    def _rows_of_legend(self) -> list[list[Curve | Area]]:
        """The entries, in rows that are not wider than the chart."""
        metrics, left = QFontMetricsF(self.font()), math.inf
        rows: list[list[Curve | Area]] = []
        room = max(self.width(), GRID * 28)
        for entry in self._entries():
            wide = metrics.horizontalAdvance(entry.legend) + 4 * GRID
            if left + wide > room:
                rows.append([])
                left = 0.0
            rows[-1].append(entry)
            left += wide
        return rows

    def _legend_height(self) -> float:
        return len(self._legend_rows) * QFontMetricsF(self.font()).height()

    def _paint_legend(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(self.font())
        for place, row in enumerate(self._legend_rows):
            left, base = 0.0, place * metrics.height() + metrics.ascent()
            for entry in row:
                self._paint_sample(painter, entry, QRectF(left, base - 8, 2 * GRID, 8))
                painter.setPen(self._themes.theme.color("muted"))
                painter.drawText(QPointF(left + 2.5 * GRID, base), entry.legend)
                left += metrics.horizontalAdvance(entry.legend) + 4 * GRID

    def _paint_sample(self, painter: QPainter, entry: Curve | Area, box: QRectF) -> None:
        if isinstance(entry, Area):
            color = self._themes.theme.color(entry.color, min(1.0, entry.alpha * 1.5))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(color, entry.pattern))
            painter.drawRect(box)
            return
        color = self._themes.theme.color(entry.color)
        middle = box.center()
        if entry.style == "points":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(middle, _DOT, _DOT)
            return
        painter.setPen(_pen(QPen(color, 1.0 if entry.style == "thin" else 2.0), entry.style))
        painter.drawLine(QPointF(box.left(), middle.y()), QPointF(box.right(), middle.y()))


def _shares(values: Floats, reach: Range) -> Floats:
    """From values to places between the ends of a range, which are 0 and 1."""
    shares: Floats = (values - reach[0]) / (reach[1] - reach[0])
    return shares


def _share(value: float, reach: Range) -> float:
    return (value - reach[0]) / (reach[1] - reach[0])


def _pen(pen: QPen, style: Style) -> QPen:
    if style == "dashed":
        pen.setStyle(Qt.PenStyle.DashLine)
    return pen


def linear_ticks(low: float, high: float, most: int = 5) -> list[tuple[float, str]]:
    """At most so many round numbers within a range, with their texts."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return []
    rough = span / most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * m for m in (1, 2, 5, 10, 20) if unit * m >= rough)
    first = math.ceil(low / step - 1e-9)
    values = [first * step + place * step for place in range(most + 2)]
    return [(v, number(v)) for v in values if v <= high + 1e-9 * span]


def decade_ticks(low: float, high: float, most: int = 4) -> list[tuple[float, str]]:
    """At most so many whole decades within a range of logarithms, with the numbers that they stand for."""
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    rough = math.ceil((last - first + 1) / most)
    step = next(s for s in (1, 2, 3, 5, 10, 20, 50, 100, 200, rough) if s >= rough)
    start = math.ceil(first / step) * step
    return [(float(e), _decade(e)) for e in range(start, last + 1, step)]


def number(value: float) -> str:
    """A short number with a real minus sign."""
    return f"{0.0 if abs(value) < 1e-12 else value:.4g}".replace("-", "−")


def _decade(exponent: int) -> str:
    return f"{10.0**exponent:g}" if abs(exponent) <= 2 else decade_label(exponent)
