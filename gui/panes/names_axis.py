"""An axis of words: a text at some rows, painted at once, because ticks take much longer to change."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF
from PySide6.QtGui import QFont, QPainter

from gui.common.lettering import Lettering
from gui.common.theme import GRID

from .bounded import Axis

Texts = Sequence[tuple[float, str]]


class NamesAxis(Axis):
    """Texts beside a plot, each at a place of the plot's y axis."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.texts: Texts = ()
        self._grows = side == "right"
        self._lettering = Lettering(QFont())
        self.narrow()

    def setStyle(self, **kwargs: Any) -> None:
        super().setStyle(**kwargs)
        if "tickFont" in kwargs:
            self._lettering = Lettering(kwargs["tickFont"])

    def narrow(self) -> None:
        """Take no room until there are texts again."""
        self._room = 0.0
        self.setWidth(0)

    def set_texts(self, texts: Texts) -> None:
        """Show other texts.

        On the right the axis only ever becomes wider: a plot that jumps at every epoch cannot be read.
        """
        self.texts = texts
        widths = [self._lettering.word(text, 1.0).size.width() for _, text in texts]
        width = max(widths) + 2 * GRID if widths else 0.0
        if width > self._room or (width < self._room and not self._grows):
            self._room = width
            self.setWidth(width)
        self.update()

    def paint(self, painter: QPainter, _option: Any, _widget: Any = None) -> None:
        view = self.linkedView()
        if view is None:
            return
        top, bottom = view.viewRange()[1]
        room, edge = self.size(), self.mapRectFromParent(self.geometry())
        painter.setPen(self.pen())
        x = 0.0 if self._grows else room.width()
        painter.drawLine(int(x), 0, int(x), int(room.height()))
        painter.setPen(self.textPen())
        scale = room.height() / (bottom - top)
        for place, text in self.texts:
            word, middle = self._lettering.word(text, 1.0), edge.top() + (place - top) * scale
            left = GRID / 2 if self._grows else room.width() - GRID / 2 - word.size.width()
            word.draw(painter, QPointF(left, middle - word.size.height() / 2))
