"""The glyphs of all wires, seen from afar: then there is nothing beside them, and they are painted at one go."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.common.native_bounds import NativeBounds

from .stripe import StripePainter
from .wire_item import WireItem
from .zoom import BLOCKS, TEXTS, zoom_of

_ABOVE_WIRES = 0.5


class GlyphLayer(NativeBounds):
    """Lies between wires and cards. A wire that changes has its surroundings painted anew, and this with them."""

    def __init__(self, stripes: StripePainter, wires: Callable[[], Iterable[WireItem]]) -> None:
        super().__init__(QRectF())
        self._stripes = stripes
        self._wires = wires
        self.setZValue(_ABOVE_WIRES)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def cover(self, room: QRectF) -> None:
        """Reach over a part of the scene too."""
        if not self.rect().contains(room):
            self.setRect(self.rect() | room)

    def shape(self) -> QPainterPath:
        return QPainterPath()  # the pointer meets the wires and cards

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        zoom = zoom_of(painter)
        if BLOCKS <= zoom < TEXTS:
            signs = (wire.sign for wire in self._wires())
            self._stripes.paint_glyphs(painter, [sign for sign in signs if sign is not None], zoom)
