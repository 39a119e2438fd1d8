"""pyqtgraph's axes and boxes, which work out their bounds anew whenever Qt asks: several times a picture."""

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF

SIDES = "left", "bottom", "right", "top"


class Axis(pg.AxisItem):
    """An axis that keeps its bounds until its size or its style changes."""

    def __init__(self, side: str) -> None:
        self._bounds: QRectF | None = None
        super().__init__(side)

    def boundingRect(self) -> QRectF:
        if self.grid is not False:  # the lines of a grid cross the plot, wherever that is
            bounds: QRectF = super().boundingRect()
            return bounds
        if self._bounds is None:
            self._bounds = super().boundingRect()
        return self._bounds

    def resizeEvent(self, event: Any = None) -> None:
        self._bounds = None
        super().resizeEvent(event)

    def setStyle(self, **kwargs: Any) -> None:
        self._bounds = None
        super().setStyle(**kwargs)


class Box(pg.ViewBox):
    """A view box without a menu that keeps its bounds until its size changes."""

    def __init__(self) -> None:
        self._bounds: QRectF | None = None
        super().__init__(enableMenu=False)

    def boundingRect(self) -> QRectF:
        if self._bounds is None:
            self._bounds = super().boundingRect()
        return self._bounds

    def resizeEvent(self, event: Any) -> None:
        self._bounds = None
        super().resizeEvent(event)
