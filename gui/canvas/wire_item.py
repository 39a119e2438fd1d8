"""A wire from an output to an input, and the gradient that flows back through it."""

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
)
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsSceneHoverEvent,
    QStyleOptionGraphicsItem,
    QWidget,
)

from engine.graph import Edge
from gui.common.native_bounds import NativeBounds
from gui.common.theme import GRID, Theme
from gui.common.tips import in_lines

from .figures import WireFigure
from .geometry import wire_path
from .stripe import Sign, StripePainter, Wire, barb_path
from .zoom import HISTOGRAMS, TEXTS, zoom_of

_REACH = 12.0
_ARROW = 5.0
_LONG = 140.0
"""A wire of this length has room for its number beside the glyph."""
_ROOM = 5.0 * GRID
"""Around the wire, for arrows and labels."""


class WireItem(NativeBounds):
    """Draws one wire; hovered or chosen, it shows the shape that flows through it."""

    def __init__(self, edge: Edge, theme: Theme, stripes: StripePainter, font: QFont) -> None:
        super().__init__(QRectF())
        self.edge = edge
        self.theme = theme
        self._stripes = stripes
        self._font = font
        self._label = ""
        self._figure: WireFigure | None = None
        self._width = 0.0
        self._look: object = None
        self._hovered = False
        self._target = False
        self._hit = QPainterPath()
        self._head = QPainterPath()
        self._barb_places: list[tuple[QPointF, float]] = []
        self._barbs = QPainterPath()
        self._barb_width = math.nan
        self._wire = Wire(QPainterPath())
        self._middle = QPointF()
        self._is_long = False
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setAcceptHoverEvents(True)

    @property
    def figure(self) -> WireFigure | None:
        """The gradient that is drawn; None while there is none to show."""
        return self._figure

    def set_ends(self, start: QPointF, end: QPointF) -> None:
        """Lead the wire from one point of the scene to another."""
        path = wire_path(start, end)
        if path != self._wire.path:
            stroker = QPainterPathStroker()
            stroker.setWidth(_REACH)
            self._hit = stroker.createStroke(path)
            self._head = _head(end)
            self._barb_places = barb_places(path)
            self._barb_width = math.nan
            self._wire = Wire(path)
            self._middle = path.pointAtPercent(0.5)
            self._is_long = path.length() >= _LONG
            self.setRect(path.boundingRect().adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM))
            self.update()

    def set_label(self, label: str) -> None:
        """The shape that flows through the wire."""
        self._label = label
        self._tell()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self.update()

    def set_target(self, target: bool) -> None:
        """Light up while a layer is held over the wire."""
        if target != self._target:
            self._target = target
            self.update()

    def show_figure(self, figure: WireFigure | None, *, near: bool) -> None:
        """Show the gradient that flows back here, or with None no gradient; not `near`, its number is not seen."""
        self._figure = figure
        self._width = figure.width if figure is not None else 0.0
        look = figure and (figure.state, figure.verdict, self._width, figure.number if near else "")
        if look != self._look:
            self._look = look
            self.update()
        if self._hovered:
            self._tell()

    @property
    def sign(self) -> Sign | None:
        """The glyph in the wire's middle; None without a gradient."""
        if self._figure is None:
            return None
        return self._figure.verdict, self._middle.x(), self._middle.y()

    @property
    def number(self) -> str:
        """The number that is drawn, seen from near; "" for none."""
        return self._figure.number if self._figure is not None else ""

    def path(self) -> QPainterPath:
        """The line from the output to the input, in the scene's coordinates."""
        return self._wire.path

    def shape(self) -> QPainterPath:
        return self._hit

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self._set_hovered(True)
        super().hoverEnterEvent(event)

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self._set_hovered(False)
        super().hoverLeaveEvent(event)

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        zoom = zoom_of(painter)
        if self._figure is not None:
            self._stripes.paint_stripe(painter, self._figure, self._width, self._wire)
            if zoom >= TEXTS and self._figure.state == "finite":
                self._stripes.paint_barbs(painter, self._figure, self._barbs_for(self._width))
        strong = self.isSelected() or self._target
        # from afar a stripe hides it
        if strong or self._hovered or self._width == 0.0 or zoom >= HISTOGRAMS:
            self._paint_forward(painter, strong)
        if self._figure is not None and zoom >= TEXTS:  # from afar, `GlyphLayer` paints all glyphs
            self._paint_sign(painter, self._figure, zoom)

    def _paint_sign(self, painter: QPainter, figure: WireFigure, zoom: float) -> None:
        """A short wire has its number below its glyph, a long one beside it."""
        number, middle = figure.number, self._middle
        if number and self._is_long:
            self._stripes.paint_plate(painter, figure, middle, zoom, number)
            return
        self._stripes.paint_glyphs(painter, [(figure.verdict, middle.x(), middle.y())], zoom)
        if number:
            self._stripes.paint_number(painter, number, middle, self._width, zoom)

    def _barbs_for(self, width: float) -> QPainterPath:
        """The arrowheads, made anew only when the wire or its stripe has changed."""
        if width != self._barb_width:
            self._barb_width = width
            self._barbs = barb_path(self._barb_places, width)
        return self._barbs

    def _set_hovered(self, hovered: bool) -> None:
        self._hovered = hovered
        if hovered:
            self._tell()
        self.update()

    def _tell(self) -> None:
        """What the pointer is told; only a hovered wire's sentence is ever made."""
        said = self._figure.sentence if self._figure is not None and self._hovered else ""
        shape = f"→ {self._label}" if self._label else ""
        self.setToolTip(in_lines("\n".join(part for part in (said, shape) if part)))

    def _paint_forward(self, painter: QPainter, strong: bool) -> None:
        color = "accent" if strong or self._hovered else "muted"
        width = 4.0 if self._target else 3.0 if strong else 1.5 if self._figure else 2.0
        pen = self._stripes.line(color, width)
        painter.setPen(pen)
        self._wire.paint(painter)
        # where the gradient's arrowheads point backwards, the ports alone say which way is forwards
        if self._figure is None or self._figure.state == "none" or strong or self._hovered:
            painter.fillPath(self._head, pen.color())

    @property
    def shows_label(self) -> bool:
        """Whether the shape that flows through is asked for: hovered, chosen, or below a layer that is held."""
        return bool(self._label) and (self._hovered or self._target or self.isSelected())

    def paint_label(self, painter: QPainter) -> None:
        """The shape in words, in the scene's coordinates; above the cards, which else would cover it."""
        metrics = QFontMetricsF(self._font)
        box = metrics.boundingRect(self._label).adjusted(-6, -3, 6, 3)
        # above ports and glyph, so that all can be seen
        box.moveCenter(self._middle - QPointF(0.0, 2.5 * GRID))
        painter.setPen(QPen(self.theme.color("accent"), 1.0))
        painter.setBrush(self.theme.color("card"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(self.theme.color("text"))
        painter.setFont(self._font)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._label)


def _head(end: QPointF) -> QPainterPath:
    """A small head before the input, so that the direction is plain."""
    tip = end - QPointF(_ARROW + 1.0, 0)
    head = QPainterPath(tip)
    head.lineTo(tip + QPointF(-_ARROW * 1.6, -_ARROW))
    head.lineTo(tip + QPointF(-_ARROW * 1.6, _ARROW))
    head.closeSubpath()
    return head


_BARB_GAP = 128.0
_CLEAR = 56.0
"""Kept free around the glyph and the number in the middle of a long wire."""


def barb_places(path: QPainterPath) -> list[tuple[QPointF, float]]:
    """Where along a wire arrowheads point backwards, and the wire's direction there in degrees."""
    length = path.length()
    if length < _LONG:
        shares = [0.2, 0.79]
    else:
        count = max(2, round(length / _BARB_GAP))
        middles = ((place + 0.5) / count for place in range(count))
        shares = [share for share in middles if abs(share - 0.5) * length > _CLEAR]
    return [(path.pointAtPercent(share), path.angleAtPercent(share)) for share in shares]
