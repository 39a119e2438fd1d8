"""A layer as a card: name, telling settings, shape, ports, problems."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.graph import Inference, Node
from engine.layers import CATEGORIES
from gui.common.lettering import Lettering
from gui.common.native_bounds import NativeBounds
from gui.common.theme import GRID, Theme, scaled_font
from gui.common.tips import in_lines
from gui.training.reading import Verdict

from .card_part import CardPart, Sheet
from .figures import Remark
from .geometry import (
    CARD,
    CARD_BAR,
    CARD_BLOCK,
    CARD_WIDTH,
    LIVE_AREA,
    PORT_RADIUS,
    PORT_REACH,
    input_ports,
    output_port,
    snapped,
)
from .texts import description, facts, telling_settings
from .zoom import BLOCKS, HISTOGRAMS, TEXTS, zoom_of

_RADIUS = 8.0
_STRIP = 5.0
_DIMMED = 0.45
_TOPS = (8.0, 37.0, 62.0)
_LIVE_TOPS = (5.0, 21.0, 36.0)
"""Of the three rows of text: alone, and above the live part."""
_MARGIN = PORT_RADIUS + 3.0
_BOUNDS = CARD.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)


@dataclass(frozen=True, slots=True)
class Port:
    """An end that a wire can have."""

    node_id: str
    is_output: bool
    index: int = 0


class NodeItem(NativeBounds):
    """Draws one node; it never changes the document."""

    def __init__(self, node: Node, theme: Theme, font: QFont, lettering: Lettering) -> None:
        super().__init__(_BOUNDS)
        self.node = node
        self.theme = theme
        self._font = font
        self._lettering = lettering
        self._ports: list[int] = []
        self._said: tuple[object, ...] = ()
        self._glyph = ""
        self._settings = ""
        self._facts = ""
        self._lit: Port | None = None
        self._dim = False
        self._has_live = False
        self.live: CardPart | None = None
        """The part that shows figures; made when there are any."""
        flag = QGraphicsItem.GraphicsItemFlag
        self.setFlags(flag.ItemIsSelectable | flag.ItemIsMovable | flag.ItemSendsGeometryChanges)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.setAcceptHoverEvents(True)
        self.setZValue(1.0)
        self.setPos(node.x, node.y)

    def show_node(self, node: Node, wired: list[int], inference: Inference) -> None:
        """Take over the node's newest settings, wired inputs, shapes and problems."""
        self.node = node
        problems = inference.of(node.id)
        errors = any(problem.severity == "error" for problem in problems)
        said = (
            node.label,
            telling_settings(node),
            facts(node, inference),
            "✕" if errors else "▲" if problems else "",
            tuple(shown_ports(node, wired)),
        )
        if said != self._said:
            self._said = said
            _, self._settings, self._facts, self._glyph, ports = said
            self._ports = list(ports)
            self.setToolTip(
                in_lines("\n".join(p.sentence for p in problems) or description(node, inference))
            )
            self.update()
        place = QPointF(node.x, node.y)
        if place != self.pos():
            self.setPos(place)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        if self.live is not None:
            self.live.set_theme(theme)
        self.update()

    def show_bars(
        self, sheet: Sheet, row: int, remark: Remark, verdict: Verdict | None, *, near: bool
    ) -> None:
        """Show the histogram of a row, what it cannot say, and what is judged of the gradient."""
        self._live_part().show_bars(sheet, row, remark, verdict, near=near)
        self._make_room(True)

    def show_words(self, words: Sequence[str]) -> None:
        """Show lines of text instead of a histogram; without any, the card is as before a training."""
        if words or self.live is not None:
            self._live_part().show_words(words)
            self._make_room(bool(words))

    def set_lit(self, port: Port | None, *, dim: bool = False) -> None:
        """Light a port up, or fade the whole card while a wire is drawn that cannot end here."""
        if (port, dim) != (self._lit, self._dim):
            self._lit, self._dim = port, dim
            if self.live is not None:
                self.live.setOpacity(_DIMMED if dim else 1.0)
            self.update()

    @property
    def input_indices(self) -> list[int]:
        """The inputs that are shown, from top to bottom."""
        return self._ports

    def port_position(self, port: Port) -> QPointF:
        """Centre of a port in scene coordinates."""
        if port.is_output:
            return self.mapToScene(output_port())
        places = input_ports(len(self._ports))
        index = self._ports.index(port.index) if port.index in self._ports else len(places) - 1
        return self.mapToScene(places[index])

    def port_at(self, scene_position: QPointF) -> Port | None:
        """The port within reach of a point of the scene."""
        point = self.mapFromScene(scene_position)
        for port, centre in self._centres():
            offset = point - centre
            if offset.x() ** 2 + offset.y() ** 2 <= PORT_REACH**2:
                return port
        return None

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(CARD)
        return path

    def itemChange(self, change: QGraphicsItem.GraphicsItemChange, value: object) -> object:
        if change == QGraphicsItem.GraphicsItemChange.ItemPositionChange and isinstance(
            value, QPointF
        ):
            return snapped(value) if self._is_dragged() else value
        if change == QGraphicsItem.GraphicsItemChange.ItemPositionHasChanged:
            scene = self.scene()
            if scene is not None and hasattr(scene, "follow_card"):
                scene.follow_card(self.node.id)
        return super().itemChange(change, value)

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        zoom = zoom_of(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._dim:
            painter.setOpacity(_DIMMED)
        self._paint_card(painter)
        if zoom < BLOCKS:
            painter.fillRect(CARD_BLOCK, self._category_color)
            return
        if zoom < TEXTS:
            self._paint_far(painter, zoom)
        else:
            self._paint_texts(painter)
        self._paint_ports(painter)

    def _is_dragged(self) -> bool:
        scene = self.scene()
        return scene is not None and scene.mouseGrabberItem() is not None

    def _centres(self) -> list[tuple[Port, QPointF]]:
        places = input_ports(len(self._ports))
        ports = [
            (Port(self.node.id, False, i), p) for i, p in zip(self._ports, places, strict=True)
        ]
        if self.node.spec is None or self.node.spec.has_output:
            ports.append((Port(self.node.id, True), output_port()))
        return ports

    def _live_part(self) -> CardPart:
        if self.live is None:
            self.live = CardPart(self, self.theme, self._lettering)
        return self.live

    def _make_room(self, has_live: bool) -> None:
        if has_live != self._has_live:
            self._has_live = has_live
            self.update()

    @property
    def _category_color(self) -> QColor:
        if self.node.spec is None:
            return self.theme.color("muted")
        return QColor(self.theme.categories[CATEGORIES.index(self.node.spec.category)])

    def _paint_card(self, painter: QPainter) -> None:
        body = QPainterPath()
        body.addRoundedRect(CARD, _RADIUS, _RADIUS)
        painter.fillPath(body, self.theme.color("card"))
        painter.save()
        painter.setClipPath(body)
        painter.fillRect(QRectF(0, 0, _STRIP, CARD.height()), self._category_color)
        painter.restore()
        color, width = ("accent", 2.5) if self.isSelected() else ("border", 1.0)
        if self._glyph and not self.isSelected():
            color = "error" if self._glyph == "✕" else "warning"
        pen = QPen(self.theme.color(color), width * self.theme.line_width)
        if self.node.spec is None:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(body)

    def _paint_far(self, painter: QPainter, zoom: float) -> None:
        """The name, as large as it was near; below it is room for the live part."""
        font = scaled_font(self._font, 0.9 / zoom, bold=True)
        room = CARD.adjusted(2 * GRID, 0, -GRID, 0)
        if self._has_live:
            room.setBottom(LIVE_AREA.top() + GRID if zoom >= HISTOGRAMS else CARD_BAR.top())
        if zoom >= HISTOGRAMS:
            self._paint_axis(painter)
        painter.setFont(font)
        painter.setPen(self.theme.color("text"))
        kind = self.node.name or (self.node.spec.title if self.node.spec else self.node.kind)
        text = QFontMetricsF(font).elidedText(kind, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_texts(self, painter: QPainter) -> None:
        left = 2.0 * GRID
        width = CARD_WIDTH - left - 1.5 * GRID
        glyph_room = 2.5 * GRID if self._glyph else 0.0
        bold, small = scaled_font(self._font, 1.0, bold=True), scaled_font(self._font, 0.85)
        tops = _LIVE_TOPS if self._has_live else _TOPS
        rows = (
            (bold, "text", self.node.label, tops[0], width - glyph_room),
            (small, "text", self._settings, tops[1], width),
            (small, "muted", self._facts, tops[2], width),
        )
        for font, color, text, top, room in rows:
            painter.setFont(font)
            painter.setPen(self.theme.color(color))
            metrics = QFontMetricsF(font)
            elided = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(left, top + metrics.ascent()), elided)
        self._paint_axis(painter)
        if self._glyph:
            painter.setFont(bold)
            painter.setPen(self.theme.color("error" if self._glyph == "✕" else "warning"))
            painter.drawText(
                QRectF(CARD_WIDTH - 3.5 * GRID, 4.0, 2.5 * GRID, 3.0 * GRID),
                Qt.AlignmentFlag.AlignCenter,
                self._glyph,
            )

    def _paint_axis(self, painter: QPainter) -> None:
        """What the histogram stands on, with a tick at zero."""
        if self.live is None or self.live.sheet is None:
            return
        painter.setPen(QPen(self.theme.color("border"), 1.0))
        painter.drawLine(LIVE_AREA.bottomLeft(), LIVE_AREA.bottomRight())
        zero = QPointF(LIVE_AREA.center().x(), LIVE_AREA.bottom())
        painter.drawLine(zero, zero + QPointF(0.0, 3.0))

    def _paint_ports(self, painter: QPainter) -> None:
        for port, centre in self._centres():
            lit = port == self._lit
            painter.setPen(
                QPen(self.theme.color("accent" if lit else "muted"), 1.5 * self.theme.line_width)
            )
            painter.setBrush(self.theme.color("accent" if lit else "card"))
            radius = PORT_RADIUS + (2.0 if lit else 0.0)
            painter.drawEllipse(centre, radius, radius)


def shown_ports(node: Node, wired: list[int]) -> list[int]:
    """The inputs that a card shows: all of a fixed number; of many, the wired ones and a free one."""
    if node.spec is None:
        return sorted(set(wired))
    limits = node.spec.inputs
    if limits.maximum <= 1:
        return list(range(limits.maximum))
    free = next(i for i in range(limits.maximum + 1) if i not in wired)
    wanted = set(wired) | ({free} if free < limits.maximum else set())
    while len(wanted) < limits.minimum:
        wanted.add(next(i for i in range(limits.maximum) if i not in wanted))
    return sorted(wanted)
