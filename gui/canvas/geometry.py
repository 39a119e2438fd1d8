"""Where things stand on the canvas: sizes, ports, the course of a wire. Scene coordinates, pixels at 100 %."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from gui.common.theme import GRID

CARD_WIDTH = 160.0
CARD_HEIGHT = 96.0
CARD = QRectF(0.0, 0.0, CARD_WIDTH, CARD_HEIGHT)
LIVE_AREA = QRectF(16.0, 50.0, 132.0, 42.0)
"""Of a card, for what changes with every epoch."""
CARD_BAR = QRectF(5.0, 80.0, 151.0, 14.0)
CARD_BLOCK = CARD.adjusted(5.0, 2.0, -2.0, -2.0)
"""Of a card, for the gradient's colour, seen from far and from very far."""
STEP_X = 208.0
STEP_Y = 136.0
"""From card to card in a tidy layout."""
PORT_RADIUS = 5.0
PORT_REACH = 14.0
"""How near to a port's centre a press counts."""
_CORNER = 12.0


def snapped(point: QPointF) -> QPointF:
    """The nearest point of the grid."""
    return QPointF(round(point.x() / GRID) * GRID, round(point.y() / GRID) * GRID)


def output_port() -> QPointF:
    """Centre of a card's output, in the card's coordinates."""
    return QPointF(CARD_WIDTH, CARD_HEIGHT / 2)


def input_ports(count: int) -> list[QPointF]:
    """Centres of a card's inputs from top to bottom, in the card's coordinates."""
    gap = CARD_HEIGHT / (count + 1)
    return [QPointF(0.0, gap * (place + 1)) for place in range(count)]


def wire_path(start: QPointF, end: QPointF) -> QPainterPath:
    """From an output to an input: a gentle curve forwards; backwards, a lane between the rows."""
    path = QPainterPath(start)
    reach = end.x() - start.x()
    if reach >= 2 * GRID:
        bend = max(3.0 * GRID, reach / 2)
        path.cubicTo(start + QPointF(bend, 0), end - QPointF(bend, 0), end)
    else:
        _round_path(path, _lane(start, end))
    return path


def _lane(start: QPointF, end: QPointF) -> list[QPointF]:
    right, left = start.x() + 2 * GRID, end.x() - 2 * GRID
    apart = abs(end.y() - start.y()) > CARD_HEIGHT
    lane = (
        (start.y() + end.y()) / 2 if apart else max(start.y(), end.y()) + CARD_HEIGHT / 2 + 3 * GRID
    )
    corners = [(right, start.y()), (right, lane), (left, lane), (left, end.y())]
    return [start, *(QPointF(x, y) for x, y in corners), end]


def _round_path(path: QPainterPath, points: Sequence[QPointF]) -> None:
    """Continue `path` through the points with rounded corners; the legs are horizontal or vertical."""
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        path.lineTo(_towards(corner, before))
        path.quadTo(corner, _towards(corner, after))
    path.lineTo(points[-1])


def _towards(corner: QPointF, other: QPointF) -> QPointF:
    leg = other - corner
    length = abs(leg.x()) + abs(leg.y())
    share = min(_CORNER, length / 2) / length if length else 0.0
    return corner + leg * share
