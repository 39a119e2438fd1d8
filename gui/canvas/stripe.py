"""How a gradient is drawn on a wire: stripe, arrowheads, glyph, number."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen

from gui.common.theme import Theme, scaled_font
from gui.training.reading import COLORS, Verdict

from .figures import WireFigure
from .zoom import BLOCKS, NUMBERS

_BARB = 2.5
"""How far an arrowhead reaches beyond the stripe."""
_BARB_LENGTH = 9.0
_DISC = 7.5
_GLYPH_FONT, _NUMBER_FONT = 0.8, 0.78
_WIDE = 64.0


class StripePainter:
    """Paints the gradient of every wire with pens and fonts that are made once, not at every paint."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        self._font = font
        self._theme = theme
        self._pens: dict[tuple[Verdict, str, float], QPen] = {}
        self._fonts: dict[tuple[float, float], QFont] = {}

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        self._pens.clear()

    def paint_stripe(
        self,
        painter: QPainter,
        figure: WireFigure,
        path: QPainterPath,
        barbs: Sequence[tuple[QPointF, float]],
        zoom: float,
    ) -> None:
        """The stripe around a wire, and small arrowheads that point backwards."""
        if figure.state == "none":
            return
        pen = self._pen(figure)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        if zoom >= NUMBERS and figure.state == "finite":
            painter.fillPath(_barb_path(barbs, figure.width / 2 + _BARB), pen.color())

    def paint_label(
        self, painter: QPainter, figure: WireFigure, middle: QPointF, zoom: float
    ) -> None:
        """The glyph on the wire and the number below it, in sizes that can be read, or not at all."""
        if zoom < BLOCKS:
            return
        enlarged = 1.0 / min(1.0, zoom)
        color = self._color(figure)
        disc = _DISC * enlarged
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("surface"))
        painter.drawEllipse(middle, disc, disc)
        painter.setPen(color)
        painter.setFont(self._sized(_GLYPH_FONT, enlarged))
        box = QRectF(middle.x() - disc, middle.y() - disc, 2 * disc, 2 * disc)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, figure.glyph)
        if zoom >= NUMBERS and figure.number:
            painter.setPen(self._theme.color("text"))
            painter.setFont(self._sized(_NUMBER_FONT, enlarged))
            box = QRectF(middle.x() - _WIDE / 2, middle.y() + disc - 1.0, _WIDE, 2 * disc)
            above = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
            painter.drawText(box, above, figure.number)

    def _color(self, figure: WireFigure) -> QColor:
        return self._theme.color(COLORS[figure.verdict])

    def _pen(self, figure: WireFigure) -> QPen:
        key = (figure.verdict, figure.state, figure.width)
        if key not in self._pens:
            pen = QPen(self._color(figure), figure.width)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            if figure.state == "zero":
                pen.setDashPattern([0.8, 1.2])
            elif figure.state == "nonfinite":
                pen.setDashPattern([2.0, 0.7])
            self._pens[key] = pen
        return self._pens[key]

    def _sized(self, factor: float, enlarged: float) -> QFont:
        key = (factor, round(enlarged, 2))
        if key not in self._fonts:
            self._fonts[key] = scaled_font(self._font, factor * key[1])
        return self._fonts[key]


def _barb_path(barbs: Sequence[tuple[QPointF, float]], half: float) -> QPainterPath:
    """Triangles whose tips look towards the wire's source."""
    path = QPainterPath()
    for place, degrees in barbs:
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
