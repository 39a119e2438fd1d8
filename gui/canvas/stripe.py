"""How a gradient is drawn on a wire: stripe, arrowheads, glyph, number."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from gui.common.theme import Theme
from gui.training.reading import COLORS, Verdict

from .figures import WireFigure
from .lettering import Lettering
from .zoom import BLOCKS, enlarged

_BARB = 4.5
"""At least this far an arrowhead reaches to each side."""
_BARB_LENGTH = 8.0
_WIDE_STRIPE, _ALPHA = 5.0, 0.5
"""A wider stripe than this is lighter than its arrowheads, so that they are seen on it."""
_DISC, _PADDING = 7.0, 2.5
_GLYPH_FONT, _NUMBER_FONT = 0.8, 0.78


class StripePainter:
    """Paints the gradient of every wire with pens and fonts that are made once, not at every paint."""

    def __init__(self, theme: Theme, lettering: Lettering) -> None:
        self._lettering = lettering
        self._theme = theme
        self._pens: dict[tuple[Verdict, str, float], QPen] = {}
        self._lines: dict[tuple[str, float], QPen] = {}

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        self._pens.clear()
        self._lines.clear()

    def line(self, color: str, width: float) -> QPen:
        """The pen of a wire itself, in a colour of the theme."""
        key = (color, width)
        if key not in self._lines:
            pen = QPen(self._theme.color(color), width * self._theme.line_width)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            self._lines[key] = pen
        return self._lines[key]

    def paint_stripe(self, painter: QPainter, figure: WireFigure, path: QPainterPath) -> None:
        """The stripe around a wire."""
        if figure.state != "none":
            painter.setPen(self._pen(figure))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(path)

    def paint_barbs(self, painter: QPainter, figure: WireFigure, barbs: QPainterPath) -> None:
        """Small arrowheads that point backwards, where the gradient goes."""
        painter.fillPath(barbs, self._color(figure))

    def paint_glyph(
        self, painter: QPainter, figure: WireFigure, middle: QPointF, zoom: float, number: str = ""
    ) -> None:
        """The glyph on the wire, with a number beside it, in sizes that can be read or not at all."""
        if zoom < BLOCKS:
            return
        growth = enlarged(zoom, 1.0 / BLOCKS)
        disc = _DISC * growth
        word = self._lettering.word(number, _NUMBER_FONT * growth)
        left = word.size.width() / 2 + _PADDING if number else 0.0
        centre = QPointF(middle.x() - left, middle.y())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("surface"))
        ground = QRectF(centre.x() - disc, centre.y() - disc, 2 * (disc + left), 2 * disc)
        painter.drawRoundedRect(ground, disc, disc)
        painter.setPen(self._color(figure))
        self._lettering.word(figure.glyph, _GLYPH_FONT * growth).draw_around(painter, centre)
        if number:
            painter.setPen(self._theme.color("text"))
            word.draw(painter, centre + QPointF(disc, -word.size.height() / 2))

    def paint_number(
        self, painter: QPainter, number: str, middle: QPointF, width: float, zoom: float
    ) -> None:
        """A number below the glyph, clear of a stripe of a width."""
        growth = enlarged(zoom)
        word = self._lettering.word(number, _NUMBER_FONT * growth)
        under = max(_DISC * growth - 1.0, width / 2 + 1.0)
        painter.setPen(self._theme.color("text"))
        word.draw(painter, middle + QPointF(-word.size.width() / 2, under))

    def _color(self, figure: WireFigure) -> QColor:
        return self._theme.color(COLORS[figure.verdict])

    def _pen(self, figure: WireFigure) -> QPen:
        key = (figure.verdict, figure.state, figure.width)
        if key not in self._pens:
            color = self._color(figure)
            if figure.width > _WIDE_STRIPE:
                color.setAlphaF(_ALPHA)
            pen = QPen(color, figure.width)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            if figure.state == "zero":
                pen.setDashPattern([0.8, 1.2])
            elif figure.state == "nonfinite":
                pen.setDashPattern([2.0, 0.7])
            self._pens[key] = pen
        return self._pens[key]


def barb_path(places: Sequence[tuple[QPointF, float]], width: float) -> QPainterPath:
    """Arrowheads for a stripe of a width: triangles whose tips look towards the wire's source."""
    path, half = QPainterPath(), max(_BARB, width / 2 + 1.0)
    for place, degrees in places:
        angle = math.radians(degrees)
        # Qt's angles go against the clock while y grows downwards
        along, across = (
            QPointF(math.cos(angle), -math.sin(angle)),
            QPointF(math.sin(angle), math.cos(angle)),
        )
        path.moveTo(place - along * (_BARB_LENGTH / 2))
        path.lineTo(place + along * (_BARB_LENGTH / 2) + across * half)
        path.lineTo(place + along * (_BARB_LENGTH / 2) - across * half)
        path.closeSubpath()
    return path
