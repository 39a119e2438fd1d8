"""How a gradient is drawn on a wire: stripe, arrowheads, glyph, number."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QTransform

from gui.common.lettering import Lettering
from gui.common.theme import Theme
from gui.training.reading import COLORS, Verdict

from .figures import WireFigure
from .zoom import BLOCKS, enlarged

_BARB = 4.5
"""At least this far an arrowhead reaches to each side."""
_BARB_LENGTH = 8.0
_WIDE_STRIPE, _ALPHA = 5.0, 0.5
"""A wider stripe than this is lighter than its arrowheads, so that they are seen on it."""
_DISC, _PADDING = 7.0, 2.5
_GLYPH_FONT, _NUMBER_FONT = 0.8, 0.78
_UNMOVED = QTransform()
_SPRITES = 200
"""Kept pictures of glyphs; another zoom needs others."""


class _Sprite(NamedTuple):
    """The picture of a glyph, and half its side in pixels that do not depend on the screen's density."""

    picture: QPixmap
    half: float


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
        self._sprites: dict[tuple[Verdict, float, float, float], _Sprite] = {}

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours."""
        self._theme = theme
        self._pens.clear()
        self._lines.clear()
        self._sprites.clear()

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
        painter.fillPath(barbs, self._color(figure))

    def paint_glyph(
        self, painter: QPainter, figure: WireFigure, middle: QPointF, zoom: float, number: str = ""
    ) -> None:
        """The glyph on the wire, with a number beside it, in sizes that can be read or not at all."""
        if zoom < BLOCKS:
            return
        growth = enlarged(zoom, 1.0 / BLOCKS)
        if number:
            self._paint_plate(painter, figure, middle, growth, number)
        else:
            self._stamp(painter, figure, middle, growth, zoom)

    def _paint_plate(
        self, painter: QPainter, figure: WireFigure, middle: QPointF, growth: float, number: str
    ) -> None:
        """Glyph and number on a common ground."""
        disc = _DISC * growth
        word = self._lettering.word(number, _NUMBER_FONT * growth)
        left = word.size.width() / 2 + _PADDING
        centre = QPointF(middle.x() - left, middle.y())
        self._paint_ground(painter, centre, disc, left)
        painter.setPen(self._color(figure))
        self._lettering.word(figure.glyph, _GLYPH_FONT * growth).draw_around(painter, centre)
        painter.setPen(self._theme.color("text"))
        word.draw(painter, centre + QPointF(disc, -word.size.height() / 2))

    def _paint_ground(self, painter: QPainter, centre: QPointF, disc: float, left: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("surface"))
        ground = QRectF(centre.x() - disc, centre.y() - disc, 2 * (disc + left), 2 * disc)
        painter.drawRoundedRect(ground, disc, disc)

    def _stamp(
        self, painter: QPainter, figure: WireFigure, middle: QPointF, growth: float, zoom: float
    ) -> None:
        """The glyph alone, from a picture of it: there are as many as wires, and few different ones."""
        picture, half = self._sprite(figure, growth, zoom, painter.device().devicePixelRatioF())
        world = painter.worldTransform()
        place = world.map(middle)
        painter.setWorldTransform(_UNMOVED)  # pixel on pixel
        painter.drawPixmap(round(place.x() - half), round(place.y() - half), picture)
        painter.setWorldTransform(world)

    def _sprite(self, figure: WireFigure, growth: float, zoom: float, density: float) -> _Sprite:
        key = figure.verdict, growth, zoom, density
        if key not in self._sprites:
            if len(self._sprites) >= _SPRITES:
                self._sprites.clear()
            side = 2 * math.ceil(_DISC * growth * zoom) + 2
            picture = QPixmap(math.ceil(side * density), math.ceil(side * density))
            picture.setDevicePixelRatio(density)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(side / 2, side / 2)
            painter.scale(zoom, zoom)
            self._paint_ground(painter, QPointF(), _DISC * growth, 0.0)
            painter.setPen(self._color(figure))
            glyph = self._lettering.word(figure.glyph, _GLYPH_FONT * growth)
            glyph.draw_around(painter, QPointF())
            painter.end()
            self._sprites[key] = _Sprite(picture, picture.deviceIndependentSize().width() / 2)
        return self._sprites[key]

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

    def _pen(self, figure: WireFigure, width: float) -> QPen:
        key = (figure.verdict, figure.state, width)
        if key not in self._pens:
            color = self._color(figure)
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
