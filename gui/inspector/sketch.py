"""A small drawing inside a page: outlines on common axes, words at heights, a level across."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.common.theme import GRID, ThemeSource, scaled_font

Floats = NDArray[np.float64]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Outline:
    """A line, or with `filled` the hill below it; places that are not finite leave a gap in a line."""

    x: Floats
    y: Floats
    color: str
    """As `#rrggbb`."""
    filled: bool = False


class Sketch(QWidget):
    """Outlines between two spans, drawn in the theme's colours; the words beside it say what it shows."""

    def __init__(self, themes: ThemeSource, name: str, height: int) -> None:
        super().__init__()
        self._themes = themes
        self.outlines: Sequence[Outline] = ()
        self.words: Sequence[tuple[float, str]] = ()
        """Texts at the left edge, each below its height."""
        self.level: float | None = None
        """The height of a line across."""
        self._spans: tuple[Span, Span] = ((0.0, 1.0), (0.0, 1.0))
        self._height = height
        self.setMinimumHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        themes.changed.connect(self.update)
        self.hide()  # until there is something to show

    def show_outlines(
        self,
        outlines: Sequence[Outline],
        spans: tuple[Span, Span],
        words: Sequence[tuple[float, str]] = (),
        level: float | None = None,
    ) -> None:
        """Draw something else; `spans` are what the drawing reaches from and to, horizontally and vertically."""
        self.outlines, self._spans, self.words, self.level = outlines, spans, words, level
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(GRID * 30, self._height)

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._themes.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.color("surface"))
        for outline in self.outlines:
            self._paint(painter, outline)
        if self.level is not None:
            painter.setPen(QPen(theme.color("text"), 1.5))
            height = self._point(self._spans[0][0], self.level).y()
            painter.drawLine(QPointF(0.0, height), QPointF(float(self.width()), height))
        painter.setPen(theme.color("text"))
        painter.setFont(scaled_font(self.font(), 0.85))
        room = float(painter.fontMetrics().height())
        for place, text in self.words:
            top = self._point(self._spans[0][0], place).y()
            painter.drawText(QRectF(GRID / 2, top, self.width() - GRID, room), text)
        painter.end()

    def _paint(self, painter: QPainter, outline: Outline) -> None:
        painter.setPen(QPen(QColor(outline.color), 1.0))
        faint = QColor(outline.color)
        faint.setAlphaF(0.28)
        painter.setBrush(faint)
        known = np.isfinite(outline.x) & np.isfinite(outline.y)
        breaks = np.flatnonzero(~known)
        for piece in np.split(np.arange(known.size), breaks):
            places = piece[known[piece]]
            line = QPolygonF([self._point(outline.x[i], outline.y[i]) for i in places.tolist()])
            if outline.filled:
                painter.drawPolygon(line)
            else:
                painter.drawPolyline(line)

    def _point(self, x: float, y: float) -> QPointF:
        (left, right), (low, high) = self._spans
        across = (x - left) / (right - left) * self.width()
        return QPointF(across, (high - y) / (high - low) * self.height())
