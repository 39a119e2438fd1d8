"""How a gradient is drawn on a wire: stripe, arrowheads, glyph, number."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from gui.common.lettering import Lettering
from gui.common.pixels import in_pixels, stamp, to_places
from gui.common.theme import Theme
from gui.training.reading import COLORS, GLYPHS, Verdict

from .figures import WireFigure
from .zoom import BLOCKS, enlarged

_BARB = 4.5
"""At least this far an arrowhead reaches to each side."""
_BARB_LENGTH = 8.0
_WIDE_STRIPE, _ALPHA = 5.0, 0.5
"""A wider stripe than this is lighter than its arrowheads, so that they are seen on it."""
_DISC, _PADDING = 7.0, 2.5
_GLYPH_FONT, _NUMBER_FONT = 0.8, 0.78
_PICTURES = 200
"""Kept pictures of glyphs; another zoom needs others."""


Sign = tuple[Verdict, float, float]
"""A glyph on a wire, and the x and y of its middle in the scene."""


class Wire:
    """The line of a wire: most are straight, and a straight line is painted several times faster than a curve."""

    def __init__(self, path: QPainterPath) -> None:
        self.path = path
        ends = QLineF(path.pointAtPercent(0.0), path.pointAtPercent(1.0))
        self._line = ends if path.boundingRect().height() == 0.0 else None

    def paint(self, painter: QPainter) -> None:
        """Paint in the painter's pen."""
        if self._line is not None:
            painter.drawLine(self._line)
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(self.path)


class StripePainter:
    """Paints the gradient of every wire with pens and fonts that are made once, not at every paint."""

    def __init__(self, theme: Theme, lettering: Lettering) -> None:
        self._lettering = lettering
        self._theme = theme
        self._pens: dict[tuple[Verdict, str, float], QPen] = {}
        self._lines: dict[tuple[str, float], QPen] = {}
        self._pictures: dict[tuple[Verdict, float, float], QPixmap] = {}

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        self._pens.clear()
        self._lines.clear()
        self._pictures.clear()

    def line(self, color: str, width: float) -> QPen:
        """The pen of a wire itself, in a colour of the theme."""
        key = (color, width)
        if key not in self._lines:
            pen = QPen(self._theme.color(color), width * self._theme.line_width)
            pen.setCapStyle(
                Qt.PenCapStyle.FlatCap
            )  # a straight line is then painted several times faster
            self._lines[key] = pen
        return self._lines[key]

    def paint_stripe(self, painter: QPainter, figure: WireFigure, width: float, wire: Wire) -> None:
        """The stripe around a wire, in the figure's width."""
        if figure.state != "none":
            painter.setPen(self._pen(figure, width))
            wire.paint(painter)

    def paint_barbs(self, painter: QPainter, figure: WireFigure, barbs: QPainterPath) -> None:
        """Small arrowheads that point backwards, where the gradient goes."""
        painter.fillPath(barbs, self._color(figure.verdict))

    def paint_plate(
        self, painter: QPainter, figure: WireFigure, middle: QPointF, zoom: float, number: str
    ) -> None:
        """Glyph and number on a common ground, in sizes that can be read."""
        growth = enlarged(zoom, 1.0 / BLOCKS)
        disc = _DISC * growth
        word = self._lettering.word(number, _NUMBER_FONT * growth)
        left = word.size.width() / 2 + _PADDING
        centre = QPointF(middle.x() - left, middle.y())
        self._paint_ground(painter, centre, disc, left)
        self._paint_sign(painter, figure.verdict, centre, growth)
        painter.setPen(self._theme.color("text"))
        word.draw(painter, centre + QPointF(disc, -word.size.height() / 2))

    def paint_glyphs(self, painter: QPainter, signs: Iterable[Sign], zoom: float) -> None:
        """Glyphs alone, from a picture of each kind: there are as many as wires, and few different ones."""
        places = defaultdict(list)
        for verdict, x, y in signs:
            places[verdict].append((x, y))
        density = painter.device().devicePixelRatioF()
        with in_pixels(painter) as to_pixels:
            for verdict, middles in places.items():
                x, y = np.array(middles).T
                picture = self._picture(verdict, zoom, density)
                stamp(painter, picture, to_places(to_pixels, x, y))

    def _paint_sign(
        self, painter: QPainter, verdict: Verdict, centre: QPointF, growth: float
    ) -> None:
        painter.setPen(self._color(verdict))
        self._lettering.word(GLYPHS[verdict], _GLYPH_FONT * growth).draw_around(painter, centre)

    def _paint_ground(self, painter: QPainter, centre: QPointF, disc: float, left: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("surface"))
        ground = QRectF(centre.x() - disc, centre.y() - disc, 2 * (disc + left), 2 * disc)
        painter.drawRoundedRect(ground, disc, disc)

    def _picture(self, verdict: Verdict, zoom: float, density: float) -> QPixmap:
        key = verdict, zoom, density
        if key not in self._pictures:
            if len(self._pictures) >= _PICTURES:
                self._pictures.clear()
            growth = enlarged(zoom, 1.0 / BLOCKS)
            side = 2 * math.ceil(_DISC * growth * zoom) + 2
            picture = QPixmap(math.ceil(side * density), math.ceil(side * density))
            picture.setDevicePixelRatio(density)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(side / 2, side / 2)
            painter.scale(zoom, zoom)
            self._paint_ground(painter, QPointF(), _DISC * growth, 0.0)
            self._paint_sign(painter, verdict, QPointF(), growth)
            painter.end()
            self._pictures[key] = picture
        return self._pictures[key]

    def paint_number(
        self, painter: QPainter, number: str, middle: QPointF, width: float, zoom: float
    ) -> None:
        """A number below the glyph, clear of a stripe of a width."""
        growth = enlarged(zoom)
        word = self._lettering.word(number, _NUMBER_FONT * growth)
        under = max(_DISC * growth - 1.0, width / 2 + 1.0)
        painter.setPen(self._theme.color("text"))
        word.draw(painter, middle + QPointF(-word.size.width() / 2, under))

    def _color(self, verdict: Verdict) -> QColor:
        return self._theme.color(COLORS[verdict])

    def _pen(self, figure: WireFigure, width: float) -> QPen:
        key = (figure.verdict, figure.state, width)
        if key not in self._pens:
            color = self._color(figure.verdict)
            if width > _WIDE_STRIPE:
                color.setAlphaF(_ALPHA)
            pen = QPen(color, width)
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
